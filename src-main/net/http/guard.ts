// Owns the pure checks of who is asking: is the peer this machine, is the Host header one of ours (DNS rebinding), does a
// browser's Origin match. Knows no token.
import { isIP } from 'node:net';

export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}

/** "[::1]:8420" → "::1"; null for what is no host. */
export function hostOf(header: string | undefined): string | null {
  if (header === undefined || header.length > 300) return null;
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@?#[\]]+))(?::\d{1,5})?$/.exec(header);
  const host = match?.[1] ?? match?.[2];
  return host === undefined ? null : host.toLowerCase();
}

/**
 * A foreign site can point a name of its own at this machine (DNS rebinding), but never an address or one of our names.
 * @param ownNames host names under which this server may be called, lower case
 */
export function isHostAllowed(header: string | undefined, ownNames: readonly string[]): boolean {
  const host = hostOf(header);
  return host !== null && (isIP(host) !== 0 || host === 'localhost' || ownNames.includes(host));
}

/** Absent (command line) or exactly the address the request itself was sent to. */
export function isOriginAllowed(origin: string | undefined, host: string | undefined, secure: boolean, alsoAllowed: readonly string[]): boolean {
  if (origin === undefined) return true;
  return origin === `${secure ? 'https' : 'http'}://${host ?? ''}` || alsoAllowed.includes(origin);
}
