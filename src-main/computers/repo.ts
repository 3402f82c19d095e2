// Owns the SQL of computers, their hardware and evidence. No rules: those are in the files beside it.
// "Living" is a record that is neither in the trash nor merged into another; the partial indexes say it in the same words.
import type { Database, Values } from '../db/database.ts';
import type { Evidence, EvidenceKind } from './identity.ts';
import { openLiving } from './living.ts';

/** Everything of a computer that does not grow with its hardware. */
export type StoredComputer = {
  id: string; name: string; name_key: string; first_seen_at: number; last_seen_at: number; address: string; group_id: string | null; named: 0 | 1; trashed_at: number | null;
  merged_into: string | null; merged_at: number | null; /** When it was left to a person to say which computer this is; null: it is clear. */ asked_at: number | null;
  model: string; serial: string; disk_count: number;
};
export type Hardware = { identity: string; disks: string };
export type ListQuery = {
  /** Of one of these; null stands for those in no group. */ groups?: readonly (string | null)[] | undefined; ids?: readonly string[] | undefined; text?: string | undefined;
  trash?: boolean | undefined; after?: { key: string; id: string } | undefined; limit?: number | undefined;
};
export type ComputerRepo = ReturnType<typeof openComputerRepo>;

/** More than these are found by reading on in the order of names. */
const FEW = 1000;
const columns = 'id, name, name_key, first_seen_at, last_seen_at, address, group_id, named, trashed_at, merged_into, merged_at, asked_at, model, serial, disk_count';
const living = 'merged_into IS NULL AND trashed_at IS NULL';

