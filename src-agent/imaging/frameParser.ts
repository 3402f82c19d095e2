// Owns taking frames out of an answer that arrives in pieces of any size. One buffer, reused; every frame is checked against what was
// asked for (hash, length, order) and its raw bytes against the hash before anybody may write them.
import { zstdDecompressSync } from 'node:zlib';
import { Compression, decodeFrameHeader, FRAME_HEADER_BYTES, HASH_BYTES, isFrameIntact } from '#shared/agent/frame.ts';
import { AppError, ProtocolError } from '#shared/errors.ts';
import { blake3 } from '../hash.ts';

/** More than a chunk, so that its bytes come in one buffer and the next is not allocated for nothing. */
const roomBytes = 1024;

export type WantedChunk = { hash: Uint8Array; length: number };

export class FrameParser {
  decompressMs = 0;
  hashMs = 0;
  private readonly buffer: Buffer;
  private readonly wanted: readonly WantedChunk[];
  private readonly onChunk: (index: number, raw: Buffer) => void;
  private filled = 0;
  private need = FRAME_HEADER_BYTES;
  private index = 0;

  /** onChunk: raw is the callee's to keep. */
  constructor(wanted: readonly WantedChunk[], scratch: Buffer, onChunk: (index: number, raw: Buffer) => void) {
    this.wanted = wanted;
    this.buffer = scratch;
    this.onChunk = onChunk;
  }

  add(piece: Buffer): void {
    let at = 0;
    while (at < piece.length) {
      const take = Math.min(piece.length - at, this.need - this.filled);
      piece.copy(this.buffer, this.filled, at, at + take);
      this.filled += take;
      at += take;
      if (this.filled === this.need) this.complete();
    }
  }

  /** Throws where the answer ended early. */
  finish(): void {
    if (this.filled > 0 || this.index < this.wanted.length) {
      throw new AppError('protocol', `The server sent ${this.index} of the ${this.wanted.length} chunks it was asked for. Nothing unchecked was written.`);
    }
  }

  private complete(): void {
    const wanted = this.wanted[this.index];
    if (wanted === undefined) throw new AppError('protocol', 'The server sent more chunks than it was asked for.');
    try {
      if (this.need === FRAME_HEADER_BYTES) {
        const { storedLength, rawLength, hash } = decodeFrameHeader(this.buffer);
        if (Buffer.compare(hash, wanted.hash) !== 0) throw new AppError('protocol', 'The server sent another chunk than the one asked for.');
        if (rawLength !== wanted.length) throw damaged(wanted, 'its length is wrong');
        if (FRAME_HEADER_BYTES + storedLength > this.buffer.length) throw damaged(wanted, 'it is longer than a chunk can be');
        this.need = FRAME_HEADER_BYTES + storedLength;
        return;
      }
      const raw = this.unpack(wanted);
      this.need = FRAME_HEADER_BYTES;
      this.filled = 0;
      this.onChunk(this.index++, raw);
    } catch (error) {
      if (error instanceof ProtocolError) throw damaged(wanted, error.reason, error);
      throw error;
    }
  }

  private unpack(wanted: WantedChunk): Buffer {
    const frame = this.buffer.subarray(0, this.need);
    if (!isFrameIntact(frame, blake3)) throw damaged(wanted, 'its checksum does not match');
    const header = decodeFrameHeader(frame);
    const stored = frame.subarray(FRAME_HEADER_BYTES);
    const started = performance.now();
    let raw: Buffer;
    try {
      raw = header.compression === Compression.zstd ? zstdDecompressSync(stored, { chunkSize: wanted.length + roomBytes, maxOutputLength: wanted.length }) : Buffer.from(stored);
    } catch (error) {
      throw damaged(wanted, 'it can\'t be decompressed', error);
    }
    const unpacked = performance.now();
    const good = raw.length === wanted.length && Buffer.compare(blake3(raw), wanted.hash) === 0;
    this.decompressMs += unpacked - started;
    this.hashMs += performance.now() - unpacked;
    if (!good) throw damaged(wanted, 'its contents do not match its hash');
    return raw;
  }
}

export function hashAt(hashes: Uint8Array, index: number): Uint8Array {
  return hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
}

function damaged(wanted: WantedChunk, why: string, cause?: unknown): AppError {
  const chunk = Buffer.from(wanted.hash).toString('hex');
  return new AppError('chunk-damaged', `A chunk that the server sent is damaged: ${why}. It was not written. Verify the image on the server (platen image verify), then deploy again.`, { chunk }, cause);
}
