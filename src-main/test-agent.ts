// Test support: an agent reduced to what the wire needs, and a made-up disk with one stream. Not part of the product.
import { randomUUID } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { WebSocket } from 'ws';
import { FRAME_HEADER_BYTES, sealFrame, Compression } from '#shared/agent/frame.ts';
import type { AgentRequest, Answers } from '#shared/agent/messages.ts';
import { PROTOCOL_VERSION } from '#shared/agent/messages.ts';
import { encodePage } from '#shared/agent/page.ts';
import { fromWire, type WireError } from '#shared/errors.ts';
import type { Inventory } from '#shared/model/computer.ts';
import type { DeviceGraph } from '#shared/model/schema.ts';
import { blake3 } from './store/hash.ts';

export const CHUNK = 256 * 1024;
type Body<T extends AgentRequest['type']> = Omit<Extract<AgentRequest, { type: T }>, 'type'>;
type Json = Record<string, unknown>;

export function testInventory(name = 'lab-01', serial = `SN-${randomUUID()}`): Inventory {
  return { identity: { systemUuid: '', systemSerial: serial, boardSerial: '', assetTag: '', vendor: 'Test', product: 'Machine', macs: [], hostname: name }, disks: [] };
}

export const testDisk = { path: '/dev/test', model: 'Test disk', serial: 'T-1', sizeBytes: 8 * CHUNK };

export function testGraph(chunks: number): DeviceGraph {
  const sizeBytes = chunks * CHUNK;
  return {
    chunkSizeBytes: CHUNK,
    nodes: [
      { type: 'disk', id: 'disk', sizeBytes, sectorSizeBytes: 512, model: 'Test disk', serial: 'T-1', bus: 'sata', table: { kind: 'none' } },
      { type: 'volume', id: 'volume', on: 'disk', offsetBytes: 0, sizeBytes, fsType: 'raw', label: '', uuid: '', blockSizeBytes: 4096, usedBytes: sizeBytes, stream: 0 },
    ],
    streams: [{ index: 0, kind: 'blocks', node: 'volume', offsetBytes: 0, lengthBytes: sizeBytes }],
  };
}

export type TestChunk = { raw: Buffer; hash: Uint8Array; frame: Uint8Array };
export function testChunk(raw: Buffer, compress = true): TestChunk {
  const packed = compress ? zstdCompressSync(raw) : raw;
  const useful = packed.length < raw.length;
  const stored = useful ? packed : raw;
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + stored.length);
  stored.copy(frame, FRAME_HEADER_BYTES);
  const hash = blake3(raw);
  sealFrame(frame, 0, { compression: useful ? Compression.zstd : Compression.none, rawLength: raw.length, storedLength: stored.length, hash }, blake3);
  return { raw, hash, frame };
}

export class TestAgent {
  readonly notices: Json[] = [];
  readonly socket: WebSocket;
  readonly #url: string;
  readonly #waiting = new Map<number, { resolve: (value: Json) => void; reject: (error: Error) => void }>();
  readonly #listeners = new Set<() => void>();
  #next = 1;
  closed = false;

  constructor(url: string) {
    this.#url = url;
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/agent`);
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString('utf8')) as Json));
    this.socket.on('close', () => {
      this.closed = true;
      for (const { reject } of this.#waiting.values()) reject(new Error('connection closed'));
      this.#wake();
    });
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.socket.once('open', () => resolve());
      this.socket.once('error', reject);
    });
    return this;
  }
  hello(token: string, inventory: Inventory = testInventory()): Promise<Answers['hello']> {
    return this.request('hello', { protocol: PROTOCOL_VERSION, agentVersion: 'test', token, inventory });
  }
  /** As the portal of its computer; session: of this start of the agent. */
  portal(token: string, inventory: Inventory = testInventory(), session: string = randomUUID()): Promise<Answers['hello']> {
    return this.request('hello', { protocol: PROTOCOL_VERSION, agentVersion: 'test', token, inventory, role: 'portal', session });
  }
  request<T extends AgentRequest['type']>(type: T, body: Body<T>): Promise<Answers[T]> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (value) => resolve(value as Answers[T]), reject });
      this.socket.send(JSON.stringify({ id, type, ...body }));
    });
  }
  notice(message: Json): void {
    this.socket.send(JSON.stringify(message));
  }
  /** Resolves with the first notice that fits, now or later. */
  async until(fits: (notice: Json) => boolean): Promise<Json> {
    for (;;) {
      const found = this.notices.find(fits);
      if (found !== undefined) return found;
      if (this.closed) throw new Error('connection closed');
      await new Promise<void>((resolve) => this.#listeners.add(resolve));
    }
  }
  async untilClosed(): Promise<void> {
    while (!this.closed) await new Promise<void>((resolve) => this.#listeners.add(resolve));
  }
  post(path: string, ticket: string, body: Uint8Array): Promise<Response> {
    return fetch(this.#url + path, { method: 'POST', headers: { authorization: `Bearer ${ticket}` }, body: body as Uint8Array<ArrayBuffer> });
  }
  get(path: string, ticket: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.#url + path, { headers: { authorization: `Bearer ${ticket}`, ...headers } });
  }

  /** begin, page, lacking frames; the caller commits. */
  async send(image: string, chunks: readonly TestChunk[], resumeKey = 'disk-1', task?: { runId: string; index: number }): Promise<Answers['captureBegin'] & { sent: number }> {
    const begun = await this.request('captureBegin', { image, note: '', disk: testDisk, graph: testGraph(chunks.length), resumeKey, ...(task === undefined ? {} : { task }) });
    const page = encodePage({ stream: 0, firstChunk: 0, runs: [{ kind: 'data', count: chunks.length, hashes: Buffer.concat(chunks.map((chunk) => chunk.hash)) }] }, blake3);
    const answer = await this.post('/agent/capture/pages', begun.ticket, page);
    if (!answer.ok) throw new Error(await answer.text());
    const lacking = Buffer.from(await answer.arrayBuffer());
    const frames = chunks.filter((_, i) => ((lacking[i >> 3] ?? 0) >> (i & 7)) & 1).map((chunk) => chunk.frame);
    if (frames.length > 0) {
      const stored = await this.post('/agent/capture/frames', begun.ticket, Buffer.concat(frames));
      if (!stored.ok) throw new Error(await stored.text());
    }
    return { ...begun, sent: frames.length };
  }
  async capture(image: string, chunks: readonly TestChunk[], resumeKey = 'disk-1'): Promise<Answers['captureCommit']> {
    const { runId } = await this.send(image, chunks, resumeKey);
    return this.request('captureCommit', { runId, result: {} });
  }
  async close(): Promise<void> {
    this.socket.close();
    await this.untilClosed();
  }

  #receive(message: Json): void {
    const waiting = typeof message['id'] === 'number' ? this.#waiting.get(message['id']) : undefined;
    if (waiting !== undefined) {
      this.#waiting.delete(Number(message['id']));
      if (message['ok'] === true) waiting.resolve(message);
      else waiting.reject(fromWire(message['error'] as WireError));
    } else this.notices.push(message);
    this.#wake();
  }
  #wake(): void {
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}
