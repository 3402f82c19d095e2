// Owns how a stream is cut into pieces of work: which chunks are unused (and need no reading), which are read together.
// Pure and lazy: a 2 TB volume costs nothing until it is walked.
import type { UsedMap } from '../disks/types.ts';
import { chunkCount, type StreamInfo } from '#shared/model/schema.ts';

export type Piece =
  | { kind: 'unused'; stream: number; firstChunk: number; count: number }
  /** offset: on the disk. used: ranges within the piece as [start, end, …]; null: all of it. */
  | { kind: 'read'; stream: number; firstChunk: number; count: number; offset: number; lengthBytes: number; used: number[] | null };

/** Pieces in stream order without gaps; a read piece starts and ends with a used chunk and spans at most maxChunks. */
export function* piecesOf(stream: StreamInfo, map: UsedMap | 'all', chunkSize: number, maxChunks: number): Generator<Piece> {
  const total = chunkCount(stream.lengthBytes, chunkSize);
  const extents = map === 'all' ? whole(stream.lengthBytes) : map.extents();
  let extent = extents.next();
  let at = 0;
  while (at < total) {
    const from = at * chunkSize;
    while (extent.done !== true && extent.value.offset + extent.value.length <= from) extent = extents.next();
    const first = extent.done === true ? total : Math.max(at, Math.floor(extent.value.offset / chunkSize));
    if (first > at) yield { kind: 'unused', stream: stream.index, firstChunk: at, count: first - at };
    if (first >= total) return;
    const piece = readPiece(stream, map, { first, count: Math.min(maxChunks, total - first), chunkSize });
    yield piece;
    at = first + piece.count;
  }
}

function readPiece(stream: StreamInfo, map: UsedMap | 'all', part: { first: number; count: number; chunkSize: number }): Extract<Piece, { kind: 'read' }> {
  const from = part.first * part.chunkSize;
  let lengthBytes = Math.min(part.count * part.chunkSize, stream.lengthBytes - from);
  let count = part.count;
  let used: number[] | null = null;
  if (map !== 'all' && map.coverage(from, lengthBytes) !== 'used') {
    used = map.usedRanges(from, lengthBytes).map((bound) => bound - from);
    count = Math.max(1, Math.ceil((used.at(-1) ?? 1) / part.chunkSize));
    lengthBytes = Math.min(count * part.chunkSize, stream.lengthBytes - from);
  }
  return { kind: 'read', stream: stream.index, firstChunk: part.first, count, offset: stream.offsetBytes + from, lengthBytes, used };
}

function* whole(length: number): Generator<{ offset: number; length: number }> {
  if (length > 0) yield { offset: 0, length };
}

/** Bytes the pieces of a stream will read and hash, for progress. */
export function bytesToRead(stream: StreamInfo, map: UsedMap | 'all'): number {
  return map === 'all' ? stream.lengthBytes : map.usedBytes;
}
