// Owns how rows of images look to clients. Pure: what is needed beyond the rows comes in as arguments.
import type { Copy, ImageDetail, ImageSummary, VerifyProgressView, VersionSummary } from '#shared/model/image.ts';
import { currentVersion } from './choose.ts';
import type { ChannelRow, ImageRepo, ImageRow, VersionRow } from './repo.ts';

export type Viewer = { repo: ImageRepo; selfId: string; progressOf: (versionGuid: string) => VerifyProgressView | null };

export function viewVersion(row: VersionRow, viewer: Pick<Viewer, 'progressOf'>): VersionSummary {
  return {
    guid: row.guid, imageGuid: row.image_guid, number: row.number, state: row.state, enabled: row.enabled === 1, note: row.note,
    capturedAt: row.captured_at, capturedBy: row.captured_by, computerName: row.computer_name,
    diskBytes: row.disk_bytes, usedBytes: row.used_bytes, newBytes: row.new_bytes, storedBytes: row.stored_bytes,
    verifiedAt: row.verified_at, verifying: viewer.progressOf(row.guid), damagedChunks: row.damaged_chunks,
    trashedAt: row.trashed_at, deleteAfter: row.delete_after, manifest: row.manifest,
    pending: row.pending === 1, originServerId: row.origin_server_id,
  };
}

/** @param versions newest first  @param channels of this image, or of all */
export function viewImage(row: ImageRow, versions: readonly VersionRow[], viewer: Viewer, channels: readonly ChannelRow[] = viewer.repo.channelsOf(row.guid)): ImageSummary {
  const living = versions.filter((version) => version.trashed_at === null);
  const newest = living[0];
  const owner = viewer.repo.owner(row.guid);
  return {
    guid: row.guid, name: row.name, description: row.description, enabled: row.enabled === 1, protected: row.protected === 1,
    createdAt: row.created_at, trashedAt: row.trashed_at, deleteAfter: row.delete_after,
    versionCount: living.length,
    newest: newest === undefined ? null : viewVersion(newest, viewer),
    current: currentVersion(versions, { origins: new Set([viewer.selfId]) })?.number ?? null,
    owner: { serverId: owner?.id ?? '', serverName: owner?.name ?? '', managed: owner?.id === viewer.selfId ? 'locally' : 'externally' },
    storedBytes: row.stored_bytes, kind: row.kind, scope: row.scope, priority: row.priority,
    channels: channels.filter((channel) => channel.image_guid === row.guid).map((channel) => ({ name: channel.name, versionGuid: channel.version_guid, number: channel.number, setAt: channel.set_at, setBy: channel.set_by })),
  };
}

export function viewDetail(row: ImageRow, versions: readonly VersionRow[], viewer: Viewer): ImageDetail {
  const copies = viewer.repo.copies(row.guid).map((copy): Copy => ({ versionGuid: copy.version_guid, serverId: copy.server_id, serverName: copy.server_name, state: copy.state, provedAt: copy.proved_at, problem: copy.problem }));
  return { ...viewImage(row, versions, viewer), versions: versions.map((version) => viewVersion(version, viewer)), copies };
}
