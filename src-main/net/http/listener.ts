// Owns the one TCP port: the first byte of a connection tells TLS from plain HTTP, which is spoken with this machine only.
// It knows no paths; requests and upgrades are handed to the functions it was given.
import { createServer as createHttpServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AppError } from '#shared/errors.ts';
import { isLoopback } from './guard.ts';

export type ListenerOptions = {
  host: string;
  port: number;
  tls: { keyPem: string; certificatePem: string };
  onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Names the process that has a port, for the refusal. */
  findPortOwner: (port: number) => Promise<{ pid: number; command: string } | null>;
  onError: (error: Error) => void;
};
export type Listener = {
  port: number;
  host: string;
  /** Takes no further connection and ends idle ones; resolves when the last one is gone, after `graceMs` by force. */
  close(graceMs: number): Promise<void>;
};

const FIRST_BYTE_LIMIT_MS = 10_000;
/** Longer than the slowest disk makes us pause. */
const STALLED_LIMIT_MS = 300_000;
const REFUSAL_LIMIT_MS = 2000;
const TLS_HANDSHAKE = 0x16;
const PLAIN_REFUSAL = 'This server speaks TLS with other machines: use https:// in the address.\n';

export async function listen(options: ListenerOptions): Promise<Listener> {
  const limits = { maxHeaderSize: 16_384, requestTimeout: 600_000, headersTimeout: 15_000, keepAliveTimeout: 65_000 };
  const plain = createHttpServer(limits, options.onRequest);
  const secure = createHttpsServer({ ...limits, key: options.tls.keyPem, cert: options.tls.certificatePem, minVersion: 'TLSv1.2' }, options.onRequest);
  for (const server of [plain, secure]) {
    server.on('upgrade', options.onUpgrade);
    server.on('clientError', refuseBrokenRequest);
    // A peer that neither reads nor writes holds buffers; WebSockets take this off and have limits of their own.
    server.setTimeout(STALLED_LIMIT_MS);
    // These two never listen themselves; the event starts their watch over slow headers and requests.
    server.emit('listening');
  }
  const sockets = new Set<Socket>();
  /** Connections that have not said anything yet: neither server knows them. */
  const silent = new Set<Socket>();
  const front = createServer({ pauseOnConnect: false, noDelay: true }, (socket) => {
    sockets.add(socket);
    silent.add(socket);
    socket.once('data', () => silent.delete(socket));
    socket.once('close', () => {
      sockets.delete(socket);
      silent.delete(socket);
    });
    socket.on('error', () => socket.destroy());
    hand(socket, plain, secure);
  });
  await bind(front, options);
  front.on('error', options.onError);
  const { port } = front.address() as AddressInfo;
  return { port, host: options.host, close: (graceMs) => closeAll({ front, plain, secure, sockets, silent }, graceMs) };
}

/** Refuses a port that can't be had, before anything is made for a server on it. It is free again afterwards. */
export async function tryPort(options: Pick<ListenerOptions, 'host' | 'port' | 'findPortOwner'>): Promise<void> {
  const probe = createServer();
  await bind(probe, options);
  await new Promise<void>((resolve) => {
    probe.close(() => resolve());
  });
}

function hand(socket: Socket, plain: HttpServer, secure: HttpServer): void {
  socket.setTimeout(FIRST_BYTE_LIMIT_MS, () => socket.destroy());
  socket.once('data', (first: Buffer) => {
    socket.setTimeout(0);
    socket.removeAllListeners('timeout');
    socket.pause();
    socket.unshift(first);
    if (first[0] === TLS_HANDSHAKE) secure.emit('connection', socket);
    else if (isLoopback(socket.remoteAddress)) {
      plain.emit('connection', socket);
      process.nextTick(() => socket.resume());
    } else refusePlain(socket);
  });
}

function refusePlain(socket: Socket): void {
  socket.end(`HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${PLAIN_REFUSAL.length}\r\nConnection: close\r\n\r\n${PLAIN_REFUSAL}`);
  // What it still sends is thrown away, so that the refusal arrives instead of a reset.
  socket.resume();
  socket.setTimeout(REFUSAL_LIMIT_MS, () => socket.destroy());
}

function refuseBrokenRequest(_error: Error, socket: Duplex): void {
  if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  else socket.destroy();
}

async function bind(front: Server, { host, port, findPortOwner }: Pick<ListenerOptions, 'host' | 'port' | 'findPortOwner'>): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      front.once('error', reject);
      front.listen({ host, port }, () => {
        front.removeListener('error', reject);
        resolve();
      });
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EADDRINUSE') {
      const owner = await findPortOwner(port);
      const who = owner === null ? 'another process' : `process ${owner.pid} (${owner.command.slice(0, 200)})`;
      throw new AppError('port-in-use', `Port ${port} on ${host} is in use by ${who}. Stop it, or choose another port with --http-port (0 picks a free one).`,
        { port, host, ...(owner === null ? {} : { pid: owner.pid, command: owner.command }) }, error);
    }
    if (code === 'EACCES') throw new AppError('forbidden', `Port ${port} on ${host} may not be opened by this user. Choose a port above 1023 with --http-port.`, { port, host }, error);
    if (code === 'EADDRNOTAVAIL') throw new AppError('usage', `This machine has no address ${host}. Give one of its own with --host, or 0.0.0.0 for all.`, { port, host }, error);
    throw error;
  }
}

async function closeAll(parts: { front: Server; plain: HttpServer; secure: HttpServer; sockets: Set<Socket>; silent: Set<Socket> }, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    parts.front.close(() => resolve());
  });
  for (const server of [parts.plain, parts.secure]) {
    server.closeIdleConnections();
    server.close(() => undefined); // not listening itself: only its watch ends
  }
  for (const socket of parts.silent) socket.destroy();
  const force = setTimeout(() => {
    for (const socket of parts.sockets) socket.destroy();
  }, graceMs);
  await closed;
  clearTimeout(force);
}
