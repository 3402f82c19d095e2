// Owns the bytes of a pack around its frames: header, index, trailer. docs/formats/pack.md is the specification.
// Pure codec: no file calls.
import { CHECKSUM_BYTES, Compression, FRAME_HEADER_BYTES, HASH_BYTES, MAX_RAW_BYTES, MAX_STORED_BYTES } from '#shared/agent/frame.ts';
import { ProtocolError } from '#shared/errors.ts';
import { blake3 } from './hash.ts';

export const PACK_MAGIC = 0x314b4c50; // "PLK1", little endian
export const PACK_END_MAGIC = 0x454b4c50; // "PLKE"
export const PACK_HEADER_BYTES = 32;
export const PACK_ENTRY_BYTES = 48;
export const PACK_TRAILER_BYTES = 32;
export const MAX_PACK_BYTES = 512 * 1024 * 1024;
/** So that a pack of tiny frames keeps a small index too. */
export const MAX_PACK_ENTRIES = 65_536;

export function encodePackHeader(id: number): Uint8Array {
  const bytes = new Uint8Array(PACK_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, PACK_MAGIC, true);
  view.setUint32(4, 1, true);
  view.setBigUint64(8, BigInt(id), true);
  bytes.set(blake3(bytes.subarray(0, 24)).subarray(0, CHECKSUM_BYTES), 24);
  return bytes;
}

