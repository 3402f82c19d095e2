// Owns one thread of a capture: reads pieces into its own slots, clears unused blocks, hashes chunks; later compresses those the
// server lacks, seals them into frames and posts bodies of a few MiB. Slots and bodies are allocated once; nothing grows.
import { constants, zstdCompressSync } from 'node:zlib';
import type { MessagePort } from 'node:worker_threads';
import { Compression, FRAME_HEADER_BYTES, HASH_BYTES, sealFrame } from '#shared/agent/frame.ts';
import { AppError, CancelledError, toAppError } from '#shared/errors.ts';
import { blake3 } from '../hash.ts';
import { FrameClient, readAll } from '../net/frameClient.ts';
import { releaseBytes } from './buffers.ts';
import { readFully } from './positioned.ts';
import { ChunkKind } from './pageAssembler.ts';
import type { CaptureSetup, FromWorker, ReadTask, SendTask, ToWorker } from './workerMessages.ts';
import { WorkerTickets } from './workerTickets.ts';

/** Holes smaller than this are read and then cleared: one read is cheaper than two. */
const readThroughBytes = 64 * 1024;
/** Level 3 stores 2 % less and takes a quarter more of all the processor time there is (docs/decisions/0005-compression-level.md). */
const level = 2;

type Slot = { bytes: Buffer; lengthBytes: number; hashes: Uint8Array };
type Body = { bytes: Buffer; used: number; frames: number; rawBytes: number; compressMs: number };
type Job = { slot: number; wanted: number[]; next: number };

export function runCaptureWorker(setup: CaptureSetup, port: MessagePort): void {
  const worker = new CaptureWorker(setup, port);
  port.on('message', (message: ToWorker) => worker.receive(message));
}

class CaptureWorker {
  private readonly setup: CaptureSetup;
  private readonly port: MessagePort;
  private readonly tickets: WorkerTickets;
  private readonly client: FrameClient;
  private readonly zeros: Buffer;
  private readonly slots: Slot[];
  private readonly freeBodies: Body[];
  private readonly jobs: Job[] = [];
  private body: Body | null = null;
  private posting = 0;
  private scheduled = false;
  private finishing = false;

  constructor(setup: CaptureSetup, port: MessagePort) {
    this.setup = setup;
    this.port = port;
    this.tickets = new WorkerTickets(setup.ticket, () => this.say({ type: 'ticketWanted' }));
    this.client = new FrameClient(setup.endpoint, this.tickets, {
      patienceMs: setup.patienceMs, signal: new AbortController().signal, onWait: (error) => this.say({ type: 'waits', why: toAppError(error).message }),
    });
    this.zeros = Buffer.alloc(setup.chunkSizeBytes);
    this.slots = Array.from({ length: setup.slots }, () => ({ bytes: Buffer.allocUnsafeSlow(setup.slotChunks * setup.chunkSizeBytes), lengthBytes: 0, hashes: new Uint8Array(0) }));
    this.freeBodies = Array.from({ length: setup.bodies }, () => ({
      bytes: Buffer.allocUnsafeSlow(setup.bodyBytes + FRAME_HEADER_BYTES + setup.chunkSizeBytes), used: 0, frames: 0, rawBytes: 0, compressMs: 0,
    }));
  }

  receive(message: ToWorker): void {
    switch (message.type) {
      case 'read':
        this.guard(this.read(message));
        break;
      case 'send':
        this.queue(message);
        break;
      case 'ticket':
        this.tickets.set(message.ticket);
        break;
      case 'finish':
        this.finishing = true;
        this.schedule();
        break;
      case 'write':
        this.fail(new AppError('internal', 'A capture thread was told to write. It never does.'));
        break;
      case 'sourceLost':
        break;
    }
  }

  private async read(task: ReadTask): Promise<void> {
    const slot = this.slots[task.slot];
    if (slot === undefined) throw new AppError('internal', `A capture thread has no slot ${task.slot}.`);
    slot.lengthBytes = task.lengthBytes;
    const started = performance.now();
    await this.fill(slot.bytes, task);
    const readAt = performance.now();
    const kinds = new Uint8Array(task.count);
    slot.hashes = new Uint8Array(task.count * HASH_BYTES);
    let range = 0;
    for (let i = 0; i < task.count; i++) {
      const from = i * this.setup.chunkSizeBytes;
      const to = Math.min(from + this.setup.chunkSizeBytes, task.lengthBytes);
      if (task.used !== null) {
        while (range < task.used.length && (task.used[range + 1] ?? 0) <= from) range += 2;
        if ((task.used[range] ?? Infinity) >= to) continue; // unused
      }
      const chunk = slot.bytes.subarray(from, to);
      if (this.isZero(chunk)) {
        kinds[i] = ChunkKind.zero;
        continue;
      }
      kinds[i] = ChunkKind.data;
      slot.hashes.set(blake3(chunk), i * HASH_BYTES);
    }
    this.say({ type: 'hashed', piece: task.piece, kinds, hashes: slot.hashes, where: { read: readAt - started, hash: performance.now() - readAt } });
  }

