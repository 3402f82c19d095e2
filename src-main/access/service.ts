// Owns who may come in: tokens of administrators and of computers. Only their hashes are kept; the text exists once, where it
// was minted. Tickets for frame streams are the agents' business and live in memory.
import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../db/database.ts';

export const permissions = [
  'status.read', 'images.read', 'images.change', 'images.delete', 'runs.read', 'runs.change', 'computers.read', 'computers.change', 'jobs.read', 'jobs.change', 'boot.read', 'boot.change',
  'servers.read', 'servers.change', 'settings.read', 'settings.change', 'doctor.run', 'log.read',
] as const;
export type Permission = (typeof permissions)[number];

/** admin: a person with the server's own token; computer: one machine, on the agent channel only; boot: any machine that booted our environment, good for a portal's hello alone. */
export type Principal = {
  kind: 'admin' | 'computer' | 'boot'; /** for computer: its id */ subject: string; actor: string; permissions: readonly Permission[];
  /** Came of a token that anybody on the boot network can read: it opens a portal, and what runs there is what was published or started for it. */
  portalOnly: boolean;
};
export type Access = ReturnType<typeof openAccess>;

const HOUR_MS = 3_600_000;
/** The label of a computer's token that came of the boot environment's. */
const PORTAL_ONLY = 'portal';
const MEDIUM = 'boot medium';
/** A start's token outlives its server by this much, so that consoles and agents survive a restart. */
const START_TOKEN_AFTERLIFE_MS = 24 * HOUR_MS;

export function openAccess({ db, clock, fingerprint }: { db: Database; clock: () => number; fingerprint: string }) {
  /** Minted by this very server, which still runs: they hold whatever its clock does. Many a machine learns the date after it has started. */
  const ofThisStart = new Set<string>();
  function mint(kind: Principal['kind'], subject: string, label: string, expiresAt: number | null): string {
    const secret = randomBytes(32).toString('base64url');
    const now = clock();
    db.run('INSERT INTO token (hash, kind, subject, label, created_at, used_at, expires_at) VALUES (:hash, :kind, :subject, :label, :now, :now, :expiresAt)',
      { hash: hashOf(secret), kind, subject, label, now, expiresAt });
    if (expiresAt !== null) ofThisStart.add(hashOf(secret));
    return kind === 'computer' ? `computer1.${secret}` : `${kind === 'boot' ? 'boot1' : 'platen1'}.${secret}.${fingerprint}`;
  }

  return {
    /** The administrator's token of this start. Those of earlier starts end a day after they were last used. */
    mintStartToken(): string {
      db.run('DELETE FROM token WHERE expires_at < :now', { now: clock() });
      return mint('admin', 'admin', 'start', clock() + START_TOKEN_AFTERLIFE_MS);
    },
    /** For the boot environment, which any computer on the boot network can read: it opens nothing but a portal. */
    mintBootToken: (): string => mint('boot', 'boot', 'boot environment', clock() + START_TOKEN_AFTERLIFE_MS),
    /** The same for a boot medium, which lies in a drawer for months: it holds until somebody ends it. */
    mintMediumToken: (): string => mint('boot', 'boot', MEDIUM, null),
    mediumTokens: (): { createdAt: number; usedAt: number }[] => db.all<{ created_at: number; used_at: number }>("SELECT created_at, used_at FROM token WHERE kind = 'boot' AND label = :label", { label: MEDIUM }).map((row) => ({ createdAt: row.created_at, usedAt: row.used_at })),
    /** @returns how many there were */
    revokeMediumTokens: (): number => db.run("DELETE FROM token WHERE kind = 'boot' AND label = :label", { label: MEDIUM }),
    /** Binds a computer to a secret of its own; a computer has one at a time, plus those not replaced yet by a lost answer. */
    mintComputerToken(computerId: string, { portalOnly }: { portalOnly: boolean }): string {
      return db.transaction(() => {
        db.run(`DELETE FROM token WHERE kind = 'computer' AND subject = :computerId AND hash NOT IN
          (SELECT hash FROM token WHERE kind = 'computer' AND subject = :computerId ORDER BY used_at DESC LIMIT 3)`, { computerId });
        return mint('computer', computerId, portalOnly ? PORTAL_ONLY : '', null);
      });
    },
    /** null for anything that is no valid token; says nothing about why. */
    verify(token: unknown): Principal | null {
      if (typeof token !== 'string' || token.length > 500) return null;
      const [prefix, secret] = token.split('.');
      const kind = prefix === 'platen1' ? 'admin' : prefix === 'computer1' ? 'computer' : prefix === 'boot1' ? 'boot' : null;
      if (kind === null || secret === undefined || secret === '') return null;
      const hash = hashOf(secret);
      const row = db.get<{ subject: string; label: string; used_at: number; expires_at: number | null }>('SELECT subject, label, used_at, expires_at FROM token WHERE hash = :hash AND kind = :kind', { hash, kind });
      const now = clock();
      if (row === undefined || (row.expires_at !== null && row.expires_at < now && !ofThisStart.has(hash))) return null;
      if (now - row.used_at > HOUR_MS) {
        db.run('UPDATE token SET used_at = :now, expires_at = CASE WHEN expires_at IS NULL THEN NULL ELSE :later END WHERE hash = :hash', { now, later: now + START_TOKEN_AFTERLIFE_MS, hash });
      }
      return kind === 'admin'
        ? { kind, subject: row.subject, actor: row.subject, permissions, portalOnly: false }
        : { kind, subject: row.subject, actor: kind === 'boot' ? 'the boot environment' : `computer ${row.subject}`, permissions: [], portalOnly: kind === 'boot' || row.label === PORTAL_ONLY };
    },
    /** Keeps the running server's own token alive, however long it runs unused. */
    extend(token: string): void {
      db.run('UPDATE token SET expires_at = :later WHERE hash = :hash', { later: clock() + START_TOKEN_AFTERLIFE_MS, hash: hashOf(token.split('.')[1] ?? '') });
    },
  };
}

/** Secrets hold 256 random bits: a plain hash cannot be guessed back, and the lookup by it leaks nothing useful in time. */
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
