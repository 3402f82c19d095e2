// Owns the agents' HTTP requests: pages and frames in, manifests and frames out. Every request carries a ticket for one run, of this server
// or signed by its console, and reaches nothing beyond it; bodies are bounded, and readers set the pace.
import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { AppError, ProtocolError, toAppError } from '#shared/errors.ts';
import { HASH_BYTES } from '#shared/agent/frame.ts';
import { MAX_CHUNKS_PER_REQUEST, MAX_FRAMES_BODY_BYTES } from '#shared/agent/messages.ts';
import { MAX_PAGE_BODY_BYTES, PAGE_HEADER_BYTES } from '#shared/agent/page.ts';
import { answerError, answerJson } from '../net/http/answer.ts';
import type { CaptureSession, Store } from '../store/types.ts';
import type { Images } from '../images/service.ts';
import type { Log } from '../log/service.ts';
import type { Runs } from '../runs/service.ts';
import type { Captures } from './captures.ts';
import type { Deploys } from './deploys.ts';
import { storeFrames } from './frames.ts';
import type { ServedChunks } from './served-chunks.ts';
import { StreamGate, type Slot } from './stream-gate.ts';
import type { Tickets } from './tickets.ts';
import type { Visit, Visitors } from './visitors.ts';

export type AgentHttpParts = { store: Store; images: Images; runs: Runs; captures: Captures; deploys: Deploys; tickets: Tickets; served: ServedChunks; visitors: Visitors; log: Log };
/** visit: of a run of this server's console; null for a run of this server. */
type Asker = { runId: string; visit: Visit | null };
type Handler = (asker: Asker, request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Streams of one run at a time; an agent uses a handful. */
const MAX_STREAMS_PER_RUN = 16;
/** Of all runs together: what bounds the server's memory. Enough to keep disk and network busy. */
export const MAX_STREAMS = 8;
const STALL_MS = 30_000;
/** A peer that waits for its turn hears from us (102, RFC 2518 §10.1) before it takes us for dead. */
const STILL_HERE_MS = 15_000;

export class AgentHttp {
  readonly #parts: AgentHttpParts;
  readonly #streams = new Map<string, number>();
  readonly #gate = new StreamGate({ limit: MAX_STREAMS, stallMs: STALL_MS, clock: () => performance.now() });
  readonly #routes: Record<string, Handler>;

  constructor(parts: AgentHttpParts) {
    this.#parts = parts;
    this.#routes = {
      'GET /agent/capture': (asker, _request, response) => this.#ready(asker, response),
      'POST /agent/capture/pages': (asker, request, response) => this.#page(asker, request, response),
      'POST /agent/capture/frames': (asker, request, response) => this.#inTurn(response, (slot) => this.#frames(asker, request, response, slot)),
      'GET /agent/deploy/manifest': (asker, request, response) => this.#manifest(asker, request, response),
      'POST /agent/deploy/chunks': (asker, request, response) => this.#chunks(asker, request, response),
    };
  }

  /** Answers every request under /agent/; never throws. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { tickets, visitors, log } = this.#parts;
    let runId: string | null = null;
    try {
      const route = `${request.method} ${(request.url ?? '').split('?', 1)[0]}`;
      const handler = Object.hasOwn(this.#routes, route) ? this.#routes[route] : undefined;
      const visit = visitors.open(request.headers.authorization);
      runId = visit?.runId ?? tickets.runOf(request.headers.authorization);
      if (handler === undefined) throw new AppError('not-found', `There is no ${route.slice(0, 200)}.`, {});
      const busy = this.#streams.get(runId) ?? 0;
      if (busy >= MAX_STREAMS_PER_RUN) throw new AppError('too-many-requests', `A run may have ${MAX_STREAMS_PER_RUN} streams at a time.`, { run: runId });
      this.#streams.set(runId, busy + 1);
      try {
        const asker: Asker = { runId, visit };
        if (visit === null) this.#parts.runs.requireOpen(runId);
        this.#sign(asker);
        await handler(asker, request, response);
        this.#sign(asker);
      } finally {
        const left = (this.#streams.get(runId) ?? 1) - 1;
        if (left > 0) this.#streams.set(runId, left);
        else this.#streams.delete(runId);
      }
    } catch (error) {
      const wrapped = toAppError(error);
      // A peer that went away is told by its lease; nothing failed here.
      const gone = request.destroyed && !request.complete || response.destroyed;
      if (wrapped.code === 'internal' && !gone) log.error('a request of an agent failed', { run: runId, url: request.url, error: wrapped.cause instanceof Error ? wrapped.cause : wrapped });
      answerError(response, wrapped);
    }
  }

  /** Streams of frames take turns. What a waiting one sends stays in the network's buffers. */
  async #inTurn(response: ServerResponse, work: (slot: Slot, gone: AbortSignal) => Promise<void>): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    // It may have left before this, and then says so no more.
    if (response.destroyed) gone.abort();
    const stillHere = setInterval(() => response.writeProcessing(), STILL_HERE_MS);
    const slot = await this.#gate.enter({ gone: gone.signal, cut: () => response.destroy() }).finally(() => clearInterval(stillHere));
    try {
      await work(slot, gone.signal);
    } finally {
      slot.leave();
    }
  }

  /** A sign of life. Of a run of the console, the console hears itself. */
  #sign({ runId, visit }: Asker): void {
    if (visit === null) this.#parts.runs.sign(runId);
  }
  /** Throws for what this asker may not read, or not here. */
  #readable({ runId, visit }: Asker): { versionGuid: string; manifest: string } {
    return visit === null ? this.#parts.deploys.manifestOf(runId) : this.#parts.visitors.version(visit);
  }
  /** Of this server's own run, or one that the console sent here. */
  async #captureOf({ runId, visit }: Asker): Promise<{ session: CaptureSession; chunkSizeBytes: number }> {
    if (visit !== null) return this.#parts.visitors.capture(visit);
    const { session, graph } = await this.#parts.captures.session(runId);
    return { session, chunkSizeBytes: graph.chunkSizeBytes };
  }

  /** Whether this server takes the capture: asked before anything is sent. */
  async #ready(asker: Asker, response: ServerResponse): Promise<void> {
    await this.#captureOf(asker);
    answerJson(response, {});
  }

  async #page(asker: Asker, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { session } = await this.#captureOf(asker);
    const page = await readBody(request, PAGE_HEADER_BYTES + MAX_PAGE_BODY_BYTES);
    const lacking = await session.addPage(page);
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': lacking.length });
    response.end(lacking);
  }

  async #frames(asker: Asker, request: IncomingMessage, response: ServerResponse, slot: Slot): Promise<void> {
    const { session, chunkSizeBytes } = await this.#captureOf(asker);
    const totals = await storeFrames(watched(request as AsyncIterable<Buffer>, slot), { maxRawBytes: chunkSizeBytes, maxBodyBytes: MAX_FRAMES_BODY_BYTES }, async (frames) => {
      this.#sign(asker);
      return session.addFrames(frames);
    });
    answerJson(response, totals);
  }

  async #manifest(asker: Asker, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const manifest = await this.#parts.store.openManifest(this.#readable(asker).manifest);
    // Its chunks are asked for next. A failure is told to whoever asks.
    this.#parts.served.prepare(manifest.hash).catch(() => undefined);
    try {
      const range = rangeOf(request.headers.range, manifest.sizeBytes);
      response.writeHead(range.partial ? 206 : 200, {
        'content-type': 'application/octet-stream', 'accept-ranges': 'bytes', 'content-length': range.end - range.start + 1,
        ...(range.partial ? { 'content-range': `bytes ${range.start}-${range.end}/${manifest.sizeBytes}` } : {}),
      });
      await pipeline(createReadStream(manifest.path, { start: range.start, end: range.end }), response);
    } finally {
      await manifest.close();
    }
  }

  async #chunks(asker: Asker, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { served, log } = this.#parts;
    const { versionGuid, manifest } = this.#readable(asker);
    const hashes = await readBody(request, MAX_CHUNKS_PER_REQUEST * HASH_BYTES);
    if (hashes.length === 0 || hashes.length % HASH_BYTES !== 0) throw new ProtocolError(hashes.length, `the body is 1 to ${MAX_CHUNKS_PER_REQUEST} hashes of ${HASH_BYTES} bytes`);
    await served.require(manifest, hashes).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'forbidden') log.warn('a deploy asked for a chunk of something else', { run: asker.runId, ...error.data });
      throw error;
    });
    await this.#inTurn(response, (slot, gone) => this.#sendFrames(asker, hashes, { response, slot, gone, versionGuid }));
  }

  async #sendFrames(asker: Asker, hashes: Buffer, { response, slot, gone, versionGuid }: { response: ServerResponse; slot: Slot; gone: AbortSignal; versionGuid: string }): Promise<void> {
    const { store, images } = this.#parts;
    try {
      for await (const frame of store.readFrames(hashes, gone)) {
        if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/octet-stream' });
        if (!response.write(frame)) {
          slot.peersTurn();
          await once(response, 'drain', { signal: gone });
          slot.ourTurn();
          this.#sign(asker);
        }
      }
      response.end();
    } catch (error) {
      // A chunk that is asked for and not whole damages the version at once, before anybody else starts a deploy of it.
      if (error instanceof AppError && error.code === 'chunk-damaged') images.reportDamage(versionGuid, 'a chunk failed its check while it was read for a deploy');
      if (gone.aborted) return;
      throw error;
    }
  }
}

