// Owns the frame: one chunk as it is stored in a pack and sent over HTTP. docs/formats/frame.md is its specification.
// Header only: hashing and compression are native, so callers pass the hash in (see FrameHash).
import { ProtocolError } from '../errors.ts';

export const FRAME_MAGIC = 0x31464c50; // "PLF1", little endian
export const FRAME_HEADER_BYTES = 112;
export const HASH_BYTES = 32;
export const CHECKSUM_BYTES = 8;
/** The checksum covers everything from here to the end of the stored bytes, so header and content are one contiguous piece. */
export const FRAME_CHECKED_FROM = 12;
/** What one chunk may hold at most; a reader refuses more before it allocates anything. */
export const MAX_RAW_BYTES = 1 << 24;
/** Incompressible chunks are stored as they are, so stored bytes never exceed raw bytes by more than an encryption tag may need. */
export const MAX_STORED_BYTES = MAX_RAW_BYTES + 64;

export const HashAlgorithm = { blake3: 1 } as const;
export const Compression = { none: 0, zstd: 1 } as const;
export const Encryption = { none: 0 } as const;

export type FrameHeader = {
  compression: number;
  rawLength: number;
  storedLength: number;
  /** BLAKE3-256 of the raw bytes: a view into the header, copy it to keep it */
  hash: Uint8Array;
  checksum: Uint8Array;
};

/** BLAKE3-256 of the bytes given. */
export type FrameHash = (bytes: Uint8Array) => Uint8Array;

/**
 * Writes a header at `offset` of `target`, whose stored bytes already lie behind it, and seals it with the checksum.
 * @returns the frame's total length in bytes
 */
export function sealFrame(
  target: Uint8Array,
  offset: number,
  fields: { compression: number; rawLength: number; storedLength: number; hash: Uint8Array },
  blake3: FrameHash,
): number {
  const total = FRAME_HEADER_BYTES + fields.storedLength;
  const view = new DataView(target.buffer, target.byteOffset + offset, FRAME_HEADER_BYTES);
  target.fill(0, offset, offset + FRAME_HEADER_BYTES);
  view.setUint32(0, FRAME_MAGIC, true);
  view.setUint8(12, HashAlgorithm.blake3);
  view.setUint8(13, fields.compression);
  view.setUint8(14, Encryption.none);
  view.setUint32(16, fields.rawLength, true);
  view.setUint32(20, fields.storedLength, true);
  target.set(fields.hash, offset + 24);
  const sum = blake3(target.subarray(offset + FRAME_CHECKED_FROM, offset + total));
  target.set(sum.subarray(0, CHECKSUM_BYTES), offset + 4);
  return total;
}

/**
 * Reads a header without checking its checksum (see isFrameIntact). Throws ProtocolError on anything this version cannot read.
 * @param offset where the frame starts in `bytes`; at least FRAME_HEADER_BYTES must follow
 */
export function decodeFrameHeader(bytes: Uint8Array, offset = 0): FrameHeader {
  if (bytes.length - offset < FRAME_HEADER_BYTES) throw new ProtocolError(offset, 'frame header is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FRAME_HEADER_BYTES);
  if (view.getUint32(0, true) !== FRAME_MAGIC) throw new ProtocolError(offset, 'not a frame');
  if (view.getUint8(12) !== HashAlgorithm.blake3) throw new ProtocolError(offset + 12, 'unknown hash algorithm');
  const compression = view.getUint8(13);
  if (compression !== Compression.none && compression !== Compression.zstd) throw new ProtocolError(offset + 13, 'unknown compression');
  if (view.getUint8(14) !== Encryption.none) throw new ProtocolError(offset + 14, 'frame is encrypted');
  if (view.getUint8(15) !== 0) throw new ProtocolError(offset + 15, 'reserved byte is not zero');
  const rawLength = view.getUint32(16, true);
  const storedLength = view.getUint32(20, true);
  if (rawLength === 0 || rawLength > MAX_RAW_BYTES) throw new ProtocolError(offset + 16, 'raw length out of range');
  if (storedLength === 0 || storedLength > MAX_STORED_BYTES) throw new ProtocolError(offset + 20, 'stored length out of range');
  if (compression === Compression.none && storedLength !== rawLength) throw new ProtocolError(offset + 20, 'uncompressed frame with two lengths');
  for (let i = 56; i < FRAME_HEADER_BYTES; i++) {
    if (bytes[offset + i] !== 0) throw new ProtocolError(offset + i, 'reserved bytes (base chunk, encryption) are not zero');
  }
  return {
    compression,
    rawLength,
    storedLength,
    hash: bytes.subarray(offset + 24, offset + 24 + HASH_BYTES),
    checksum: bytes.subarray(offset + 4, offset + 12),
  };
}

/** Whether header and stored bytes are what was sealed. `frame` is exactly one frame. */
export function isFrameIntact(frame: Uint8Array, blake3: FrameHash): boolean {
  const sum = blake3(frame.subarray(FRAME_CHECKED_FROM));
  for (let i = 0; i < CHECKSUM_BYTES; i++) if (frame[4 + i] !== sum[i]) return false;
  return true;
}
