// Owns making the rows of a version from its manifest alone, where the rows were lost or never were: found in a folder, in this store, or at
// another server. The identity is the manifest's; nothing is called ready by it.
import type { ManifestHead } from '#shared/agent/manifest.ts';
import { AppError } from '#shared/errors.ts';
import type { Events } from '../events/service.ts';
import type { Copies } from './copies.ts';
import type { CopiesRepo } from './copies-repo.ts';
import type { Measuring } from './measuring.ts';
import type { ImageRepo } from './repo.ts';
import { sizesOf } from './size.ts';
import type { Verifying } from './verifying.ts';

/** bytes: of the manifest; storedBytes: what its chunks take; 0 where nobody knows. */
export type FoundVersion = { head: ManifestHead; manifest: string; manifestBytes: number; storedBytes: number };
export type RebuildingParts = { repo: ImageRepo; copiesRepo: CopiesRepo; copies: Copies; events: Events; clock: () => number; selfId: string; verifying: Verifying; measuring: Measuring };

/** As in elsewhere.ts: a number is kept where it leaves no larger gap than a season of captures. */
const MOST_AHEAD = 1000;

export function openRebuilding({ repo, copiesRepo, copies, events, clock, selfId, verifying, measuring }: RebuildingParts) {
  function insert({ head, manifest, manifestBytes, storedBytes }: FoundVersion, { serverId, how, actor }: { serverId: string; how: string; actor: string }): number {
    const { guid, name } = head.image;
    if (repo.isImageRemoving(guid)) throw new AppError('conflict', `The image "${name}" is being deleted here for good, so nothing of it is taken up.`, { image: guid });
    const known = repo.imageByGuid(guid);
    if (known === undefined) {
      repo.insertImage({ guid, name, createdAt: clock(), serverId });
      events.record({ actor, entity: 'image', id: guid, kind: 'created', message: `Image "${name}" was rebuilt from a manifest` });
    }
    const last = known?.last_number ?? 0;
    const isFree = repo.versionNumbered(guid, head.version.number) === undefined;
    const number = isFree && head.version.number <= last + MOST_AHEAD ? head.version.number : last + 1;
    const sizes = sizesOf(head.graph);
    repo.insertVersion({
      guid: head.version.guid, image_guid: guid, number, enabled: 1, note: head.version.note, captured_at: Date.parse(head.capturedAt), captured_by: head.capturedBy, computer_name: head.computer,
      disk_bytes: sizes.diskBytes, used_bytes: sizes.usedBytes, new_bytes: 0, stored_bytes: storedBytes > 0 ? storedBytes : sizes.usedBytes, smallest_target_bytes: sizes.smallestTargetBytes, manifest, manifest_bytes: manifestBytes,
      origin_server_id: null, pending: 0, graph: JSON.stringify(head.graph),
    }, serverId);
    events.record({ actor, entity: 'image', id: guid, kind: 'rebuilt', message: `Version ${number} was ${how}`, data: { version: number, server: serverId } });
    return number;
  }

  return {
    wasDeleted: (version: { guid: string; manifest: string }): boolean => copiesRepo.wasDeleted(version),
    /**
     * The manifest and all its chunks are in this store: the version is known from now on, and re-hashed. Repeatable.
     * @param how  what is written down: "found in a folder"
     */
    foundHere(version: FoundVersion, { how, actor }: { how: string; actor: string }): number {
      const { head, manifest } = version;
      const { number, all } = repo.transaction(() => {
        const known = repo.versionByGuid(head.version.guid);
        if (known !== undefined && known.manifest !== manifest) throw new AppError('conflict', `Version ${known.number} of "${head.image.name}" is known here with other content under the same identity. Nothing was changed; look at both.`, { version: known.guid });
        if (known === undefined) {
          if (repo.versionWithManifest(manifest) !== undefined) throw new AppError('conflict', 'This version is being deleted here for good, so it is not taken up.', { manifest });
          return { number: insert(version, { serverId: selfId, how, actor }), all: false };
        }
        const before = copies.stateOf(known.guid);
        if (before !== 'ready') copies.move(known.guid, selfId, 'arrived', { problem: null });
        if (before !== 'ready' && before !== 'verifying') events.record({ actor, entity: 'image', id: known.image_guid, kind: 'arrived', message: `Version ${known.number} was ${how}`, data: { version: known.number } });
        return { number: known.number, all: before === 'damaged' };
      });
      events.changed('image', head.image.guid);
      if (copies.stateOf(head.version.guid) !== 'ready') verifying.enqueue(head.version.guid, all ? 'all' : 'unverified', 'server');
      measuring.soon();
      return number;
    },
    /** Another server has a proved copy of a version that nobody here knows: rows are made, and its copy waits for its report. */
    foundElsewhere(version: FoundVersion, { serverId, actor }: { serverId: string; actor: string }): number {
      const { head, manifest } = version;
      const name = copiesRepo.server(serverId)?.name ?? 'another server';
      const number = repo.transaction(() => {
        const known = repo.versionByGuid(head.version.guid);
        if (known !== undefined) {
          if (known.manifest !== manifest) throw new AppError('conflict', `Version ${known.number} of "${head.image.name}" is known here with other content than ${name} has. Nothing was changed.`, { version: known.guid });
          return known.number;
        }
        if (repo.versionWithManifest(manifest) !== undefined || copiesRepo.wasDeleted({ guid: head.version.guid, manifest })) throw new AppError('conflict', 'This version was deleted here for good, so it is not taken up.', { manifest });
        return insert(version, { serverId, how: `taken up from ${name}, which has a proved copy`, actor });
      });
      events.changed('image', head.image.guid);
      return number;
    },
  };
}
