// Owns HTTP with the server's frame streams: bearer ticket, keep-alive, retries of what is idempotent, errors in our own words.
// Knows nothing of captures or deploys; a body is sent from the caller's buffer, which must stay untouched until the answer is there.
import { request, type IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { Agent } from 'node:http';
import { z } from 'zod';
import { AppError, fromWire, toAppError } from '#shared/errors.ts';
import { wireErrorSchema } from '#shared/model/run.ts';
import { connectionsTo, type Endpoint } from './endpoint.ts';
import { withRetry, type Patience } from './retry.ts';

export type Tickets = {
  current(): string;
  /** Resolves with a ticket other than the one that was refused. */
  after(refused: string): Promise<string>;
};

/** No byte for this long means the peer is gone, even if TCP has not noticed. */
const longestSilenceMs = 60_000;
const longestErrorBody = 64 * 1024;

/** Shorter limits, where there is another server to go to. */
export type Limits = { connectMs: number; silenceMs: number };

export type HttpRequest = { method: 'GET' | 'POST'; path: string; body?: Uint8Array; headers?: Record<string, string> };

export class FrameClient {
  private readonly endpoint: Endpoint;
  private readonly tickets: Tickets;
  private readonly patience: Patience;
  private readonly connections: Agent;
  private readonly silenceMs: number;
  constructor(endpoint: Endpoint, tickets: Tickets, patience: Patience, limits: Limits | null = null) {
    this.endpoint = endpoint;
    this.tickets = tickets;
    this.patience = patience;
    this.connections = connectionsTo(endpoint, limits?.connectMs ?? null);
    this.silenceMs = limits?.silenceMs ?? longestSilenceMs;
  }

  /** `make` is asked anew for every attempt, so that a repeated request may ask for what is still missing only. */
  send<T>(make: () => HttpRequest, consume: (response: IncomingMessage) => Promise<T>): Promise<T> {
    return withRetry(this.patience, async () => {
      const ticket = this.tickets.current();
      try {
        return await this.once(make(), ticket, consume);
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'unauthorized')) throw error;
        await this.tickets.after(ticket);
        throw new AppError('connection-lost', 'The ticket was renewed.', {}, error);
      }
    });
  }

  close(): void {
    this.connections.destroy();
  }

  /** One attempt with this ticket; whoever asks decides what follows. */
  once<T>(wanted: HttpRequest, ticket: string, consume: (response: IncomingMessage) => Promise<T>): Promise<T> {
    const url = new URL(wanted.path, this.endpoint.url);
    const start = url.protocol === 'https:' ? tlsRequest : request;
    return new Promise<T>((resolve, reject) => {
      const fail = (error: unknown): void => reject(error instanceof AppError ? error : asLost(error));
      const outgoing = start(url, {
        method: wanted.method,
        agent: this.connections,
        signal: this.patience.signal,
        headers: {
          ...wanted.headers,
          authorization: `Bearer ${ticket}`,
          ...(wanted.body === undefined ? {} : { 'content-type': 'application/octet-stream', 'content-length': String(wanted.body.length) }),
        },
      });
      outgoing.setTimeout(this.silenceMs, () => outgoing.destroy(new AppError('connection-lost', 'The server fell silent.')));
      outgoing.once('error', fail);
      outgoing.once('response', (response) => {
        const good = response.statusCode === 200 || response.statusCode === 206;
        (good ? consume(response) : refusal(response, wanted)).then(resolve, (error: unknown) => {
          outgoing.destroy();
          fail(error);
        });
      });
      outgoing.end(wanted.body);
    });
  }
}

function asLost(error: unknown): unknown {
  if (error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.code === 'HPE_INVALID_CONSTANT')) {
    return new AppError('connection-lost', `The connection broke (${error.message}).`, {}, error);
  }
  return error;
}

const errorBody = z.union([z.object({ error: wireErrorSchema }), wireErrorSchema.transform((error) => ({ error }))]);

async function refusal(response: IncomingMessage, wanted: HttpRequest): Promise<never> {
  const status = response.statusCode ?? 0;
  const body = await readAll(response, longestErrorBody).catch(() => Buffer.alloc(0));
  let parsed: z.infer<typeof errorBody> | null = null;
  try {
    parsed = errorBody.parse(JSON.parse(body.toString('utf8')));
  } catch {
    parsed = null;
  }
  if (status === 401) throw new AppError('unauthorized', parsed?.error.message ?? 'The server did not accept the ticket.');
  if (parsed !== null) throw fromWire({ code: toCode(parsed.error.code), message: parsed.error.message, ...(parsed.error.data === undefined ? {} : { data: parsed.error.data }) });
  if (status === 429 || status === 502 || status === 503 || status === 504) throw new AppError('connection-lost', `The server answered ${status}.`);
  throw new AppError('protocol', `The server answered ${status} to ${wanted.method} ${wanted.path}.`, { status });
}

function toCode(code: string): AppError['code'] {
  return fromWire({ code: code as AppError['code'], message: '' }).code;
}

/** The whole answer, refused when longer than the limit. */
export async function readAll(response: IncomingMessage, limit: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > limit) throw new AppError('protocol', `The server's answer is longer than ${limit} bytes.`);
      pieces.push(piece);
    }
  } catch (error) {
    throw error instanceof AppError ? error : lostInAnswer(error);
  }
  if (!response.complete) throw lostInAnswer(null);
  return Buffer.concat(pieces);
}

export function lostInAnswer(cause: unknown): AppError {
  return new AppError('connection-lost', `The connection broke in the middle of an answer${cause === null ? '' : ` (${toAppError(cause).message})`}.`, {}, cause);
}
