// Owns the SQL of images, their versions and owners. No rules: those are in service.ts and choose.ts. Copies are in copies-repo.ts.
import type { VersionState } from '#shared/model/image.ts';
import type { CopyState, Scope } from '#shared/model/replication.ts';
import type { Database } from '../db/database.ts';

export type ImageRow = {
  guid: string; name: string; description: string; enabled: number; protected: number; created_at: number; last_number: number;
  trashed_at: number | null; delete_after: number | null; removing_at: number | null;
  /** Of all its versions together, as last measured; stale: a version came or went since. */
  stored_bytes: number; stored_bytes_stale: number;
  kind: 'image' | 'backup'; scope: Scope; priority: number;
};
export type VersionRow = {
  guid: string; image_guid: string; number: number; state: VersionState; enabled: number; note: string; captured_at: number; captured_by: string;
  computer_name: string; disk_bytes: number; used_bytes: number; new_bytes: number; stored_bytes: number; smallest_target_bytes: number;
  verified_at: number | null; damaged_chunks: number; trashed_at: number | null; delete_after: number | null; removing_at: number | null; manifest: string;
  manifest_bytes: number; origin_server_id: string | null; pending: number;
  /** Of the copy on this very server, which alone can be read here. */
  own_state: CopyState; own_proved_at: number | null;
};
export type NewVersion = Pick<VersionRow, 'guid' | 'image_guid' | 'number' | 'note' | 'captured_at' | 'captured_by' | 'computer_name' | 'disk_bytes' | 'used_bytes' | 'new_bytes' | 'stored_bytes' | 'smallest_target_bytes' | 'manifest' | 'manifest_bytes' | 'origin_server_id' | 'pending' | 'enabled'> & { graph: string };
export type ServerRow = { id: string; name: string };
export type ChannelRow = { image_guid: string; name: 'test' | 'live'; version_guid: string; number: number; set_at: number; set_by: string };
export type ImageRepo = ReturnType<typeof openImageRepo>;

