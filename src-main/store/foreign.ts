// Owns reading another store's files for this one: a disk out of a dead server, a folder copied by hand, a USB disk. Nothing of it is trusted
// and nothing in it is changed: a manifest must hash to its name, each frame's checksum and each chunk's hash must fit before it is stored.
import { join } from 'node:path';
import type { ManifestHead, ManifestSignature } from '#shared/agent/manifest.ts';
import { FRAME_HEADER_BYTES } from '#shared/agent/frame.ts';
import { AppError, CancelledError, ProtocolError } from '#shared/errors.ts';
import { formatBytes } from '#shared/units.ts';
import { requireSpace, type StoreContext } from './context.ts';
import { listForeign, type ForeignFiles } from './foreign-folder.ts';
import { ForeignIndex, type ForeignPlace } from './foreign-index.ts';
import { readFully, readSmallFile } from './files.ts';
import { hashFile } from './manifests.ts';
import { openManifestFile } from './manifest-reader.ts';
import { MAX_PACK_ENTRIES, PACK_HEADER_BYTES, type PackEntry } from './pack-format.ts';
import { readPackIndex, scanFrames } from './pack-scan.ts';
import { breathe } from './serial.ts';
import { decodeSignature } from './signing.ts';
import type { Adoption, Brought, Foreign, HashHex } from './types.ts';
import { CheckOutcome } from './worker-messages.ts';

/** Looked at together, and checked by the workers as one batch of a pack. */
const BATCH = 256;
const INSERT_BATCH = 1000;
const PIECE_BYTES = 1024 * 1024;
const INGEST_BYTES = 4 * 1024 * 1024;
const MAX_SIGNATURE_BYTES = 4096;
/** No store writes a pack with more frames (pack-format.ts); one that says so is made to fill the memory. */
const MAX_ENTRIES = 2 * MAX_PACK_ENTRIES;
/** What a frame takes in the table of the index. */
const ROW_BYTES = 80;

type Look = { signal: AbortSignal; onProgress: (done: { packs: number; ofPacks: number }) => void };
type Candidate = { hash: Uint8Array; places: ForeignPlace[] };

export const FOREIGN_INDEX = 'import.tmp.db';

export async function openForeign(context: StoreContext, folder: string, { signal, onProgress }: Look): Promise<Foreign> {
  const files = await listForeign(folder, context.folder);
  const index = new ForeignIndex(join(context.folder, FOREIGN_INDEX));
  const unreadable: string[] = [];
  try {
    for (const [pack, path] of files.packs.entries()) {
      stopIfAborted(signal);
      const entries = await entriesOf(context, path).catch((error: unknown) => {
        context.log('warn', 'a pack of a folder that is imported can\'t be read', { path, error: String(error) });
        unreadable.push(path);
        return [];
      });
      // The table lies beside the store, and must not take what the store keeps free.
      await requireSpace(context, entries.length * ROW_BYTES);
      for (let at = 0; at < entries.length; at += INSERT_BATCH) {
        index.add(pack, entries.slice(at, at + INSERT_BATCH));
        await breathe();
      }
      onProgress({ packs: pack + 1, ofPacks: files.packs.length });
    }
    return new FolderStore(context, { files, index, unreadable, signal });
  } catch (error) {
    index.close();
    throw error;
  }
}

