// Owns the check of one frame read from a pack against what the index says of it. Shared by the main thread and the workers.
import { decodeFrameHeader, FRAME_HEADER_BYTES, isFrameIntact } from '#shared/agent/frame.ts';
import { ProtocolError } from '#shared/errors.ts';
import { blake3 } from './hash.ts';

/** What is wrong with a frame that should be this chunk; null when its checksum holds and it is that chunk. */
export function frameProblem(frame: Uint8Array, hash: Uint8Array, row: { stored: number; raw: number }): string | null {
  try {
    const header = decodeFrameHeader(frame);
    if (frame.length !== FRAME_HEADER_BYTES + header.storedLength || header.storedLength !== row.stored) return 'its length is not what was stored';
    if (header.rawLength !== row.raw) return 'its raw length is not what was stored';
    if (Buffer.compare(header.hash, hash) !== 0) return 'another chunk lies in its place';
    return isFrameIntact(frame, blake3) ? null : 'its checksum does not match';
  } catch (error) {
    if (error instanceof ProtocolError) return error.message;
    throw error;
  }
}
