// Owns a stand-in for the server's agent gateway, for tests: real sockets, chunks in memory, every byte counted, and hooks to answer
// wrongly on purpose. It checks what the real one checks (page order, checksums, completeness).
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { agentMessageSchema, type AgentNotice, type AgentRequest, type Answers } from '#shared/agent/messages.ts';
import { decodeFrameHeader, FRAME_HEADER_BYTES, HASH_BYTES, isFrameIntact } from '#shared/agent/frame.ts';
import { encodePreamble, encodeTail, MANIFEST_PREAMBLE_BYTES, type PageTableEntry } from '#shared/agent/manifest.ts';
import { decodePage, hashesOf } from '#shared/agent/page.ts';
import { AppError, toAppError } from '#shared/errors.ts';
import { chunkCount, type DeviceGraph } from '#shared/model/schema.ts';
import { blake3, blake3Hex } from '../hash.ts';

type Capture = { runId: string; resumeKey: string; image: string; note: string; graph: DeviceGraph; pages: Map<number, Uint8Array[]> };
type StoredVersion = { image: string; guid: string; manifest: Buffer; hash: string; graph: DeviceGraph };
type Deploy = { runId: string; resumeKey: string; version: StoredVersion; watermarks: { stream: number; chunks: number }[] };

export class FakeGateway {
  readonly chunks = new Map<string, Buffer>();
  readonly versions: StoredVersion[] = [];
  readonly notices: AgentNotice[] = [];
  readonly failures: Extract<AgentRequest, { type: 'runFailed' }>[] = [];
  readonly results: Record<string, unknown>[] = [];
  counts = { frames: 0, frameBytes: 0, pages: 0, served: 0, servedBytes: 0, hellos: 0 };
  /** Changes an answer of POST /agent/deploy/chunks before it is sent. */
  tamper: ((frames: Buffer[]) => Buffer[]) | null = null;
  tamperManifest: ((bytes: Buffer) => Buffer) | null = null;
  /** Called before each frames or chunks request is served; may cut the connection. */
  onBulk: ((request: IncomingMessage, count: number) => 'serve' | 'cut' | 'unauthorized') | null = null;
  private captures = new Map<string, Capture>();
  private deploys = new Map<string, Deploy>();
  private tickets = new Map<string, string>();
  private http: Server;
  private sockets = new Set<Socket>();
  private bulk = 0;
  private port = 0;

