// A synthetic disk of millions of chunk entries, mostly repeated or zero, captured, verified, planned, swept; then a manifest of as many
// distinct chunks, none of them here, taken in and asked what is missing; prints what it took.
// Arguments: folder, chunk entries, distinct chunks; with a fourth, it only makes frames and that manifest (whose making would cloud the figures). For tests only: in a process of its own, because its memory is what is measured.
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { zstdCompressSync } from 'node:zlib';
import { Compression, decodeFrameHeader, FRAME_HEADER_BYTES, sealFrame } from '#shared/agent/frame.ts';
import { encodePreamble, encodeTail, type PageTableEntry } from '#shared/agent/manifest.ts';
import type { Run } from '#shared/agent/page.ts';
import { blake3, RunningHash, toHex } from './hash.ts';
import { openStore } from './open.ts';
import { headFor, pageOf } from './test-store.ts';

const [folder = '', entriesText = '', distinctText = '', make] = process.argv.slice(2);
const entries = Number(entriesText);
const distinct = Number(distinctText);
const CHUNK = 256 * 1024;
const PER_PAGE = 4096;
const hashes = Buffer.alloc(distinct * 32);

function makeFrames(): Buffer {
  const raw = Buffer.alloc(CHUNK);
  return Buffer.concat(Array.from({ length: distinct }, (_, number) => {
    raw.writeUInt32LE(number + 1, 0);
    const packed = zstdCompressSync(raw);
    const frame = Buffer.alloc(FRAME_HEADER_BYTES + packed.length);
    packed.copy(frame, FRAME_HEADER_BYTES);
    sealFrame(frame, 0, { compression: Compression.zstd, rawLength: CHUNK, storedLength: packed.length, hash: blake3(raw) }, blake3);
    return frame;
  }));
}

function readFrames(): Buffer[] {
  const all = readFileSync(`${folder}.frames`);
  const frames: Buffer[] = [];
  for (let at = 0; at < all.length; ) {
    const header = decodeFrameHeader(all, at);
    hashes.set(header.hash, frames.length * 32);
    frames.push(all.subarray(at, at + FRAME_HEADER_BYTES + header.storedLength));
    at += FRAME_HEADER_BYTES + header.storedLength;
  }
  return frames;
}

/** Every distinct chunk once first, so that they arrive early, then any of them again and again. */
function* runsOfPages(): Iterable<Run[]> {
  let state = 12_345;
  for (let at = 0; at < entries; at += PER_PAGE) {
    const count = Math.min(PER_PAGE, entries - at);
    const bytes = Buffer.alloc(count * 32);
    for (let i = 0; i < count; i++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      const pick = at + i < distinct ? at + i : (state >>> 8) % distinct;
      hashes.copy(bytes, i * 32, pick * 32, pick * 32 + 32);
    }
    const hash = Buffer.from(hashes.subarray(0, 32));
    yield [{ kind: 'data', count, hashes: bytes }, { kind: 'repeat', count: 700, hash }, { kind: 'zero', count: 900 }, { kind: 'unused', count: 553 }];
  }
}

/** In pieces, as it would come: nothing holds all of it at once. */
function* foreignManifest(): Iterable<Uint8Array> {
  const head = Buffer.from(JSON.stringify(headFor([entries * CHUNK], CHUNK)));
  yield Buffer.concat([encodePreamble(head), head]);
  const table: PageTableEntry[] = [];
  let offset = 8 + head.length;
  for (let at = 0; at < entries; at += PER_PAGE) {
    const count = Math.min(PER_PAGE, entries - at);
    const bytes = Buffer.alloc(count * 32);
    for (let i = 0; i < count * 8; i++) bytes.writeUInt32LE(Math.imul(at * 8 + i + 1, 2_654_435_761) >>> 0, i * 4);
    const page = pageOf(0, at, [{ kind: 'data', count, hashes: bytes }]);
    table.push({ offset, length: page.length, stream: 0, firstChunk: at, chunkCount: count });
    offset += page.length;
    yield page;
  }
  yield encodeTail(table, offset, head.length);
}

if (make !== undefined) {
  writeFileSync(`${folder}.frames`, makeFrames());
  const hash = new RunningHash();
  writeFileSync(`${folder}.foreign`, '');
  for (const piece of foreignManifest()) {
    hash.update(piece);
    writeFileSync(`${folder}.foreign`, piece, { flag: 'a' });
  }
  writeFileSync(`${folder}.foreign.hash`, toHex(hash.digest()));
  process.exit(0);
}

const timings: Record<string, number> = {};
const peaks: Record<string, { rssMb: number; blockMs: number }> = {};
async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  timings[name] = Math.round(performance.now() - started);
  peaks[name] = { rssMb: Math.round(process.memoryUsage().rss / 1e6), blockMs: Math.round(longestBlockMs) };
  longestBlockMs = 0;
  return result;
}
let longestBlockMs = 0;
let last = performance.now();
const pulse = setInterval(() => {
  longestBlockMs = Math.max(longestBlockMs, performance.now() - last - 5);
  last = performance.now();
}, 5);
pulse.unref();

const store = await openStore({ folder, clock: () => Date.now(), log: () => undefined, workers: 2, reserveBytes: 0 });
const frames = readFrames();
const session = await store.openCapture('synthetic', 3_600_000);
let chunks = 0;
await timed('capture', async () => {
  for (const runs of runsOfPages()) {
    const bits = await session.addPage(pageOf(0, chunks, runs));
    const at = Math.min(chunks / (PER_PAGE + 2153), distinct) * PER_PAGE;
    const lacking = frames.slice(at, at + PER_PAGE).filter((_, i) => ((bits[i >> 3] ?? 0) & (1 << (i & 7))) !== 0);
    if (lacking.length > 0) await session.addFrames(Buffer.concat(lacking));
    chunks += runs.reduce((sum, run) => sum + run.count, 0);
  }
});
const { manifest } = await timed('commit', () => session.commit(headFor([chunks * CHUNK], CHUNK)));
await session.close();
const verified = await timed('verify', () => store.verify(manifest, 'unverified'));
const plan = { write: 0, zero: 0, skip: 0 };
await timed('plan', async () => {
  const reader = await store.openManifest(manifest);
  for await (const { run } of reader.runs(0)) plan[run.kind === 'unused' ? 'skip' : run.kind === 'zero' ? 'zero' : 'write'] += run.count;
  await reader.close();
});
const swept = await timed('sweep', () => store.sweep([manifest]));
const adoption = await store.openAdoption('foreign', readFileSync(`${folder}.foreign.hash`, 'utf8'), 3_600_000);
const foreignFile = openSync(`${folder}.foreign`, 'r');
const piece = Buffer.alloc(1 << 20);
for (let read = readSync(foreignFile, piece); read > 0; read = readSync(foreignFile, piece)) await adoption.addManifest(piece.subarray(0, read));
closeSync(foreignFile);
await timed('finishManifest', async () => (await adoption.finishManifest()).close());
let missing = 0;
await timed('missing', async () => {
  for await (const { hash } of adoption.missing()) missing += hash.length === 32 ? 1 : 0;
});
await store.close();
const maxRssMb = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ chunks, diskBytes: chunks * CHUNK, checked: verified.checkedChunks, bad: verified.damaged.length + verified.missing.length, plan, swept: swept.removedChunks, missing, maxRssMb, timings, peaks }));
