// Owns what a package server keeps of its console, in the table replica: who it is, where it was reached, the last plan, what was carried
// out. With it `platen serve --data DIR` alone is enough, and the server works while the console is away.
import { z } from 'zod';
import { planSchema, transferReportSchema, type Plan, type TransferReport } from '#shared/replication/messages.ts';
import type { Database } from '../../db/database.ts';

const consoleSchema = z.object({ id: z.uuid(), name: z.string(), publicKey: z.string(), fingerprint: z.string(), /** Last that worked first. */ addresses: z.array(z.string()) });
export type ConsoleRecord = z.infer<typeof consoleSchema>;
const selfSchema = z.object({ serverId: z.uuid(), name: z.string(), joinedAt: z.number() });
/** A capture that the console sent here: what frames need of it after a restart. */
const guestSchema = z.object({ captureId: z.string().max(64), ttlMs: z.number().int().positive(), chunkSizeBytes: z.number().int().positive() });
export type GuestCapture = z.infer<typeof guestSchema>;
const revokedSchema = z.object({ at: z.number(), reason: z.string() });
export type ReplicaState = ReturnType<typeof openReplicaState>;

const MAX_UNTOLD = 500;
const MAX_ADDRESSES = 20;

export function openReplicaState(db: Database) {
  function read<T>(key: string, schema: z.ZodType<T>): T | null {
    const row = db.get<{ value: string }>('SELECT value FROM replica WHERE key = :key', { key });
    if (row === undefined) return null;
    try {
      return schema.parse(JSON.parse(row.value));
    } catch {
      return null;
    }
  }
  const write = (key: string, value: unknown): void => void db.run('INSERT INTO replica (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value', { key, value: JSON.stringify(value) });
  const drop = (key: string): void => void db.run('DELETE FROM replica WHERE key = :key', { key });
  let plan: Plan | null | undefined;

  return {
    console: (): ConsoleRecord | null => read('console', consoleSchema),
    self: () => read('self', selfSchema),
    revoked: () => read('revoked', revokedSchema),
    /** Hash of the token it joined with last; null where that was not kept. */
    joinedWith: () => read('joinedWith', z.string()),
    /** The token's secret goes nowhere. */
    joined(record: { console: ConsoleRecord; serverId: string; name: string; at: number; tokenHash: string }): void {
      db.transaction(() => {
        for (const key of ['plan', 'planDigest', 'recordsDone', 'revoked', 'guests']) drop(key);
        write('console', record.console);
        write('self', { serverId: record.serverId, name: record.name, joinedAt: record.at });
        write('joinedWith', record.tokenHash);
      });
      plan = null;
    },
    setRevoked: (at: number, reason: string): void => write('revoked', { at, reason }),
    /** As the plan says, and those known before: a console that moved is found at one of them. */
    setConsole(fresh: Omit<ConsoleRecord, 'addresses'> & { addresses: readonly string[] }): void {
      const known = read('console', consoleSchema);
      const addresses = [...new Set([...(known?.addresses.slice(0, 1) ?? []), ...fresh.addresses, ...(known?.addresses ?? [])])].slice(0, MAX_ADDRESSES);
      const next: ConsoleRecord = { ...fresh, addresses };
      if (JSON.stringify(next) !== JSON.stringify(known)) write('console', next);
    },
    worked(address: string): void {
      const known = read('console', consoleSchema);
      if (known !== null && known.addresses[0] !== address) write('console', { ...known, addresses: [address, ...known.addresses.filter((each) => each !== address)].slice(0, MAX_ADDRESSES) });
    },
    plan: (): Plan | null => (plan === undefined ? (plan = read('plan', planSchema)) : plan),
    planDigest(): string {
      return this.plan() === null ? '' : read('planDigest', z.string()) ?? '';
    },
    setPlan(next: Plan, digest: string): void {
      db.transaction(() => {
        write('plan', next);
        write('planDigest', digest);
      });
      plan = next;
    },
    /** Deleted by a record: a restart with the plan of before does not fetch it again. The console sends its plan anew. */
    forgetWanted(versionGuid: string): void {
      const known = this.plan();
      if (known?.wanted.some((wanted) => wanted.guid === versionGuid) === true) this.setPlan({ ...known, wanted: known.wanted.filter((wanted) => wanted.guid !== versionGuid) }, '');
    },
    recordsDone: (): number => read('recordsDone', z.number()) ?? 0,
    setRecordsDone: (seq: number): void => write('recordsDone', seq),
    guests: (): GuestCapture[] => read('guests', z.array(guestSchema)) ?? [],
    setGuests: (list: readonly GuestCapture[]): void => write('guests', list),
    /** Ends of transfers that the console was not told of yet. */
    untold: (): TransferReport[] => read('untold', z.array(transferReportSchema)) ?? [],
    setUntold: (list: readonly TransferReport[]): void => write('untold', list.slice(-MAX_UNTOLD)),
  };
}