export function openComputerRepo(db: Database) {
  const all = openLiving(db);
  /** A write of what `living.ts` keeps. */
  const write = (sql: string, row: { id: string } & Values): void => {
    db.run(sql, row);
    all.touch(row.id);
  };
  const byId = (id: string): StoredComputer | undefined => db.get(`SELECT ${columns} FROM computer WHERE id = :id`, { id });
  /** The record this one belongs to now: itself, unless it was merged. */
  function root(id: string): StoredComputer | undefined {
    let row = byId(id);
    for (let depth = 0; row !== undefined && row.merged_into !== null && depth < 100; depth++) row = byId(row.merged_into);
    return row;
  }
  /** A record and all that were merged into it, theirs included. */
  function family(id: string): string[] {
    return db.all<{ id: string }>('WITH RECURSIVE part (id) AS (SELECT :id UNION SELECT computer.id FROM computer JOIN part ON computer.merged_into = part.id) SELECT id FROM part', { id }).map((row) => row.id);
  }

  return {
    transaction: <T>(work: () => T): T => db.transaction(work),
    byId, root, family,
    living: all,
    /** A living computer of this name but for case. */
    byKey: (key: string, exceptId: string): StoredComputer | undefined =>
      db.get(`SELECT ${columns} FROM computer WHERE name_key = :key AND ${living} AND id <> :exceptId LIMIT 1`, { key, exceptId }),
    trashedByKey: (key: string): StoredComputer[] => db.all(`SELECT ${columns} FROM computer WHERE name_key = :key AND trashed_at IS NOT NULL AND merged_into IS NULL ORDER BY trashed_at DESC`, { key }),
    merged: (id: string): StoredComputer[] => db.all(`SELECT ${columns} FROM computer WHERE merged_into = :id ORDER BY merged_at, id`, { id }),
    inGroups: (groups: readonly string[]): { id: string; group_id: string }[] =>
      db.all('SELECT id, group_id FROM computer WHERE group_id IN (SELECT value FROM json_each(:groups))', { groups: JSON.stringify(groups) }),
    trashed: (): number => db.get<{ count: number }>('SELECT count(*) AS count FROM computer WHERE trashed_at IS NOT NULL AND merged_into IS NULL')?.count ?? 0,

    list({ groups, ids, text, trash, after, limit }: ListQuery): StoredComputer[] {
      const where = [trash === true ? 'trashed_at IS NOT NULL AND merged_into IS NULL' : living];
      const only = groups?.length === 1 ? groups[0] : undefined;
      if (only === null) where.push('group_id IS NULL');
      else if (only !== undefined) where.push('group_id = :group');
      else if (groups !== undefined) where.push('group_id IN (SELECT value FROM json_each(:groups))');
      if (ids !== undefined) where.push('id IN (SELECT value FROM json_each(:ids))');
      const having = text === undefined || trash === true ? null : all.having(text, FEW);
      // Where many have it the first page is soon full; where few do they are known by now.
      if (having !== null) where.push('id IN (SELECT value FROM json_each(:having))');
      else if (text !== undefined) where.push('instr(found_by, :text) > 0');
      if (after !== undefined) where.push('(name_key, id) > (:key, :afterId)');
      return db.all(`SELECT ${columns} FROM computer WHERE ${where.join(' AND ')} ORDER BY name_key, id LIMIT :limit`, {
        limit: limit ?? -1, ...(only === undefined || only === null ? {} : { group: only }), ...(groups === undefined || groups.length === 1 ? {} : { groups: JSON.stringify(groups) }),
        ...(ids === undefined ? {} : { ids: JSON.stringify(ids) }), ...(having === null ? (text === undefined ? {} : { text }) : { having: JSON.stringify(having) }), ...(after === undefined ? {} : { key: after.key, afterId: after.id }),
      });
    },
    insert: (row: { id: string; name: string; key: string; now: number; address: string; askedAt: number | null }): void => write(
      'INSERT INTO computer (id, name, name_key, first_seen_at, last_seen_at, address, asked_at) VALUES (:id, :name, :key, :now, :now, :address, :askedAt)', row),
    remove: (id: string): void => write('DELETE FROM computer WHERE id = :id', { id }),
    setSeen: (row: { id: string; now: number; address: string }): void => void db.run('UPDATE computer SET last_seen_at = :now, address = :address WHERE id = :id', row),
    setLastSeen: (id: string, now: number): void => void db.run('UPDATE computer SET last_seen_at = :now WHERE id = :id', { id, now }),
    setFacts: (row: { id: string; model: string; serial: string; diskCount: number }): void => void db.run('UPDATE computer SET model = :model, serial = :serial, disk_count = :diskCount WHERE id = :id', row),
    setName: (row: { id: string; name: string; key: string; named: 0 | 1 }): void => write('UPDATE computer SET name = :name, name_key = :key, named = :named WHERE id = :id', row),
    setFoundBy: (id: string, foundBy: string): void => write('UPDATE computer SET found_by = :foundBy WHERE id = :id AND found_by <> :foundBy', { id, foundBy }),
    setGroup: (id: string, group: string | null): void => write('UPDATE computer SET group_id = :group WHERE id = :id', { id, group }),
    setTrashed: (id: string, at: number | null): void => write('UPDATE computer SET trashed_at = :at WHERE id = :id', { id, at }),
    setAsked: (id: string, at: number | null): void => void db.run('UPDATE computer SET asked_at = :at WHERE id = :id', { id, at }),
    setMerged: (id: string, merged: { into: string; at: number; runs: readonly string[] } | null): void => write('UPDATE computer SET merged_into = :into, merged_at = :at, merged_runs = :runs WHERE id = :id',
      { id, into: merged?.into ?? null, at: merged?.at ?? null, runs: merged === null ? null : JSON.stringify(merged.runs) }),
    mergedRuns: (id: string): string[] => JSON.parse(db.get<{ runs: string | null }>('SELECT merged_runs AS runs FROM computer WHERE id = :id', { id })?.runs ?? '[]') as string[],
    withoutKey: (): StoredComputer[] => db.all(`SELECT ${columns} FROM computer WHERE name_key = ''`),

    hardware: (id: string): Hardware | undefined => db.get('SELECT identity, disks FROM computer_hardware WHERE computer_id = :id', { id }),
    setHardware: (id: string, hardware: Hardware): void => void db.run(
      'INSERT INTO computer_hardware (computer_id, identity, disks) VALUES (:id, :identity, :disks) ON CONFLICT (computer_id) DO UPDATE SET identity = :identity, disks = :disks', { id, ...hardware }),

    evidence: (ids: readonly string[]): Evidence[] =>
      db.all<{ kind: EvidenceKind; value: string }>('SELECT DISTINCT kind, value FROM computer_evidence WHERE computer_id IN (SELECT value FROM json_each(:ids))', { ids: JSON.stringify(ids) }),
    holders: (kind: EvidenceKind, values: readonly string[]): string[] =>
      db.all<{ computer_id: string }>('SELECT DISTINCT computer_id FROM computer_evidence WHERE kind = :kind AND value IN (SELECT value FROM json_each(:values))', { kind, values: JSON.stringify(values) }).map((row) => row.computer_id),
    setEvidence: (id: string, evidence: readonly Evidence[]): void => {
      db.run('DELETE FROM computer_evidence WHERE computer_id = :id', { id });
      for (const { kind, value } of evidence) db.run('INSERT INTO computer_evidence (computer_id, kind, value) VALUES (:id, :kind, :value)', { id, kind, value });
    },

    /** What happened to these records and in the runs of the computer, newest first. */
    history: (ids: readonly string[], computerId: string, limit: number): { id: number; at: number; actor: string; kind: string; message: string; data: string }[] => db.all(
      `SELECT id, at, actor, kind, message, data FROM event WHERE (entity = 'computer' AND entity_id IN (SELECT value FROM json_each(:ids)))
        OR (entity = 'run' AND entity_id IN (SELECT id FROM run WHERE computer_id = :computerId)) ORDER BY id DESC LIMIT :limit`, { ids: JSON.stringify(ids), computerId, limit }),
  };
}
