// Owns HTTPS connections to a machine that is known by its certificate alone: it is compared before a byte of ours is sent.
import { Agent, type AgentOptions } from 'node:https';
import { connect } from 'node:tls';
import type { Duplex } from 'node:stream';
import { AppError } from '#shared/errors.ts';

const CONNECT_LIMIT_MS = 10_000;

export class PinnedAgent extends Agent {
  readonly #fingerprint: string;
  /** @param fingerprint SHA-256 of the certificate (DER), 64 hex digits */
  constructor(fingerprint: string, options: AgentOptions = {}) {
    super({ keepAlive: true, maxSockets: 16, ...options });
    this.#fingerprint = fingerprint;
  }

  override createConnection(options: Parameters<Agent['createConnection']>[0], done?: (error: Error | null, socket: Duplex) => void): undefined {
    const target = options as { host?: string | null; port?: number | string | null };
    const socket = connect({ host: target.host ?? 'localhost', port: Number(target.port ?? 443), rejectUnauthorized: false, servername: '', minVersion: 'TLSv1.2' });
    const timer = setTimeout(() => settle(new AppError('connection-lost', `No answer within ${CONNECT_LIMIT_MS / 1000} s.`)), CONNECT_LIMIT_MS);
    let settled = false;
    const settle = (error: Error | null): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      if (error !== null) socket.destroy();
      done?.(error, socket);
    };
    socket.setNoDelay(true);
    socket.once('error', settle);
    socket.once('close', () => settle(new AppError('connection-lost', 'It hung up.')));
    socket.once('secureConnect', () => {
      const shown = (socket.getPeerX509Certificate()?.fingerprint256 ?? '').replaceAll(':', '').toLowerCase();
      settle(shown === this.#fingerprint ? null : new AppError('pin-mismatch', 'The machine that answered is not the one that is known: it shows another certificate. Nothing was sent to it.', { expected: this.#fingerprint, shown }));
    });
    return undefined;
  }
}
