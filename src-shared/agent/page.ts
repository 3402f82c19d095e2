// Owns the manifest page: a piece of one stream's chunk list, the unit an agent offers during a capture and the body of a manifest.
// docs/formats/manifest.md is its specification. Pure codec: encode and decode are total and bounded.
import { ProtocolError } from '../errors.ts';
import { CHECKSUM_BYTES, HASH_BYTES, type FrameHash } from './frame.ts';

export const PAGE_MAGIC = 0x31504c50; // "PLP1", little endian
export const PAGE_HEADER_BYTES = 32;
export const PAGE_CHECKED_FROM = 12;
/** A page's body is at most this long; 4,096 distinct chunks fit twice. */
export const MAX_PAGE_BODY_BYTES = 256 * 1024;
export const MAX_PAGE_CHUNKS = 0xffffffff;

/**
 * A run of consecutive chunks of a stream.
 * unused: no file system uses a byte of them; a deploy may skip them. zero: used, and all zero bytes; a deploy must make them zero.
 * data: one hash per chunk. repeat: the same chunk `count` times.
 */
export type Run =
  | { kind: 'unused'; count: number }
  | { kind: 'zero'; count: number }
  /** hashes: count × 32 bytes */
  | { kind: 'data'; count: number; hashes: Uint8Array }
  | { kind: 'repeat'; count: number; hash: Uint8Array };

export type Page = { stream: number; firstChunk: number; chunkCount: number; runs: Run[] };

const tags = { unused: 0, zero: 1, data: 2, repeat: 3 } as const;

export function encodePage(page: { stream: number; firstChunk: number; runs: readonly Run[] }, blake3: FrameHash): Uint8Array {
  let bodyLength = 0;
  let chunkCount = 0;
  for (const run of page.runs) {
    chunkCount += run.count;
    bodyLength += 5 + (run.kind === 'data' ? run.hashes.length : run.kind === 'repeat' ? HASH_BYTES : 0);
    if (run.count < 1) throw new RangeError('a run holds at least one chunk');
    if (run.kind === 'data' && run.hashes.length !== run.count * HASH_BYTES) throw new RangeError('one hash per chunk');
    if (run.kind === 'repeat' && run.hash.length !== HASH_BYTES) throw new RangeError('one hash per run');
  }
  if (bodyLength > MAX_PAGE_BODY_BYTES) throw new RangeError(`page body of ${bodyLength} bytes is over ${MAX_PAGE_BODY_BYTES}`);
  if (chunkCount > MAX_PAGE_CHUNKS) throw new RangeError(`a page holds at most ${MAX_PAGE_CHUNKS} chunks`);
  const bytes = new Uint8Array(PAGE_HEADER_BYTES + bodyLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, PAGE_MAGIC, true);
  view.setUint32(12, page.stream, true);
  view.setBigUint64(16, BigInt(page.firstChunk), true);
  view.setUint32(24, chunkCount, true);
  view.setUint32(28, bodyLength, true);
  let at = PAGE_HEADER_BYTES;
  for (const run of page.runs) {
    view.setUint8(at, tags[run.kind]);
    view.setUint32(at + 1, run.count, true);
    at += 5;
    if (run.kind === 'data') {
      bytes.set(run.hashes, at);
      at += run.hashes.length;
    } else if (run.kind === 'repeat') {
      bytes.set(run.hash, at);
      at += HASH_BYTES;
    }
  }
  bytes.set(blake3(bytes.subarray(PAGE_CHECKED_FROM)).subarray(0, CHECKSUM_BYTES), 4);
  return bytes;
}

/** The whole page's length, from its first PAGE_HEADER_BYTES bytes. */
export function pageLength(header: Uint8Array): number {
  if (header.length < PAGE_HEADER_BYTES) throw new ProtocolError(0, 'page header is cut short');
  const view = new DataView(header.buffer, header.byteOffset, PAGE_HEADER_BYTES);
  if (view.getUint32(0, true) !== PAGE_MAGIC) throw new ProtocolError(0, 'not a manifest page');
  const bodyLength = view.getUint32(28, true);
  if (bodyLength > MAX_PAGE_BODY_BYTES) throw new ProtocolError(28, 'page body too long');
  return PAGE_HEADER_BYTES + bodyLength;
}

/** Decodes exactly one page and checks its checksum; hashes in the result are views into `bytes`. */
export function decodePage(bytes: Uint8Array, blake3: FrameHash): Page {
  if (pageLength(bytes) !== bytes.length) throw new ProtocolError(28, 'page length does not match its bytes');
  const sum = blake3(bytes.subarray(PAGE_CHECKED_FROM));
  for (let i = 0; i < CHECKSUM_BYTES; i++) if (bytes[4 + i] !== sum[i]) throw new ProtocolError(4, 'page checksum does not match');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const first = view.getBigUint64(16, true);
  if (first > BigInt(Number.MAX_SAFE_INTEGER)) throw new ProtocolError(16, 'first chunk out of range');
  const chunkCount = view.getUint32(24, true);
  const runs: Run[] = [];
  let at = PAGE_HEADER_BYTES;
  let seen = 0;
  while (at < bytes.length) {
    if (bytes.length - at < 5) throw new ProtocolError(at, 'run is cut short');
    const tag = view.getUint8(at);
    const count = view.getUint32(at + 1, true);
    if (count === 0) throw new ProtocolError(at + 1, 'empty run');
    seen += count;
    if (seen > chunkCount) throw new ProtocolError(at + 1, 'runs exceed the page');
    at += 5;
    const payload = tag === tags.data ? count * HASH_BYTES : tag === tags.repeat ? HASH_BYTES : 0;
    if (bytes.length - at < payload) throw new ProtocolError(at, 'hashes are cut short');
    if (tag === tags.unused) runs.push({ kind: 'unused', count });
    else if (tag === tags.zero) runs.push({ kind: 'zero', count });
    else if (tag === tags.data) runs.push({ kind: 'data', count, hashes: bytes.subarray(at, at + payload) });
    else if (tag === tags.repeat) runs.push({ kind: 'repeat', count, hash: bytes.subarray(at, at + payload) });
    else throw new ProtocolError(at - 5, 'unknown run');
    at += payload;
  }
  if (seen !== chunkCount) throw new ProtocolError(24, 'runs do not fill the page');
  return { stream: view.getUint32(12, true), firstChunk: Number(first), chunkCount, runs };
}

/** Number of hashes a page names, in order: one per data chunk, one per repeat run. The server's answer has one bit each. */
export function hashesOf(page: Page): Uint8Array[] {
  const hashes: Uint8Array[] = [];
  for (const run of page.runs) {
    if (run.kind === 'repeat') hashes.push(run.hash);
    else if (run.kind === 'data') for (let i = 0; i < run.count; i++) hashes.push(run.hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
  }
  return hashes;
}
