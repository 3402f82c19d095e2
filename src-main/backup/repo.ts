// Owns the SQL of backups: what a backup says of its images, and what must become true in a database that was restored from one.
import type { BackupAbout } from '#shared/model/backup.ts';
import type { Database } from '../db/database.ts';

export type BackupRepo = ReturnType<typeof openBackupRepo>;
type VersionRow = { imageName: string; versionGuid: string; number: number; manifest: string; here: number; readyAt: string };

/** What stands at a copy that a backup calls proved: whoever has it must say so again. */
export const NOT_PROVED_SINCE = 'It was proved when the backup was made, and has not been since. It counts when its server says so again.';
/** What stands at this server's own copy where its images were not in the backup. */
export const NOT_IN_BACKUP = 'The backup that this server was restored from holds no images. It is copied here again from a server that has it.';

export function openBackupRepo(db: Database) {
  return {
    transaction: <T>(work: () => T): T => db.transaction(work),
    self: (): { id: string; name: string; role: BackupAbout['role']; fingerprint: string } | undefined => db.get('SELECT id, name, role, fingerprint FROM server WHERE is_self = 1'),
    versions: (selfId: string): BackupAbout['versions'] => db.all<VersionRow>(`SELECT image.name AS imageName, image_version.guid AS versionGuid, number, manifest,
        EXISTS (SELECT 1 FROM copy WHERE version_guid = image_version.guid AND server_id = :selfId AND copy.state = 'ready') AS here,
        (SELECT json_group_array(server.name) FROM copy JOIN server ON server.id = copy.server_id WHERE version_guid = image_version.guid AND copy.state = 'ready') AS readyAt
      FROM image_version JOIN image ON image.guid = image_guid WHERE image_version.removing_at IS NULL AND image.removing_at IS NULL ORDER BY image.name COLLATE NOCASE, number DESC`, { selfId })
      .map((row) => ({ ...row, here: row.here === 1, readyAt: JSON.parse(row.readyAt) as string[] })),

    /** Own copies: to be re-hashed where the images came along, else gone. */
    doubtOwn: (selfId: string, images: boolean): void => {
      if (images) db.run("UPDATE copy SET state = 'verifying' WHERE server_id = :selfId AND state IN ('ready', 'damaged')", { selfId });
      else db.run("UPDATE copy SET state = 'absent', problem = :problem WHERE server_id = :selfId AND state IN ('verifying', 'ready', 'damaged')", { selfId, problem: NOT_IN_BACKUP });
    },
    /** Of other servers nothing is believed until they report all of it again. */
    doubtOthers: (selfId: string): number => {
      db.run("UPDATE server SET last_report = '' WHERE is_self = 0");
      return db.run("UPDATE copy SET state = 'verifying', problem = :problem WHERE server_id <> :selfId AND state IN ('ready', 'damaged')", { selfId, problem: NOT_PROVED_SINCE });
    },
    /** As versionStateOf says, now that no copy is proved. */
    deriveStates: (): void => void db.run("UPDATE image_version SET state = 'verifying' WHERE state <> 'verifying'"),
    /** A number that was given after the backup must never come again with other content: who carried it out would take the new one for done. */
    raiseRecords: (atLeast: number): void => {
      const now = db.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'signed_record'");
      if (now === undefined) db.run("INSERT INTO sqlite_sequence (name, seq) VALUES ('signed_record', :atLeast)", { atLeast });
      else if (now.seq < atLeast) db.run("UPDATE sqlite_sequence SET seq = :atLeast WHERE name = 'signed_record'", { atLeast });
    },
    lastRecord: (): number => db.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'signed_record'")?.seq ?? 0,
    /** A package server hears its whole plan again. */
    forgetPlan: (): void => void db.run("DELETE FROM replica WHERE key = 'planDigest'"),
    /** Package servers that have not come since are looked for. */
    setRestored: (at: number): void => void db.run("INSERT INTO replica (key, value) VALUES ('restored', :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value", { value: String(at) }),
    restoredAt: (): number | null => {
      const at = Number(db.get<{ value: string }>("SELECT value FROM replica WHERE key = 'restored'")?.value ?? NaN);
      return Number.isFinite(at) ? at : null;
    },
    recordEvent: (event: { at: number; selfId: string; message: string; data: string }): void => void db.run(
      "INSERT INTO event (at, actor, entity, entity_id, kind, message, data) VALUES (:at, 'command line', 'server', :selfId, 'restored', :message, :data)", event),
  };
}