/** A body as it comes, saying whose turn it is. */
async function* watched(body: AsyncIterable<Buffer>, slot: Slot): AsyncGenerator<Buffer> {
  slot.peersTurn();
  for await (const part of body) {
    slot.ourTurn();
    yield part;
    slot.peersTurn();
  }
  slot.ourTurn();
}

/** A whole small body; longer ones are refused before they are kept. */
async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limitBytes) throw new ProtocolError(limitBytes, `the body may hold ${limitBytes} bytes`);
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > limitBytes) throw new ProtocolError(limitBytes, `the body may hold ${limitBytes} bytes`);
    parts.push(part);
  }
  return parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts, length);
}

/** One range of bytes (RFC 9110 §14.1.2); anything else gets the whole. Throws for a range past the end. */
export function rangeOf(header: string | undefined, sizeBytes: number): { start: number; end: number; partial: boolean } {
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? '');
  if (match === null) return { start: 0, end: sizeBytes - 1, partial: false };
  const start = Number(match[1]);
  const end = match[2] === '' ? sizeBytes - 1 : Math.min(sizeBytes - 1, Number(match[2]));
  if (start >= sizeBytes || end < start) throw new AppError('invalid-input', `The range lies outside of ${sizeBytes} bytes.`, { sizeBytes });
  return { start, end, partial: true };
}
