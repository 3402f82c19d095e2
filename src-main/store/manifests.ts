// Owns the manifest files: durable writing with signature, reading page by page, listing, journalled deletion.
// A manifest is never changed; its name is the BLAKE3 of its bytes. docs/formats/manifest.md.
import { dirname, join } from 'node:path';
import { encodePreamble, encodeTail, type ManifestHead, type ManifestSignature, type PageTableEntry } from '#shared/agent/manifest.ts';
import { AppError } from '#shared/errors.ts';
import { makeDurableFolder, readFully, readSmallFile, writeFully, writeSmallFile, type StoreFile, type StoreFiles } from './files.ts';
import { isHashHex, RunningHash } from './hash.ts';
import { openManifestFile } from './manifest-reader.ts';
import { decodeSignature, encodeSignature, type Signer } from './signing.ts';
import type { HashHex, ManifestReader } from './types.ts';

const COPY_BYTES = 1024 * 1024;
const MAX_SIGNATURE_BYTES = 4096;

export type PageSource = { stream: number; read(target: Uint8Array, position: number): Promise<number>; sizeBytes: number; pages: readonly Omit<PageTableEntry, 'offset' | 'stream'>[] };

export class Manifests {
  readonly #files: StoreFiles;
  readonly #folder: string;
  readonly #journal: string;
  readonly #signer: Signer;
  readonly #clock: () => number;
  #writing = 0;

  constructor(options: { files: StoreFiles; folder: string; signer: Signer; clock: () => number }) {
    this.#files = options.files;
    this.#folder = join(options.folder, 'manifests');
    this.#journal = join(options.folder, 'journal');
    this.#signer = options.signer;
    this.#clock = options.clock;
  }