  constructor() {
    this.http = this.make();
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.http.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.http.address() as AddressInfo).port;
  }
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }
  get token(): string {
    return `platen1.${'a'.repeat(20)}.${'0'.repeat(64)}`;
  }
  /** Cuts every connection, as a crash would. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.http.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
  async restart(): Promise<void> {
    await this.stop();
    this.tickets.clear();
    this.http = this.make();
    await this.start();
  }

  private make(): Server {
    const server = createServer((request, response) => {
      this.serve(request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else this.refuse(response, error);
      });
    });
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    const sockets = new WebSocketServer({ server, path: '/agent', maxPayload: 64 * 1024 * 1024 });
    sockets.on('connection', (socket) => socket.on('message', (data) => this.hear(socket, data as Buffer)));
    return server;
  }

  private refuse(response: ServerResponse, error: unknown): void {
    const app = toAppError(error);
    response.writeHead(app.code === 'unauthorized' ? 401 : 400, { 'content-type': 'application/json' }).end(JSON.stringify({ error: app.toWire() }));
  }

  private hear(socket: WebSocket, data: Buffer): void {
    const message = agentMessageSchema.parse(JSON.parse(data.toString('utf8')));
    if (!('id' in message)) {
      this.notices.push(message);
      if (message.type === 'progress' && message.watermarks !== undefined) {
        const deploy = this.deploys.get(message.runId);
        if (deploy !== undefined) deploy.watermarks = message.watermarks;
      }
      return;
    }
    try {
      socket.send(JSON.stringify({ ...this.answer(message), id: message.id, ok: true }));
    } catch (error) {
      socket.send(JSON.stringify({ id: message.id, ok: false, error: toAppError(error).toWire() }));
    }
  }

  private answer(message: AgentRequest): Partial<Answers[AgentRequest['type']]> {
    switch (message.type) {
      case 'hello':
        this.counts.hellos++;
        return { protocol: 1, computerToken: 'c', computerId: randomUUID(), computerName: 'pc', serverName: 'fake', serverId: 'fake' };
      case 'captureBegin':
        return this.beginCapture(message);
      case 'captureCommit':
        this.results.push(message.result);
        return this.commit(message.runId);
      case 'deployBegin':
        return this.beginDeploy(message);
      case 'deployStarted':
        return {};
      case 'deployDone':
        this.results.push(message.result);
        this.deploys.delete(message.runId);
        return {};
      case 'runFailed':
        this.failures.push(message);
        return {};
      case 'renewTicket':
        return this.ticketFor(message.runId);
      default:
        throw new AppError('protocol', `The fake server knows no ${message.type}.`);
    }
  }

  private ticketFor(runId: string): { ticket: string; ticketExpiresInMs: number } {
    const ticket = randomBytes(12).toString('hex');
    this.tickets.set(ticket, runId);
    return { ticket, ticketExpiresInMs: 600_000 };
  }

  private beginCapture(message: Extract<AgentRequest, { type: 'captureBegin' }>): Answers['captureBegin'] {
    const old = [...this.captures.values()].find((one) => one.resumeKey === message.resumeKey);
    const runId = old?.runId ?? randomUUID();
    this.captures.set(runId, { runId, resumeKey: message.resumeKey, image: message.image, note: message.note, graph: message.graph, pages: new Map() });
    const known = this.versions.find((version) => version.image === message.image);
    return { ...this.ticketFor(runId), runId, imageGuid: known?.guid ?? randomUUID(), imageName: message.image, newImage: known === undefined, resumed: old !== undefined };
  }

  private commit(runId: string): Answers['captureCommit'] {
    const capture = this.captures.get(runId);
    if (capture === undefined) throw new AppError('not-found', 'no such capture');
    const guid = randomUUID();
    const number = this.versions.filter((version) => version.image === capture.image).length + 1;
    const head = Buffer.from(JSON.stringify({
      format: 1, hash: 'blake3', image: { guid, name: capture.image }, version: { guid: randomUUID(), number, note: capture.note }, capturedAt: new Date(0).toISOString(),
      capturedBy: 'test', computer: 'pc', agentVersion: '0', unusedBlocks: 'cleared', graph: capture.graph,
    }));
    const pieces: Uint8Array[] = [encodePreamble(head), head];
    const table: PageTableEntry[] = [];
    let at = MANIFEST_PREAMBLE_BYTES + head.length;
    for (const stream of capture.graph.streams) {
      let chunks = 0;
      for (const bytes of capture.pages.get(stream.index) ?? []) {
        const page = decodePage(bytes, blake3);
        for (const hash of hashesOf(page)) if (!this.chunks.has(key(hash))) throw new AppError('chunk-missing', 'a named chunk never arrived');
        table.push({ offset: at, length: bytes.length, stream: stream.index, firstChunk: page.firstChunk, chunkCount: page.chunkCount });
        pieces.push(bytes);
        at += bytes.length;
        chunks += page.chunkCount;
      }
      if (chunks !== chunkCount(stream.lengthBytes, capture.graph.chunkSizeBytes)) throw new AppError('protocol', `stream ${stream.index} is incomplete`);
    }
    const manifest = Buffer.concat([...pieces, encodeTail(table, at, head.length)]);
    this.versions.push({ image: capture.image, guid, manifest, hash: blake3Hex(manifest), graph: capture.graph });
    this.captures.delete(runId);
    return { imageGuid: guid, version: number, manifest: blake3Hex(manifest), newBytes: 0, storedBytes: 0 };
  }

  private beginDeploy(message: Extract<AgentRequest, { type: 'deployBegin' }>): Answers['deployBegin'] {
    const all = this.versions.filter((version) => version.image === message.image);
    const version = message.version === undefined ? all.at(-1) : all[message.version - 1];
    if (version === undefined) throw new AppError('not-found', `there is no image ${message.image}`);
    const old = [...this.deploys.values()].find((one) => one.resumeKey === message.resumeKey);
    const runId = old?.runId ?? randomUUID();
    const watermarks = old?.watermarks ?? [];
    this.deploys.set(runId, { runId, resumeKey: message.resumeKey, version, watermarks });
    return {
      ...this.ticketFor(runId), runId, imageGuid: version.guid, imageName: version.image, version: all.indexOf(version) + 1, manifest: version.hash,
      manifestBytes: version.manifest.length, graph: version.graph, watermarks,
    };
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const runId = this.tickets.get((request.headers.authorization ?? '').replace('Bearer ', ''));
    if (runId === undefined) throw new AppError('unauthorized', 'no such ticket');
    const body = await readBody(request);
    if (request.url === '/agent/capture/pages') this.takePage(runId, body, response);
    else if (request.url === '/agent/deploy/manifest') this.giveManifest(runId, request, response);
    else {
      const verdict = this.onBulk?.(request, ++this.bulk) ?? 'serve';
      if (verdict === 'cut') {
        response.socket?.destroy();
        return;
      }
      if (verdict === 'unauthorized') throw new AppError('unauthorized', 'this ticket has ended');
      if (request.url === '/agent/capture/frames') this.takeFrames(body, response);
      else this.giveChunks(body, response);
    }
  }

  private takePage(runId: string, body: Buffer, response: ServerResponse): void {
    const capture = this.captures.get(runId);
    if (capture === undefined) throw new AppError('not-found', 'no such capture');
    const page = decodePage(body, blake3);
    const pages = capture.pages.get(page.stream) ?? [];
    const next = pages.reduce((sum, bytes) => sum + decodePage(bytes, blake3).chunkCount, 0);
    const isAgain = pages.at(-1) !== undefined && Buffer.compare(pages.at(-1) ?? body, body) === 0;
    if (!isAgain && page.firstChunk !== next) throw new AppError('protocol', `stream ${page.stream}: page at ${page.firstChunk} where ${next} is due`);
    if (!isAgain) pages.push(Uint8Array.from(body));
    capture.pages.set(page.stream, pages);
    this.counts.pages++;
    const hashes = hashesOf(page);
    const bitmap = Buffer.alloc(Math.ceil(hashes.length / 8));
    hashes.forEach((hash, i) => {
      if (!this.chunks.has(key(hash))) bitmap[i >> 3] = (bitmap[i >> 3] ?? 0) | (1 << (i & 7));
    });
    response.end(bitmap);
  }

  private takeFrames(body: Buffer, response: ServerResponse): void {
    let frames = 0;
    for (let at = 0; at < body.length; ) {
      const header = decodeFrameHeader(body, at);
      const frame = body.subarray(at, at + FRAME_HEADER_BYTES + header.storedLength);
      if (!isFrameIntact(frame, blake3)) throw new AppError('chunk-damaged', 'checksum');
      this.chunks.set(key(header.hash), Buffer.from(frame));
      at += frame.length;
      frames++;
    }
    this.counts.frames += frames;
    this.counts.frameBytes += body.length;
    response.end(JSON.stringify({ frames, bytes: body.length }));
  }

  private giveManifest(runId: string, request: IncomingMessage, response: ServerResponse): void {
    const stored = this.deploys.get(runId)?.version.manifest ?? Buffer.alloc(0);
    const manifest = this.tamperManifest?.(Buffer.from(stored)) ?? stored;
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (range === null) response.end(manifest);
    else response.writeHead(206).end(manifest.subarray(Number(range[1]), Number(range[2]) + 1));
  }

  private giveChunks(body: Buffer, response: ServerResponse): void {
    const frames: Buffer[] = [];
    for (let at = 0; at < body.length; at += HASH_BYTES) {
      const frame = this.chunks.get(key(body.subarray(at, at + HASH_BYTES)));
      if (frame === undefined) throw new AppError('chunk-missing', 'The store does not have this chunk.');
      frames.push(frame);
    }
    this.counts.served += frames.length;
    const sent = Buffer.concat(this.tamper?.(frames) ?? frames);
    this.counts.servedBytes += sent.length;
    response.end(sent);
  }
}

function key(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex');
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** SHA-256 of a file's bytes, for "the source is unchanged". */
export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
