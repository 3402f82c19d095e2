// Owns the SQL of servers, join tokens, source rules and the history of transfers. No rules: those are in the files beside it.
import type { Database } from '../db/database.ts';

export type ServerState = 'joined' | 'retiring' | 'retired' | 'revoked';
export type ServerRow = {
  id: string; name: string; role: 'console' | 'package-server'; is_self: number; created_at: number; state: ServerState; site_id: string | null; parent_id: string | null;
  public_key: string; fingerprint: string; /** JSON */ addresses: string; program_version: string; last_seen_at: number | null; /** Digest of what it reported last. */ last_report: string;
  free_bytes: number | null; total_bytes: number | null; clock_skew_ms: number | null; bytes_per_second: number | null; records_acked: number;
};
export type JoinRow = { hash: string; name: string; site_id: string | null; parent_id: string | null; created_at: number; created_by: string; expires_at: number; used_by: string | null };
export type RuleRow = { id: string; subnet: string; server_id: string; position: number };
export type TransferRow = { id: number; version_guid: string; server_id: string; image_name: string; version_number: number; started_at: number; ended_at: number; outcome: 'done' | 'failed' | 'cancelled'; facts: string };
export type SignedRecordRow = { seq: number; body: string; signature: string };
export type Figures = { freeBytes: number; totalBytes: number; skewMs: number };
export type ServerRepo = ReturnType<typeof openServerRepo>;

