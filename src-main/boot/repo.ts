// Owns the SQL of network boot: how it serves, leases, traces, and the reading of what computers are to get. No rules.
import type { z } from 'zod';
import type { Database } from '../db/database.ts';
import type { Lease } from './leases.ts';
import type { BootComputer } from './snapshot.ts';
import type { Trace, TraceEvent } from './trace.ts';

export type StoredTrace = Trace & { id: number; computerId: string | null; computerName: string };
export type BootRepo = ReturnType<typeof openBootRepo>;
type TraceRow = {
  id: number; mac: string; uuid: string; firmware: string; address: string; computer_id: string | null; computer_name: string | null; started_at: number; ended_at: number | null;
  outcome: Trace['outcome']; stopped_at: Trace['stoppedAt']; advice: string | null; events: string;
};
const KEPT_PER_COMPUTER = 20;
const openStates = "('queued', 'waiting', 'running', 'lost')";

export function openBootRepo(db: Database) {
  const viewTrace = (row: TraceRow): StoredTrace => ({
    id: row.id, mac: row.mac, uuid: row.uuid, firmware: row.firmware, address: row.address, computerId: row.computer_id, computerName: row.computer_name ?? '', startedAt: row.started_at, endedAt: row.ended_at,
    outcome: row.outcome, stoppedAt: row.stopped_at, advice: row.advice, secureBoot: false, events: JSON.parse(row.events) as TraceEvent[],
  });
  const values = (trace: Trace) => ({
    mac: trace.mac, uuid: trace.uuid, firmware: trace.firmware, address: trace.address, startedAt: trace.startedAt, endedAt: trace.endedAt, outcome: trace.outcome, stoppedAt: trace.stoppedAt, advice: trace.advice, events: JSON.stringify(trace.events),
  });
  return {
    transaction: <T>(work: () => T): T => db.transaction(work),
    /** null where nothing was kept, or what was kept is of another version. */
    config<T>(key: string, schema: z.ZodType<T>): T | null {
      const row = db.get<{ value: string }>('SELECT value FROM boot_config WHERE key = :key', { key });
      const parsed = schema.safeParse(row === undefined ? undefined : JSON.parse(row.value));
      return parsed.success ? parsed.data : null;
    },
    setConfig: (key: string, value: unknown) => db.run('INSERT INTO boot_config (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value', { key, value: JSON.stringify(value) }),
    leases: (): Lease[] => db.all<{ address: string; mac: string; hostname: string; state: Lease['state']; ends_at: number }>('SELECT * FROM boot_lease ORDER BY address').map(({ ends_at, ...row }) => ({ ...row, endsAt: ends_at })),
    setLeases(leases: readonly Lease[]): void {
      db.transaction(() => {
        db.run('DELETE FROM boot_lease');
        for (const lease of leases) db.run('INSERT INTO boot_lease (address, mac, hostname, state, ends_at) VALUES (:address, :mac, :hostname, :state, :endsAt)', lease);
      });
    },
    /** Computers outside the trash, with their identifiers: a MAC that several have is nobody's. */
    computers(): { computers: BootComputer[]; byMac: Record<string, number>; byUuid: Record<string, number> } {
      const rows = db.all<{ id: string; name: string; model: string; boot_override: BootComputer['override']; secure_boot: 0 | 1; title: string | null }>(
        `SELECT computer.id, computer.name, computer.model, boot_override, secure_boot, (SELECT job_name FROM run WHERE run.computer_id = computer.id AND run.kind = 'job' AND run.state IN ${openStates} ORDER BY run.started_at LIMIT 1) AS title
          FROM computer WHERE trashed_at IS NULL AND merged_into IS NULL`);
      const indexOf = new Map(rows.map((row, index) => [row.id, index]));
      const byMac: Record<string, number> = {};
      const byUuid: Record<string, number> = {};
      const seen = new Set<string>();
      for (const { computer_id, kind, value } of db.all<{ computer_id: string; kind: string; value: string }>("SELECT computer_id, kind, value FROM computer_evidence WHERE kind IN ('mac', 'system-uuid')")) {
        const index = indexOf.get(computer_id);
        if (index === undefined) continue;
        const table = kind === 'mac' ? byMac : byUuid;
        if (seen.has(`${kind} ${value}`)) delete table[value];
        else table[value] = index;
        seen.add(`${kind} ${value}`);
      }
      return { computers: rows.map((row) => ({ id: row.id, name: row.name, model: row.model, override: row.boot_override, armedRun: row.title, secureBoot: row.secure_boot === 1 })), byMac, byUuid };
    },
    computerName: (id: string): string | null => db.get<{ name: string }>('SELECT name FROM computer WHERE id = :id', { id })?.name ?? null,
    setOverride: (id: string, override: BootComputer['override']): boolean => db.run('UPDATE computer SET boot_override = :override WHERE id = :id', { id, override }) === 1,
    override: (id: string): BootComputer['override'] => db.get<{ boot_override: BootComputer['override'] }>('SELECT boot_override FROM computer WHERE id = :id', { id })?.boot_override ?? null,
    setSecureBoot: (id: string, on: boolean): boolean => db.run('UPDATE computer SET secure_boot = :on WHERE id = :id AND secure_boot <> :on', { id, on: on ? 1 : 0 }) === 1,

    insertTrace: (trace: Trace, computerId: string | null): number =>
      db.get<{ id: number }>(`INSERT INTO boot_trace (mac, uuid, firmware, address, computer_id, started_at, ended_at, outcome, stopped_at, advice, events)
        VALUES (:mac, :uuid, :firmware, :address, :computerId, :startedAt, :endedAt, :outcome, :stoppedAt, :advice, :events) RETURNING id`, { ...values(trace), computerId })?.id ?? 0,
    updateTrace: (id: number, trace: Trace, computerId: string | null) =>
      db.run(`UPDATE boot_trace SET mac = :mac, uuid = :uuid, firmware = :firmware, address = :address, computer_id = coalesce(:computerId, computer_id), started_at = :startedAt, ended_at = :endedAt, outcome = :outcome,
        stopped_at = :stoppedAt, advice = :advice, events = :events WHERE id = :id`, { ...values(trace), id, computerId }),
    traces: (filter: { computer: string | null; mac: string | null; limit: number }): StoredTrace[] =>
      db.all<TraceRow>(`SELECT boot_trace.*, computer.name AS computer_name FROM boot_trace LEFT JOIN computer ON computer.id = boot_trace.computer_id
        WHERE (:computer IS NULL OR computer_id = :computer) AND (:mac IS NULL OR boot_trace.mac = :mac) ORDER BY started_at DESC, boot_trace.id DESC LIMIT :limit`, filter).map(viewTrace),
    unfinished: (): StoredTrace[] => db.all<TraceRow>("SELECT boot_trace.*, NULL AS computer_name FROM boot_trace WHERE outcome = 'running'").map(viewTrace),
    prune: (mac: string) => db.run('DELETE FROM boot_trace WHERE mac = :mac AND id NOT IN (SELECT id FROM boot_trace WHERE mac = :mac ORDER BY started_at DESC LIMIT :kept)', { mac, kept: KEPT_PER_COMPUTER }),
  };
}
