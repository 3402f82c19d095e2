// Owns what a chunk that the asker lacks resembles: content of an older version that is not in the newer one any more. What a file held before
// an update is there, for its blocks were freed and are cleared in the newer version; the update itself mostly lies elsewhere on the disk.
// Content is found again by anchors: places where a rolling hash of the last 32 bytes has its highest bits zero, wherever they moved to.
import { HASH_BYTES } from '#shared/agent/frame.ts';
import { AppError } from '#shared/errors.ts';
import type { HashHex, Store } from '../../store/types.ts';
import { BLOCK_BYTES, MAX_BASES, type Basis, type Piece } from '../difference.ts';
import type { RawChunks } from '../raws.ts';

/** One anchor in so many bytes: 2 to this. */
const ANCHOR_BITS = 10;
/** Chunks of the older version whose anchors are known at a time; more are taken in windows of this size, in stream order. */
const WINDOW_CHUNKS = 1024;
const KEPT_WINDOWS = 2;
/** Of the pieces of one difference, besides the chunk of the same place. */
const MAX_BLOCKS = 256;
const FORGET_MS = 60_000;
/** A block number within a window: chunk × this + block in the chunk. */
const BLOCKS_PER_CHUNK = 4096;

const gear = gearTable();

/** Chunks read and unpacked at a time while a window is made. */
const READ_TOGETHER = 8;

/** blocks: anchor to the block it was first seen in. anchors: of each chunk, by its hash. */
type Window = { blocks: Map<number, number>; anchors: Map<string, Int32Array> };
type Dropped = { hashes: Uint8Array; ordinals: Map<string, number> };

/** Of the version pairs asked for lately. */
export class Similarities {
  readonly #store: Pick<Store, 'openManifest' | 'chunkNames'>;
  readonly #raws: RawChunks;
  readonly #known = new Map<string, Promise<Similar | null>>();
  #timer: NodeJS.Timeout | null = null;

  constructor(store: Pick<Store, 'openManifest' | 'chunkNames'>, raws: RawChunks) {
    this.#store = store;
    this.#raws = raws;
  }

  /** null where one of the two manifests is not here: then nothing can be told. */
  of(older: HashHex, wanted: HashHex): Promise<Similar | null> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.clear(), FORGET_MS).unref();
    const key = `${older} ${wanted}`;
    const known = this.#known.get(key) ?? this.#open(older, wanted);
    this.#known.delete(key);
    this.#known.set(key, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT_WINDOWS && oldest !== undefined) this.#known.delete(oldest);
    return known;
  }

  clear(): void {
    this.#known.clear();
    this.#raws.clear();
  }

  async #open(older: HashHex, wanted: HashHex): Promise<Similar | null> {
    try {
      return new Similar(await droppedOf(this.#store, older, wanted), this.#raws);
    } catch (error) {
      this.#known.delete(`${older} ${wanted}`);
      if (error instanceof AppError) return null;
      throw error;
    }
  }
}

export class Similar {
  readonly #dropped: Dropped;
  readonly #raws: RawChunks;
  readonly #windows = new Map<number, Promise<Window>>();
  #last = 0;

  constructor(dropped: Dropped, raws: RawChunks) {
    this.#dropped = dropped;
    this.#raws = raws;
  }

  /** Of what the chunk is best made: the chunk of the same place whole, then the blocks of others that hold what it has besides. */
  async basisFor(raw: Uint8Array, samePlace: { hash: Uint8Array; raw: Uint8Array } | null): Promise<Basis> {
    const basis: Basis = { bases: [], pieces: [] };
    const { number, window } = await this.#windowAt(samePlace?.hash ?? null);
    const isThere = new Set(samePlace === null ? [] : window.anchors.get(keyOf(samePlace.hash)) ?? anchorsOf(samePlace.raw).map(({ anchor }) => anchor));
    const blocks = new Set<number>();
    for (const { anchor } of anchorsOf(raw)) {
      const block = isThere.has(anchor) ? undefined : window.blocks.get(anchor);
      if (block === undefined || blocks.size >= MAX_BLOCKS) continue;
      // What lies around it most likely matches too.
      for (const near of [block - 1, block, block + 1]) if (near >= 0 && Math.trunc(near / BLOCKS_PER_CHUNK) === Math.trunc(block / BLOCKS_PER_CHUNK)) blocks.add(near);
    }
    const hashOf = (chunk: number): Uint8Array => this.#hashAt(number * WINDOW_CHUNKS + chunk);
    for (const { chunk, pieces } of byChunk(blocks).slice(0, MAX_BASES - 1)) {
      const base = await this.#raws.of(hashOf(chunk));
      if (base === null) continue;
      basis.pieces.push(...pieces.flatMap(({ from, blocks: count }): Piece[] => (from * BLOCK_BYTES < base.length ? [{ base: basis.bases.length, from, blocks: count }] : [])));
      basis.bases.push({ hash: hashOf(chunk), raw: base });
    }
    // Last, which is nearest: most of the chunk is as it was.
    return basisOf(samePlace, basis);
  }

