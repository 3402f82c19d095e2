// Owns the SQL of copies, and of the records that order their removal. No rules: those are in copies.ts and records.ts.
import type { VersionState } from '#shared/model/image.ts';
import type { CopyState } from '#shared/model/replication.ts';
import type { Database } from '../db/database.ts';

/** One version's copy on one server; `absent` where nothing was said about it yet. */
export type KnownCopy = { versionGuid: string; imageGuid: string; serverId: string; manifest: string; state: CopyState; provedAt: number | null; problem: string | null };
export type HeldCopy = { versionGuid: string; serverId: string; serverName: string; state: CopyState };
export type CopiesRepo = ReturnType<typeof openCopiesRepo>;

const columns = `image_version.guid AS versionGuid, image_version.image_guid AS imageGuid, image_version.manifest, coalesce(copy.state, 'absent') AS state, copy.proved_at AS provedAt, copy.problem`;

export function openCopiesRepo(db: Database) {
  return {
    transaction: <T>(work: () => T): T => db.transaction(work),
    /** Versions being removed included: their last copies are still to be told gone. */
    at: (versionGuid: string, serverId: string): KnownCopy | undefined => db.get(`SELECT ${columns}, :serverId AS serverId FROM image_version
      LEFT JOIN copy ON copy.version_guid = image_version.guid AND copy.server_id = :serverId WHERE image_version.guid = :versionGuid`, { versionGuid, serverId }),
    on: (serverId: string): KnownCopy[] => db.all(`SELECT ${columns}, copy.server_id AS serverId FROM copy JOIN image_version ON image_version.guid = copy.version_guid WHERE copy.server_id = :serverId`, { serverId }),
    states: (serverId: string): Map<string, CopyState> => new Map(db.all<{ versionGuid: string; state: CopyState }>('SELECT version_guid AS versionGuid, state FROM copy WHERE server_id = :serverId', { serverId })
      .map((row) => [row.versionGuid, row.state])),
    /** On servers that are in: what one that was retired or revoked has can't be asked for, and proves nothing. */
    of: (versionGuid: string): HeldCopy[] => db.all(`SELECT version_guid AS versionGuid, server_id AS serverId, server.name AS serverName, copy.state FROM copy JOIN server ON server.id = copy.server_id
      WHERE version_guid = :versionGuid AND server.state IN ('joined', 'retiring') ORDER BY server.is_self DESC, server.name COLLATE NOCASE`, { versionGuid }),
    /** What a version's state follows from, in one row: a report of thousands of copies asks it for each. */
    factsOf: (versionGuid: string, selfId: string): { state: VersionState; damagedChunks: number; ownState: CopyState; states: CopyState[] } | undefined => {
      const row = db.get<{ state: VersionState; damagedChunks: number; ownState: CopyState; states: string | null }>(`SELECT image_version.state, damaged_chunks AS damagedChunks,
          coalesce((SELECT state FROM copy WHERE version_guid = :versionGuid AND server_id = :selfId), 'absent') AS ownState,
          (SELECT group_concat(copy.state) FROM copy JOIN server ON server.id = copy.server_id WHERE version_guid = :versionGuid AND server.state IN ('joined', 'retiring')) AS states
        FROM image_version WHERE guid = :versionGuid AND removing_at IS NULL`, { versionGuid, selfId });
      return row === undefined ? undefined : { ...row, states: (row.states?.split(',') ?? []) as CopyState[] };
    },
    /** Compare-and-set: false where it was in another state than `from`. */
    move: (copy: { versionGuid: string; serverId: string; from: CopyState; to: CopyState; provedAt: number | null; problem: string | null }): boolean => {
      const { versionGuid, serverId, from } = copy;
      db.run('INSERT INTO copy (version_guid, server_id, state) VALUES (:versionGuid, :serverId, :from) ON CONFLICT DO NOTHING', { versionGuid, serverId, from });
      return db.run('UPDATE copy SET state = :to, proved_at = coalesce(:provedAt, proved_at), problem = :problem WHERE version_guid = :versionGuid AND server_id = :serverId AND state = :from', copy) === 1;
    },
    isBeingRemoved: (versionGuid: string): boolean => db.get('SELECT 1 FROM image_version WHERE guid = :versionGuid AND removing_at IS NOT NULL', { versionGuid }) !== undefined,
    /** Of a version that is being removed: copies whose servers have not said yet that they are gone. A server that is out is not waited for. */
    leftElsewhere: (versionGuid: string): number => db.get<{ count: number }>(`SELECT count(*) AS count FROM copy JOIN server ON server.id = copy.server_id
      WHERE version_guid = :versionGuid AND server.is_self = 0 AND server.state IN ('joined', 'retiring') AND copy.state <> 'absent'`, { versionGuid })?.count ?? 0,
    forget: (versionGuid: string, serverId: string) => db.run('DELETE FROM copy WHERE version_guid = :versionGuid AND server_id = :serverId', { versionGuid, serverId }),
    /** Copies that a server was told to let go of, by a record that it says it carried out. */
    acknowledgedGone: (): { versionGuid: string; serverId: string }[] => db.all(`SELECT copy.version_guid AS versionGuid, copy.server_id AS serverId FROM copy JOIN server ON server.id = copy.server_id
      JOIN image_version ON image_version.guid = copy.version_guid WHERE copy.state = 'removing' AND server.is_self = 0 AND server.records_acked >= (
        SELECT max(seq) FROM signed_record WHERE (signed_record.server_id IS NULL OR signed_record.server_id = copy.server_id) AND withdrawn_at IS NULL
          AND (signed_record.version_guid = copy.version_guid OR (kind = 'delete-image' AND signed_record.image_guid = image_version.image_guid AND image_version.removing_at IS NOT NULL)))`),

    isConsole: (): boolean => db.get("SELECT 1 FROM server WHERE is_self = 1 AND role = 'console'") !== undefined,
    /** Also those that are out: one that comes back executes what was ordered meanwhile. */
    hadOtherServers: (): boolean => db.get('SELECT 1 FROM server WHERE is_self = 0') !== undefined,
    server: (id: string): { id: string; name: string; publicKey: string } | undefined => db.get('SELECT id, name, public_key AS publicKey FROM server WHERE id = :id', { id }),
    /** The body holds its own number, so the row is made first. */
    insertRecord: (record: { at: number; kind: string; serverId: string | null; versionGuid: string | null; imageGuid: string }, write: (seq: number) => { body: string; signature: string }): number => {
      const row = db.get<{ seq: number }>(`INSERT INTO signed_record (at, kind, server_id, version_guid, image_guid, body, signature) VALUES (:at, :kind, :serverId, :versionGuid, :imageGuid, '', '') RETURNING seq`, record);
      const seq = row?.seq ?? 0;
      db.run('UPDATE signed_record SET body = :body, signature = :signature WHERE seq = :seq', { seq, ...write(seq) });
      return seq;
    },
    /** Whether a record says that this very version was deleted for good. */
    wasDeleted: (version: { guid: string; manifest: string }): boolean => db.get(
      `SELECT 1 FROM signed_record WHERE kind <> 'release-copy' AND withdrawn_at IS NULL AND instr(body, :guid) > 0 AND instr(body, :manifest) > 0`, version) !== undefined,
  };
}
