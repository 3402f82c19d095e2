// Owns the flow of a capture on the main thread: pieces go to threads with free slots, hashes come back and become pages in stream
// order, the server's bitmap decides what each thread still has to send. Memory is bounded by the slots; nothing is read twice.
import { HASH_BYTES } from '#shared/agent/frame.ts';
import { AppError } from '#shared/errors.ts';
import type { DeviceGraph, StreamInfo } from '#shared/model/schema.ts';
import type { UsedMap } from '../disks/types.ts';
import { asBuffer, blake3 } from '../hash.ts';
import { readAll, type FrameClient } from '../net/frameClient.ts';
import { piecesOf, type Piece } from './layout.ts';
import { ChunkKind, isLacking, PageAssembler, type AssembledPage } from './pageAssembler.ts';
import type { ProgressMeter } from './progress.ts';
import type { FromWorker } from './workerMessages.ts';
import type { WorkerPool } from './workerPool.ts';

/** A page is offered once it names this many hashes, or earlier when nothing else can go on. */
const pageHashes = 64;
/** Hashes asked of the threads lately: far more than all slots hold, so one chunk never travels twice within a capture. */
const rememberedHashes = 16_384;

type HeldPiece = { worker: number; slot: number; wanted: number[] };
type ChunkPlace = { piece: HeldPiece; index: number };
type Waiting = { piece: Piece; held: HeldPiece | null; result: Extract<FromWorker, { type: 'hashed' }> | null };

export type CaptureFigures = { chunks: number; dataChunks: number; zeroChunks: number; unusedChunks: number; sentFrames: number; sentRawBytes: number; readBytes: number };

export type PipelineParts = {
  graph: DeviceGraph;
  maps: Map<number, UsedMap | 'all'>;
  slots: number;
  slotChunks: number;
  client: FrameClient;
  meter: ProgressMeter;
};

export class CapturePipeline {
  readonly figures: CaptureFigures = { chunks: 0, dataChunks: 0, zeroChunks: 0, unusedChunks: 0, sentFrames: 0, sentRawBytes: 0, readBytes: 0 };
  private readonly parts: PipelineParts;
  private readonly pieces: Iterator<Piece>;
  private pool: WorkerPool | null = null;
  private next: Piece | null = null;
  private free: number[][] = [];
  /** In stream order; results arrive in any order and leave from the front. */
  private readonly waiting = new Map<number, Waiting>();
  private front = 0;
  private issued = 0;
  private reading = 0;
  private assembler: PageAssembler<ChunkPlace> | null = null;
  private assemblerStream = -1;
  private pagePieces: HeldPiece[] = [];
  private offering = false;
  /** Told once: a thread that heard it twice would say finished twice, for one that still sends. */
  private finishing = false;
  private readonly finished = new Set<number>();
  private readonly remembered = new Set<string>();
  private settle: { resolve(): void; reject(error: Error): void } | null = null;

  constructor(parts: PipelineParts) {
    this.parts = parts;
    this.pieces = allPieces(parts);
    this.advance();
  }

