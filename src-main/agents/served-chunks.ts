// Owns which chunks a deploy may fetch: those its version's manifest names, no others. One compact set per manifest (about 16 bytes
// a chunk), made at the first request and shared by every run that deploys it.
import { HASH_BYTES } from '#shared/agent/frame.ts';
import { AppError } from '#shared/errors.ts';
import type { ChunkNames, HashHex, Store } from '../store/types.ts';

/** Sets that nobody used for a while leave first; those in use stay, or a room that deploys two large images would make them anew at each request. */
const MAX_IDLE_BYTES = 64 * 1024 * 1024;
const IDLE_MS = 120_000;

type Entry = { names: Promise<ChunkNames>; sizeBytes: number; usedAt: number };

export class ServedChunks {
  readonly #store: Pick<Store, 'chunkNames'>;
  readonly #clock: () => number;
  /** By manifest, the least recently used first. */
  readonly #sets = new Map<HashHex, Entry>();

  constructor({ store, clock }: { store: Pick<Store, 'chunkNames'>; clock: () => number }) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Throws `forbidden` for a hash (n × 32 bytes) that the manifest does not name. */
  async require(manifest: HashHex, hashes: Uint8Array): Promise<void> {
    const names = await this.prepare(manifest);
    for (let at = 0; at < hashes.length; at += HASH_BYTES) {
      if (names.has(hashes, at)) continue;
      const chunk = Buffer.from(hashes.buffer, hashes.byteOffset + at, HASH_BYTES).toString('hex');
      throw new AppError('forbidden', `Chunk ${chunk.slice(0, 16)}… does not belong to the version that this ticket deploys.`, { chunk, manifest });
    }
  }

  /** Begins to read the manifest's names, where they are not known. */
  prepare(manifest: HashHex): Promise<ChunkNames> {
    const entry = this.#sets.get(manifest) ?? this.#read(manifest);
    entry.usedAt = this.#clock();
    this.#sets.delete(manifest);
    this.#sets.set(manifest, entry);
    return entry.names;
  }

  #read(manifest: HashHex): Entry {
    const entry: Entry = { names: this.#store.chunkNames(manifest), sizeBytes: 0, usedAt: this.#clock() };
    entry.names.then((names) => {
      entry.sizeBytes = names.sizeBytes;
      this.#forgetIdle();
    }, () => {
      if (this.#sets.get(manifest) === entry) this.#sets.delete(manifest);
    });
    return entry;
  }

  #forgetIdle(): void {
    let total = [...this.#sets.values()].reduce((sum, entry) => sum + entry.sizeBytes, 0);
    for (const [manifest, entry] of this.#sets) {
      if (total <= MAX_IDLE_BYTES || this.#clock() - entry.usedAt < IDLE_MS) return;
      this.#sets.delete(manifest);
      total -= entry.sizeBytes;
    }
  }
}
