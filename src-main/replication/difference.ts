// Owns a chunk sent as its difference from another chunk that the receiver holds: a frame whose base chunk field names that one and whose
// stored bytes are one zstd frame with the base's raw bytes as dictionary. It travels only; what is stored is made anew from the raw bytes.
// Ordinary readers of frames refuse it, because its base field is not zero. docs/formats/frame.md.
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { CHECKSUM_BYTES, Compression, decodeFrameHeader, FRAME_CHECKED_FROM, FRAME_HEADER_BYTES, HASH_BYTES, MAX_RAW_BYTES, sealFrame, type FrameHash, type FrameHeader } from '#shared/agent/frame.ts';
import { AppError, ProtocolError } from '#shared/errors.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

const BASE_AT = 56;
/** Of the frame that is made for the store; as captures compress (docs/decisions/0005). */
const STORE_LEVEL = 2;
const DIFFERENCE_LEVEL = 3;
/** Window that reaches over base and chunk together: log2, at least. */
const windowLog = (bytes: number): number => Math.min(27, Math.max(17, Math.ceil(Math.log2(bytes + 1)) + 1));

export type Difference = { header: FrameHeader; base: Uint8Array; stored: Uint8Array };

/** @returns the frame to send, or null where it would be no smaller than `limit` bytes, which is what sending the chunk whole costs */
export async function encodeDifference(chunk: { raw: Uint8Array; hash: Uint8Array }, base: { raw: Uint8Array; hash: Uint8Array }, limit: number, blake3: FrameHash): Promise<Uint8Array | null> {
  const stored = await compress(chunk.raw, { dictionary: Buffer.from(base.raw.buffer, base.raw.byteOffset, base.raw.length), params: { [constants.ZSTD_c_compressionLevel]: DIFFERENCE_LEVEL, [constants.ZSTD_c_windowLog]: windowLog(base.raw.length + chunk.raw.length) } });
  const total = FRAME_HEADER_BYTES + stored.length;
  if (total >= limit) return null;
  const frame = new Uint8Array(total);
  frame.set(stored, FRAME_HEADER_BYTES);
  sealFrame(frame, 0, { compression: Compression.zstd, rawLength: chunk.raw.length, storedLength: stored.length, hash: chunk.hash }, blake3);
  frame.set(base.hash, BASE_AT);
  frame.set(blake3(frame.subarray(FRAME_CHECKED_FROM)).subarray(0, CHECKSUM_BYTES), 4);
  return frame;
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
  return { header, base: frame.subarray(BASE_AT, BASE_AT + HASH_BYTES), stored: frame.subarray(FRAME_HEADER_BYTES) };
}

/** The chunk's raw bytes, proved by its hash; nothing else is handed on. */
export async function applyDifference({ header, stored }: Difference, baseRaw: Uint8Array, blake3: FrameHash): Promise<Buffer> {
  const raw = await decompress(stored, {
    dictionary: Buffer.from(baseRaw.buffer, baseRaw.byteOffset, baseRaw.length), maxOutputLength: header.rawLength, params: { [constants.ZSTD_d_windowLogMax]: windowLog(MAX_RAW_BYTES * 2) },
  }).catch((error: unknown) => {
    throw damaged(header.hash, 'its difference does not fit the chunk it was made against', error);
  });
  if (raw.length !== header.rawLength || Buffer.compare(blake3(raw), header.hash) !== 0) throw damaged(header.hash, 'made from its difference it is another one');
  return raw;
}

/** The frame that goes into the store. */
export async function frameOf(raw: Uint8Array, hash: Uint8Array, blake3: FrameHash): Promise<Uint8Array> {
  const compressed = await compress(raw, { params: { [constants.ZSTD_c_compressionLevel]: STORE_LEVEL } });
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
  const raw = header.compression === Compression.none ? Buffer.from(stored) : await decompress(stored, { maxOutputLength: header.rawLength });
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
