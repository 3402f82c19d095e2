// A store in a temporary folder, with chunks made from a seed, and an agent's part of a capture. For tests only.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { Compression, FRAME_HEADER_BYTES, sealFrame } from '#shared/agent/frame.ts';
import type { ManifestHead } from '#shared/agent/manifest.ts';
import { encodePage, type Run } from '#shared/agent/page.ts';
import { blake3 } from './hash.ts';
import { openStore } from './open.ts';
import type { Adoption, CaptureSession, Store, StoreOptions } from './types.ts';

export const CHUNK = 8192;

export type TestChunk = { hash: Uint8Array; frame: Buffer; raw: Buffer };

/** The same bytes for the same numbers, on every machine: half noise, so that compression has something to do and something left. */
export function makeChunk(seed: number, number: number, length = CHUNK): TestChunk {
  const raw = Buffer.alloc(length);
  let state = (seed * 2_654_435_761 + number * 40_503 + 1) >>> 0;
  for (let at = 0; at + 4 <= length / 2; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    raw.writeUInt32LE(state >>> 0, at);
  }
  raw.writeUInt32LE(seed, length - 8);
  raw.writeUInt32LE(number, length - 4);
  return chunkOf(raw);
}

export function chunkOf(raw: Buffer): TestChunk {
  const hash = Buffer.from(blake3(raw));
  const packed = zstdCompressSync(raw);
  const stored = packed.length < raw.length ? packed : raw;
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + stored.length);
  stored.copy(frame, FRAME_HEADER_BYTES);
  sealFrame(frame, 0, { compression: stored === raw ? Compression.none : Compression.zstd, rawLength: raw.length, storedLength: stored.length, hash }, blake3);
  return { hash, frame, raw };
}

export function headFor(lengths: readonly number[], chunkSizeBytes = CHUNK): ManifestHead {
  const size = Math.max(512, lengths.reduce((sum, length) => sum + length, 0));
  return {
    format: 1, hash: 'blake3', image: { guid: randomUUID(), name: 'test' }, version: { guid: randomUUID(), number: 1, note: '' },
    capturedAt: new Date(0).toISOString(), capturedBy: 'test', computer: 'test', agentVersion: '0', unusedBlocks: 'cleared',
    graph: {
      chunkSizeBytes,
      nodes: [{ type: 'disk', id: 'd', sizeBytes: size, sectorSizeBytes: 512, model: '', serial: '', bus: '', table: { kind: 'none' } }],
      streams: lengths.map((lengthBytes, index) => ({ index, kind: 'gap', node: 'd', offsetBytes: 0, lengthBytes })),
    },
  };
}

export function pageOf(stream: number, firstChunk: number, runs: readonly Run[]): Uint8Array {
  return encodePage({ stream, firstChunk, runs }, blake3);
}

export function dataRun(chunks: readonly TestChunk[]): Run {
  return { kind: 'data', count: chunks.length, hashes: Buffer.concat(chunks.map((chunk) => chunk.hash)) };
}

/** Offers pages, sends what is lacking in small batches; the session is left open. */
export async function sendAll(session: CaptureSession, chunks: readonly TestChunk[], perPage = 64): Promise<number> {
  let sent = 0;
  for (let at = 0; at < chunks.length; at += perPage) {
    const slice = chunks.slice(at, at + perPage);
    const bits = await session.addPage(pageOf(0, at, [dataRun(slice)]));
    const lacking = slice.filter((_, i) => ((bits[i >> 3] ?? 0) & (1 << (i & 7))) !== 0);
    for (let i = 0; i < lacking.length; i += 16) {
      const batch = lacking.slice(i, i + 16);
      await session.addFrames(Buffer.concat(batch.map((chunk) => chunk.frame)));
      sent += batch.length;
    }
  }
  return sent;
}

export async function readAll(store: Store, chunks: readonly TestChunk[]): Promise<Buffer[]> {
  const frames: Buffer[] = [];
  for await (const frame of store.readFrames(Buffer.concat(chunks.map((chunk) => chunk.hash)))) frames.push(Buffer.from(frame));
  return frames;
}

export async function manifestBytesOf(store: Store, hash: string): Promise<Buffer> {
  const reader = await store.openManifest(hash);
  await reader.close();
  return readFile(reader.path);
}

/** What a transfer does between two stores: the manifest from where it stopped, in pieces, then what is missing. @returns how many chunks it brought */
export async function bringOver(source: Store, adoption: Adoption, pieceBytes = 700): Promise<number> {
  const bytes = await manifestBytesOf(source, adoption.manifest);
  while (adoption.manifestBytes < bytes.length) await adoption.addManifest(bytes.subarray(adoption.manifestBytes, adoption.manifestBytes + pieceBytes));
  let brought = 0;
  for await (const { hash } of adoption.missing()) {
    for await (const frame of source.readFrames(hash)) await adoption.addFrames(frame);
    brought++;
  }
  return brought;
}

export class TestStore {
  readonly folder: string;
  store: Store;
  now = 1_700_000_000_000;
  readonly log: string[] = [];
  readonly #options: Partial<StoreOptions>;

  private constructor(folder: string, options: Partial<StoreOptions>) {
    this.folder = folder;
    this.#options = options;
    this.store = undefined as unknown as Store;
  }

  static async create(options: Partial<StoreOptions> = {}): Promise<TestStore> {
    const test = new TestStore(await mkdtemp(join(tmpdir(), 'platen-store-')), options);
    test.store = await test.open();
    return test;
  }

  /** A store that another process left behind. */
  static async at(folder: string, options: Partial<StoreOptions> = {}): Promise<TestStore> {
    const test = new TestStore(folder, options);
    test.store = await test.open();
    return test;
  }

  open(): Promise<Store> {
    return openStore({
      folder: this.folder, clock: () => this.now, log: (level, message, data) => this.log.push(`${level} ${message} ${JSON.stringify(data ?? {})}`),
      workers: 2, reserveBytes: 0, ...this.#options,
    });
  }

  async reopen(): Promise<void> {
    await this.store.close();
    this.store = await this.open();
  }

  chunks(count: number, seed: number): TestChunk[] {
    return Array.from({ length: count }, (_, i) => makeChunk(seed, i));
  }

  async capture(id: string, chunks: readonly TestChunk[]): Promise<Awaited<ReturnType<CaptureSession['commit']>>> {
    const session = await this.store.openCapture(id, 3_600_000);
    await sendAll(session, chunks);
    const committed = await session.commit(headFor([chunks.reduce((sum, chunk) => sum + chunk.raw.length, 0)]));
    await session.close();
    return committed;
  }

  async dispose(): Promise<void> {
    await this.store.close().catch(() => undefined);
    await rm(this.folder, { recursive: true, force: true });
  }
}
