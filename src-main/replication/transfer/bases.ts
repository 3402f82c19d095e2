// Owns the chunk that stands in the same place of an older version which is held here: what a changed chunk is most likely a small
// difference from. Reads that version's manifest in step with the wanted one, page by page.
import { HASH_BYTES } from '#shared/agent/frame.ts';
import type { Run } from '#shared/agent/page.ts';
import type { ManifestReader } from '../../store/types.ts';

export type Missing = { stream: number; chunk: number; hash: Uint8Array };
export type Wanted = { hash: Uint8Array; /** Of the same place; null: there is none here. */ base: Uint8Array | null; /** Not as a difference: one came that could not be used. */ whole: boolean };

/** @param missing in stream order  @param older null where no version of this image is held */
export async function* withBases(missing: AsyncIterable<Missing>, older: Pick<ManifestReader, 'head' | 'runs'> | null): AsyncGenerator<Wanted> {
  const places = older === null ? null : new Places(older);
  for await (const { stream, chunk, hash } of missing) {
    const base = places === null ? null : await places.at(stream, chunk);
    yield { hash: Uint8Array.from(hash), base: base === null || Buffer.compare(base, hash) === 0 ? null : base, whole: older === null };
  }
}

/** Goes forward only, which is how it is asked. */
class Places {
  readonly #older: Pick<ManifestReader, 'head' | 'runs'>;
  #stream = -1;
  #runs: AsyncIterator<{ firstChunk: number; run: Run }> | null = null;
  #now: { firstChunk: number; run: Run } | null = null;

  constructor(older: Pick<ManifestReader, 'head' | 'runs'>) {
    this.#older = older;
  }

  async at(stream: number, chunk: number): Promise<Uint8Array | null> {
    if (stream !== this.#stream || (this.#now !== null && chunk < this.#now.firstChunk)) {
      this.#stream = stream;
      const there = this.#older.head.graph.streams.some((each) => each.index === stream);
      this.#runs = there ? this.#older.runs(stream, chunk)[Symbol.asyncIterator]() : null;
      await this.#step();
    }
    while (this.#now !== null && this.#now.firstChunk + this.#now.run.count <= chunk) await this.#step();
    if (this.#now === null || chunk < this.#now.firstChunk) return null;
    const { firstChunk, run } = this.#now;
    if (run.kind === 'repeat') return Uint8Array.from(run.hash);
    return run.kind === 'data' ? Uint8Array.from(run.hashes.subarray((chunk - firstChunk) * HASH_BYTES, (chunk - firstChunk + 1) * HASH_BYTES)) : null;
  }

  async #step(): Promise<void> {
    const next = await this.#runs?.next();
    this.#now = next === undefined || next.done === true ? null : next.value;
  }
}
