// Owns the SQL of images, their versions, copies and owners. No rules: those are in service.ts and choose.ts.
import type { VersionState } from '#shared/model/image.ts';
import type { Database } from '../db/database.ts';

export type ImageRow = {
  guid: string; name: string; description: string; enabled: number; protected: number; created_at: number; last_number: number;
  trashed_at: number | null; delete_after: number | null; removing_at: number | null;
  /** Of all its versions together, as last measured; stale: a version came or went since. */
  stored_bytes: number; stored_bytes_stale: number;
};
export type VersionRow = {
  guid: string; image_guid: string; number: number; state: VersionState; enabled: number; note: string; captured_at: number; captured_by: string;
  computer_name: string; disk_bytes: number; used_bytes: number; new_bytes: number; stored_bytes: number; smallest_target_bytes: number;
  verified_at: number | null; damaged_chunks: number; trashed_at: number | null; delete_after: number | null; removing_at: number | null; manifest: string;
};
export type NewVersion = Omit<VersionRow, 'verified_at' | 'damaged_chunks' | 'trashed_at' | 'delete_after' | 'removing_at' | 'enabled' | 'state'> & { graph: string };
export type ServerRow = { id: string; name: string };
export type ImageRepo = ReturnType<typeof openImageRepo>;

const versionColumns = `guid, image_guid, number, state, enabled, note, captured_at, captured_by, computer_name, disk_bytes, used_bytes, new_bytes, stored_bytes,
  smallest_target_bytes, verified_at, damaged_chunks, trashed_at, delete_after, removing_at, manifest`;