  /** After it the slot holds the used ranges as they are on the disk and zeros everywhere else. */
  private async fill(bytes: Buffer, task: ReadTask): Promise<void> {
    const used = task.used ?? [0, task.lengthBytes];
    let cleared = 0;
    for (let i = 0; i < used.length; ) {
      const from = used[i] ?? 0;
      let to = used[i + 1] ?? 0;
      const first = i;
      for (i += 2; i < used.length && (used[i] ?? 0) - to < readThroughBytes; i += 2) to = used[i + 1] ?? 0;
      bytes.fill(0, cleared, from);
      await readFully(this.setup.fd, bytes.subarray(from, to), task.offset + from);
      for (let hole = first; hole + 2 < i; hole += 2) bytes.fill(0, used[hole + 1] ?? 0, used[hole + 2] ?? 0);
      cleared = to;
    }
    bytes.fill(0, cleared, task.lengthBytes);
  }

  private isZero(chunk: Buffer): boolean {
    if (chunk[0] !== 0 || chunk[chunk.length - 1] !== 0) return false;
    return chunk.equals(chunk.length === this.zeros.length ? this.zeros : this.zeros.subarray(0, chunk.length));
  }

  private queue(task: SendTask): void {
    if (task.wanted.length === 0) {
      this.say({ type: 'released', slot: task.slot });
      return;
    }
    this.jobs.push({ slot: task.slot, wanted: task.wanted, next: 0 });
    this.schedule();
  }

  /** One chunk per turn of the event loop: reads that arrived and sockets that wait get their turn in between. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      try {
        this.step();
      } catch (error) {
        this.fail(error);
      }
    });
  }

  private step(): void {
    const job = this.jobs[0];
    if (job === undefined) {
      if (this.finishing) this.finish();
      return;
    }
    const body = this.openBody();
    if (body === null) return; // too much is on its way; the next answer schedules again
    const slot = this.slots[job.slot];
    const index = job.wanted[job.next];
    if (slot !== undefined && index !== undefined) this.addFrame(body, slot, index);
    job.next++;
    if (job.next >= job.wanted.length) {
      this.jobs.shift();
      this.say({ type: 'released', slot: job.slot });
    }
    this.postFull(body);
    this.schedule();
  }

  private addFrame(body: Body, slot: Slot, index: number): void {
    const from = index * this.setup.chunkSizeBytes;
    const raw = slot.bytes.subarray(from, Math.min(from + this.setup.chunkSizeBytes, slot.lengthBytes));
    const started = performance.now();
    const packed = zstdCompressSync(raw, {
      chunkSize: this.setup.chunkSizeBytes + 1024,
      params: { [constants.ZSTD_c_compressionLevel]: level },
    });
    const stored = packed.length < raw.length ? packed : raw;
    stored.copy(body.bytes, body.used + FRAME_HEADER_BYTES);
    body.used += sealFrame(body.bytes, body.used, {
      compression: stored === raw ? Compression.none : Compression.zstd,
      rawLength: raw.length,
      storedLength: stored.length,
      hash: slot.hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
    }, blake3);
    body.frames++;
    body.rawBytes += raw.length;
    releaseBytes(packed);
    body.compressMs += performance.now() - started;
  }

  private openBody(): Body | null {
    if (this.body !== null && !this.postFull(this.body)) return null;
    this.body ??= this.freeBodies.pop() ?? null;
    return this.body;
  }

  /** False where a full body has to wait, because enough requests are under way. */
  private postFull(body: Body): boolean {
    if (body.used < this.setup.bodyBytes) return true;
    if (this.posting >= this.setup.posts) return false;
    this.post();
    return true;
  }

  private post(): void {
    const body = this.body;
    if (body === null || body.frames === 0) return;
    this.body = null;
    this.posting++;
    const started = performance.now();
    this.guard(
      this.client
        .send(() => ({ method: 'POST', path: '/agent/capture/frames', body: body.bytes.subarray(0, body.used) }), (response) => readAll(response, 4096))
        .then(() => {
          this.say({ type: 'sent', frames: body.frames, bytes: body.used, rawBytes: body.rawBytes, where: { network: performance.now() - started, compress: body.compressMs } });
          Object.assign(body, { used: 0, frames: 0, rawBytes: 0, compressMs: 0 });
          this.freeBodies.push(body);
          this.posting--;
          this.schedule();
        }),
    );
  }

  private finish(): void {
    if (this.posting < this.setup.posts) this.post();
    if (this.posting > 0) return;
    this.client.close();
    this.say({ type: 'finished' });
  }

  private guard(work: Promise<void>): void {
    work.catch((error: unknown) => this.fail(error));
  }
  private fail(error: unknown): void {
    this.client.close();
    this.say({ type: 'failed', error: toAppError(error).toWire(), cancelled: error instanceof CancelledError });
  }
  private say(message: FromWorker): void {
    this.port.postMessage(message);
  }
}
