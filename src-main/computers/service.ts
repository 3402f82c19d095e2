// Owns the computers Platen knows: recognised at an agent's hello, their hardware and disks, and who of them is connected.
import { randomUUID } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import { diskSummarySchema, firmwareIdentitySchema, type ComputerRow, type ComputerView, type Group, type GroupDetail, type Inventory } from '#shared/model/computer.ts';
import type { HistoryEvent } from '#shared/model/image.ts';
import type { SearchHit } from '#shared/model/server.ts';
import { z } from 'zod';
import type { Database } from '../db/database.ts';
import type { Events } from '../events/service.ts';
import type { Runs } from '../runs/service.ts';
import type { Undo } from '../undo/service.ts';
import { evidenceOf, recognise, score, suggestName, type Evidence, type EvidenceKind } from './identity.ts';

export type Computers = ReturnType<typeof openComputers>;
export type ComputersParts = { db: Database; events: Events; undo: Undo; runs: Runs; clock: () => number };
export type ListFilter = { group?: string | undefined; deep?: boolean | undefined; text?: string | undefined; online?: boolean | undefined; trash?: boolean | undefined; after?: string | undefined; limit?: number | undefined };
type Undoable = { undo: number | null };
/** What hello found: candidates are offered where several known computers fit equally; then this record is a new one, until the technician says. */
export type Seen = { id: string; name: string; isNew: boolean; named: boolean; candidates: { id: string; name: string; model: string; serial: string; lastSeenAt: number }[] };
type Stored = {
  id: string; name: string; first_seen_at: number; last_seen_at: number; address: string; identity: string; disks: string; group_id: string | null; named: 0 | 1; trashed_at: number | null;
  model: string; serial: string; disk_count: number;
};

const notYet = (): never => {
  throw new AppError('internal', 'This is not there yet.');
};

