// Owns the SQL of the doctor: records of images, copies, owners and servers that do not add up, and the few that it may put right.
import type { Database } from '../db/database.ts';

export type DoctorRepo = ReturnType<typeof openDoctorRepo>;
type Named = { versionGuid: string; imageGuid: string; imageName: string; number: number; manifest: string };

const named = 'image_version.guid AS versionGuid, image_version.image_guid AS imageGuid, image.name AS imageName, number, manifest';
const living = 'image_version.removing_at IS NULL AND image.removing_at IS NULL';

export function openDoctorRepo(db: Database) {
  return {
    transaction: <T>(work: () => T): T => db.transaction(work),
    /** Ready only thanks to servers that are out: nobody can deploy them. */
    readyNowhere: (): (Named & { serverId: string; serverName: string; serverState: string })[] => db.all(`SELECT ${named}, server.id AS serverId, server.name AS serverName, server.state AS serverState
      FROM image_version JOIN image ON image.guid = image_guid JOIN copy ON copy.version_guid = image_version.guid AND copy.state = 'ready' JOIN server ON server.id = copy.server_id
      WHERE ${living} AND server.state IN ('retired', 'revoked') AND NOT EXISTS (
        SELECT 1 FROM copy AS other JOIN server AS holder ON holder.id = other.server_id WHERE other.version_guid = image_version.guid AND other.state = 'ready' AND holder.state IN ('joined', 'retiring'))`),
    /** No server that is in has any of it, proved or not. */
    nowhere: (): Named[] => db.all(`SELECT ${named} FROM image_version JOIN image ON image.guid = image_guid WHERE ${living} AND NOT EXISTS (
      SELECT 1 FROM copy JOIN server ON server.id = copy.server_id WHERE version_guid = image_version.guid AND copy.state IN ('verifying', 'ready', 'damaged') AND server.state IN ('joined', 'retiring'))`),
    /** Images of a server that is out, and images of nobody. */
    withoutOwner: (): { imageGuid: string; imageName: string; serverName: string | null; serverState: string | null }[] => db.all(`SELECT image.guid AS imageGuid, image.name AS imageName, server.name AS serverName, server.state AS serverState
      FROM image LEFT JOIN owner ON owner.image_guid = image.guid LEFT JOIN server ON server.id = owner.server_id
      WHERE image.removing_at IS NULL AND (server.id IS NULL OR server.state IN ('retired', 'revoked')) ORDER BY image.name COLLATE NOCASE`),
    /** Who should own an image of nobody: who has a proved copy, this server first; else this server. */
    heirOf: (imageGuid: string): string | undefined => db.get<{ id: string }>(`SELECT server.id FROM server LEFT JOIN image_version ON image_guid = :imageGuid LEFT JOIN copy ON copy.version_guid = image_version.guid AND copy.server_id = server.id AND copy.state = 'ready'
      WHERE server.state IN ('joined', 'retiring') AND (server.is_self = 1 OR copy.server_id IS NOT NULL) GROUP BY server.id ORDER BY count(copy.server_id) > 0 DESC, server.is_self DESC LIMIT 1`, { imageGuid })?.id,
    setOwner: (imageGuid: string, serverId: string): void => void db.run('INSERT INTO owner (image_guid, server_id) VALUES (:imageGuid, :serverId) ON CONFLICT (image_guid) DO NOTHING', { imageGuid, serverId }),
    /** Only where assignments decide: whoever captured an image is noted as one of its servers too. */
    assignedOut: (): { imageGuid: string; imageName: string; serverId: string; serverName: string; serverState: string }[] => db.all(`SELECT image.guid AS imageGuid, image.name AS imageName, server.id AS serverId, server.name AS serverName, server.state AS serverState
      FROM assignment JOIN image ON image.guid = assignment.image_guid JOIN server ON server.id = assignment.server_id WHERE server.state IN ('retired', 'revoked') AND image.scope = 'selected' AND image.removing_at IS NULL`),
    unassign: (imageGuid: string, serverId: string): void => void db.run('DELETE FROM assignment WHERE image_guid = :imageGuid AND server_id = :serverId', { imageGuid, serverId }),
    /** Orders to delete that a server has not carried out for so long. */
    unacknowledged: (before: number): { serverId: string; serverName: string; lastSeenAt: number | null; count: number; oldestAt: number }[] => db.all(`SELECT server.id AS serverId, server.name AS serverName, last_seen_at AS lastSeenAt, count(*) AS count, min(at) AS oldestAt
      FROM server JOIN signed_record ON (signed_record.server_id IS NULL OR signed_record.server_id = server.id) AND seq > records_acked AND withdrawn_at IS NULL AND at < :before AND at >= server.created_at
      WHERE is_self = 0 AND state IN ('joined', 'retiring') GROUP BY server.id`, { before }),
    versionOf: (manifest: string): (Named & { removing: number }) | undefined => db.get(`SELECT ${named}, image_version.removing_at IS NOT NULL AS removing FROM image_version JOIN image ON image.guid = image_guid WHERE manifest = :manifest`, { manifest }),
    readyElsewhere: (versionGuid: string, selfId: string): string[] => db.all<{ name: string }>(`SELECT server.name FROM copy JOIN server ON server.id = copy.server_id
      WHERE version_guid = :versionGuid AND server_id <> :selfId AND copy.state = 'ready' AND server.state IN ('joined', 'retiring')`, { versionGuid, selfId }).map((row) => row.name),
    forgetReport: (serverId: string): void => void db.run("UPDATE server SET last_report = '' WHERE id = :serverId", { serverId }),
  };
}
