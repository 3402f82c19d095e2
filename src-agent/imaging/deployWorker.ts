// Owns one thread of a deploy: fetches batches of chunks, has every one checked, writes it to its places. With compareFirst it reads
// what the target holds and fetches only what differs. It writes nowhere but where the main thread said, whichever server the chunks come from.
import type { IncomingMessage } from 'node:http';
import type { MessagePort } from 'node:worker_threads';
import { FRAME_HEADER_BYTES } from '#shared/agent/frame.ts';
import { AppError, CancelledError, toAppError } from '#shared/errors.ts';
import { blake3 } from '../hash.ts';
import { lostInAnswer } from '../net/frameClient.ts';
import { SourceClient, SourceList, type SourceEntry } from '../net/sources.ts';
import { releaseBytes } from './buffers.ts';
import { FrameParser, hashAt } from './frameParser.ts';
import { readFully, writeFully } from './positioned.ts';
import type { DeploySetup, FromWorker, Place, ToWorker, WriteTask } from './workerMessages.ts';
import { WorkerTickets } from './workerTickets.ts';

/** Chunks on their way to the disk per batch; more and the answer is read no further until some are written. */
const mostUnwritten = 8;

type Chunk = { index: number; hash: Uint8Array; length: number; places: Place[] };
type Spent = { read: number; hash: number; network: number; decompress: number; write: number };

export function runDeployWorker(setup: DeploySetup, port: MessagePort): void {
  const worker = new DeployWorker(setup, port);
  port.on('message', (message: ToWorker) => worker.receive(message));
}

class DeployWorker {
  private readonly setup: DeploySetup;
  private readonly port: MessagePort;
  private readonly tickets: WorkerTickets;
  private readonly list: SourceList;
  private readonly client: SourceClient;
  private readonly scratch: Buffer[] = [];

  constructor(setup: DeploySetup, port: MessagePort) {
    this.setup = setup;
    this.port = port;
    this.tickets = new WorkerTickets(setup.ticket, () => this.say({ type: 'ticketWanted' }));
    this.list = new SourceList(setup.sources);
    this.client = new SourceClient({
      list: this.list, tickets: this.tickets, patience: { patienceMs: setup.patienceMs, signal: new AbortController().signal }, onLeft: (change) => this.say({ type: 'sourceLost', change }),
    });
  }

  receive(message: ToWorker): void {
    if (message.type === 'ticket') {
      if (message.sources !== undefined) this.list.update(message.sources);
      this.tickets.set(message.ticket);
    } else if (message.type === 'sourceLost') this.list.left(message.change);
    else if (message.type === 'write') {
      this.work(message).catch((error: unknown) => this.fail(error));
    } else if (message.type === 'finish') {
      this.client.close();
      this.say({ type: 'finished' });
    } else this.fail(new AppError('internal', 'A deploy thread was told to capture.'));
  }

  private async work(task: WriteTask): Promise<void> {
    const scratch = this.scratch.pop() ?? Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES + this.setup.chunkSizeBytes + 64);
    const spent: Spent = { read: 0, hash: 0, network: 0, decompress: 0, write: 0 };
    const all = task.lengths.map((length, index): Chunk => ({ index, hash: hashAt(task.hashes, index), length, places: task.places[index] ?? [] }));
    let lacking = all;
    if (task.compareFirst) {
      lacking = [];
      for (const chunk of all) if (!(await this.isThere(chunk, spent))) lacking.push(chunk);
    }
    const fetchedChunks = lacking.length;
    const bySource = fetchedChunks === 0 ? new Map<string, number>() : await this.fetch(lacking, { scratch, spent });
    const receivedBytes = [...bySource.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.scratch.push(scratch);
    const bytesOf = (chunks: Chunk[]): number => chunks.reduce((sum, chunk) => sum + chunk.length * placesOf(chunk), 0);
    const bytes = bytesOf(all);
    this.say({ type: 'written', batch: task.batch, bytes, fetchedChunks, receivedBytes, bySource: [...bySource], keptBytes: bytes - bytesOf(lacking), where: spent });
  }

