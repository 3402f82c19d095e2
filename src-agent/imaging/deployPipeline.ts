// Owns the flow of a deploy on the main thread: runs of the manifest become batches for the threads and ranges to zero, completion is
// followed in stream order, and only what was flushed counts as a watermark. Bounded by the number of batches under way.
import { HASH_BYTES } from '#shared/agent/frame.ts';
import type { Run } from '#shared/agent/page.ts';
import { AppError, toAppError } from '#shared/errors.ts';
import type { TargetHandle } from '../disks/types.ts';
import { asBuffer } from '../hash.ts';
import { hashAt } from './frameParser.ts';
import type { RemoteManifest } from './manifestReader.ts';
import { edgesOf, lengthOfChunk, zeroesFor, type DeployPlan, type StreamPlan } from './plan.ts';
import type { ProgressMeter } from './progress.ts';
import type { Expectation } from './proof.ts';
import { mostStreams } from './runScope.ts';
import type { FromWorker, Place } from './workerMessages.ts';
import type { WorkerPool } from './workerPool.ts';

const batchChunks = 16;
/** Places of repeated chunks per batch: one fetched chunk may fill this many. */
const batchPlaces = 256;
const mostBatchesPerWorker = 3;
/** Dirty pages are kept small, so that the last flush is short and a watermark is never far behind. */
export const defaultPacing = { flushEveryBytes: 768 * 1024 * 1024, flushEveryMs: 10_000 };

export type DeployFigures = { writtenBytes: number; zeroedBytes: number; skippedBytes: number; keptBytes: number; fetchedChunks: number; receivedBytes: number };
type Watermark = { stream: number; chunks: number };
type Batch = { stream: StreamPlan; from: number; to: number; hashes: Map<string, number>; order: Uint8Array[]; lengths: number[]; places: Place[][]; placeCount: number; below: boolean };
type StreamState = { entries: { to: number; done: boolean }[]; head: number; reached: number };

export type DeployParts = { plan: DeployPlan; manifest: RemoteManifest; target: TargetHandle; meter: ProgressMeter; watermarks: Watermark[]; pacing: typeof defaultPacing; onWatermarks(marks: Watermark[]): void; onReceived(bySource: readonly [string, number][]): void };

export class DeployPipeline {
  readonly figures: DeployFigures = { writtenBytes: 0, zeroedBytes: 0, skippedBytes: 0, keptBytes: 0, fetchedChunks: 0, receivedBytes: 0 };
  /** What must be found at the edges of every stream afterwards. */
  readonly expectations: Expectation[] = [];
  private readonly parts: DeployParts;
  private pool: WorkerPool | null = null;
  private load: number[] = [];
  private readonly underWay = new Map<number, () => void>();
  private nextBatch = 0;
  private readonly streams = new Map<number, StreamState>();
  private wake: (() => void) | null = null;
  private failure: Error | null = null;
  private unflushed = 0;
  private lastFlush = performance.now();
  private flushing: Promise<void> | null = null;

  constructor(parts: DeployParts) {
    this.parts = parts;
  }

  receive(worker: number, message: FromWorker): void {
    if (message.type !== 'written') return;
    this.load[worker] = (this.load[worker] ?? 1) - 1;
    this.underWay.get(message.batch)?.();
    this.underWay.delete(message.batch);
    this.figures.writtenBytes += message.bytes - message.keptBytes;
    this.figures.keptBytes += message.keptBytes;
    this.figures.fetchedChunks += message.fetchedChunks;
    this.figures.receivedBytes += message.receivedBytes;
    this.parts.meter.sentBytes += message.receivedBytes;
    this.parts.onReceived(message.bySource);
    this.parts.meter.spend(message.where);
    this.parts.meter.add(message.bytes);
    this.unflushed += message.bytes - message.keptBytes;
    this.stir();
  }

  fail(error: Error): void {
    this.failure ??= error;
    this.stir();
  }

  /** Resolves when every stream is written and flushed. */
  async run(pool: WorkerPool): Promise<void> {
    this.pool = pool;
    this.load = Array.from({ length: pool.size }, () => 0);
    // Also while nothing moves because the server is away: what was written then counts when the deploy is continued.
    const timer = setInterval(() => void this.maybeFlush().catch((error: unknown) => this.fail(toAppError(error))), this.parts.pacing.flushEveryMs);
    try {
      for (const stream of this.parts.plan.streams) {
        this.parts.meter.detail = stream.what;
        await this.feed(stream);
      }
      await this.until(() => this.underWay.size === 0);
    } finally {
      clearInterval(timer);
      await this.flushing?.catch(() => undefined);
    }
    await this.flush();
    if (this.failure !== null) throw this.failure;
  }

