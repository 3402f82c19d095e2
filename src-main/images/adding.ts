// Owns making a version of a finished capture: the manifest durably, then the row, one after the other for each image.
import type { ManifestHead } from '#shared/agent/manifest.ts';
import type { DeviceGraph } from '#shared/model/schema.ts';
import type { Events } from '../events/service.ts';
import type { Store } from '../store/types.ts';
import { refuseTrashedMeanwhile } from './choose.ts';
import type { Measuring } from './measuring.ts';
import type { ImageRepo, ImageRow } from './repo.ts';
import { sizesOf } from './size.ts';
import type { Verifying } from './verifying.ts';

/** A finished capture about to become a version. */
export type NewCapture = { imageGuid: string; imageName: string; versionGuid: string; note: string; capturedBy: string; computerName: string; agentVersion: string; graph: DeviceGraph };
export type CommittedVersion = { imageGuid: string; version: number; versionGuid: string; manifest: string; newBytes: number; storedBytes: number; /** It waits to be validated. */ pending?: boolean };
export type AddingParts = { repo: ImageRepo; store: Pick<Store, 'openManifest'>; events: Events; clock: () => number; selfId: string; verifying: Verifying; measuring: Measuring };
type Commit = (head: ManifestHead) => ReturnType<Awaited<ReturnType<Store['openCapture']>>['commit']>;

/** What a manifest says of the capture it is made of. @param known the image, where it is there already */
export function headOf(capture: NewCapture, known: Pick<ImageRow, 'name' | 'last_number'> | undefined, at: number): ManifestHead {
  return {
    format: 1, hash: 'blake3', image: { guid: capture.imageGuid, name: known?.name ?? capture.imageName },
    version: { guid: capture.versionGuid, number: (known?.last_number ?? 0) + 1, note: capture.note },
    capturedAt: new Date(at).toISOString(), capturedBy: capture.capturedBy.slice(0, 200), computer: capture.computerName.slice(0, 200),
    agentVersion: capture.agentVersion, unusedBlocks: 'cleared', graph: capture.graph,
  };
}

export function openAdding({ repo, store, events, clock, selfId, verifying, measuring }: AddingParts) {
  const committing = new Map<string, Promise<unknown>>();

  /** Captures of one image become versions one after the other, so that numbers have no gaps and follow the order of their ends. */
  async function inTurn<T>(imageGuid: string, work: () => Promise<T>): Promise<T> {
    const mine = (committing.get(imageGuid) ?? Promise.resolve()).catch(() => undefined).then(work);
    committing.set(imageGuid, mine);
    try {
      return await mine;
    } finally {
      if (committing.get(imageGuid) === mine) committing.delete(imageGuid);
    }
  }

  async function sizeOf(manifest: string): Promise<number> {
    const reader = await store.openManifest(manifest);
    await reader.close();
    return reader.sizeBytes;
  }

  return {
    sizeOf,
    /** Chunks are there; now the manifest, then the row. @param commit writes the manifest durably */
    addVersion(capture: NewCapture, commit: Commit): Promise<CommittedVersion> {
      return inTurn(capture.imageGuid, async () => {
        const done = repo.versionByGuid(capture.versionGuid);
        if (done !== undefined) return { imageGuid: done.image_guid, version: done.number, versionGuid: done.guid, manifest: done.manifest, newBytes: done.new_bytes, storedBytes: done.stored_bytes };
        const known = repo.imageByGuid(capture.imageGuid);
        if (known !== undefined) refuseTrashedMeanwhile(known);
        const at = clock();
        const head = headOf(capture, known, at);
        const committed = await commit(head);
        const manifestBytes = await sizeOf(committed.manifest);
        const sizes = sizesOf(capture.graph);
        const number = repo.transaction(() => {
          const now = repo.imageByGuid(capture.imageGuid);
          if (now !== undefined) refuseTrashedMeanwhile(now);
          else {
            repo.insertImage({ guid: capture.imageGuid, name: capture.imageName, createdAt: at, serverId: selfId });
            events.record({ actor: capture.capturedBy, entity: 'image', id: capture.imageGuid, kind: 'created', message: `Image "${capture.imageName}" was made` });
          }
          // A version from another server may have come meanwhile and have that number.
          const free = Math.max(head.version.number, (now?.last_number ?? 0) + 1);
          repo.insertVersion({
            guid: capture.versionGuid, image_guid: capture.imageGuid, number: free, enabled: 1, note: capture.note, captured_at: at, captured_by: capture.capturedBy,
            computer_name: capture.computerName, disk_bytes: sizes.diskBytes, used_bytes: sizes.usedBytes, new_bytes: committed.newBytes, stored_bytes: committed.storedBytes,
            smallest_target_bytes: sizes.smallestTargetBytes, manifest: committed.manifest, manifest_bytes: manifestBytes, origin_server_id: selfId, pending: 0, graph: JSON.stringify(capture.graph),
          }, selfId);
          events.record({ actor: capture.capturedBy, entity: 'image', id: capture.imageGuid, kind: 'captured', message: `Version ${free} was captured from ${capture.computerName}`, data: { version: free, newBytes: committed.newBytes } });
          return free;
        });
        events.changed('image', capture.imageGuid);
        verifying.enqueue(capture.versionGuid, 'unverified', 'server');
        measuring.soon();
        return { imageGuid: capture.imageGuid, version: number, versionGuid: capture.versionGuid, manifest: committed.manifest, newBytes: committed.newBytes, storedBytes: committed.storedBytes };
      });
    },
  };
}