export function openImageRepo(db: Database) {
  const flag = (on: boolean): number => (on ? 1 : 0);
  return {
    transaction: <T>(work: () => T): T => db.transaction(work),

    images: (): ImageRow[] => db.all('SELECT * FROM image WHERE removing_at IS NULL ORDER BY name COLLATE NOCASE, created_at'),
    /** How many there are, and how many in the trash or with a version in it: for badges, without reading them. */
    imageCounts: (): { living: number; trashed: number } => db.get<{ living: number; trashed: number }>(`SELECT count(*) FILTER (WHERE trashed_at IS NULL) AS living,
      count(*) FILTER (WHERE trashed_at IS NOT NULL OR EXISTS (SELECT 1 FROM image_version WHERE image_guid = image.guid AND trashed_at IS NOT NULL AND removing_at IS NULL)) AS trashed
      FROM image WHERE removing_at IS NULL`) ?? { living: 0, trashed: 0 },
    imageByGuid: (guid: string): ImageRow | undefined => db.get('SELECT * FROM image WHERE guid = :guid AND removing_at IS NULL', { guid }),
    imagesByName: (name: string): ImageRow[] => db.all('SELECT * FROM image WHERE name = :name AND removing_at IS NULL ORDER BY created_at', { name }),
    insertImage: (image: { guid: string; name: string; createdAt: number; serverId: string }): void => {
      db.run('INSERT INTO image (guid, name, created_at) VALUES (:guid, :name, :createdAt)', { guid: image.guid, name: image.name, createdAt: image.createdAt });
      db.run('INSERT INTO owner (image_guid, server_id) VALUES (:guid, :serverId)', { guid: image.guid, serverId: image.serverId });
      db.run('INSERT INTO assignment (image_guid, server_id) VALUES (:guid, :serverId)', { guid: image.guid, serverId: image.serverId });
    },
    rename: (guid: string, name: string) => db.run('UPDATE image SET name = :name WHERE guid = :guid', { guid, name }),
    describe: (guid: string, description: string) => db.run('UPDATE image SET description = :description WHERE guid = :guid', { guid, description }),
    setImageEnabled: (guid: string, on: boolean) => db.run('UPDATE image SET enabled = :on WHERE guid = :guid', { guid, on: flag(on) }),
    setProtected: (guid: string, on: boolean) => db.run('UPDATE image SET protected = :on WHERE guid = :guid', { guid, on: flag(on) }),
    setImageTrash: (guid: string, trash: { at: number; deleteAfter: number } | null) =>
      db.run('UPDATE image SET trashed_at = :at, delete_after = :deleteAfter WHERE guid = :guid AND removing_at IS NULL', { guid, at: trash?.at ?? null, deleteAfter: trash?.deleteAfter ?? null }),
    markImageRemoving: (guid: string, at: number) => db.run('UPDATE image SET removing_at = :at WHERE guid = :guid AND removing_at IS NULL', { guid, at }),
    imagesBeingRemoved: (): ImageRow[] => db.all('SELECT * FROM image WHERE removing_at IS NOT NULL'),
    removeImage: (guid: string): void => {
      db.run('DELETE FROM assignment WHERE image_guid = :guid', { guid });
      db.run('DELETE FROM owner WHERE image_guid = :guid', { guid });
      db.run('DELETE FROM image WHERE guid = :guid', { guid });
    },
    expiredImages: (now: number): ImageRow[] => db.all('SELECT * FROM image WHERE delete_after <= :now AND removing_at IS NULL', { now }),

    imagesToMeasure: (): string[] => db.all<{ guid: string }>('SELECT guid FROM image WHERE stored_bytes_stale = 1 AND removing_at IS NULL').map((row) => row.guid),
    setStoredBytes: (guid: string, bytes: number) => db.run('UPDATE image SET stored_bytes = :bytes, stored_bytes_stale = 0 WHERE guid = :guid', { guid, bytes }),

    versions: (imageGuid: string): VersionRow[] => db.all(`SELECT ${versionColumns} FROM image_version WHERE image_guid = :imageGuid AND removing_at IS NULL ORDER BY number DESC`, { imageGuid }),
    /** Every version there is, those being removed left out. */
    allVersions: (): VersionRow[] => db.all(`SELECT ${versionColumns} FROM image_version WHERE removing_at IS NULL ORDER BY image_guid, number DESC`),
    versionByGuid: (guid: string): VersionRow | undefined => db.get(`SELECT ${versionColumns} FROM image_version WHERE guid = :guid AND removing_at IS NULL`, { guid }),
    graph: (versionGuid: string): string => db.get<{ graph: string }>('SELECT graph FROM image_version WHERE guid = :versionGuid', { versionGuid })?.graph ?? '',
    liveManifests: (): string[] => db.all<{ manifest: string }>('SELECT manifest FROM image_version WHERE removing_at IS NULL').map((row) => row.manifest),
    insertVersion: (version: NewVersion, serverId: string): void => {
      db.run(`INSERT INTO image_version (guid, image_guid, number, state, note, captured_at, captured_by, computer_name, disk_bytes, used_bytes, new_bytes, stored_bytes, smallest_target_bytes, manifest, graph)
        VALUES (:guid, :image_guid, :number, 'verifying', :note, :captured_at, :captured_by, :computer_name, :disk_bytes, :used_bytes, :new_bytes, :stored_bytes, :smallest_target_bytes, :manifest, :graph)`, version);
      db.run("INSERT INTO copy (version_guid, server_id, state) VALUES (:guid, :serverId, 'verifying')", { guid: version.guid, serverId });
      // What it brought is certain; what it shares with other images is added when it is measured.
      db.run('UPDATE image SET last_number = max(last_number, :number), stored_bytes = stored_bytes + :storedBytes, stored_bytes_stale = 1 WHERE guid = :imageGuid',
        { number: version.number, storedBytes: version.stored_bytes, imageGuid: version.image_guid });
    },
    /** Compare-and-set: false when the version was no longer in `from`. */
    moveVersion: (guid: string, from: VersionState, to: VersionState, facts: { verifiedAt: number | null; damagedChunks: number }, serverId: string): boolean => {
      const won = db.run('UPDATE image_version SET state = :to, verified_at = coalesce(:verifiedAt, verified_at), damaged_chunks = :damagedChunks WHERE guid = :guid AND state = :from AND removing_at IS NULL',
        { guid, from, to, verifiedAt: facts.verifiedAt, damagedChunks: facts.damagedChunks }) === 1;
      if (won) {
        db.run('UPDATE copy SET state = :to, proved_at = coalesce(:verifiedAt, proved_at) WHERE version_guid = :guid AND server_id = :serverId', { guid, to, verifiedAt: facts.verifiedAt, serverId });
      }
      return won;
    },
    setVersionEnabled: (guid: string, on: boolean) => db.run('UPDATE image_version SET enabled = :on WHERE guid = :guid', { guid, on: flag(on) }),
    setNote: (guid: string, note: string) => db.run('UPDATE image_version SET note = :note WHERE guid = :guid', { guid, note }),
    setVersionTrash: (guid: string, trash: { at: number; deleteAfter: number } | null) =>
      db.run('UPDATE image_version SET trashed_at = :at, delete_after = :deleteAfter WHERE guid = :guid AND removing_at IS NULL', { guid, at: trash?.at ?? null, deleteAfter: trash?.deleteAfter ?? null }),
    markVersionRemoving: (guid: string, at: number): void => {
      db.run('UPDATE image_version SET removing_at = :at WHERE guid = :guid AND removing_at IS NULL', { guid, at });
      db.run("UPDATE copy SET state = 'removing' WHERE version_guid = :guid", { guid });
      db.run('UPDATE image SET stored_bytes_stale = 1 WHERE guid = (SELECT image_guid FROM image_version WHERE guid = :guid)', { guid });
    },
    versionsBeingRemoved: (): VersionRow[] => db.all(`SELECT ${versionColumns} FROM image_version WHERE removing_at IS NOT NULL`),
    removeVersion: (guid: string): void => {
      db.run('DELETE FROM copy WHERE version_guid = :guid', { guid });
      db.run('DELETE FROM image_version WHERE guid = :guid', { guid });
    },
    expiredVersions: (now: number): VersionRow[] => db.all(`SELECT ${versionColumns} FROM image_version WHERE delete_after <= :now AND removing_at IS NULL`, { now }),

    copies: (imageGuid: string): { version_guid: string; server_id: string; server_name: string; state: string; proved_at: number | null }[] =>
      db.all(`SELECT copy.version_guid, copy.server_id, server.name AS server_name, copy.state, copy.proved_at FROM copy
        JOIN server ON server.id = copy.server_id JOIN image_version ON image_version.guid = copy.version_guid
        WHERE image_version.image_guid = :imageGuid AND image_version.removing_at IS NULL ORDER BY image_version.number DESC`, { imageGuid }),
    owner: (imageGuid: string): ServerRow | undefined =>
      db.get('SELECT server.id, server.name FROM owner JOIN server ON server.id = owner.server_id WHERE owner.image_guid = :imageGuid', { imageGuid }),
  };
}
