// Owns what a package server says of its own copies: the rows that its own proofs moved, and the versions that it captured itself, with the
// signature that its store gave them.
import type { CapturedVersion, CopyReport } from '#shared/replication/messages.ts';
import type { CopyState } from '#shared/model/replication.ts';
import type { Database } from '../../db/database.ts';
import type { Store } from '../../store/types.ts';

type CopyRow = { versionGuid: string; manifest: string; state: CopyState; provedAt: number | null; damagedChunks: number; problem: string | null };
type VersionRow = { manifest: string; new_bytes: number; stored_bytes: number; smallest_target_bytes: number; disk_bytes: number; used_bytes: number; origin_server_id: string | null };

export function openLocalCopies({ db, store, ownId }: { db: Database; store: Pick<Store, 'openManifest' | 'signatures' | 'keyId'>; ownId: string }) {
  return {
    /** Versions of an image in the order in which they were made: the console counts them as it is told of them, and the last one is what people deploy. */
    report: (): CopyReport[] => db.all<CopyRow>(`SELECT copy.version_guid AS versionGuid, image_version.manifest, copy.state, copy.proved_at AS provedAt, image_version.damaged_chunks AS damagedChunks, copy.problem
      FROM copy JOIN image_version ON image_version.guid = copy.version_guid WHERE copy.server_id = :ownId AND image_version.removing_at IS NULL
      ORDER BY image_version.image_guid, image_version.number`, { ownId }),
    async captured(versionGuid: string): Promise<CapturedVersion | null> {
      const row = db.get<VersionRow>('SELECT manifest, new_bytes, stored_bytes, smallest_target_bytes, disk_bytes, used_bytes, origin_server_id FROM image_version WHERE guid = :versionGuid AND removing_at IS NULL', { versionGuid });
      if (row === undefined) return null;
      const signatures = await store.signatures(row.manifest);
      const signature = signatures.find((each) => each.keyId === store.keyId);
      // Made elsewhere, and perhaps signed here too because it was proved here: who made it tells of it.
      if (signature === undefined || (row.origin_server_id !== ownId && signatures.length > 1)) return null;
      const reader = await store.openManifest(row.manifest);
      try {
        return {
          head: reader.head, manifest: row.manifest, manifestBytes: reader.sizeBytes, signature, newBytes: row.new_bytes, storedBytes: row.stored_bytes, smallestTargetBytes: row.smallest_target_bytes, diskBytes: row.disk_bytes, usedBytes: row.used_bytes,
        };
      } finally {
        await reader.close();
      }
    },
  };
}
