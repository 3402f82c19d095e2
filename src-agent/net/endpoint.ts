// Owns whom the agent talks to: the server's address, the token and the certificate pin inside it. Plain HTTP is spoken with the
// same machine only; everywhere else the peer's certificate is compared with the pin before a single byte is sent.
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';

/** fingerprint: SHA-256 of the server's certificate, 64 hex digits; empty where the token carries none (loopback only). */
export type Endpoint = { url: string; fingerprint: string };
export type ServerLocation = Endpoint & { token: string };

const tokenShape = /^(?:platen1|boot1)\.[A-Za-z0-9_-]+\.([0-9a-f]{64})$/;

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Checks address and token as a person gave them. Throws AppError `usage`. */
export function serverLocation(url: string, token: string): ServerLocation {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw new AppError('usage', `"${url}" is not a server's address. It looks like https://192.168.1.5:8420.`);
  }
  const fingerprint = tokenShape.exec(token)?.[1] ?? '';
  if (parsed.protocol === 'http:' && !isLoopback(parsed.hostname)) {
    throw new AppError('usage', `Plain http is spoken with this machine only. Use https://${parsed.host}: the token pins the server's certificate.`);
  }
  if (parsed.protocol === 'https:' && fingerprint === '') {
    throw new AppError('usage', 'This token carries no fingerprint of the server\'s certificate, so the server cannot be recognised. Copy the whole token.');
  }
  return { url: parsed.origin, fingerprint, token };
}

const readyFile = z.object({ url: z.string(), token: z.string() });

/** PLATEN_DATA, else the platform's data folder. */
export function defaultDataFolder(env: NodeJS.ProcessEnv): string {
  const given = env['PLATEN_DATA'];
  if (given !== undefined && given !== '') return given;
  const base = env['XDG_DATA_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.local', 'share'), 'platen');
}

/** What the server running on this machine left in its data folder. Throws `not-found` when none runs there. */
export function localServer(dataFolder: string): ServerLocation {
  const path = join(dataFolder, 'server.json');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('not-found', `No server is named with --server, and none runs on this machine (no ${path}). Start one with "platen serve", or give --server URL --token T.`, { path }, cause);
  }
  const parsed = readyFile.safeParse(safeJson(text));
  if (!parsed.success) throw new AppError('invalid-input', `${path} does not name a server. Start the server again, or give --server URL --token T.`, { path });
  return serverLocation(parsed.data.url, parsed.data.token);
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Hands a socket over only after its certificate was compared, so that neither token nor ticket reaches a stranger. */
class PinnedAgent extends HttpsAgent {
  private readonly fingerprint: string;
  private readonly connectMs: number | null;
  constructor(fingerprint: string, connectMs: number | null) {
    super({ keepAlive: true, maxSockets: 8 });
    this.fingerprint = fingerprint;
    this.connectMs = connectMs;
  }
  override createConnection(options: Parameters<HttpsAgent['createConnection']>[0], done?: (error: Error | null, socket: Duplex) => void): undefined {
    const target = options as { host?: string | null; port?: number | string | null };
    const socket = tlsConnect({ host: target.host ?? 'localhost', port: Number(target.port ?? 443), rejectUnauthorized: false, minVersion: 'TLSv1.2' });
    let settled = false;
    const settle = (error: Error | null): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      if (error !== null) socket.destroy();
      done?.(error, socket);
    };
    const { connectMs } = this;
    const timer = connectMs === null ? undefined : setTimeout(() => settle(new AppError('connection-lost', `There was no answer within ${connectMs / 1000} seconds.`)), connectMs);
    socket.setNoDelay(true);
    socket.once('error', settle);
    socket.once('secureConnect', () => {
      const seen = (socket.getPeerX509Certificate()?.fingerprint256 ?? '').replaceAll(':', '').toLowerCase();
      settle(seen === this.fingerprint ? null : pinMismatch(this.fingerprint, seen));
    });
    return undefined;
  }
}

function pinMismatch(expected: string, seen: string): AppError {
  return new AppError(
    'pin-mismatch',
    'The machine that answered is not the server this token belongs to: its certificate is another one. Nothing was sent. Check the address, or get a new token from the server.',
    { expected, seen },
  );
}

/** Keep-alive connections to one server; pinned where TLS is spoken. connectMs: how long it may take to be connected, where there are others to go to. */
export function connectionsTo(endpoint: Endpoint, connectMs: number | null = null): HttpAgent {
  if (new URL(endpoint.url).protocol === 'https:') return new PinnedAgent(endpoint.fingerprint, connectMs);
  return new HttpAgent({ keepAlive: true, maxSockets: 8 });
}
