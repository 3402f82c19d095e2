// Owns the SQL of hand-overs, and of who owns an image. No rules: those are in the files beside it.
import type { CopyState } from '#shared/model/replication.ts';
import type { Database } from '../db/database.ts';
import { bodySchema, type HeldImage, type HeldVersion, type Row } from './parts.ts';

export type HandoverRepo = ReturnType<typeof openHandoverRepo>;
type HandoverRow = { id: string; kind: Row['kind']; from_server_id: string | null; to_server_id: string | null; state: Row['state']; actor: string; started_at: number; ended_at: number | null; body: string };
type ImageRow = { guid: string; name: string; created_at: number; protected: number; trashed_at: number | null; owner_id: string; stored_bytes: number };
type VersionRow = { guid: string; image_guid: string; number: number; pending: number; trashed_at: number | null; stored_bytes: number; used_bytes: number };

const OPEN = "state NOT IN ('done', 'cancelled', 'failed')";

export function openHandoverRepo(db: Database) {
  const read = (row: HandoverRow): Row => ({
    id: row.id, kind: row.kind, from: row.from_server_id, to: row.to_server_id, state: row.state, actor: row.actor, startedAt: row.started_at, endedAt: row.ended_at, body: bodySchema.parse(JSON.parse(row.body)),
  });
  const columns = (row: Row) => ({ id: row.id, kind: row.kind, from: row.from, to: row.to, state: row.state, actor: row.actor, startedAt: row.startedAt, endedAt: row.endedAt, body: JSON.stringify(row.body) });

  return {
    transaction: <T>(work: () => T): T => db.transaction(work),
    insert: (row: Row): void => void db.run(`INSERT INTO handover (id, kind, from_server_id, to_server_id, state, actor, started_at, ended_at, body)
      VALUES (:id, :kind, :from, :to, :state, :actor, :startedAt, :endedAt, :body)`, columns(row)),
    save: (row: Row): void => void db.run('UPDATE handover SET state = :state, to_server_id = :to, ended_at = :endedAt, body = :body WHERE id = :id',
      { id: row.id, state: row.state, to: row.to, endedAt: row.endedAt, body: JSON.stringify(row.body) }),
    byId: (id: string): Row | undefined => {
      const row = db.get<HandoverRow>('SELECT * FROM handover WHERE id = :id', { id });
      return row === undefined ? undefined : read(row);
    },
    /** Oldest first. */
    open: (): Row[] => db.all<HandoverRow>(`SELECT * FROM handover WHERE ${OPEN} ORDER BY started_at, rowid`).map(read),
    /** Without reading what is in them. */
    openIds: (): string[] => db.all<{ id: string }>(`SELECT id FROM handover WHERE ${OPEN} ORDER BY started_at, rowid`).map((row) => row.id),
    /** Those that take single images, but for one. */
    otherTakings: (exceptId: string): Row[] => db.all<HandoverRow>(`SELECT * FROM handover WHERE ${OPEN} AND kind = 'take-ownership' AND id <> :exceptId ORDER BY started_at, rowid`, { exceptId }).map(read),
    /** Newest first. */
    ended: (limit: number): Row[] => db.all<HandoverRow>(`SELECT * FROM handover WHERE NOT (${OPEN}) ORDER BY started_at DESC, rowid DESC LIMIT ${limit}`).map(read),

    images: (guids: readonly string[]): Map<string, HeldImage> => {
      const values = { guids: JSON.stringify(guids) };
      const versions = db.all<VersionRow>('SELECT guid, image_guid, number, pending, trashed_at, stored_bytes, used_bytes FROM image_version WHERE removing_at IS NULL AND image_guid IN (SELECT value FROM json_each(:guids)) ORDER BY number DESC', values);
      const copies = Map.groupBy(db.all<{ version_guid: string; server_id: string; state: CopyState; proved_at: number | null }>(`SELECT version_guid, server_id, copy.state, proved_at FROM copy JOIN image_version ON image_version.guid = version_guid
        WHERE removing_at IS NULL AND image_guid IN (SELECT value FROM json_each(:guids))`, values), (copy) => copy.version_guid);
      const held = (row: VersionRow): HeldVersion => ({
        guid: row.guid, number: row.number, pending: row.pending === 1, trashed: row.trashed_at !== null, storedBytes: row.stored_bytes, usedBytes: row.used_bytes,
        copies: new Map((copies.get(row.guid) ?? []).map((copy) => [copy.server_id, { state: copy.state, provedAt: copy.proved_at }])),
      });
      const byImage = Map.groupBy(versions, (version) => version.image_guid);
      return new Map(db.all<ImageRow>(`SELECT guid, name, created_at, protected, trashed_at, stored_bytes, coalesce(owner.server_id, '') AS owner_id FROM image LEFT JOIN owner ON owner.image_guid = guid
        WHERE removing_at IS NULL AND guid IN (SELECT value FROM json_each(:guids)) ORDER BY name COLLATE NOCASE, created_at`, values).map((row): [string, HeldImage] => [row.guid, {
        guid: row.guid, name: row.name, createdAt: row.created_at, protected: row.protected === 1, trashed: row.trashed_at !== null, ownerId: row.owner_id, storedBytes: row.stored_bytes, versions: (byImage.get(row.guid) ?? []).map(held),
      }]));
    },
    guidsNamed: (name: string): string[] => db.all<{ guid: string }>('SELECT guid FROM image WHERE name = :name AND removing_at IS NULL AND trashed_at IS NULL ORDER BY created_at', { name }).map((row) => row.guid),
    exists: (guid: string): boolean => db.get('SELECT 1 FROM image WHERE guid = :guid AND removing_at IS NULL', { guid }) !== undefined,
    ownedBy: (serverId: string): string[] => db.all<{ guid: string }>('SELECT guid FROM image JOIN owner ON owner.image_guid = guid WHERE server_id = :serverId AND removing_at IS NULL ORDER BY name COLLATE NOCASE, created_at', { serverId }).map((row) => row.guid),
    /** Images of which a server has, or had, anything; and those it owns. */
    concerning: (serverId: string): string[] => db.all<{ guid: string }>(`SELECT DISTINCT image_guid AS guid FROM copy JOIN image_version ON image_version.guid = version_guid
      WHERE server_id = :serverId AND copy.state IN ('verifying', 'ready', 'damaged') AND removing_at IS NULL UNION SELECT image_guid FROM owner WHERE server_id = :serverId`, { serverId }).map((row) => row.guid),
    /** Under way: their chunks go to that server, and their version is made there. */
    capturesAt: (serverId: string): number => db.get<{ count: number }>(`SELECT count(*) AS count FROM run WHERE state IN ('queued', 'waiting', 'running') AND capture_id IS NOT NULL
      AND json_extract(request, '$.at.serverId') = :serverId`, { serverId })?.count ?? 0,
    /** Compare-and-set. */
    setOwner: (imageGuid: string, from: string, to: string): boolean => {
      if (from === '') return db.run('INSERT INTO owner (image_guid, server_id) VALUES (:imageGuid, :to) ON CONFLICT DO NOTHING', { imageGuid, to }) === 1;
      return db.run('UPDATE owner SET server_id = :to WHERE image_guid = :imageGuid AND server_id = :from', { imageGuid, from, to }) === 1;
    },
  };
}
