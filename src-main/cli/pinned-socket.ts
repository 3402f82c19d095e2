// Owns the connection below the API: a plain socket on loopback, else TLS to the one certificate the token names. That is
// checked before a byte of ours is sent, so neither the token nor the upgrade request reaches anybody else.
import { connect as connectPlain } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { AppError } from '#shared/errors.ts';
import type { Target } from './locate.ts';

const connectLimitMs = 10_000;

export function openSocket({ url, fingerprint }: Pick<Target, 'url' | 'fingerprint'>): Promise<Socket> {
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return new Promise((resolve, reject) => {
    // The certificate is the server's own, signed by nobody: its fingerprint is what is trusted.
    const socket: Socket | TLSSocket = secure ? connectTls({ host, port, rejectUnauthorized: false, servername: '' }) : connectPlain({ host, port });
    const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${connectLimitMs / 1000} s`)), connectLimitMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    socket.once('error', fail);
    const gone = (): void => fail(new Error('it hung up'));
    socket.once('close', gone);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      const shown = 'getPeerX509Certificate' in socket ? socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase() : undefined;
      if (secure && shown !== fingerprint) return fail(pinMismatch(url, fingerprint, shown));
      clearTimeout(timer);
      socket.off('error', fail);
      socket.off('close', gone);
      return resolve(socket);
    });
  });
}

function pinMismatch(url: URL, expected: string | null, shown: string | undefined): AppError {
  return new AppError('pin-mismatch', `The server at ${url.origin} is not the one this token belongs to: it shows another certificate. `
    + 'Nothing was sent to it. If the server got a new data folder, take the token it prints now; otherwise somebody else answers at that address.',
    { server: url.origin, expected: expected ?? '', shown: shown ?? '' });
}
