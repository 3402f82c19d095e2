// Owns the making of manifest pages from chunks that come in stream order: runs are merged, repeats found, and each hash remembers
// where its bytes lie, so that the server's bitmap can be turned into work. Pure.
import { HASH_BYTES, type FrameHash } from '#shared/agent/frame.ts';
import { encodePage, type Run } from '#shared/agent/page.ts';

export const ChunkKind = { unused: 0, zero: 1, data: 2 } as const;

/** 4,096 distinct chunks fit a page's body; run headers need the rest. */
const mostHashes = 4096;
const mostRuns = 8192;
const mostChunks = 0x7fffffff;

/** hashes and places in the order of hashesOf: the order of the server's bits. */
export type AssembledPage<Place> = { bytes: Uint8Array; chunkCount: number; hashes: Uint8Array[]; places: Place[] };

type OpenRun = { kind: 'unused' | 'zero'; count: number } | { kind: 'data'; hashes: Uint8Array[] } | { kind: 'repeat'; count: number; hash: Uint8Array };

/** One stream's pages. Place says where a chunk's bytes are held until the server has answered. */
export class PageAssembler<Place> {
  private readonly stream: number;
  private readonly hash: FrameHash;
  private firstChunk = 0;
  private runs: OpenRun[] = [];
  private places: Place[] = [];
  private hashes: Uint8Array[] = [];
  private chunks = 0;

  constructor(stream: number, hash: FrameHash) {
    this.stream = stream;
    this.hash = hash;
  }

  /** Chunks in the open page, and how many hashes it names. */
  get size(): { chunks: number; hashes: number } {
    return { chunks: this.chunks, hashes: this.places.length };
  }
  get nextChunk(): number {
    return this.firstChunk + this.chunks;
  }
  /** No further piece of up to `chunks` chunks may be added before take(). */
  isFull(chunks: number): boolean {
    return this.places.length + chunks > mostHashes || this.runs.length + chunks > mostRuns || this.chunks + chunks > mostChunks;
  }

  addRun(kind: 'unused' | 'zero', count: number): void {
    const last = this.runs.at(-1);
    if (last?.kind === kind) last.count += count;
    else this.runs.push({ kind, count });
    this.chunks += count;
  }

  /** hash: kept as it is, so it must not be overwritten later. */
  addData(hash: Uint8Array, place: Place): void {
    this.chunks++;
    const last = this.runs.at(-1);
    if (last?.kind === 'repeat' && equal(last.hash, hash)) {
      last.count++;
      return;
    }
    if (last?.kind === 'data') {
      const previous = last.hashes.at(-1);
      if (previous === undefined || !equal(previous, hash)) {
        last.hashes.push(hash);
        this.note(hash, place);
        return;
      }
      // The previous chunk moves into the repeat; its place keeps its position, because hashes are counted across runs.
      last.hashes.pop();
      if (last.hashes.length === 0) this.runs.pop();
      this.runs.push({ kind: 'repeat', count: 2, hash });
      return;
    }
    this.runs.push({ kind: 'data', hashes: [hash] });
    this.note(hash, place);
  }

  /** Closes the open page; null when it is empty. */
  take(): AssembledPage<Place> | null {
    if (this.chunks === 0) return null;
    const runs = this.runs.map((run): Run => (run.kind === 'data' ? { kind: 'data', count: run.hashes.length, hashes: concat(run.hashes) } : run));
    const bytes = encodePage({ stream: this.stream, firstChunk: this.firstChunk, runs }, this.hash);
    const page = { bytes, chunkCount: this.chunks, hashes: this.hashes, places: this.places };
    this.firstChunk += this.chunks;
    this.runs = [];
    this.places = [];
    this.hashes = [];
    this.chunks = 0;
    return page;
  }

  private note(hash: Uint8Array, place: Place): void {
    this.hashes.push(hash);
    this.places.push(place);
  }
}

function concat(hashes: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * HASH_BYTES);
  hashes.forEach((hash, i) => bytes.set(hash, i * HASH_BYTES));
  return bytes;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < HASH_BYTES; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Bit i of the server's answer to a page, LSB first. */
export function isLacking(bitmap: Uint8Array, index: number): boolean {
  return (((bitmap[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
}