export function openServerRepo(db: Database) {
  return {
    transaction: <T>(work: () => T): T => db.transaction(work),

    all: (): ServerRow[] => db.all('SELECT * FROM server ORDER BY is_self DESC, name COLLATE NOCASE, id'),
    byId: (id: string): ServerRow | undefined => db.get('SELECT * FROM server WHERE id = :id', { id }),
    byKey: (publicKey: string): ServerRow | undefined => db.get("SELECT * FROM server WHERE public_key = :publicKey AND public_key <> ''", { publicKey }),
    insert: (row: { id: string; name: string; siteId: string | null; parentId: string | null; publicKey: string; now: number }): void => void db.run(
      "INSERT INTO server (id, name, role, is_self, created_at, state, site_id, parent_id, public_key) VALUES (:id, :name, 'package-server', 0, :now, 'joined', :siteId, :parentId, :publicKey)", row),
    /** One that was here before comes back under its id. */
    rejoin: (row: { id: string; name: string; siteId: string | null; parentId: string | null }): void => void db.run(
      "UPDATE server SET name = :name, state = 'joined', site_id = :siteId, parent_id = :parentId, last_report = '' WHERE id = :id", row),
    setName: (id: string, name: string): void => void db.run('UPDATE server SET name = :name WHERE id = :id', { id, name }),
    setState: (id: string, state: ServerState): void => void db.run('UPDATE server SET state = :state WHERE id = :id', { id, state }),
    setPlace: (id: string, siteId: string | null, parentId: string | null): void => void db.run('UPDATE server SET site_id = :siteId, parent_id = :parentId WHERE id = :id', { id, siteId, parentId }),
    setLimit: (id: string, bytesPerSecond: number | null): void => void db.run('UPDATE server SET bytes_per_second = :bytesPerSecond WHERE id = :id', { id, bytesPerSecond }),
    /** Where it is and what it is, as its connection said after it proved its key. */
    setContact: (row: { id: string; fingerprint: string; addresses: string; version: string; seenAt: number | null }): void => void db.run(
      'UPDATE server SET fingerprint = :fingerprint, addresses = :addresses, program_version = :version, last_seen_at = coalesce(:seenAt, last_seen_at) WHERE id = :id', row),
    setOwn: (row: { id: string; publicKey: string; fingerprint: string; addresses: string; version: string; role: ServerRow['role'] }): void => void db.run(
      'UPDATE server SET public_key = :publicKey, fingerprint = :fingerprint, addresses = :addresses, program_version = :version, role = :role WHERE id = :id', row),
    setSeen: (id: string, at: number, figures: Figures | null): void => void db.run(
      'UPDATE server SET last_seen_at = :at, free_bytes = coalesce(:free, free_bytes), total_bytes = coalesce(:total, total_bytes), clock_skew_ms = coalesce(:skew, clock_skew_ms) WHERE id = :id',
      { id, at, free: figures?.freeBytes ?? null, total: figures?.totalBytes ?? null, skew: figures?.skewMs ?? null }),
    setReport: (id: string, digest: string): void => void db.run('UPDATE server SET last_report = :digest WHERE id = :id', { id, digest }),
    setRecordsAcked: (id: string, seq: number): void => void db.run('UPDATE server SET records_acked = max(records_acked, :seq) WHERE id = :id', { id, seq }),
    /** A console that was restored from a backup must not give numbers again that a server has carried out: it would take new records for old ones. */
    skipRecords: (seq: number): void => {
      const now = db.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'signed_record'");
      if (now === undefined) db.run("INSERT INTO sqlite_sequence (name, seq) VALUES ('signed_record', :seq)", { seq });
      else if (now.seq < seq) db.run("UPDATE sqlite_sequence SET seq = :seq WHERE name = 'signed_record'", { seq });
    },
    children: (id: string): ServerRow[] => db.all('SELECT * FROM server WHERE parent_id = :id', { id }),

    insertJoin: (row: Omit<JoinRow, 'used_by'>): void => void db.run('INSERT INTO server_join (hash, name, site_id, parent_id, created_at, created_by, expires_at) VALUES (:hash, :name, :site_id, :parent_id, :created_at, :created_by, :expires_at)', row),
    join: (hash: string): JoinRow | undefined => db.get('SELECT * FROM server_join WHERE hash = :hash', { hash }),
    /** Compare-and-set: false where it was used meanwhile. */
    useJoin: (hash: string, serverId: string): boolean => db.run('UPDATE server_join SET used_by = :serverId WHERE hash = :hash AND used_by IS NULL', { hash, serverId }) === 1,
    forgetJoins: (before: number): void => void db.run('DELETE FROM server_join WHERE expires_at < :before', { before }),

    rules: (): RuleRow[] => db.all('SELECT * FROM source_rule ORDER BY position, id'),
    setRules: (rules: readonly RuleRow[]): void => {
      db.run('DELETE FROM source_rule');
      for (const rule of rules) db.run('INSERT INTO source_rule (id, subnet, server_id, position) VALUES (:id, :subnet, :server_id, :position)', rule);
    },

    insertTransfer: (row: Omit<TransferRow, 'id'>): void => void db.run(`INSERT INTO transfer (version_guid, server_id, image_name, version_number, started_at, ended_at, outcome, facts)
      VALUES (:version_guid, :server_id, :image_name, :version_number, :started_at, :ended_at, :outcome, :facts)`, row),
    /** Newest first. */
    transfers: ({ serverId, versionGuid, limit }: { serverId: string | null; versionGuid: string | null; limit: number }): TransferRow[] => db.all(
      `SELECT * FROM transfer WHERE (:serverId IS NULL OR server_id = :serverId) AND (:versionGuid IS NULL OR version_guid = :versionGuid) ORDER BY id DESC LIMIT :limit`, { serverId, versionGuid, limit }),

    /** By server that is in: orders above its number that are about copies it has. */
    waitingDeletions: (): { server_id: string; count: number }[] => db.all(`SELECT server.id AS server_id, count(*) AS count FROM server
      JOIN signed_record ON seq > records_acked AND withdrawn_at IS NULL AND (signed_record.server_id IS NULL OR signed_record.server_id = server.id)
      WHERE is_self = 0 AND state IN ('joined', 'retiring') AND (
        EXISTS (SELECT 1 FROM copy WHERE copy.version_guid = signed_record.version_guid AND copy.server_id = server.id AND copy.state <> 'absent')
        OR (kind = 'delete-image' AND EXISTS (SELECT 1 FROM image_version JOIN copy ON copy.version_guid = image_version.guid AND copy.server_id = server.id AND copy.state <> 'absent'
          WHERE image_version.image_guid = signed_record.image_guid AND removing_at IS NOT NULL)))
      GROUP BY server.id`),
    /** What a server has not carried out yet, in order. */
    recordsFor: (serverId: string, after: number): SignedRecordRow[] => db.all(
      'SELECT seq, body, signature FROM signed_record WHERE seq > :after AND withdrawn_at IS NULL AND (server_id IS NULL OR server_id = :serverId) ORDER BY seq LIMIT 10000', { serverId, after }),
  };
}
