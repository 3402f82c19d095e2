// Owns a chunk sent as its difference from content that the receiver holds: a frame whose base chunk field names a chunk of there, and whose
// stored bytes say which pieces of which chunks make the dictionary, then are one zstd frame. It travels only; what is stored is made anew from
// the raw bytes. Ordinary readers of frames refuse it, because its base field is not zero. docs/formats/frame.md.
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { CHECKSUM_BYTES, Compression, decodeFrameHeader, FRAME_CHECKED_FROM, FRAME_HEADER_BYTES, HASH_BYTES, sealFrame, type FrameHash, type FrameHeader } from '#shared/agent/frame.ts';
import { AppError, ProtocolError } from '#shared/errors.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

const BASE_AT = 56;
/** Of the frame that is made for the store; as captures compress (docs/decisions/0005). */
const STORE_LEVEL = 2;
const DIFFERENCE_LEVEL = 3;
const WINDOW_LOG_MAX = 27;
/** All of the result in one step: with less room Node goes through its threads again for every 16 KiB. */
const roomFor = (rawBytes: number): number => rawBytes + 1024;
/** Window that reaches over base and chunk together: log2, at least. */
const windowLog = (bytes: number): number => Math.min(WINDOW_LOG_MAX, Math.max(17, Math.ceil(Math.log2(bytes + 1)) + 1));

/** Pieces are counted in blocks of this size, from the beginning of a chunk; its last block may be shorter. */
export const BLOCK_BYTES = 4096;
export const MAX_BASES = 64;
const MAX_PIECES = 4096;
const MAX_DICTIONARY_BYTES = 64 * 1024 * 1024;
const PIECE_BYTES = 6;

type Named = { raw: Uint8Array; hash: Uint8Array };
export type Piece = { /** Index among the bases. */ base: number; from: number; blocks: number };
/** What a difference is made against: the pieces in this order, one after another. */
export type Basis = { bases: Named[]; pieces: Piece[] };
export type Difference = { header: FrameHeader; bases: Uint8Array[]; pieces: Piece[]; stored: Uint8Array };

/** @returns the frame to send, or null where it would be no smaller than `limit` bytes, which is what sending the chunk whole costs */
export async function encodeDifference(chunk: Named, { bases, pieces }: Basis, limit: number, blake3: FrameHash): Promise<Uint8Array | null> {
  const [first] = bases;
  if (first === undefined || pieces.length === 0 || bases.length > MAX_BASES || pieces.length > MAX_PIECES) return null;
  const dictionary = dictionaryOf(bases.map(({ raw }) => raw), pieces);
  const compressed = await compress(chunk.raw, { dictionary, chunkSize: roomFor(chunk.raw.length), params: { [constants.ZSTD_c_compressionLevel]: DIFFERENCE_LEVEL, [constants.ZSTD_c_windowLog]: windowLog(dictionary.length + chunk.raw.length) } });
  const stored = Buffer.concat([encodeBasis(bases, pieces), compressed]);
  const total = FRAME_HEADER_BYTES + stored.length;
  if (total >= limit) return null;
  const frame = new Uint8Array(total);
  frame.set(stored, FRAME_HEADER_BYTES);
  sealFrame(frame, 0, { compression: Compression.zstd, rawLength: chunk.raw.length, storedLength: stored.length, hash: chunk.hash }, blake3);
  frame.set(first.hash, BASE_AT);
  frame.set(blake3(frame.subarray(FRAME_CHECKED_FROM)).subarray(0, CHECKSUM_BYTES), 4);
  return frame;
}

function encodeBasis(bases: readonly Named[], pieces: readonly Piece[]): Buffer {
  const bytes = Buffer.alloc(4 + bases.length * HASH_BYTES + pieces.length * PIECE_BYTES);
  let at = bytes.writeUInt16LE(bases.length, 0);
  for (const { hash } of bases) {
    bytes.set(hash, at);
    at += HASH_BYTES;
  }
  at = bytes.writeUInt16LE(pieces.length, at);
  for (const { base, from, blocks } of pieces) for (const value of [base, from, blocks]) at = bytes.writeUInt16LE(value, at);
  return bytes;
}

function decodeBasis(bytes: Uint8Array): Pick<Difference, 'bases' | 'pieces' | 'stored'> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const number = (at: number): number => {
    if (at + 2 > view.length) throw new ProtocolError(FRAME_HEADER_BYTES + at, 'the difference ends within its basis');
    return view.readUInt16LE(at);
  };
  const baseCount = number(0);
  const piecesAt = 2 + baseCount * HASH_BYTES;
  const pieceCount = number(piecesAt);
  if (baseCount === 0 || baseCount > MAX_BASES || pieceCount === 0 || pieceCount > MAX_PIECES) throw new ProtocolError(FRAME_HEADER_BYTES, 'a difference has a basis of bounded size');
  const pieces = Array.from({ length: pieceCount }, (_, index): Piece => {
    const at = piecesAt + 2 + index * PIECE_BYTES;
    return { base: number(at), from: number(at + 2), blocks: number(at + 4) };
  });
  if (pieces.some(({ base }) => base >= baseCount)) throw new ProtocolError(FRAME_HEADER_BYTES, 'a piece of a chunk that is not named');
  return { bases: Array.from({ length: baseCount }, (_, index) => bytes.subarray(2 + index * HASH_BYTES, 2 + (index + 1) * HASH_BYTES)), pieces, stored: bytes.subarray(piecesAt + 2 + pieceCount * PIECE_BYTES) };
}

