// Owns the rows of other servers' copies at the console: read with the manifest that the console knows, moved by the table of states alone,
// compare-and-set. Its own copy the console moves in images.
import { nextCopyState, type CopyState } from '#shared/model/replication.ts';
import type { Database } from '../../db/database.ts';
import type { CopyBook, KnownCopy } from './parts.ts';

type Row = { versionGuid: string; imageGuid: string; manifest: string; state: CopyState; provedAt: number | null; problem: string | null };

const columns = `image_version.guid AS versionGuid, image_version.image_guid AS imageGuid, image_version.manifest, coalesce(copy.state, 'absent') AS state, copy.proved_at AS provedAt, copy.problem`;

export function openCopyBook(db: Database): CopyBook {
  const at = (versionGuid: string, serverId: string): KnownCopy | null =>
    db.get<Row>(`SELECT ${columns} FROM image_version LEFT JOIN copy ON copy.version_guid = image_version.guid AND copy.server_id = :serverId WHERE image_version.guid = :versionGuid`, { versionGuid, serverId }) ?? null;
  return {
    at,
    on: (serverId) => db.all<Row>(`SELECT ${columns} FROM copy JOIN image_version ON image_version.guid = copy.version_guid WHERE copy.server_id = :serverId`, { serverId }),
    move(versionGuid, serverId, event, facts = {}) {
      return db.transaction(() => {
        const row = at(versionGuid, serverId);
        const to = row === null ? null : nextCopyState(row.state, event);
        if (row === null || to === null) return null;
        const values = { versionGuid, serverId, to, from: row.state, provedAt: facts.provedAt ?? null, problem: facts.problem === undefined ? row.problem : facts.problem };
        db.run('INSERT INTO copy (version_guid, server_id, state) VALUES (:versionGuid, :serverId, :from) ON CONFLICT DO NOTHING', { versionGuid, serverId, from: row.state });
        db.run('UPDATE copy SET state = :to, proved_at = coalesce(:provedAt, proved_at), problem = :problem WHERE version_guid = :versionGuid AND server_id = :serverId AND state = :from', values);
        return to;
      });
    },
  };
}