  /** Resolves when every page was taken and every frame acknowledged. */
  run(pool: WorkerPool): Promise<void> {
    this.pool = pool;
    this.free = Array.from({ length: pool.size }, () => Array.from({ length: this.parts.slots }, (_, i) => i));
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      this.pump();
    });
  }

  fail(error: Error): void {
    this.settle?.reject(error);
    this.settle = null;
  }

  receive(worker: number, message: FromWorker): void {
    if (message.type === 'hashed') {
      const waiting = this.waiting.get(message.piece);
      if (waiting !== undefined) waiting.result = message;
      this.reading--;
      this.parts.meter.spend(message.where);
    } else if (message.type === 'released') {
      this.free[worker]?.push(message.slot);
    } else if (message.type === 'sent') {
      this.figures.sentFrames += message.frames;
      this.figures.sentRawBytes += message.rawBytes;
      this.parts.meter.sentBytes += message.bytes;
      this.parts.meter.spend(message.where);
    } else if (message.type === 'finished') {
      this.finished.add(worker);
      if (this.finished.size === this.pool?.size) {
        this.settle?.resolve();
        this.settle = null;
      }
      return;
    }
    this.pump();
  }

  private pump(): void {
    if (this.settle === null) return;
    try {
      this.assign();
      this.drain();
      this.maybeFinish();
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private advance(): void {
    const step = this.pieces.next();
    this.next = step.done === true ? null : step.value;
  }

  /** Pieces to threads, the one with most free slots first, so that both ends of the pipeline stay busy. */
  private assign(): void {
    while (this.next !== null) {
      const piece = this.next;
      if (piece.kind === 'unused') {
        this.waiting.set(this.issued++, { piece, held: null, result: null });
        this.advance();
        continue;
      }
      const worker = this.free.reduce((best, slots, i) => (slots.length > (this.free[best]?.length ?? 0) ? i : best), 0);
      const slot = this.free[worker]?.pop();
      if (slot === undefined) return;
      const id = this.issued++;
      this.waiting.set(id, { piece, held: { worker, slot, wanted: [] }, result: null });
      this.reading++;
      this.pool?.tell(worker, { type: 'read', slot, piece: id, offset: piece.offset, lengthBytes: piece.lengthBytes, count: piece.count, used: piece.used });
      this.advance();
    }
  }

  /** Takes results from the front into the open page; offers it when it is worth a round trip or when all else stands still. */
  private drain(): void {
    for (;;) {
      const waiting = this.waiting.get(this.front);
      const ready = waiting !== undefined && (waiting.piece.kind === 'unused' || waiting.result !== null);
      const page = this.assembler;
      if (page !== null) {
        const changes = ready && waiting.piece.stream !== this.assemblerStream;
        const full = page.size.hashes >= pageHashes || (ready && page.isFull(waiting.piece.kind === 'read' ? waiting.piece.count : 1));
        const standstill = !ready && (this.reading === 0 || this.next === null) && !this.offering;
        if (page.size.chunks > 0 && (changes || full || standstill)) {
          if (this.offering) return;
          this.offer(page);
          if (!changes) continue;
        }
        if (changes) this.assembler = null;
      }
      if (!ready) return;
      this.take(waiting);
      this.waiting.delete(this.front++);
    }
  }

  private take(waiting: Waiting): void {
    const { piece, result, held } = waiting;
    if (this.assembler === null) {
      this.assembler = new PageAssembler<ChunkPlace>(piece.stream, blake3);
      this.assemblerStream = piece.stream;
    }
    if (this.assembler.nextChunk !== piece.firstChunk) throw new AppError('internal', `Stream ${piece.stream}: chunk ${piece.firstChunk} came where ${this.assembler.nextChunk} was due.`);
    this.figures.chunks += piece.count;
    if (piece.kind === 'unused') {
      this.figures.unusedChunks += piece.count;
      this.assembler.addRun('unused', piece.count);
      return;
    }
    if (result === null || held === null) throw new AppError('internal', 'A piece was taken before it was hashed.');
    this.pagePieces.push(held);
    for (let i = 0; i < piece.count; i++) {
      const kind = result.kinds[i];
      if (kind === ChunkKind.data) {
        this.figures.dataChunks++;
        this.assembler.addData(result.hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES), { piece: held, index: i });
      } else {
        this.figures[kind === ChunkKind.zero ? 'zeroChunks' : 'unusedChunks']++;
        this.assembler.addRun(kind === ChunkKind.zero ? 'zero' : 'unused', 1);
      }
    }
    const bytes = usedBytesOf(piece);
    this.figures.readBytes += bytes;
    this.parts.meter.add(bytes);
  }

  /** One page at a time: the server takes a stream's pages in order. Meanwhile the next one grows. */
  private offer(assembler: PageAssembler<ChunkPlace>): void {
    const page = assembler.take();
    if (page === null) return;
    const pieces = this.pagePieces;
    this.pagePieces = [];
    this.offering = true;
    const started = performance.now();
    this.parts.client
      .send(() => ({ method: 'POST', path: '/agent/capture/pages', body: page.bytes }), (response) => readAll(response, 64 * 1024))
      .then((bitmap) => {
        this.parts.meter.sentBytes += page.bytes.length;
        this.parts.meter.spend({ network: performance.now() - started });
        this.offering = false;
        this.order(page, pieces, bitmap);
        this.pump();
      })
      .catch((error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error))));
  }

  private order(page: AssembledPage<ChunkPlace>, pieces: HeldPiece[], bitmap: Buffer): void {
    if (bitmap.length !== Math.ceil(page.places.length / 8)) throw new AppError('protocol', 'The server answered a page with a bitmap of another length.');
    page.places.forEach((place, i) => {
      if (isLacking(bitmap, i) && this.isNew(page, i)) place.piece.wanted.push(place.index);
    });
    for (const piece of pieces) this.pool?.tell(piece.worker, { type: 'send', slot: piece.slot, wanted: piece.wanted });
  }

  /** False for a chunk that a thread was already told to send: it may be on its way while the server still calls it lacking. */
  private isNew(page: AssembledPage<ChunkPlace>, index: number): boolean {
    const hash = page.hashes[index];
    if (hash === undefined) return false;
    const key = asBuffer(hash).toString('latin1');
    if (this.remembered.has(key)) return false;
    this.remembered.add(key);
    if (this.remembered.size > rememberedHashes) {
      for (const oldest of this.remembered) {
        this.remembered.delete(oldest);
        break;
      }
    }
    return true;
  }

  private maybeFinish(): void {
    if (this.next !== null || this.waiting.size > 0 || this.offering || this.finishing) return;
    if (this.assembler !== null && this.assembler.size.chunks > 0) return;
    if (this.free.some((slots) => slots.length < this.parts.slots)) return;
    this.finishing = true;
    this.pool?.tellAll({ type: 'finish' });
  }
}

function usedBytesOf(piece: Extract<Piece, { kind: 'read' }>): number {
  if (piece.used === null) return piece.lengthBytes;
  let bytes = 0;
  for (let i = 0; i < piece.used.length; i += 2) bytes += (piece.used[i + 1] ?? 0) - (piece.used[i] ?? 0);
  return bytes;
}

function* allPieces(parts: PipelineParts): Generator<Piece> {
  const streams = [...parts.graph.streams].sort((a: StreamInfo, b: StreamInfo) => a.index - b.index);
  for (const stream of streams) yield* piecesOf(stream, parts.maps.get(stream.index) ?? 'all', parts.graph.chunkSizeBytes, parts.slotChunks);
}