  private async isThere(chunk: Chunk, spent: Spent): Promise<boolean> {
    const bytes = Buffer.allocUnsafe(chunk.length);
    for (const place of chunk.places) {
      for (let i = 0; i < place.count; i++) {
        const started = performance.now();
        await readFully(this.setup.fd, bytes, place.offsetBytes + i * this.setup.chunkSizeBytes);
        const readAt = performance.now();
        const same = Buffer.compare(blake3(bytes), chunk.hash) === 0;
        spent.read += readAt - started;
        spent.hash += performance.now() - readAt;
        if (!same) return false;
      }
    }
    return true;
  }

  /** Fetches in one request; an attempt that broke is repeated for what is still missing. Returns the bytes received, by server. */
  private async fetch(chunks: Chunk[], tools: { scratch: Buffer; spent: Spent }): Promise<Map<string, number>> {
    let missing = chunks;
    const received = new Map<string, number>();
    const writes = new Writes(tools.spent);
    const attempt = async (response: IncomingMessage, from: SourceEntry): Promise<void> => {
      const asked = missing;
      const parser = new FrameParser(asked, tools.scratch, (index, raw) => {
        const chunk = asked[index];
        if (chunk === undefined) return;
        writes.start(this.put(chunk, raw));
        missing = asked.slice(index + 1);
      });
      let waitingSince = performance.now();
      try {
        for await (const piece of response as AsyncIterable<Buffer>) {
          tools.spent.network += performance.now() - waitingSince;
          received.set(from.serverId, (received.get(from.serverId) ?? 0) + piece.length);
          parser.add(piece);
          if (writes.count >= mostUnwritten) await writes.settle();
          waitingSince = performance.now();
        }
        if (!response.complete) throw lostInAnswer(null);
      } catch (error) {
        // A line that breaks behind the last chunk has cost nothing.
        if (missing.length > 0 || (error instanceof AppError && error.code !== 'connection-lost')) throw error instanceof AppError ? error : lostInAnswer(error);
      }
      parser.finish();
      tools.spent.decompress += parser.decompressMs;
      tools.spent.hash += parser.hashMs;
    };
    try {
      await this.client.send(() => ({ method: 'POST', path: '/agent/deploy/chunks', body: Buffer.concat(missing.map((chunk) => chunk.hash)) }), attempt);
    } finally {
      await writes.settle();
    }
    return received;
  }

  private async put(chunk: Chunk, raw: Buffer): Promise<void> {
    for (const place of chunk.places) {
      for (let i = 0; i < place.count; i++) await writeFully(this.setup.fd, raw, place.offsetBytes + i * this.setup.chunkSizeBytes);
    }
    releaseBytes(raw);
  }

  private fail(error: unknown): void {
    this.client.close();
    this.say({ type: 'failed', error: toAppError(error).toWire(), cancelled: error instanceof CancelledError });
  }
  private say(message: FromWorker): void {
    this.port.postMessage(message);
  }
}

/** Writes under way; the first error is thrown where they are waited for. */
class Writes {
  private pending: Promise<void>[] = [];
  private readonly spent: Spent;
  private startedAt = 0;
  constructor(spent: Spent) {
    this.spent = spent;
  }
  get count(): number {
    return this.pending.length;
  }
  start(write: Promise<void>): void {
    if (this.pending.length === 0) this.startedAt = performance.now();
    write.catch(() => undefined); // settle() throws it
    this.pending.push(write);
  }
  async settle(): Promise<void> {
    if (this.pending.length === 0) return;
    const pending = this.pending;
    this.pending = [];
    await Promise.all(pending);
    this.spent.write += performance.now() - this.startedAt;
  }
}

function placesOf(chunk: Chunk): number {
  return chunk.places.reduce((sum, place) => sum + place.count, 0);
}