  /** Where the same place lies among what was dropped, there is most likely the rest too; else where it was last. */
  async #windowAt(hash: Uint8Array | null): Promise<{ number: number; window: Window }> {
    const ordinal = hash === null ? undefined : this.#dropped.ordinals.get(keyOf(hash));
    const number = ordinal === undefined ? this.#last : Math.trunc(ordinal / WINDOW_CHUNKS);
    this.#last = number;
    const known = this.#windows.get(number) ?? this.#read(number);
    this.#windows.delete(number);
    this.#windows.set(number, known);
    known.catch(() => this.#windows.delete(number));
    const [oldest] = this.#windows.keys();
    if (this.#windows.size > KEPT_WINDOWS && oldest !== undefined) this.#windows.delete(oldest);
    return { number, window: await known };
  }

  async #read(number: number): Promise<Window> {
    const window: Window = { blocks: new Map(), anchors: new Map() };
    const from = number * WINDOW_CHUNKS;
    const count = Math.min(WINDOW_CHUNKS, this.#dropped.ordinals.size - from);
    for (let first = 0; first < count; first += READ_TOGETHER) {
      const together = Array.from({ length: Math.min(READ_TOGETHER, count - first) }, (_, index) => first + index);
      const raws = await Promise.all(together.map((chunk) => this.#raws.of(this.#hashAt(from + chunk))));
      for (const [index, chunk] of together.entries()) {
        const found = anchorsOf(raws[index] ?? new Uint8Array(0));
        window.anchors.set(keyOf(this.#hashAt(from + chunk)), Int32Array.from(found, ({ anchor }) => anchor));
        for (const { anchor, at } of found) if (!window.blocks.has(anchor)) window.blocks.set(anchor, chunk * BLOCKS_PER_CHUNK + Math.trunc(at / BLOCK_BYTES));
      }
    }
    return window;
  }

  #hashAt(ordinal: number): Uint8Array {
    return this.#dropped.hashes.subarray(ordinal * HASH_BYTES, (ordinal + 1) * HASH_BYTES);
  }
}

/** All of one more chunk, behind what there is. */
export function basisOf(whole: { hash: Uint8Array; raw: Uint8Array } | null, basis: Basis = { bases: [], pieces: [] }): Basis {
  if (whole === null) return basis;
  return { bases: [...basis.bases, whole], pieces: [...basis.pieces, { base: basis.bases.length, from: 0, blocks: Math.ceil(whole.raw.length / BLOCK_BYTES) }] };
}

/** Chunks of the older version that the newer one does not name, in stream order, each once. */
async function droppedOf(store: Pick<Store, 'openManifest' | 'chunkNames'>, older: HashHex, wanted: HashHex): Promise<Dropped> {
  const names = await store.chunkNames(wanted);
  const manifest = await store.openManifest(older);
  const ordinals = new Map<string, number>();
  try {
    for (const { index } of manifest.head.graph.streams) {
      for await (const { run } of manifest.runs(index)) {
        const hashes = run.kind === 'data' ? run.hashes : run.kind === 'repeat' ? run.hash : new Uint8Array(0);
        for (let at = 0; at < hashes.length; at += HASH_BYTES) {
          if (names.has(hashes, at)) continue;
          const key = keyOf(hashes.subarray(at, at + HASH_BYTES));
          if (!ordinals.has(key)) ordinals.set(key, ordinals.size);
        }
      }
    }
  } finally {
    await manifest.close();
  }
  const hashes = new Uint8Array(ordinals.size * HASH_BYTES);
  for (const [key, ordinal] of ordinals) hashes.set(Buffer.from(key, 'latin1'), ordinal * HASH_BYTES);
  return { hashes, ordinals };
}

/** Blocks in a row as one piece; the chunk that gives most first. */
function byChunk(blocks: Iterable<number>): { chunk: number; pieces: { from: number; blocks: number }[] }[] {
  const chunks = new Map<number, { from: number; blocks: number }[]>();
  for (const block of [...blocks].toSorted((a, b) => a - b)) {
    const [chunk, from] = [Math.trunc(block / BLOCKS_PER_CHUNK), block % BLOCKS_PER_CHUNK];
    const pieces = chunks.get(chunk) ?? [];
    const last = pieces.at(-1);
    if (last !== undefined && last.from + last.blocks === from) last.blocks++;
    else pieces.push({ from, blocks: 1 });
    chunks.set(chunk, pieces);
  }
  const sizeOf = (pieces: { blocks: number }[]): number => pieces.reduce((sum, piece) => sum + piece.blocks, 0);
  return [...chunks].map(([chunk, pieces]) => ({ chunk, pieces })).toSorted((a, b) => sizeOf(b.pieces) - sizeOf(a.pieces));
}

function anchorsOf(raw: Uint8Array): { anchor: number; at: number }[] {
  const found: { anchor: number; at: number }[] = [];
  let rolling = 0;
  for (let at = 0; at < raw.length; at++) {
    // Shifted left once a byte: what came more than 32 bytes ago is out of it.
    rolling = ((rolling << 1) + (gear[raw[at] ?? 0] ?? 0)) | 0;
    if (rolling >>> (32 - ANCHOR_BITS) === 0) found.push({ anchor: rolling, at });
  }
  return found;
}

function keyOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('latin1');
}

/** Numbers without a pattern, the same on every machine though nothing depends on it. */
function gearTable(): Int32Array {
  const table = new Int32Array(256);
  let state = 1;
  for (let at = 0; at < 256; at++) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    table[at] = Math.imul(state ^ (state >>> 13), 0x297a2d39);
  }
  return table;
}