export function decodePackHeader(bytes: Uint8Array): { id: number } {
  if (bytes.length < PACK_HEADER_BYTES) throw new ProtocolError(0, 'pack header is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, PACK_HEADER_BYTES);
  if (view.getUint32(0, true) !== PACK_MAGIC) throw new ProtocolError(0, 'not a pack');
  if (!startsWith(bytes, 24, blake3(bytes.subarray(0, 24)))) throw new ProtocolError(24, 'pack header checksum does not match');
  if (view.getUint32(4, true) !== 1) throw new ProtocolError(4, 'unknown pack version');
  return { id: Number(view.getBigUint64(8, true)) };
}

/** The entries of one pack, in the order of their offsets, encoded as they will be written. */
export class PackEntries {
  #bytes = Buffer.alloc(64 * PACK_ENTRY_BYTES);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get end(): number {
    if (this.#count === 0) return PACK_HEADER_BYTES;
    const at = (this.#count - 1) * PACK_ENTRY_BYTES;
    return this.#bytes.readUInt32LE(at + 32) + FRAME_HEADER_BYTES + this.#bytes.readUInt32LE(at + 36);
  }

  push(entry: { hash: Uint8Array; offset: number; storedLength: number; rawLength: number; compression: number }): void {
    const at = this.#count * PACK_ENTRY_BYTES;
    if (at === this.#bytes.length) {
      const larger = Buffer.alloc(this.#bytes.length * 2);
      this.#bytes.copy(larger);
      this.#bytes = larger;
    }
    this.#bytes.set(entry.hash, at);
    this.#bytes.writeUInt32LE(entry.offset, at + 32);
    this.#bytes.writeUInt32LE(entry.storedLength, at + 36);
    this.#bytes.writeUInt32LE(entry.rawLength, at + 40);
    this.#bytes[at + 44] = entry.compression;
    this.#count++;
  }

  at(index: number): PackEntry {
    if (index < 0 || index >= this.#count) throw new RangeError('no such pack entry');
    return readEntry(this.#bytes, index * PACK_ENTRY_BYTES);
  }

  /** Index and trailer, as they end a sealed pack whose header is given and whose frames end at `end`. */
  seal(header: Uint8Array): Buffer {
    const length = this.#count * PACK_ENTRY_BYTES;
    const bytes = Buffer.alloc(length + PACK_TRAILER_BYTES);
    this.#bytes.copy(bytes, 0, 0, length);
    bytes.writeBigUInt64LE(BigInt(this.end), length);
    bytes.writeUInt32LE(this.#count, length + 8);
    bytes.set(checksum(header, bytes.subarray(0, length + 16)), length + 16);
    bytes.writeUInt32LE(PACK_END_MAGIC, length + 24);
    return bytes;
  }
}

export type PackEntry = { hash: Uint8Array; offset: number; storedLength: number; rawLength: number; compression: number };

/** @param bytes the last PACK_TRAILER_BYTES of the file; lengths are checked against the file's size before anything is allocated */
export function decodePackTrailer(bytes: Uint8Array, fileSize: number): { indexOffset: number; entryCount: number } {
  if (bytes.length !== PACK_TRAILER_BYTES) throw new ProtocolError(0, 'pack trailer is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, PACK_TRAILER_BYTES);
  if (view.getUint32(24, true) !== PACK_END_MAGIC) throw new ProtocolError(fileSize - 8, 'pack is not sealed');
  if (view.getUint32(12, true) !== 0 || view.getUint32(28, true) !== 0) throw new ProtocolError(fileSize - 4, 'reserved bytes are not zero');
  const indexOffset = Number(view.getBigUint64(0, true));
  const entryCount = view.getUint32(8, true);
  if (entryCount > MAX_PACK_ENTRIES) throw new ProtocolError(fileSize - 24, 'pack has too many entries');
  if (indexOffset + entryCount * PACK_ENTRY_BYTES + PACK_TRAILER_BYTES !== fileSize) throw new ProtocolError(fileSize - 32, 'pack index does not fit the file');
  return { indexOffset, entryCount };
}

/** Index with trailer, checked: checksum, and that entries tile the pack from its header to its index. */
export function decodePackIndex(header: Uint8Array, indexAndTrailer: Uint8Array, indexOffset: number): PackEntry[] {
  decodePackHeader(header);
  const length = indexAndTrailer.length - PACK_TRAILER_BYTES;
  if (!startsWith(indexAndTrailer, length + 16, checksum(header, indexAndTrailer.subarray(0, length + 16)))) {
    throw new ProtocolError(indexOffset, 'pack index checksum does not match');
  }
  const bytes = Buffer.from(indexAndTrailer.buffer, indexAndTrailer.byteOffset, length);
  const entries: PackEntry[] = [];
  let expected = PACK_HEADER_BYTES;
  for (let at = 0; at < length; at += PACK_ENTRY_BYTES) {
    const entry = readEntry(bytes, at);
    if (entry.offset !== expected) throw new ProtocolError(indexOffset + at + 32, 'pack entries do not follow each other');
    if (entry.storedLength === 0 || entry.storedLength > MAX_STORED_BYTES) throw new ProtocolError(indexOffset + at + 36, 'stored length out of range');
    if (entry.rawLength === 0 || entry.rawLength > MAX_RAW_BYTES) throw new ProtocolError(indexOffset + at + 40, 'raw length out of range');
    if (entry.compression > Compression.zstd || bytes.readUIntLE(at + 45, 3) !== 0) throw new ProtocolError(indexOffset + at + 44, 'unknown flags');
    expected += FRAME_HEADER_BYTES + entry.storedLength;
    entries.push(entry);
  }
  if (expected !== indexOffset) throw new ProtocolError(indexOffset, 'pack entries do not end where the index starts');
  return entries;
}

function readEntry(bytes: Buffer, at: number): PackEntry {
  return {
    hash: bytes.subarray(at, at + HASH_BYTES),
    offset: bytes.readUInt32LE(at + 32),
    storedLength: bytes.readUInt32LE(at + 36),
    rawLength: bytes.readUInt32LE(at + 40),
    compression: bytes.readUInt8(at + 44),
  };
}

function checksum(header: Uint8Array, rest: Uint8Array): Uint8Array {
  return blake3(Buffer.concat([header, rest])).subarray(0, CHECKSUM_BYTES);
}

function startsWith(bytes: Uint8Array, at: number, sum: Uint8Array): boolean {
  for (let i = 0; i < CHECKSUM_BYTES; i++) if (bytes[at + i] !== sum[i]) return false;
  return true;
}
