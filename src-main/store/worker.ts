// Entry of a store worker thread: re-hashes frames from disk, so that the main thread never does. It changes nothing.
// Runs from source as worker.ts and bundled as out/main/storeWorker.js.
import { closeSync, openSync, readSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort } from 'node:worker_threads';
import { zstdDecompressSync } from 'node:zlib';
import { Compression, decodeFrameHeader, FRAME_HEADER_BYTES } from '#shared/agent/frame.ts';
import { frameProblem } from './frame-check.ts';
import { asBuffer, blake3 } from './hash.ts';
import { CHECK_ENTRY_BYTES, CheckOutcome, readCheckEntry, type CheckAnswer, type CheckRequest } from './worker-messages.ts';

// Each decompression leaves a buffer of a chunk's size, and V8 is in no hurry to collect what lies outside its heap: without this,
// two workers were measured to grow by 260 MB, with it by 50.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const COLLECT_AFTER = 8 * 1024 * 1024;
let uncollected = 0;

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker thread only');

let buffer = Buffer.allocUnsafeSlow(1024 * 1024);

port.on('message', (request: CheckRequest) => {
  const answer: CheckAnswer = { id: request.id, outcomes: check(request) };
  port.postMessage(answer);
});

function check(request: CheckRequest): Uint8Array {
  const count = request.entries.length / CHECK_ENTRY_BYTES;
  const outcomes = new Uint8Array(count);
  let descriptor: number;
  try {
    descriptor = openSync(request.path, 'r');
  } catch {
    return outcomes.fill(CheckOutcome.packGone);
  }
  try {
    for (let i = 0; i < count; i++) outcomes[i] = checkFrame(descriptor, request.entries, i * CHECK_ENTRY_BYTES);
  } finally {
    closeSync(descriptor);
  }
  return outcomes;
}

function checkFrame(descriptor: number, entries: Uint8Array, at: number): number {
  const { hash, offset, stored, raw } = readCheckEntry(entries, at);
  const length = FRAME_HEADER_BYTES + stored;
  if (buffer.length < length) buffer = Buffer.allocUnsafeSlow(length);
  const frame = buffer.subarray(0, length);
  try {
    let done = 0;
    while (done < length) {
      const read = readSync(descriptor, frame, done, length - done, offset + done);
      if (read === 0) return CheckOutcome.damaged;
      done += read;
    }
    if (frameProblem(frame, hash, { stored, raw }) !== null) return CheckOutcome.damaged;
    const content = frame.subarray(FRAME_HEADER_BYTES);
    const plain = decodeFrameHeader(frame).compression === Compression.none ? content : decompress(content, raw);
    return plain.length === raw && asBuffer(blake3(plain)).equals(hash) ? CheckOutcome.intact : CheckOutcome.damaged;
  } catch {
    return CheckOutcome.damaged;
  }
}

/** Into one piece of the right size: left to itself, zlib collects many small ones and copies them together. */
function decompress(content: Uint8Array, raw: number): Uint8Array {
  uncollected += raw;
  if (uncollected >= COLLECT_AFTER) {
    uncollected = 0;
    collect();
  }
  return zstdDecompressSync(content, { maxOutputLength: raw, chunkSize: Math.max(1024, raw) });
}
