// Owns the first look at frames from the network: bounds, header, checksum. Pure; whether a chunk was asked for is the capture's business.
import { decodeFrameHeader, FRAME_HEADER_BYTES, HASH_BYTES, isFrameIntact } from '#shared/agent/frame.ts';
import { AppError, ProtocolError } from '#shared/errors.ts';
import { blake3, toHex } from './hash.ts';
import type { FrameToStore } from './packs.ts';

/** Splits and checks a batch of frames before anything of it is stored. */
export function parseFrames(bytes: Uint8Array): FrameToStore[] {
  const frames: FrameToStore[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = decodeFrameHeader(bytes, at);
    const length = FRAME_HEADER_BYTES + header.storedLength;
    if (bytes.length - at < length) throw new ProtocolError(at, 'frame is cut short');
    const frame = bytes.subarray(at, at + length);
    if (!isFrameIntact(frame, blake3)) {
      const chunk = toHex(header.hash);
      throw new AppError('chunk-damaged', `Chunk ${chunk.slice(0, 16)}… arrived damaged: its checksum does not match. Send it again; if it happens repeatedly, check the network and the sender's memory.`, { chunk, offset: at });
    }
    frames.push({ bytes: frame, hash: frame.subarray(24, 24 + HASH_BYTES), raw: header.rawLength, compression: header.compression });
    at += length;
  }
  return frames;
}
