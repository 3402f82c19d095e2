// Owns the command line's connection to a server: one WebSocket speaking the typed API, opened once, never silently
// reopened. A connection that ends under way ends the command with a message, because only it knows what was finished.
import { setTimeout as sleep } from 'node:timers/promises';
import { createTRPCClient, createWSClient, TRPCClientError, wsLink } from '@trpc/client';
import type { TRPCClient } from '@trpc/client';
import { WebSocket as NodeWebSocket } from 'ws';
import { z } from 'zod';
import { AppError, fromWire, isErrorCode, toAppError } from '#shared/errors.ts';
import type { AppRouter } from '../api/router.ts';
import { notRunning } from './locate.ts';
import type { Target } from './locate.ts';
import { openSocket } from './pinned-socket.ts';

export type Api = TRPCClient<AppRouter>;
export type Connection = {
  api: Api;
  /** Never resolves; rejects when the server goes away. Race it against what you wait for. */
  lost: Promise<never>;
  close(): Promise<void>;
};

const upgradeLimitMs = 10_000;
const closeLimitMs = 1_000;
const maxAnswerBytes = 64 * 1024 * 1024;

export async function connect(target: Target): Promise<Connection> {
  const socket = await openSocket(target).catch((error: unknown) => {
    throw error instanceof AppError ? error : unreachable(target, error);
  });
  let closing = false;
  const watched = Promise.withResolvers<never>();
  const opened = Promise.withResolvers<void>();
  watched.promise.catch(() => undefined); // rejected later, when perhaps nobody waits any more
  let taken = false;
  /** The API's client opens its WebSocket by class; this one uses the socket that was checked above, and exists once. */
  class OnlyWebSocket extends NodeWebSocket {
    constructor(url: string) {
      if (taken) throw new Error('the connection is gone');
      taken = true;
      super(url, { createConnection: () => socket, handshakeTimeout: upgradeLimitMs, maxPayload: maxAnswerBytes, perMessageDeflate: false });
      this.once('open', opened.resolve);
      this.once('unexpected-response', (_request, response) => {
        opened.reject(notPlaten(target, response.statusCode ?? 0));
        this.terminate(); // so that error and close follow, which the API's client waits for
      });
      this.on('error', (error) => opened.reject(unreachable(target, error)));
      this.once('close', (code) => {
        if (!closing) watched.reject(gone(target, code));
      });
    }
  }
  const client = createWSClient({
    url: `${target.url.protocol === 'https:' ? 'wss' : 'ws'}://${target.url.host}/api`,
    connectionParams: { token: target.token },
    // ws speaks the browser's interface as far as the client uses it; its type differs in what it does not use.
    WebSocket: OnlyWebSocket as unknown as typeof WebSocket,
    retryDelayMs: () => 20,
    // A server that vanished from the network answers nothing, and no socket ends by that alone.
    keepAlive: { enabled: true, intervalMs: 15_000, pongTimeoutMs: 15_000 },
  });
  const close = async (): Promise<void> => {
    closing = true;
    // Closing waits for calls under way, of which there may be one that is never answered.
    const limit = new AbortController();
    await Promise.race([client.close(), sleep(closeLimitMs, undefined, { signal: limit.signal }).catch(() => undefined)]);
    limit.abort();
    socket.destroy();
  };
  await opened.promise.catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return { api: createTRPCClient<AppRouter>({ links: [wsLink({ client })] }), lost: watched.promise, close };
}

function notPlaten(target: Target, status: number): AppError {
  return new AppError('protocol', `What answers at ${target.url.origin} is not a Platen server: it refused the API with HTTP ${status}.`, { status });
}

function gone(target: Target, code: number): AppError {
  return new AppError('connection-lost', `The server at ${target.url.origin} ended the connection. What it had begun may still be going on there; look with: platen status`, { code });
}

function unreachable(target: Target, error: unknown): AppError {
  if (target.dataFolder !== null && error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return notRunning(target.dataFolder);
  const reason = error instanceof Error ? error.message : String(error);
  return new AppError('connection-lost', `No Platen server answers at ${target.url.origin}: ${reason}. Check the address, that it runs, and that its port is reachable from here.`, { server: target.url.origin }, error);
}

const carriedSchema = z.object({ app: z.object({ code: z.string(), message: z.string(), data: z.record(z.string(), z.unknown()).optional() }) });

/** Any thrown value as an AppError; what the server refused keeps the server's code and message. */
export function asAppError(error: unknown): AppError {
  if (!(error instanceof TRPCClientError)) return toAppError(error);
  const carried = carriedSchema.safeParse(error.data);
  if (!carried.success) return error.cause instanceof AppError ? error.cause : new AppError('connection-lost', `The server did not answer: ${error.message}`, {}, error);
  const { code, message, data } = carried.data.app;
  if (!isErrorCode(code)) return new AppError('internal', message, { ...data, serverCode: code });
  return fromWire({ code, message, ...(data === undefined ? {} : { data }) });
}