  private async feed(stream: StreamPlan): Promise<void> {
    const state: StreamState = { entries: [], head: 0, reached: 0 };
    this.streams.set(stream.index, state);
    const below = this.parts.watermarks.find((mark) => mark.stream === stream.index)?.chunks ?? 0;
    let batch: Batch | null = null;
    let expected = 0;
    for await (const { firstChunk, run } of this.parts.manifest.runs(stream.index)) {
      if (firstChunk !== expected) throw new AppError('image-damaged', `The manifest of stream ${stream.index} has a hole at chunk ${expected}. Verify the image.`);
      expected += run.count;
      const end = Math.min(firstChunk + run.count, stream.chunks);
      if (end <= firstChunk) break;
      this.expect(stream, { firstChunk, count: end - firstChunk, run });
      if (run.kind === 'unused' || run.kind === 'zero') {
        if (batch !== null) await this.send(batch, state);
        batch = null;
        await this.zero(stream, { kind: run.kind, firstChunk, count: end - firstChunk }, state);
        continue;
      }
      for (let chunk = firstChunk; chunk < end; ) {
        const isBelow = chunk < below;
        if (batch !== null && (isFull(batch) || batch.below !== isBelow)) {
          await this.send(batch, state);
          batch = null;
        }
        batch ??= { stream, from: chunk, to: chunk, hashes: new Map(), order: [], lengths: [], places: [], placeCount: 0, below: isBelow };
        chunk += addChunks(batch, { run, offsetInRun: chunk - firstChunk, chunk, end: isBelow ? Math.min(end, below) : end });
      }
    }
    if (batch !== null) await this.send(batch, state);
    if (expected < stream.chunks) throw new AppError('image-damaged', `The manifest of stream ${stream.index} ends at chunk ${expected} of ${stream.chunks}. Verify the image.`);
  }

  private async send(batch: Batch, state: StreamState): Promise<void> {
    const limit = Math.max(1, Math.min(mostBatchesPerWorker, Math.floor(mostStreams / this.load.length)));
    await this.until(() => this.load.some((load) => load < limit));
    await this.maybeFlush();
    const worker = this.load.reduce((best, load, i) => (load < (this.load[best] ?? 0) ? i : best), 0);
    this.load[worker] = (this.load[worker] ?? 0) + 1;
    const entry = { to: batch.to, done: false };
    state.entries.push(entry);
    const id = this.nextBatch++;
    this.underWay.set(id, () => this.complete(state, entry));
    const hashes = new Uint8Array(batch.order.length * HASH_BYTES);
    batch.order.forEach((hash, i) => hashes.set(hash, i * HASH_BYTES));
    this.pool?.tell(worker, { type: 'write', batch: id, hashes, lengths: batch.lengths, places: batch.places, compareFirst: batch.below });
  }

  private async zero(stream: StreamPlan, run: { kind: 'zero' | 'unused'; firstChunk: number; count: number }, state: StreamState): Promise<void> {
    const runBytes = Math.min((run.firstChunk + run.count) * stream.chunkSize, stream.lengthBytes) - run.firstChunk * stream.chunkSize;
    const started = performance.now();
    let zeroed = 0;
    for (const range of zeroesFor(stream, run, this.parts.plan.knownZero)) {
      if (this.failure !== null) throw this.failure;
      await this.parts.target.zeroRange(range.offset, range.length);
      zeroed += range.length;
    }
    this.figures.zeroedBytes += zeroed;
    this.figures.skippedBytes += runBytes - zeroed;
    if (zeroed > 0) this.parts.meter.spend({ write: performance.now() - started });
    if (run.kind === 'zero') this.parts.meter.add(runBytes);
    this.complete(state, this.enter(state, run.firstChunk + run.count));
  }

  private enter(state: StreamState, to: number): { to: number; done: boolean } {
    const entry = { to, done: false };
    state.entries.push(entry);
    return entry;
  }

  private complete(state: StreamState, entry: { to: number; done: boolean }): void {
    entry.done = true;
    while (state.entries[0]?.done === true) state.reached = state.entries.shift()?.to ?? state.reached;
  }