/** By its index where that is whole; else every frame is looked for. */
async function entriesOf({ files }: StoreContext, path: string): Promise<PackEntry[]> {
  const file = await files.open(path, 'read');
  try {
    try {
      return (await readPackIndex(file)).entries;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
    const found: PackEntry[] = [];
    await scanFrames(file, PACK_HEADER_BYTES, await file.size(), ({ offset, header }) => {
      if (found.length >= MAX_ENTRIES) throw new ProtocolError(offset, `the pack has more than ${MAX_ENTRIES} frames`);
      found.push({ hash: header.hash.slice(), offset, storedLength: header.storedLength, rawLength: header.rawLength, compression: header.compression });
    });
    return found;
  } finally {
    await file.close();
  }
}

class FolderStore implements Foreign {
  readonly manifests: HashHex[];
  readonly packs: number;
  readonly chunks: number;
  readonly unreadable: readonly string[];
  readonly #context: StoreContext;
  readonly #files: ForeignFiles;
  readonly #index: ForeignIndex;
  readonly #signal: AbortSignal;

  constructor(context: StoreContext, { files, index, unreadable, signal }: { files: ForeignFiles; index: ForeignIndex; unreadable: readonly string[]; signal: AbortSignal }) {
    this.#context = context;
    this.#signal = signal;
    this.#files = files;
    this.#index = index;
    this.manifests = [...files.manifests.keys()].sort();
    this.packs = files.packs.length;
    this.chunks = index.frames;
    this.unreadable = unreadable;
  }

  async head(manifest: HashHex): Promise<ManifestHead | null> {
    const found = this.#files.manifests.get(manifest);
    if (found === undefined) return null;
    const { files } = this.#context;
    const file = await files.open(found.path, 'read');
    try {
      if ((await hashFile(file, () => stopIfAborted(this.#signal))) !== manifest) return null;
    } finally {
      await file.close();
    }
    try {
      const reader = await openManifestFile(files, manifest, found.path);
      await reader.close();
      return reader.head;
    } catch (error) {
      if (error instanceof AppError) return null;
      throw error;
    }
  }

  async signatures(manifest: HashHex): Promise<ManifestSignature[]> {
    const found: ManifestSignature[] = [];
    for (const path of this.#files.signatures.get(manifest) ?? []) {
      const bytes = await readSmallFile(this.#context.files, path, MAX_SIGNATURE_BYTES).catch(() => null);
      const signature = bytes === null ? null : decodeSignature(bytes);
      if (signature !== null && signature.manifest === manifest) found.push(signature);
    }
    return found;
  }

  async bring(adoption: Adoption, { signal, onProgress }: { signal: AbortSignal; onProgress: (done: { doneBytes: number; totalBytes: number }) => void }): Promise<Brought> {
    await this.#manifest(adoption, signal);
    const plan = await this.#measure(adoption, signal);
    const result: Brought = { chunks: 0, bytes: 0, lacking: 0, damaged: 0 };
    let batch: Candidate[] = [];
    const flush = async (): Promise<void> => {
      const all = batch;
      batch = [];
      await this.#take(adoption, all, result);
      onProgress({ doneBytes: Math.min(result.bytes, plan), totalBytes: plan });
    };
    for await (const { hash } of adoption.missing()) {
      stopIfAborted(signal);
      const places = this.#index.places(hash);
      if (places.length === 0) result.lacking++;
      else batch.push({ hash, places });
      if (batch.length >= BATCH) await flush();
    }
    await flush();
    return result;
  }

  async close(): Promise<void> {
    this.#index.close();
  }

  async #manifest(adoption: Adoption, signal: AbortSignal): Promise<void> {
    const found = this.#files.manifests.get(adoption.manifest);
    if (found !== undefined && adoption.manifestBytes < found.sizeBytes) {
      const file = await this.#context.files.open(found.path, 'read');
      try {
        while (adoption.manifestBytes < found.sizeBytes) {
          stopIfAborted(signal);
          const piece = Buffer.alloc(Math.min(PIECE_BYTES, found.sizeBytes - adoption.manifestBytes));
          const read = await readFully(file, piece, adoption.manifestBytes);
          if (read === 0) break;
          await adoption.addManifest(piece.subarray(0, read));
        }
      } finally {
        await file.close();
      }
    }
    await (await adoption.finishManifest()).close();
  }

  /** Bytes that are to come; refused where there is no room for them. */
  async #measure(adoption: Adoption, signal: AbortSignal): Promise<number> {
    let bytes = 0;
    for await (const { hash } of adoption.missing()) {
      stopIfAborted(signal);
      const [place] = this.#index.places(hash);
      if (place !== undefined) bytes += FRAME_HEADER_BYTES + place.stored;
    }
    const { freeBytes } = await this.#context.files.space(this.#context.folder);
    if (bytes > 0 && bytes > freeBytes - this.#context.reserveBytes) throw new AppError('space-foreseen', `What of this version is in the folder needs ${formatBytes(bytes)}, and ${formatBytes(Math.max(0, freeBytes - this.#context.reserveBytes))} can be used here. Make room, then import again: it goes on where it stopped.`, { neededBytes: bytes, freeBytes });
    return bytes;
  }

  /** The workers check frame and content where it lies; only what they call intact is read and handed over, where it is checked as anything that arrives. */
  async #take(adoption: Adoption, candidates: readonly Candidate[], result: Brought): Promise<void> {
    for (let turn = 0, left = candidates; left.length > 0; turn++) {
      const failed: Candidate[] = [];
      for (const [pack, inPack] of Map.groupBy(left, (candidate) => candidate.places[turn]?.pack ?? -1)) {
        if (pack < 0) {
          result.damaged += inPack.length;
          continue;
        }
        const pieces = inPack.flatMap((candidate) => {
          const place = candidate.places[turn];
          return place === undefined ? [] : [{ candidate, place }];
        }).sort((one, other) => one.place.offset - other.place.offset);
        const path = this.#files.packs[pack] ?? '';
        const outcomes = await this.#context.workers.check(path, pieces.map(({ candidate, place }) => ({ hash: candidate.hash, offset: place.offset, stored: place.stored, raw: place.raw })));
        failed.push(...pieces.filter((_piece, at) => outcomes[at] !== CheckOutcome.intact).map(({ candidate }) => candidate));
        await this.#read(adoption, path, pieces.filter((_piece, at) => outcomes[at] === CheckOutcome.intact).map(({ place }) => place), result);
      }
      left = failed;
    }
  }

  async #read(adoption: Adoption, path: string, places: readonly ForeignPlace[], result: Brought): Promise<void> {
    if (places.length === 0) return;
    const file = await this.#context.files.open(path, 'read');
    try {
      let waiting: Buffer[] = [];
      let bytes = 0;
      const hand = async (): Promise<void> => {
        if (waiting.length === 0) return;
        const { newFrames } = await adoption.addFrames(Buffer.concat(waiting));
        result.chunks += newFrames;
        result.bytes += bytes;
        [waiting, bytes] = [[], 0];
      };
      for (const { offset, stored } of places) {
        const frame = Buffer.alloc(FRAME_HEADER_BYTES + stored);
        if ((await readFully(file, frame, offset)) < frame.length) throw new AppError('io', `${path} became shorter while it was read. Import the folder again when nothing else writes to it.`, { path });
        waiting.push(frame);
        bytes += frame.length;
        if (bytes >= INGEST_BYTES) await hand();
      }
      await hand();
    } finally {
      await file.close();
    }
  }
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new CancelledError('the import was cancelled; what it brought so far is kept for a week');
}
