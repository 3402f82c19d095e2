// Owns the session a version made elsewhere comes in through: the manifest first, in pieces, then the chunks it names that are not here,
// then the signatures and its name. Whoever sends is not trusted: the bytes must hash to the manifest's name, and a trusted key must have signed it.
import { join } from 'node:path';
import { HASH_BYTES } from '#shared/agent/frame.ts';
import type { ManifestSignature } from '#shared/agent/manifest.ts';
import { AppError } from '#shared/errors.ts';
import type { StreamRuns } from './completeness.ts';
import { requireSpace, type StoreContext } from './context.ts';
import { writeFully, type StoreFile } from './files.ts';
import { HashSet } from './hash-set.ts';
import { isArrived, type ChunkRow, type LeaseRow } from './index-db.ts';
import { ADOPTED_MANIFEST } from './leased-hashes.ts';
import { LeasedSession } from './leased-session.ts';
import { hashFile } from './manifests.ts';
import { openManifestFile } from './manifest-reader.ts';
import { eachNamedChunk } from './named-chunks.ts';
import { rehash } from './rehash.ts';
import { breathe } from './serial.ts';
import type { Adoption, HashHex, ManifestReader, MissingChunk } from './types.ts';

const SLICE = 2048;
/** So many chunks in doubt are re-hashed together. */
const BATCH = 512;

type Candidate = MissingChunk & { row: ChunkRow | null };

export class AdoptionSession extends LeasedSession implements Adoption {
  protected readonly what = 'copy';
  readonly id: string;
  readonly manifest: HashHex;
  /** The manifest in the folder of this adoption; null where the store has it under its name. */
  #file: StoreFile | null = null;
  #size = 0;
  /** Every chunk the manifest names; null until all of it is here and was checked. */
  #named: HashSet | null = null;
  #loaded = false;
  #isCommitted = false;

  constructor(context: StoreContext, of: { id: string; manifest: HashHex; lease: LeaseRow }, gone: () => void) {
    super(context, of.lease, gone);
    this.id = of.id;
    this.manifest = of.manifest;
  }

  get manifestBytes(): number {
    return this.#size;
  }

  /** Finds how far it came before. */
  open(): Promise<void> {
    return this.work('going on with a copy', async () => undefined);
  }