export function openImageRepo(db: Database, selfId: string) {
  const flag = (on: boolean): number => (on ? 1 : 0);
  const versionsWhere = <Values extends Record<string, string | number>>(where: string, values?: Values): VersionRow[] => db.all(
    `SELECT image_version.guid, image_guid, number, image_version.state, enabled, note, captured_at, captured_by, computer_name, disk_bytes, used_bytes, new_bytes, stored_bytes, smallest_target_bytes, verified_at, damaged_chunks,
      trashed_at, delete_after, removing_at, manifest, manifest_bytes, origin_server_id, pending, coalesce(own.state, 'absent') AS own_state, own.proved_at AS own_proved_at
    FROM image_version LEFT JOIN copy AS own ON own.version_guid = image_version.guid AND own.server_id = :selfId WHERE ${where}`, { ...values, selfId });
  return {
    transaction: <T>(work: () => T): T => db.transaction(work),

    images: (): ImageRow[] => db.all('SELECT * FROM image WHERE removing_at IS NULL ORDER BY name COLLATE NOCASE, created_at'),
    /** How many there are, and how many in the trash or with a version in it: for badges, without reading them. */
    imageCounts: (): { living: number; trashed: number } => db.get<{ living: number; trashed: number }>(`SELECT count(*) FILTER (WHERE trashed_at IS NULL) AS living,
      count(*) FILTER (WHERE trashed_at IS NOT NULL OR EXISTS (SELECT 1 FROM image_version WHERE image_guid = image.guid AND trashed_at IS NOT NULL AND removing_at IS NULL)) AS trashed
      FROM image WHERE removing_at IS NULL`) ?? { living: 0, trashed: 0 },
    imageByGuid: (guid: string): ImageRow | undefined => db.get('SELECT * FROM image WHERE guid = :guid AND removing_at IS NULL', { guid }),
    imagesByName: (name: string): ImageRow[] => db.all('SELECT * FROM image WHERE name = :name AND removing_at IS NULL ORDER BY created_at', { name }),
    /** @param image serverId: its owner; null where that is another server's business */
    insertImage: (image: { guid: string; name: string; createdAt: number; serverId: string | null }): void => {
      db.run('INSERT INTO image (guid, name, created_at) VALUES (:guid, :name, :createdAt)', { guid: image.guid, name: image.name, createdAt: image.createdAt });
      if (image.serverId === null) return;
      db.run('INSERT INTO owner (image_guid, server_id) VALUES (:guid, :serverId)', { guid: image.guid, serverId: image.serverId });
      db.run('INSERT INTO assignment (image_guid, server_id) VALUES (:guid, :serverId)', { guid: image.guid, serverId: image.serverId });
    },
    setKind: (guid: string, kind: 'image' | 'backup') => db.run('UPDATE image SET kind = :kind WHERE guid = :guid', { guid, kind }),
    setPriority: (guid: string, priority: number) => db.run('UPDATE image SET priority = :priority WHERE guid = :guid', { guid, priority }),
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

    versions: (imageGuid: string): VersionRow[] => versionsWhere('image_guid = :imageGuid AND removing_at IS NULL ORDER BY number DESC', { imageGuid }),
    /** Every version there is, those being removed left out. */
    allVersions: (): VersionRow[] => versionsWhere('removing_at IS NULL ORDER BY image_guid, number DESC'),
    /** Captured at another server into an image that is not its own, and neither taken nor refused by anybody yet. */
    pendingVersions: (): { imageGuid: string; imageName: string; number: number; origin: string | null }[] => db.all(`SELECT image.guid AS imageGuid, image.name AS imageName, number, server.name AS origin
      FROM image_version JOIN image ON image.guid = image_version.image_guid LEFT JOIN server ON server.id = image_version.origin_server_id
      WHERE pending = 1 AND image_version.removing_at IS NULL AND image_version.trashed_at IS NULL AND image.removing_at IS NULL AND image.trashed_at IS NULL ORDER BY image.name, number`),
    versionByGuid: (guid: string): VersionRow | undefined => versionsWhere('image_version.guid = :guid AND removing_at IS NULL', { guid })[0],
    versionByManifest: (manifest: string): VersionRow | undefined => versionsWhere('manifest = :manifest AND removing_at IS NULL', { manifest })[0],
    graph: (versionGuid: string): string => db.get<{ graph: string }>('SELECT graph FROM image_version WHERE guid = :versionGuid', { versionGuid })?.graph ?? '',
    /** What must be in the store of this server: a version that is not here must not stop its sweep. */
    liveManifests: (): string[] => db.all<{ manifest: string }>(`SELECT manifest FROM image_version JOIN copy ON copy.version_guid = image_version.guid AND copy.server_id = :selfId
      WHERE removing_at IS NULL AND copy.state IN ('verifying', 'ready', 'damaged')`, { selfId }).map((row) => row.manifest),
    /** What may be in it: it is on its way in, or out. */
    movingManifests: (): string[] => db.all<{ manifest: string }>(`SELECT manifest FROM image_version JOIN copy ON copy.version_guid = image_version.guid AND copy.server_id = :selfId
      WHERE copy.state IN ('copying', 'removing')`, { selfId }).map((row) => row.manifest),
    versionNumbered: (imageGuid: string, number: number): { guid: string } | undefined => db.get('SELECT guid FROM image_version WHERE image_guid = :imageGuid AND number = :number', { imageGuid, number }),
    lastNumber: (imageGuid: string): number => db.get<{ last: number }>('SELECT max(last_number, coalesce((SELECT max(number) FROM image_version WHERE image_guid = :imageGuid), 0)) AS last FROM image WHERE guid = :imageGuid', { imageGuid })?.last ?? 0,
    isImageRemoving: (guid: string): boolean => db.get('SELECT 1 FROM image WHERE guid = :guid AND removing_at IS NOT NULL', { guid }) !== undefined,
    versionWithManifest: (manifest: string): { guid: string } | undefined => db.get('SELECT guid FROM image_version WHERE manifest = :manifest', { manifest }),
    insertVersion: (version: NewVersion, serverId: string): void => {
      db.run(`INSERT INTO image_version (guid, image_guid, number, state, enabled, note, captured_at, captured_by, computer_name, disk_bytes, used_bytes, new_bytes, stored_bytes, smallest_target_bytes, manifest, manifest_bytes, origin_server_id, pending, graph)
        VALUES (:guid, :image_guid, :number, 'verifying', :enabled, :note, :captured_at, :captured_by, :computer_name, :disk_bytes, :used_bytes, :new_bytes, :stored_bytes, :smallest_target_bytes, :manifest, :manifest_bytes, :origin_server_id, :pending, :graph)`, version);
      db.run("INSERT INTO copy (version_guid, server_id, state) VALUES (:guid, :serverId, 'verifying')", { guid: version.guid, serverId });
      // What it brought is certain; what it shares with other images is added when it is measured.
      db.run('UPDATE image SET last_number = max(last_number, :number), stored_bytes = stored_bytes + :storedBytes, stored_bytes_stale = 1 WHERE guid = :imageGuid',
        { number: version.number, storedBytes: version.stored_bytes, imageGuid: version.image_guid });
    },
    /** verifiedAt and damagedChunks: null leaves what is there. */
    setVersionState: (guid: string, { state, verifiedAt, damagedChunks }: { state: VersionState; verifiedAt: number | null; damagedChunks: number | null }): void => void db.run(
      'UPDATE image_version SET state = :state, verified_at = max(coalesce(:verifiedAt, verified_at), coalesce(verified_at, 0)), damaged_chunks = coalesce(:damagedChunks, damaged_chunks) WHERE guid = :guid', { guid, state, verifiedAt, damagedChunks }),
    setNumber: (version: { guid: string; imageGuid: string }, number: number): void => {
      db.run('UPDATE image_version SET number = :number WHERE guid = :guid', { guid: version.guid, number });
      db.run('UPDATE image SET last_number = max(last_number, :number) WHERE guid = :imageGuid', { imageGuid: version.imageGuid, number });
    },
    setManifestBytes: (guid: string, bytes: number) => db.run('UPDATE image_version SET manifest_bytes = :bytes WHERE guid = :guid', { guid, bytes }),
    setPending: (guid: string, on: boolean) => db.run('UPDATE image_version SET pending = :on WHERE guid = :guid', { guid, on: flag(on) }),
    setVersionEnabled: (guid: string, on: boolean) => db.run('UPDATE image_version SET enabled = :on WHERE guid = :guid', { guid, on: flag(on) }),
    setNote: (guid: string, note: string) => db.run('UPDATE image_version SET note = :note WHERE guid = :guid', { guid, note }),
    setVersionTrash: (guid: string, trash: { at: number; deleteAfter: number } | null) =>
      db.run('UPDATE image_version SET trashed_at = :at, delete_after = :deleteAfter WHERE guid = :guid AND removing_at IS NULL', { guid, at: trash?.at ?? null, deleteAfter: trash?.deleteAfter ?? null }),
    markVersionRemoving: (guid: string, at: number): void => {
      db.run('UPDATE image_version SET removing_at = :at WHERE guid = :guid AND removing_at IS NULL', { guid, at });
      db.run("DELETE FROM copy WHERE version_guid = :guid AND state = 'absent'", { guid });
      db.run("UPDATE copy SET state = 'removing' WHERE version_guid = :guid", { guid });
      db.run('DELETE FROM channel WHERE version_guid = :guid', { guid });
      db.run('UPDATE image SET stored_bytes_stale = 1 WHERE guid = (SELECT image_guid FROM image_version WHERE guid = :guid)', { guid });
    },
    versionsBeingRemoved: (): VersionRow[] => versionsWhere('removing_at IS NOT NULL'),
    /** The version stays; only its copy on this server goes. */
    versionsReleasedHere: (): VersionRow[] => versionsWhere("removing_at IS NULL AND own.state = 'removing'"),
    hasVersions: (imageGuid: string): boolean => db.get('SELECT 1 FROM image_version WHERE image_guid = :imageGuid', { imageGuid }) !== undefined,
    removeVersion: (guid: string): void => {
      db.run('DELETE FROM copy WHERE version_guid = :guid', { guid });
      db.run('DELETE FROM channel WHERE version_guid = :guid', { guid });
      db.run('DELETE FROM image_version WHERE guid = :guid', { guid });
    },
    expiredVersions: (now: number): VersionRow[] => versionsWhere('delete_after <= :now AND removing_at IS NULL', { now }),

    /** Those that are there, or on their way, on servers that are in. */
    copies: (imageGuid: string): { version_guid: string; server_id: string; server_name: string; state: CopyState; proved_at: number | null; problem: string | null }[] =>
      db.all(`SELECT copy.version_guid, copy.server_id, server.name AS server_name, copy.state, copy.proved_at, copy.problem FROM copy
        JOIN server ON server.id = copy.server_id JOIN image_version ON image_version.guid = copy.version_guid
        WHERE image_version.image_guid = :imageGuid AND image_version.removing_at IS NULL AND server.state IN ('joined', 'retiring') AND (copy.state <> 'absent' OR copy.problem IS NOT NULL) ORDER BY image_version.number DESC, server.is_self DESC, server.name COLLATE NOCASE`, { imageGuid }),
    channels: (): ChannelRow[] => db.all('SELECT channel.image_guid, name, version_guid, number, set_at, set_by FROM channel JOIN image_version ON image_version.guid = version_guid ORDER BY name'),
    channelsOf: (imageGuid: string): ChannelRow[] => db.all('SELECT channel.image_guid, name, version_guid, number, set_at, set_by FROM channel JOIN image_version ON image_version.guid = version_guid WHERE channel.image_guid = :imageGuid ORDER BY name', { imageGuid }),
    setChannel: (row: { imageGuid: string; name: string; versionGuid: string; at: number; by: string }): void => void db.run(`INSERT INTO channel (image_guid, name, version_guid, set_at, set_by) VALUES (:imageGuid, :name, :versionGuid, :at, :by)
      ON CONFLICT (image_guid, name) DO UPDATE SET version_guid = excluded.version_guid, set_at = excluded.set_at, set_by = excluded.set_by`, row),
    clearChannel: (imageGuid: string, name: string) => db.run('DELETE FROM channel WHERE image_guid = :imageGuid AND name = :name', { imageGuid, name }),
    setOwner: (imageGuid: string, serverId: string) => db.run('INSERT INTO owner (image_guid, server_id) VALUES (:imageGuid, :serverId) ON CONFLICT (image_guid) DO UPDATE SET server_id = excluded.server_id', { imageGuid, serverId }),
    /** At a package server: one of its console's others, by name. It never counts as one that is in here. */
    nameServer: (server: { id: string; name: string; now: number }) => db.run(`INSERT INTO server (id, name, role, is_self, created_at, state) VALUES (:id, :name, 'package-server', 0, :now, 'retired')
      ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE is_self = 0`, server),
    owner: (imageGuid: string): ServerRow | undefined =>
      db.get('SELECT server.id, server.name FROM owner JOIN server ON server.id = owner.server_id WHERE owner.image_guid = :imageGuid', { imageGuid }),
  };
}