  private async maybeFlush(): Promise<void> {
    const { flushEveryBytes, flushEveryMs } = this.parts.pacing;
    const due = this.unflushed >= flushEveryBytes || (this.unflushed > 0 && performance.now() - this.lastFlush > flushEveryMs);
    if (!due) return;
    // One flush at a time runs beside the writes; when it can't keep up, writing waits for it.
    if (this.flushing !== null && this.unflushed >= 2 * flushEveryBytes) await this.flushing;
    if (this.flushing === null) this.flushing = this.flush().finally(() => (this.flushing = null));
    this.flushing.catch((error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error))));
  }

  /** The watermarks are taken before the flush: only what was written by then is sure to be on the disk after it. */
  private async flush(): Promise<void> {
    // What an earlier run had written counts until this one comes there: cut off before, a third compares it again.
    const marks = new Map(this.parts.watermarks.map(({ stream, chunks }) => [stream, chunks]));
    for (const [stream, { reached }] of this.streams) marks.set(stream, Math.max(reached, marks.get(stream) ?? 0));
    this.unflushed = 0;
    this.lastFlush = performance.now();
    await this.parts.target.flush();
    this.parts.meter.spend({ write: performance.now() - this.lastFlush });
    this.parts.onWatermarks([...marks].map(([stream, chunks]) => ({ stream, chunks })));
  }

  private expect(stream: StreamPlan, part: { firstChunk: number; count: number; run: Run }): void {
    for (const edge of edgesOf({ offset: 0, length: stream.lengthBytes })) {
      const from = Math.max(part.firstChunk, Math.floor(edge.offset / stream.chunkSize));
      const to = Math.min(part.firstChunk + part.count, Math.ceil((edge.offset + edge.length) / stream.chunkSize));
      for (let chunk = from; chunk < to; chunk++) {
        const at = chunk * stream.chunkSize;
        const { run } = part;
        if (run.kind === 'data' || run.kind === 'repeat') {
          const hash = run.kind === 'repeat' ? run.hash : hashAt(run.hashes, chunk - part.firstChunk);
          this.expectations.push({ offset: stream.offset + at, length: lengthOfChunk(stream, chunk), hash: Uint8Array.from(hash), what: stream.what });
        } else {
          const start = Math.max(at, edge.offset);
          const end = Math.min(at + lengthOfChunk(stream, chunk), edge.offset + edge.length);
          if (end > start) this.expectations.push({ offset: stream.offset + start, length: end - start, hash: null, what: stream.what });
        }
      }
    }
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.failure !== null) throw this.failure;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    if (this.failure !== null) throw this.failure;
  }
  private stir(): void {
    const wake = this.wake;
    this.wake = null;
    wake?.();
  }
}

function isFull(batch: Batch): boolean {
  return batch.order.length >= batchChunks || batch.placeCount >= batchPlaces;
}

/** Adds one chunk of a data run, or as much of a repeat as the batch may hold; returns how many. */
function addChunks(batch: Batch, from: { run: Extract<Run, { kind: 'data' | 'repeat' }>; offsetInRun: number; chunk: number; end: number }): number {
  const { run, chunk } = from;
  const { stream } = batch;
  const hash = run.kind === 'repeat' ? run.hash : hashAt(run.hashes, from.offsetInRun);
  const length = lengthOfChunk(stream, chunk);
  // The stream's last chunk may be shorter, and then is another chunk than its like: never part of a longer place.
  let count = run.kind === 'repeat' ? Math.min(from.end - chunk, batchPlaces - batch.placeCount) : 1;
  if (count > 1 && lengthOfChunk(stream, chunk + count - 1) !== length) count--;
  const key = asBuffer(hash).toString('latin1');
  let index = batch.hashes.get(key);
  if (index === undefined) {
    index = batch.order.length;
    batch.hashes.set(key, index);
    batch.order.push(hash);
    batch.lengths.push(length);
    batch.places.push([]);
  } else if (batch.lengths[index] !== length) throw new AppError('image-damaged', 'The manifest gives one chunk two lengths. Verify the image.');
  const places = batch.places[index] ?? [];
  const offsetBytes = stream.offset + chunk * stream.chunkSize;
  const last = places.at(-1);
  if (last !== undefined && last.offsetBytes + last.count * stream.chunkSize === offsetBytes) last.count += count;
  else places.push({ offsetBytes, count });
  batch.placeCount += count;
  batch.to = chunk + count;
  return count;
}