function dictionaryOf(raws: readonly Uint8Array[], pieces: readonly Piece[]): Buffer {
  const parts = pieces.map(({ base, from, blocks }) => raws[base]?.subarray(from * BLOCK_BYTES, (from + blocks) * BLOCK_BYTES) ?? new Uint8Array(0));
  if (parts.reduce((sum, part) => sum + part.length, 0) > MAX_DICTIONARY_BYTES) throw new ProtocolError(FRAME_HEADER_BYTES, 'the basis of a difference is too long');
  return Buffer.concat(parts);
}

export function isDifference(bytes: Uint8Array, offset = 0): boolean {
  return bytes.subarray(offset + BASE_AT, offset + BASE_AT + HASH_BYTES).some((byte) => byte !== 0);
}

/** Length of the frame that begins here, difference or not; header checks only. Throws ProtocolError. */
export function frameLength(bytes: Uint8Array, offset = 0): number {
  return FRAME_HEADER_BYTES + headerOf(bytes.subarray(offset, offset + FRAME_HEADER_BYTES)).storedLength;
}

/** @param frame exactly one frame. Throws ProtocolError for anything that is no difference, AppError chunk-damaged where its checksum does not hold. */
export function decodeDifference(frame: Uint8Array, blake3: FrameHash): Difference {
  const header = headerOf(frame.subarray(0, FRAME_HEADER_BYTES));
  if (header.compression !== Compression.zstd) throw new ProtocolError(13, 'a difference is always compressed');
  if (!isDifference(frame)) throw new ProtocolError(BASE_AT, 'a difference names its base chunk');
  if (frame.length !== FRAME_HEADER_BYTES + header.storedLength) throw new ProtocolError(20, 'stored length does not fit the frame');
  if (Buffer.compare(blake3(frame.subarray(FRAME_CHECKED_FROM)).subarray(0, CHECKSUM_BYTES), frame.subarray(4, 4 + CHECKSUM_BYTES)) !== 0) throw damaged(header.hash, 'its checksum does not match');
  return { header, ...decodeBasis(frame.subarray(FRAME_HEADER_BYTES)) };
}

/** @param raws of the bases, in their order. @returns the chunk's raw bytes, proved by its hash; nothing else is handed on. */
export async function applyDifference({ header, pieces, stored }: Difference, raws: readonly Uint8Array[], blake3: FrameHash): Promise<Buffer> {
  const raw = await decompress(stored, {
    dictionary: dictionaryOf(raws, pieces), maxOutputLength: header.rawLength, chunkSize: roomFor(header.rawLength), params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG_MAX },
  }).catch((error: unknown) => {
    throw damaged(header.hash, 'its difference does not fit the chunk it was made against', error);
  });
  if (raw.length !== header.rawLength || Buffer.compare(blake3(raw), header.hash) !== 0) throw damaged(header.hash, 'made from its difference it is another one');
  return raw;
}

/** The frame that goes into the store. */
export async function frameOf(raw: Uint8Array, hash: Uint8Array, blake3: FrameHash): Promise<Uint8Array> {
  const compressed = await compress(raw, { chunkSize: roomFor(raw.length), params: { [constants.ZSTD_c_compressionLevel]: STORE_LEVEL } });
  const smaller = compressed.length < raw.length;
  const stored = smaller ? compressed : raw;
  const frame = new Uint8Array(FRAME_HEADER_BYTES + stored.length);
  frame.set(stored, FRAME_HEADER_BYTES);
  sealFrame(frame, 0, { compression: smaller ? Compression.zstd : Compression.none, rawLength: raw.length, storedLength: stored.length, hash }, blake3);
  return frame;
}

/** Raw bytes of a stored frame, proved by its hash. */
export async function rawOf(frame: Uint8Array, blake3: FrameHash): Promise<Buffer> {
  const header = decodeFrameHeader(frame);
  const stored = frame.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + header.storedLength);
  const raw = header.compression === Compression.none ? Buffer.from(stored) : await decompress(stored, { maxOutputLength: header.rawLength, chunkSize: roomFor(header.rawLength) });
  if (raw.length !== header.rawLength || Buffer.compare(blake3(raw), header.hash) !== 0) throw damaged(header.hash, 'its content is not what its name says');
  return raw;
}

/** The header with its base left out of the check, which is what sets a difference apart. */
function headerOf(bytes: Uint8Array): FrameHeader {
  const copy = Uint8Array.from(bytes);
  copy.fill(0, BASE_AT, BASE_AT + HASH_BYTES);
  return decodeFrameHeader(copy);
}

function damaged(hash: Uint8Array, how: string, cause?: unknown): AppError {
  const chunk = Buffer.from(hash).toString('hex');
  return new AppError('chunk-damaged', `Chunk ${chunk.slice(0, 16)}… can't be taken: ${how}. It is asked for whole.`, { chunk }, cause);
}
