// Owns the SQL of what is where and what is to be where: images with their versions, owners, assignments, copies and channels,
// read whole for the plan and the matrix. It changes scope and assignments only.
import type { Scope } from '#shared/model/replication.ts';
import type { Database } from '../db/database.ts';
import { CONTRADICTED, LOST, type CopyRow } from './parts.ts';

export type HeldImageRow = {
  guid: string; name: string; kind: 'image' | 'backup'; scope: Scope; priority: number; enabled: number; protected: number; created_at: number; trashed_at: number | null; owner_id: string; /** What its versions take together, measured where they are. */ stored_bytes: number;
};
export type HeldVersionRow = {
  guid: string; image_guid: string; number: number; note: string; enabled: number; pending: number; manifest: string; manifest_bytes: number; captured_at: number; captured_by: string; computer_name: string;
  disk_bytes: number; used_bytes: number; new_bytes: number; stored_bytes: number; smallest_target_bytes: number; trashed_at: number | null; origin_server_id: string | null;
};
export type HoldingsRepo = ReturnType<typeof openHoldingsRepo>;

export function openHoldingsRepo(db: Database) {
  return {
    images: (): HeldImageRow[] => db.all(`SELECT guid, name, kind, scope, priority, enabled, protected, created_at, trashed_at, stored_bytes, coalesce(owner.server_id, '') AS owner_id
      FROM image LEFT JOIN owner ON owner.image_guid = image.guid WHERE removing_at IS NULL ORDER BY name COLLATE NOCASE, created_at`),
    versions: (): HeldVersionRow[] => db.all(`SELECT guid, image_guid, number, note, enabled, pending, manifest, manifest_bytes, captured_at, captured_by, computer_name, disk_bytes, used_bytes, new_bytes, stored_bytes,
      smallest_target_bytes, trashed_at, origin_server_id FROM image_version WHERE removing_at IS NULL ORDER BY image_guid, number DESC`),
    version: (guid: string): HeldVersionRow | undefined => db.get(`SELECT guid, image_guid, number, note, enabled, pending, manifest, manifest_bytes, captured_at, captured_by, computer_name, disk_bytes, used_bytes, new_bytes,
      stored_bytes, smallest_target_bytes, trashed_at, origin_server_id FROM image_version WHERE guid = :guid AND removing_at IS NULL`, { guid }),
    assignments: (): { image_guid: string; server_id: string }[] => db.all('SELECT image_guid, server_id FROM assignment'),
    channels: (): { image_guid: string; name: 'test' | 'live'; version_guid: string }[] => db.all('SELECT image_guid, name, version_guid FROM channel'),
    copies: (): CopyRow[] => db.all('SELECT version_guid, server_id, state, proved_at, problem FROM copy'),
    copiesOf: (versionGuid: string): CopyRow[] => db.all('SELECT version_guid, server_id, state, proved_at, problem FROM copy WHERE version_guid = :versionGuid', { versionGuid }),
    /** By server: how many copies in which state, when the last proof was, and how many were lost. */
    copyCounts: (): { server_id: string; state: CopyRow['state']; count: number; proved_at: number | null; lost: number }[] => db.all(
      `SELECT server_id, copy.state, count(*) AS count, max(proved_at) AS proved_at, count(*) FILTER (WHERE copy.state <> 'ready' AND problem IN (:lost, :contradicted)) AS lost FROM copy
        JOIN image_version ON image_version.guid = copy.version_guid WHERE image_version.removing_at IS NULL GROUP BY server_id, copy.state`, { lost: LOST, contradicted: CONTRADICTED }),
    ownedCounts: (): { server_id: string; count: number }[] => db.all('SELECT server_id, count(*) AS count FROM owner JOIN image ON image.guid = owner.image_guid WHERE image.removing_at IS NULL GROUP BY server_id'),
    /** This server's own copy of what a manifest names. */
    ownCopy: (manifest: string): { state: CopyRow['state']; pending: number; origin_server_id: string | null } | undefined => db.get(`SELECT copy.state, pending, origin_server_id FROM image_version
      JOIN copy ON copy.version_guid = image_version.guid JOIN server ON server.id = copy.server_id AND server.is_self = 1 WHERE manifest = :manifest AND removing_at IS NULL`, { manifest }),
    names: (versionGuid: string): { image_guid: string; image_name: string; number: number } | undefined => db.get(
      'SELECT image.guid AS image_guid, image.name AS image_name, number FROM image_version JOIN image ON image.guid = image_guid WHERE image_version.guid = :versionGuid', { versionGuid }),

    setScope: (imageGuid: string, scope: Scope): void => void db.run('UPDATE image SET scope = :scope WHERE guid = :imageGuid', { imageGuid, scope }),
    assigned: (imageGuid: string): string[] => db.all<{ server_id: string }>('SELECT server_id FROM assignment WHERE image_guid = :imageGuid ORDER BY server_id', { imageGuid }).map((row) => row.server_id),
    assignedTo: (serverId: string): string[] => db.all<{ image_guid: string }>('SELECT image_guid FROM assignment WHERE server_id = :serverId ORDER BY image_guid', { serverId }).map((row) => row.image_guid),
    /** Nothing, where the image is gone. */
    assign: (imageGuid: string, serverId: string): void => void db.run('INSERT OR IGNORE INTO assignment (image_guid, server_id) SELECT guid, :serverId FROM image WHERE guid = :imageGuid', { imageGuid, serverId }),
    unassign: (imageGuid: string, serverId: string): void => void db.run('DELETE FROM assignment WHERE image_guid = :imageGuid AND server_id = :serverId', { imageGuid, serverId }),
    setAssigned: (imageGuid: string, serverIds: readonly string[]): void => {
      db.run('DELETE FROM assignment WHERE image_guid = :imageGuid', { imageGuid });
      for (const serverId of serverIds) db.run('INSERT OR IGNORE INTO assignment (image_guid, server_id) VALUES (:imageGuid, :serverId)', { imageGuid, serverId });
    },
  };
}
