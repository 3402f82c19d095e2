// Owns how rows of images look to clients. Pure: what is needed beyond the rows comes in as arguments.
import { copyStates, type Copy, type ImageDetail, type ImageSummary, type VerifyProgressView, type VersionSummary } from '#shared/model/image.ts';
import { currentVersion } from './choose.ts';
import type { ImageRepo, ImageRow, VersionRow } from './repo.ts';

export type Viewer = { repo: ImageRepo; selfId: string; progressOf: (versionGuid: string) => VerifyProgressView | null };

export function viewVersion(row: VersionRow, viewer: Pick<Viewer, 'progressOf'>): VersionSummary {
  return {
    guid: row.guid, imageGuid: row.image_guid, number: row.number, state: row.state, enabled: row.enabled === 1, note: row.note,
    capturedAt: row.captured_at, capturedBy: row.captured_by, computerName: row.computer_name,
    diskBytes: row.disk_bytes, usedBytes: row.used_bytes, newBytes: row.new_bytes, storedBytes: row.stored_bytes,
    verifiedAt: row.verified_at, verifying: viewer.progressOf(row.guid), damagedChunks: row.damaged_chunks,
    trashedAt: row.trashed_at, deleteAfter: row.delete_after, manifest: row.manifest,
  };
}

/** @param versions newest first */
export function viewImage(row: ImageRow, versions: readonly VersionRow[], viewer: Viewer): ImageSummary {
  const living = versions.filter((version) => version.trashed_at === null);
  const newest = living[0];
  const owner = viewer.repo.owner(row.guid);
  return {
    guid: row.guid, name: row.name, description: row.description, enabled: row.enabled === 1, protected: row.protected === 1,
    createdAt: row.created_at, trashedAt: row.trashed_at, deleteAfter: row.delete_after,
    versionCount: living.length,
    newest: newest === undefined ? null : viewVersion(newest, viewer),
    current: currentVersion(versions)?.number ?? null,
    owner: { serverId: owner?.id ?? '', serverName: owner?.name ?? '', managed: owner?.id === viewer.selfId ? 'locally' : 'externally' },
    storedBytes: row.stored_bytes,
  };
}

export function viewDetail(row: ImageRow, versions: readonly VersionRow[], viewer: Viewer): ImageDetail {
  const copies: Copy[] = viewer.repo.copies(row.guid).flatMap((copy) => {
    const state = copyStates.find((known) => known === copy.state);
    return state === undefined ? [] : [{ versionGuid: copy.version_guid, serverId: copy.server_id, serverName: copy.server_name, state, provedAt: copy.proved_at }];
  });
  return { ...viewImage(row, versions, viewer), versions: versions.map((version) => viewVersion(version, viewer)), copies };
}
