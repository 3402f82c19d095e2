// Owns tickets: short-lived secrets, each for the frames of one run. They live in memory only, hashed; a restart ends them all
// and agents ask again over their control channel.
import { createHash, randomBytes } from 'node:crypto';
import { AppError } from '#shared/errors.ts';

export const TICKET_MS = 10 * 60_000;
export type Ticket = { ticket: string; ticketExpiresInMs: number };

const MAX_PER_RUN = 4;

export class Tickets {
  readonly #clock: () => number;
  readonly #byHash = new Map<string, { runId: string; expiresAt: number }>();
  readonly #ofRun = new Map<string, string[]>();

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  issue(runId: string): Ticket {
    const secret = randomBytes(32).toString('base64url');
    const hash = hashOf(secret);
    const mine = [...(this.#ofRun.get(runId) ?? []), hash];
    // Streams under way still use the one before.
    for (const old of mine.splice(0, Math.max(0, mine.length - MAX_PER_RUN))) this.#byHash.delete(old);
    this.#ofRun.set(runId, mine);
    this.#byHash.set(hash, { runId, expiresAt: this.#clock() + TICKET_MS });
    return { ticket: `ticket1.${secret}`, ticketExpiresInMs: TICKET_MS };
  }

  /** The run this Authorization header opens; throws unauthorized. */
  runOf(authorization: string | undefined): string {
    const match = /^Bearer ticket1\.([\w-]{20,100})$/.exec(authorization ?? '');
    const hash = hashOf(match?.[1] ?? '');
    const entry = this.#byHash.get(hash);
    if (entry === undefined || entry.expiresAt < this.#clock()) {
      throw new AppError('unauthorized', 'This ticket is not valid any more. Ask for another over the control channel.', {});
    }
    return entry.runId;
  }

  revoke(runId: string): void {
    for (const hash of this.#ofRun.get(runId) ?? []) this.#byHash.delete(hash);
    this.#ofRun.delete(runId);
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
