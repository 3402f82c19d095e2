// Owns who answers which address: /health, the WebSockets of the API, of agents and of package servers, agents' frames, what package servers
// ask below /replica, else the console's files.
// Every request passes the checks of Host and Origin here first.
import { hostname } from 'node:os';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { AppError, toAppError } from '#shared/errors.ts';
import { answerError, answerJson } from './net/http/answer.ts';
import { isHostAllowed, isOriginAllowed } from './net/http/guard.ts';
import type { StaticFiles } from './net/http/static-files.ts';

export type WebParts = {
  api: { upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void };
  agents: { upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void; request(request: IncomingMessage, response: ServerResponse): Promise<void> };
  /** Large files for administrators, each against a ticket. */
  downloads: Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<void>>;
  replicating: { upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void; request(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> };
  files: StaticFiles;
  health: () => Record<string, unknown>;
  allowedOrigins: readonly string[];
  onError: (error: AppError) => void;
};

export function openWeb(parts: WebParts) {
  const name = hostname().toLowerCase();
  const ownNames = [name, `${name}.local`];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    // Package servers may know their console by any name: they pin its certificate, and what they ask carries its own proof.
    if (!path.startsWith('/replica/') && !isHostAllowed(request.headers.host, ownNames)) throw new AppError('forbidden', 'This server is not known under that name. Use its address.');
    if (path === '/health') answerJson(response, parts.health());
    else if (path.startsWith('/agent/')) await parts.agents.request(request, response);
    else if (Object.hasOwn(parts.downloads, path)) await parts.downloads[path]?.(request, response);
    else if (path.startsWith('/replica/')) await parts.replicating.request(request, response, path);
    else await parts.files(request, response);
  }

  return {
    onRequest(request: IncomingMessage, response: ServerResponse): void {
      response.on('error', () => response.destroy());
      answer(request, response).catch((error: unknown) => {
        const wrapped = toAppError(error);
        if (wrapped.code === 'internal') parts.onError(wrapped);
        answerError(response, wrapped.code === 'internal' ? new AppError('internal', 'The server failed at this. Its log says why.') : wrapped);
      });
    },
    onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      socket.on('error', () => socket.destroy());
      const { host, origin } = request.headers;
      const [path, query] = (request.url ?? '').split('?', 2);
      if ((path !== '/replica' && !isHostAllowed(host, ownNames)) || !isOriginAllowed(origin, host, request.socket instanceof TLSSocket, parts.allowedOrigins)) return refuse(socket, '403 Forbidden');
      try {
        if (path === '/api' && (query === undefined || query === 'connectionParams=1')) parts.api.upgrade(request, socket, head);
        else if (path === '/agent' && query === undefined) parts.agents.upgrade(request, socket, head);
        else if (path === '/replica' && query === undefined) parts.replicating.upgrade(request, socket, head);
        else refuse(socket, '404 Not Found');
      } catch (error) {
        parts.onError(toAppError(error));
        socket.destroy();
      }
    },
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
