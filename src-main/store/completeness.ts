// Owns the question a commit asks: is every chunk of every stream here, of the right length, and counted as arrived under this lease?
import { HASH_BYTES } from '#shared/agent/frame.ts';
import type { ManifestHead } from '#shared/agent/manifest.ts';
import type { Run } from '#shared/agent/page.ts';
import { AppError, ProtocolError } from '#shared/errors.ts';
import { chunkCount } from '#shared/model/schema.ts';
import type { StoreContext } from './context.ts';
import { HashSet } from './hash-set.ts';
import { toHex } from './hash.ts';
import { ChunkState, isArrived } from './index-db.ts';
import { rehash, type Checked } from './rehash.ts';
import { breathe } from './serial.ts';

const SLICE = 2048;

/** A stream's chunk list, wherever it lies. */
export type StreamRuns = { readonly chunks: number; runs(): AsyncIterable<{ firstChunk: number; run: Run }> };

/** Throws ProtocolError for streams that are not complete or lengths that do not fit, AppError chunk-missing for chunks that are not here. */
export async function checkCompleteness(context: StoreContext, head: ManifestHead, streams: ReadonlyMap<number, StreamRuns>, lease: number): Promise<void> {
  const { chunkSizeBytes } = head.graph;
  const named = new Set(head.graph.streams.map((stream) => stream.index));
  if (named.size !== head.graph.streams.length) throw new ProtocolError(0, 'two streams have one number');
  for (const stream of streams.keys()) if (!named.has(stream)) throw new ProtocolError(0, `pages of stream ${stream} arrived, which the image does not name`);
  const check = new Check(context, lease, chunkSizeBytes);
  for (const { index, lengthBytes } of head.graph.streams) {
    const expected = chunkCount(lengthBytes, chunkSizeBytes);
    const stream = streams.get(index);
    if ((stream?.chunks ?? 0) !== expected) throw new ProtocolError(0, `stream ${index} has ${expected} chunks, but pages for ${stream?.chunks ?? 0} arrived`);
    if (stream === undefined) continue;
    const shorter = lengthBytes % chunkSizeBytes;
    for await (const { firstChunk, run } of stream.runs()) {
      await check.run(run, firstChunk + run.count === expected && shorter !== 0 ? shorter : chunkSizeBytes);
    }
  }
  await check.finish();
}

class Check {
  readonly #context: StoreContext;
  readonly #lease: number;
  readonly #chunkSize: number;
  /** Chunks found to be here with the full length. */
  readonly #seen = new HashSet();
  #doubtful: Checked[] = [];
  #missing = 0;
  #firstMissing = '';
  #work = 0;

  constructor(context: StoreContext, lease: number, chunkSize: number) {
    this.#context = context;
    this.#lease = lease;
    this.#chunkSize = chunkSize;
  }

  /** @param last length of the run's last chunk */
  async run(run: Run, last: number): Promise<void> {
    if (run.kind === 'repeat') {
      if (run.count > 1) await this.#chunk(run.hash, 0, this.#chunkSize);
      await this.#chunk(run.hash, 0, last);
    } else if (run.kind === 'data') {
      for (let i = 0; i < run.count; i++) {
        const waiting = this.#chunk(run.hashes, i * HASH_BYTES, i === run.count - 1 ? last : this.#chunkSize);
        if (waiting !== undefined) await waiting;
      }
    }
  }

  async finish(): Promise<void> {
    await this.#resolveDoubtful();
    if (this.#missing > 0) {
      throw new AppError('chunk-missing', `${this.#missing} chunks that this version names are not in the image store (the first is ${this.#firstMissing.slice(0, 16)}…). Start again: only what is lacking is sent.`,
        { missing: this.#missing, chunk: this.#firstMissing });
    }
  }

  #chunk(hashes: Uint8Array, at: number, length: number): Promise<void> | undefined {
    if (length === this.#chunkSize && this.#seen.has(hashes, at)) return undefined;
    const hash = hashes.subarray(at, at + HASH_BYTES);
    const row = this.#context.index.get(hash);
    this.#context.marks?.add(hash);
    if (row === undefined || row.pack === 0 || row.state === ChunkState.damaged) this.#miss(hash);
    else if (row.raw !== length) throw new ProtocolError(0, `chunk ${toHex(hash).slice(0, 16)}… holds ${row.raw} bytes, where ${length} belong`);
    else if (!isArrived(row, this.#lease)) this.#doubtful.push({ hash: hash.slice(), row });
    if (length === this.#chunkSize) this.#seen.add(hash);
    if (this.#doubtful.length >= SLICE) return this.#resolveDoubtful();
    return ++this.#work % SLICE === 0 ? breathe() : undefined;
  }

  /** Brought by another capture while ours was under way, and not re-hashed yet: do it now. */
  async #resolveDoubtful(): Promise<void> {
    const chunks = this.#doubtful;
    this.#doubtful = [];
    const { damaged } = await rehash(this.#context, chunks);
    for (const hash of damaged) this.#miss(hash);
  }

  #miss(hash: Uint8Array): void {
    if (this.#missing++ === 0) this.#firstMissing = toHex(hash);
  }
}