export function openComputers({ db, events, clock }: ComputersParts) {
  /** Connections per computer; only connected ones have an entry. */
  const online = new Map<string, number>();

  const byId = (id: string): Stored | undefined => db.get('SELECT * FROM computer WHERE id = :id', { id });

  function knownEvidence(ids: readonly string[]): Map<string, Evidence[]> {
    const found = new Map<string, Evidence[]>();
    for (const id of ids) found.set(id, db.all<{ kind: EvidenceKind; value: string }>('SELECT kind, value FROM computer_evidence WHERE computer_id = :id', { id }));
    return found;
  }

  /** Computers that share any piece of evidence with this machine, and the MACs several computers have. */
  function candidatesFor(machine: readonly Evidence[]): { candidates: { computerId: string; evidence: Evidence[] }[]; shared: Set<string> } {
    const ids = new Set<string>();
    const shared = new Set<string>();
    for (const { kind, value } of machine) {
      const rows = db.all<{ computer_id: string }>('SELECT computer_id FROM computer_evidence WHERE kind = :kind AND value = :value', { kind, value });
      for (const row of rows) ids.add(row.computer_id);
      if (kind === 'mac' && rows.length > 1) shared.add(value);
    }
    const evidence = knownEvidence([...ids]);
    return { candidates: [...evidence].map(([computerId, list]) => ({ computerId, evidence: list })), shared };
  }

  function freeName(wanted: string): string {
    for (let number = 1; ; number++) {
      const name = number === 1 ? wanted : `${wanted} (${number})`;
      if (db.get('SELECT 1 FROM computer WHERE name = :name', { name }) === undefined) return name;
    }
  }

  /** The computer a token is bound to must not be another machine: one that contradicts it is turned away. */
  function requireSame(id: string, machine: readonly Evidence[]): void {
    const known = knownEvidence([id]).get(id) ?? [];
    if (known.length > 0 && machine.length > 0 && score(machine, known) < 0) {
      throw new AppError('forbidden', 'This token belongs to another computer: its firmware says otherwise. Start the agent with an administrator token to make this computer known.', { computerId: id });
    }
  }

  function identify(machine: readonly Evidence[], boundTo: string | null): string | null {
    if (boundTo !== null && byId(boundTo) !== undefined) {
      requireSame(boundTo, machine);
      return boundTo;
    }
    const { candidates, shared } = candidatesFor(machine);
    const found = recognise(machine, candidates, shared);
    return found.kind === 'known' ? found.computerId : null;
  }

  function viewRow(row: Stored): ComputerRow {
    return {
      id: row.id, name: row.name, groupId: row.group_id, firstSeenAt: row.first_seen_at, lastSeenAt: row.last_seen_at, online: online.has(row.id), address: row.address,
      model: row.model, serial: row.serial, diskCount: row.disk_count, named: row.named === 1, trashedAt: row.trashed_at,
    };
  }
  function view(row: Stored): ComputerView {
    return {
      ...viewRow(row), path: [], evidence: [], similar: [], merged: [],
      identity: firmwareIdentitySchema.parse(JSON.parse(row.identity)), disks: z.array(diskSummarySchema).parse(JSON.parse(row.disks)),
    };
  }

  return {
    /** An agent said hello. @param boundTo the computer its token belongs to, or null for an administrator's token */
    seen(inventory: Inventory, address: string, boundTo: string | null): Seen {
      const machine = evidenceOf(inventory.identity);
      const now = clock();
      const result = db.transaction(() => {
        const known = identify(machine, boundTo);
        const id = known ?? randomUUID();
        const facts = { id, now, address: address.slice(0, 100), identity: JSON.stringify(inventory.identity), disks: JSON.stringify(inventory.disks) };
        if (known === null) {
          const name = freeName(suggestName(inventory.identity));
          db.run('INSERT INTO computer (id, name, first_seen_at, last_seen_at, address, identity, disks) VALUES (:id, :name, :now, :now, :address, :identity, :disks)', { ...facts, name });
          events.record({ actor: 'server', entity: 'computer', id, kind: 'first-seen', message: `Computer "${name}" was seen for the first time`, data: { address } });
        } else {
          db.run('UPDATE computer SET last_seen_at = :now, address = :address, identity = :identity, disks = :disks WHERE id = :id', facts);
          db.run('DELETE FROM computer_evidence WHERE computer_id = :id', { id });
        }
        for (const { kind, value } of machine) db.run('INSERT INTO computer_evidence (computer_id, kind, value) VALUES (:id, :kind, :value)', { id, kind, value });
        return { id, name: byId(id)?.name ?? '', isNew: known === null, named: byId(id)?.named === 1, candidates: [] };
      });
      events.changed('computer', result.id);
      return result;
    },
    connected(id: string): void {
      online.set(id, (online.get(id) ?? 0) + 1);
      events.changed('computer', id);
    },
    disconnected(id: string): void {
      const left = (online.get(id) ?? 1) - 1;
      if (left > 0) online.set(id, left);
      else online.delete(id);
      db.run('UPDATE computer SET last_seen_at = :now WHERE id = :id', { id, now: clock() });
      events.changed('computer', id);
    },
    list: (_filter: ListFilter): ComputerRow[] => db.all<Stored>('SELECT * FROM computer ORDER BY name COLLATE NOCASE').map(viewRow),
    /** By id or by name. */
    get(ref: string): ComputerView {
      const row = byId(ref) ?? db.get<Stored>('SELECT * FROM computer WHERE name = :ref', { ref });
      if (row === undefined) throw new AppError('not-found', `There is no computer "${ref}". "platen computer list" shows those that are known.`, { computer: ref });
      return view(row);
    },
    count: (): number => db.get<{ count: number }>('SELECT count(*) AS count FROM computer')?.count ?? 0,
    isOnline: (id: string): boolean => online.has(id),
    /** The technician's answer to a tie: the provisional record becomes part of the one that was meant. */
    identify: (_provisional: string, _meant: string | null, _actor: string): { id: string; name: string; named: boolean } => notYet(),
    history: (_ref: string): HistoryEvent[] => notYet(),
    rename: (_ref: string, _name: string, _actor: string): Undoable => notYet(),
    /** From the portal: rules of computer-name.ts and uniqueness; from then on the computer counts as named. Null: fine. */
    nameProblem: (_id: string, _name: string): string | null => null,
    /** Ids of computers named, and of all in groups named, subgroups included; throws for unknown ones. */
    resolve: (_computers: readonly string[], _groups: readonly string[]): string[] => notYet(),
    move: (_change: { computers: readonly string[]; group: string | null }, _actor: string): Undoable => notYet(),
    merge: (_change: { into: string; from: string }, _actor: string): Undoable => notYet(),
    split: (_merged: string, _actor: string): Undoable => notYet(),
    trash: (_computers: readonly string[], _actor: string): Undoable => notYet(),
    untrash: (_computers: readonly string[], _actor: string): Undoable => notYet(),
    groups: (): Group[] => [],
    group: (_ref: string): GroupDetail => notYet(),
    createGroup: (_group: { parent: string | null; name: string }, _actor: string): Undoable & { id: string } => notYet(),
    saveGroup: (_change: { group: string; name?: string | undefined; description?: string | undefined }, _actor: string): Undoable => notYet(),
    moveGroups: (_change: { groups: readonly string[]; parent: string | null }, _actor: string): Undoable => notYet(),
    trashGroups: (_groups: readonly string[], _actor: string): Undoable => notYet(),
    search: (_text: string, _limit: number): SearchHit[] => [],
  };
}