  addManifest(bytes: Uint8Array): Promise<void> {
    return this.work('writing a manifest', async () => {
      if (this.#file === null || this.#named !== null) throw new AppError('conflict', 'This manifest is here in full already; nothing can follow.', { manifest: this.manifest });
      await requireSpace(this.context, bytes.length);
      await writeFully(this.#file, bytes, this.#size);
      this.#size += bytes.length;
    });
  }

  finishManifest(): Promise<ManifestReader> {
    return this.work('checking a manifest', async () => {
      await this.#finish();
      return this.#read();
    });
  }

  async *missing(): AsyncGenerator<MissingChunk> {
    const manifest = await this.finishManifest();
    try {
      const names = this.#named ?? new HashSet();
      // One bit per name: a second set of millions would take as much memory as the first.
      const seen = new Uint8Array(names.slots / 8);
      let batch: Candidate[] = [];
      let work = 0;
      for (const { index: stream } of manifest.head.graph.streams) {
        for await (const { firstChunk, run } of manifest.runs(stream)) {
          const hashes = run.kind === 'data' ? run.hashes : run.kind === 'repeat' ? run.hash : new Uint8Array(0);
          for (let at = 0; at < hashes.length; at += HASH_BYTES) {
            if (++work % SLICE === 0) await breathe();
            const slot = names.slotOf(hashes, at);
            const bit = 1 << (slot & 7);
            if (slot < 0 || ((seen[slot >> 3] ?? 0) & bit) !== 0) continue;
            seen[slot >> 3] = (seen[slot >> 3] ?? 0) | bit;
            const row = this.#look(hashes, at);
            if (row === 'here') continue;
            batch.push({ stream, chunk: firstChunk + at / HASH_BYTES, hash: hashes.slice(at, at + HASH_BYTES), row });
            if (batch.length < BATCH) continue;
            yield* await this.#settleDoubts(batch);
            batch = [];
          }
        }
      }
      yield* await this.#settleDoubts(batch);
    } finally {
      await manifest.close();
    }
  }

  commit(signatures: readonly ManifestSignature[], trust: { vouch: boolean } = { vouch: false }): Promise<void> {
    return this.work('taking a version over', async () => {
      if (this.#isCommitted) return;
      const { manifests, recent, clock } = this.context;
      const trusted = signatures.filter((signature) => signature.manifest === this.manifest && manifests.isAccepted(signature));
      if (trusted.length === 0 && trust.vouch) trusted.push(manifests.ownSignature(this.manifest));
      if (trusted.length === 0 && !(await manifests.isSigned(this.manifest))) {
        throw new AppError('proof-failed', `No server that this one trusts signed the manifest ${this.manifest.slice(0, 16)}…, so the version is not taken over. Let the server that captured it join the console again.`, { manifest: this.manifest });
      }
      await this.#finish();
      const reader = await this.#read();
      try {
        await this.proveComplete(reader.head, streamsOf(reader));
      } catch (error) {
        // Two names may have been taken for one (hash-set.ts); another set, chosen anew, tells them apart when it is asked again.
        this.#named = null;
        throw error;
      } finally {
        await reader.close();
      }
      recent.set(this.manifest, clock());
      try {
        await manifests.adopt(this.manifest, this.#file === null ? null : this.#path, trusted);
      } catch (error) {
        // It may have its name by now; who asks again looks where it is.
        await this.closeFiles();
        this.#loaded = false;
        throw error;
      }
      this.#isCommitted = true;
      await this.closeFiles();
    });
  }

  protected isAskedFor(hash: Uint8Array): boolean {
    return this.#named?.has(hash) === true;
  }

  protected committedManifest(): HashHex | null {
    return this.#isCommitted ? this.manifest : null;
  }

  protected async load(): Promise<void> {
    if (this.#loaded) return;
    await this.closeFiles();
    const { files, manifests } = this.context;
    const inStore = (await manifests.exists(this.manifest)) && (await manifests.hashOf(this.manifest)) === this.manifest;
    if (inStore) this.#size = (await files.sizeOf(manifests.path(this.manifest))) ?? 0;
    else {
      this.#file = await files.open(this.#path, (await files.sizeOf(this.#path)) === null ? 'create' : 'update');
      this.#size = await this.#file.size();
    }
    this.#loaded = true;
  }

  protected async closeFiles(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  get #path(): string {
    return join(this.folder, ADOPTED_MANIFEST);
  }

  #read(): Promise<ManifestReader> {
    return this.#file === null ? this.context.manifests.open(this.manifest) : openManifestFile(this.context.files, this.manifest, this.#path);
  }

  /** The bytes are what the name says, and a manifest from end to end. */
  async #finish(): Promise<void> {
    if (this.#named !== null) return;
    if (this.#file !== null) {
      await this.#file.sync();
      if ((await hashFile(this.#file)) !== this.manifest) throw await this.#refused('what came does not hash to its name');
    }
    // No more names than fit the file: the set need not grow, which would take half as much again.
    const names = new HashSet(this.#size / HASH_BYTES);
    try {
      const reader = await this.#read();
      try {
        await eachNamedChunk(reader, names, () => undefined);
      } finally {
        await reader.close();
      }
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'image-damaged') throw error;
      throw await this.#refused(error.message);
    }
    this.#named = names;
  }

  async #refused(why: string): Promise<AppError> {
    if (this.#file !== null) {
      await this.#file.truncate(0);
      this.#size = 0;
    }
    return new AppError('proof-failed', `The manifest ${this.manifest.slice(0, 16)}… was refused: ${why}. What came was dropped; fetch it again, from another server if this happens repeatedly.`, { manifest: this.manifest });
  }

  /** 'here', or what is known of the chunk; marked at the moment of looking, as a sweep may be under way. */
  #look(hashes: Uint8Array, at: number): 'here' | ChunkRow | null {
    this.assertOpen();
    this.context.marks?.add(hashes, at);
    const row = this.context.index.getAt(hashes, at);
    if (isArrived(row, this.lease)) return 'here';
    return row ?? null;
  }

  /** Of the candidates, those that are not here: one that came under another lease is re-hashed, which costs less than fetching it again. */
  async #settleDoubts(candidates: readonly Candidate[]): Promise<MissingChunk[]> {
    const { index } = this.context;
    const doubtful = candidates.flatMap(({ hash, row }) => (row !== null && row.pack !== 0 && row.state === 0 ? [{ hash, row }] : []));
    if (doubtful.length > 0) await rehash(this.context, doubtful);
    this.assertOpen();
    return candidates.flatMap(({ stream, chunk, hash }) => {
      this.context.marks?.add(hash);
      return isArrived(index.get(hash), this.lease) ? [] : [{ stream, chunk, hash }];
    });
  }
}

function streamsOf(reader: ManifestReader): Map<number, StreamRuns> {
  const counted = new Map<number, StreamRuns>();
  for (const { index, lengthBytes } of reader.head.graph.streams) {
    // The reader refused a stream whose pages are not all there.
    counted.set(index, { chunks: Math.ceil(lengthBytes / reader.head.graph.chunkSizeBytes), runs: () => reader.runs(index) });
  }
  return counted;
}