  path(hash: HashHex): string {
    return join(this.#folder, hash.slice(0, 2), `${hash}.plm`);
  }

  /**
   * Writes head and pages, reads them back, signs, and gives the file its name. `named` is called with the hash before the manifest
   * appears under it, so that whoever sweeps knows it is held.
   */
  async write(head: ManifestHead, sources: readonly PageSource[], named: (hash: HashHex) => void): Promise<HashHex> {
    const temporary = join(this.#folder, `writing-${++this.#writing}.tmp`);
    try {
      const hash = await this.#writeTemporary(temporary, head, sources);
      named(hash);
      const path = this.path(hash);
      await makeDurableFolder(this.#files, dirname(path));
      await this.writeSignature(this.#signer.sign(hash, this.#clock()));
      await this.#files.rename(temporary, path);
      await this.#files.syncFolder(dirname(path));
      return hash;
    } catch (error) {
      await this.#files.unlink(temporary).catch(() => undefined);
      throw error;
    }
  }

  /** Gives a whole manifest, whose bytes were checked and synced at `from`, its name in the store. Repeatable: where it has it, only signatures are added. */
  async adopt(hash: HashHex, from: string | null, signatures: readonly ManifestSignature[]): Promise<void> {
    const path = this.path(hash);
    await makeDurableFolder(this.#files, dirname(path));
    for (const signature of signatures) await this.writeSignature(signature);
    if (from !== null) await this.#files.rename(from, path);
    // Also where it has its name already: the call that gave it may have failed before the folder was on disk.
    await this.#files.syncFolder(dirname(path));
    if (from !== null) await this.#files.syncFolder(dirname(from));
  }

  /** Whether it lets in a manifest that is new here. */
  isAccepted(signature: ManifestSignature): boolean {
    return this.#signer.isAccepted(signature);
  }

  async writeSignature(signature: ManifestSignature): Promise<void> {
    const path = join(dirname(this.path(signature.manifest)), `${signature.manifest}.${signature.keyId.slice(0, 16)}.sig`);
    await writeSmallFile(this.#files, path, encodeSignature(signature));
  }

  ownSignature(hash: HashHex): ManifestSignature {
    return this.#signer.sign(hash, this.#clock());
  }

  sign(hash: HashHex): Promise<void> {
    return this.writeSignature(this.ownSignature(hash));
  }

  async exists(hash: HashHex): Promise<boolean> {
    return (await this.#files.sizeOf(this.path(hash))) !== null;
  }

  async open(hash: HashHex): Promise<ManifestReader> {
    if (!isHashHex(hash)) throw new AppError('invalid-input', 'A manifest is named by 64 lower-case hex digits.', {});
    return openManifestFile(this.#files, hash, this.path(hash));
  }

  /** Hash of the file's bytes as they are now. */
  async hashOf(hash: HashHex): Promise<HashHex> {
    const file = await this.#files.open(this.path(hash), 'read');
    try {
      return await hashFile(file);
    } finally {
      await file.close();
    }
  }

  async list(): Promise<HashHex[]> {
    const hashes: HashHex[] = [];
    for (const shard of await this.#files.list(this.#folder)) {
      if (!/^[0-9a-f]{2}$/.test(shard)) continue;
      for (const name of await this.#files.list(join(this.#folder, shard))) {
        const hash = name.slice(0, -4);
        if (name.endsWith('.plm') && isHashHex(hash) && hash.startsWith(shard)) hashes.push(hash);
      }
    }
    return hashes;
  }

  async signatures(hash: HashHex): Promise<ManifestSignature[]> {
    const found: ManifestSignature[] = [];
    for (const path of await this.#signaturePaths(hash)) {
      const bytes = await readSmallFile(this.#files, path, MAX_SIGNATURE_BYTES).catch(() => null);
      const signature = bytes === null ? null : decodeSignature(bytes);
      if (signature !== null && signature.manifest === hash) found.push(signature);
    }
    return found;
  }

  async isSigned(hash: HashHex): Promise<boolean> {
    return (await this.signatures(hash)).some((signature) => this.#signer.isValid(signature));
  }

  /** The intent is durable first; the deletion itself can be repeated until it is done. */
  async delete(hash: HashHex): Promise<void> {
    if (!isHashHex(hash)) throw new AppError('invalid-input', 'A manifest is named by 64 lower-case hex digits.', {});
    await writeSmallFile(this.#files, join(this.#journal, `${hash}.delete`), Buffer.from(`${JSON.stringify({ format: 1, delete: hash })}\n`));
    await this.#carryOut(hash);
  }

  async unfinishedDeletions(): Promise<HashHex[]> {
    const names = await this.#files.list(this.#journal);
    return names.filter((name) => name.endsWith('.delete') && isHashHex(name.slice(0, -7))).map((name) => name.slice(0, -7));
  }

  async finishDeletion(hash: HashHex): Promise<void> {
    await this.#carryOut(hash);
  }

  /** Half-written files and signatures whose manifest never appeared, as a crash leaves them. */
  async strays(): Promise<string[]> {
    const found: string[] = [];
    for (const shard of await this.#files.list(this.#folder)) {
      const folder = join(this.#folder, shard);
      if (shard.endsWith('.tmp')) found.push(folder);
      if (!/^[0-9a-f]{2}$/.test(shard)) continue;
      const names = await this.#files.list(folder);
      for (const name of names) {
        const orphanSignature = name.endsWith('.sig') && !names.includes(`${name.slice(0, 64)}.plm`);
        if (name.endsWith('.tmp') || orphanSignature) found.push(join(folder, name));
      }
    }
    for (const name of await this.#files.list(this.#journal)) if (name.endsWith('.tmp')) found.push(join(this.#journal, name));
    return found;
  }

  async #carryOut(hash: HashHex): Promise<void> {
    const path = this.path(hash);
    await this.#files.unlink(path);
    for (const signature of await this.#signaturePaths(hash)) await this.#files.unlink(signature);
    if ((await this.#files.list(this.#folder)).includes(hash.slice(0, 2))) await this.#files.syncFolder(dirname(path));
    await this.#files.unlink(join(this.#journal, `${hash}.delete`));
    await this.#files.syncFolder(this.#journal);
  }

  async #signaturePaths(hash: HashHex): Promise<string[]> {
    const folder = dirname(this.path(hash));
    return (await this.#files.list(folder)).filter((name) => name.startsWith(`${hash}.`) && name.endsWith('.sig')).map((name) => join(folder, name));
  }

  async #writeTemporary(path: string, head: ManifestHead, sources: readonly PageSource[]): Promise<HashHex> {
    const file = await this.#files.open(path, 'create');
    try {
      const hash = await writeManifest(file, head, sources);
      await file.sync();
      const readBack = await hashFile(file);
      if (readBack !== hash) throw new AppError('io', 'The manifest read back is not what was written. Check the disk of the image store, then try again.', {});
      return hash;
    } finally {
      await file.close();
    }
  }
}

async function writeManifest(file: StoreFile, head: ManifestHead, sources: readonly PageSource[]): Promise<HashHex> {
  const running = new RunningHash();
  let at = 0;
  const put = async (bytes: Uint8Array): Promise<void> => {
    running.update(bytes);
    await writeFully(file, bytes, at);
    at += bytes.length;
  };
  const headBytes = Buffer.from(JSON.stringify(head));
  await put(encodePreamble(headBytes));
  await put(headBytes);
  const table: PageTableEntry[] = [];
  const buffer = Buffer.allocUnsafeSlow(COPY_BYTES);
  for (const source of sources) {
    let offset = at;
    for (const page of source.pages) {
      table.push({ ...page, offset, stream: source.stream });
      offset += page.length;
    }
    for (let done = 0; done < source.sizeBytes; ) {
      const read = await source.read(buffer.subarray(0, Math.min(COPY_BYTES, source.sizeBytes - done)), done);
      if (read === 0) throw new AppError('io', 'A page file of the capture ended too early. Start the capture again.', { stream: source.stream });
      await put(buffer.subarray(0, read));
      done += read;
    }
  }
  await put(encodeTail(table, at, headBytes.length));
  return running.digest().toString('hex');
}

/** @param each called for each piece; throws where nobody waits for the hash any more */
export async function hashFile(file: StoreFile, each: () => void = () => undefined): Promise<HashHex> {
  const running = new RunningHash();
  const buffer = Buffer.allocUnsafeSlow(COPY_BYTES);
  for (let at = 0; ; ) {
    each();
    const read = await readFully(file, buffer, at);
    running.update(buffer.subarray(0, read));
    at += read;
    if (read < buffer.length) return running.digest().toString('hex');
  }
}
