// Owns the API's WebSocket at /api: the token comes as connection parameters, and one that is not valid leaves a connection that
// can do nothing and is soon ended.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { WebSocketServer } from 'ws';
import type { Access } from '../access/service.ts';
import { appErrorOf, type Services } from './trpc.ts';
import { appRouter } from './router.ts';

export type ApiParts = { access: Access; services: Services };
export type Api = ReturnType<typeof openApi>;

const MAX_MESSAGE_BYTES = 1024 * 1024;
const TOKEN_LIMIT_MS = 15_000;

export function openApi({ access, services }: ApiParts) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  const handler = applyWSSHandler({
    wss: sockets,
    router: appRouter,
    keepAlive: { enabled: true, pingMs: 30_000, pongWaitMs: 10_000 },
    createContext: ({ info, res }) => {
      const principal = access.verify(info.connectionParams?.['token']);
      if (principal === null) setTimeout(() => res.close(1008), TOKEN_LIMIT_MS).unref();
      return { principal, services };
    },
    onError: ({ error, path }) => {
      const app = appErrorOf(error);
      if (app.code === 'internal') services.log.error('a call of the API failed', { path, error: error.cause instanceof Error ? error.cause : error });
      else services.log.debug('a call of the API was refused', { path, code: app.code });
    },
  });
  sockets.on('connection', (client) => {
    client.on('error', () => client.terminate());
  });

  return {
    /** The query must have been checked to be exactly what the client library sends. */
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request));
    },
    close(): void {
      handler.broadcastReconnectNotification();
      for (const client of sockets.clients) client.close(1001);
      sockets.close();
      const stragglers = [...sockets.clients];
      setTimeout(() => {
        for (const client of stragglers) client.terminate();
      }, 500).unref();
    },
  };
}
