// Owns how package servers come in at each other: a nonce, its signature by the key that the plan names for that server, then a ticket for
// some minutes. Everything lives in memory: a restart ends it, and the other side proves itself again.
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import { signedPurposes } from '#shared/replication/record.ts';

export const PEER_TICKET_MS = 10 * 60_000;
const NONCE_MS = 30_000;
const MAX_NONCES = 500;
const MAX_TICKETS = 2000;

export type SessionParts = {
  /** This server's id: a signature made for it opens no other. */
  selfId: string;
  /** PEM of a server that may come in; null for one that is not known, or not any more. */
  keyOf: (serverId: string) => string | null;
  clock: () => number;
};

export class Sessions {
  readonly #parts: SessionParts;
  readonly #nonces = new Map<string, { serverId: string; until: number }>();
  readonly #tickets = new Map<string, { serverId: string; until: number }>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  challenge(serverId: string): { nonce: string } {
    const nonce = randomBytes(24).toString('base64url');
    forgetOld(this.#nonces, this.#parts.clock(), MAX_NONCES);
    // An unknown server gets one too, and fails later: whoever asks learns nothing of who is known.
    this.#nonces.set(nonce, { serverId, until: this.#parts.clock() + NONCE_MS });
    return { nonce };
  }

  open({ serverId, nonce, signature }: { serverId: string; nonce: string; signature: string }): { ticket: string; expiresInMs: number } {
    const now = this.#parts.clock();
    const asked = this.#nonces.get(nonce);
    this.#nonces.delete(nonce);
    const key = this.#parts.keyOf(serverId);
    if (asked === undefined || asked.serverId !== serverId || asked.until < now || key === null || !isSignedBy(key, peerMessage(this.#parts.selfId, nonce), signature)) {
      throw new AppError('unauthorized', 'This server does not know the one that asks. Both must have joined the same console; a new one is known some seconds after it joined.', { serverId });
    }
    forgetOld(this.#tickets, now, MAX_TICKETS);
    const ticket = `peer1.${randomBytes(32).toString('base64url')}`;
    this.#tickets.set(hashOf(ticket), { serverId, until: now + PEER_TICKET_MS });
    return { ticket, expiresInMs: PEER_TICKET_MS };
  }

  /** The server that this Authorization header speaks for; throws unauthorized. A server that was revoked meanwhile is out at once. */
  serverOf(authorization: string | undefined): string {
    const entry = this.#tickets.get(hashOf(/^Bearer (peer1\.[\w-]{20,100})$/.exec(authorization ?? '')?.[1] ?? ''));
    if (entry === undefined || entry.until < this.#parts.clock() || this.#parts.keyOf(entry.serverId) === null) throw new AppError('unauthorized', 'This ticket is not valid any more. Open a session again.', {});
    return entry.serverId;
  }
}

/** What a server signs to come in at another, after the purpose. */
export function peerMessage(audience: string, nonce: string): string {
  return `${audience}\n${nonce}`;
}

function isSignedBy(keyPem: string, message: string, signature: string): boolean {
  try {
    return verify(null, Buffer.from(`${signedPurposes.peer}${message}`), createPublicKey(keyPem), Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** The oldest go where there is no room: a map keeps the order in which things came. */
function forgetOld(map: Map<string, { until: number }>, now: number, limit: number): void {
  for (const [key, { until }] of map) {
    if (until >= now && map.size < limit) return;
    map.delete(key);
  }
}
