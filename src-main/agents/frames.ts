// Owns the pure cutting of a byte stream into batches of whole frames, in two buffers that take turns: one is being stored
// while the other fills. Bounded: a frame that could not be genuine is refused by its header.
import { decodeFrameHeader, FRAME_HEADER_BYTES } from '#shared/agent/frame.ts';
import { ProtocolError } from '#shared/errors.ts';

export const BATCH_BYTES = 4 * 1024 * 1024;

/** Limits of one capture: no chunk is longer than its chunk size. */
export type FrameLimits = { maxRawBytes: number };

/**
 * Where the last whole frame in bytes[0, length) ends. Throws ProtocolError for what is no frame of this capture.
 * @returns end of whole frames, and how many bytes the frame that follows needs altogether (0 when that is not known yet)
 */
export function wholeFrames(bytes: Uint8Array, length: number, limits: FrameLimits): { end: number; needs: number } {
  let at = 0;
  while (length - at >= FRAME_HEADER_BYTES) {
    const { rawLength, storedLength } = decodeFrameHeader(bytes, at);
    if (rawLength > limits.maxRawBytes) throw new ProtocolError(at + 16, 'a chunk is longer than the chunk size of this capture');
    if (storedLength > rawLength + 64) throw new ProtocolError(at + 20, 'a chunk is stored longer than it is');
    const total = FRAME_HEADER_BYTES + storedLength;
    if (length - at < total) return { end: at, needs: total };
    at += total;
  }
  return { end: at, needs: 0 };
}

/** Batch buffers for the next body: fresh ones would have the collector run all the time. */
const idle: Buffer[] = [];
const MAX_IDLE = 8;
function takeBuffer(): Buffer {
  return idle.pop() ?? Buffer.allocUnsafeSlow(BATCH_BYTES);
}
function giveBack(buffer: Buffer): void {
  if (buffer.length === BATCH_BYTES && idle.length < MAX_IDLE) idle.push(buffer);
}

export type Totals = { frames: number; bytes: number };

/** Reads a body of frames to its end. @param store keeps a batch; its bytes belong to it until it resolves */
export async function storeFrames(body: AsyncIterable<Buffer>, limits: FrameLimits & { maxBodyBytes: number }, store: (frames: Uint8Array) => Promise<{ frames: number }>): Promise<Totals> {
  const totals: Totals = { frames: 0, bytes: 0 };
  let filling = takeBuffer();
  let spare = takeBuffer();
  let filled = 0;
  let storing: Promise<void> = Promise.resolve();
  /** Hands whole frames over and goes on with the rest in the other buffer. */
  const flush = async (): Promise<void> => {
    const { end, needs } = wholeFrames(filling, filled, limits);
    if (end === 0) {
      if (needs > filling.length) filling = grown(filling, needs);
      return;
    }
    await storing;
    if (needs > spare.length) spare = Buffer.allocUnsafeSlow(needs);
    const rest = filling.copy(spare, 0, end, filled);
    const batch = filling.subarray(0, end);
    [filling, spare] = [spare, filling];
    filled = rest;
    storing = store(batch).then(({ frames }) => {
      totals.frames += frames;
    });
    // Awaited before the next batch; a failure must not count as unhandled until then.
    storing.catch(() => undefined);
  };
  for await (const chunk of body) {
    totals.bytes += chunk.length;
    if (totals.bytes > limits.maxBodyBytes) throw new ProtocolError(limits.maxBodyBytes, 'the body is too long; send frames in several requests');
    for (let at = 0; at < chunk.length; ) {
      const taken = chunk.copy(filling, filled, at, Math.min(chunk.length, at + filling.length - filled));
      filled += taken;
      at += taken;
      if (filled === filling.length) await flush();
    }
  }
  await flush();
  await storing;
  // Only after success: a store that failed may still hold on to one.
  giveBack(filling);
  giveBack(spare);
  if (filled > 0) throw new ProtocolError(totals.bytes, 'the body ends within a frame');
  return totals;
}

function grown(buffer: Buffer, needs: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(needs);
  buffer.copy(larger);
  return larger;
}
