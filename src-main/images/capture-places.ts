// Owns versions whose chunks went to a package server while the console led the capture: how the console asks for the version and takes it
// up, and how the package server makes its rows. Numbers and owners are the console's; both ends may do their part again.
import { AppError } from '#shared/errors.ts';
import type { ManifestHead } from '#shared/agent/manifest.ts';
import type { CapturedVersion } from '#shared/replication/messages.ts';
import type { Events } from '../events/service.ts';
import type { CaptureSession } from '../store/types.ts';
import { headOf, type CommittedVersion, type NewCapture } from './adding.ts';
import { refuseTrashedMeanwhile } from './choose.ts';
import type { ImageRepo } from './repo.ts';
import type { Measuring } from './measuring.ts';
import { sizesOf } from './size.ts';
import type { Verifying } from './verifying.ts';

/** Asks the package server to make the version; it answers again where it did before. */
export type AskForVersion = (head: ManifestHead, pending: boolean) => Promise<CapturedVersion>;
export type CapturePlacesParts = {
  repo: ImageRepo; events: Events; clock: () => number; selfId: string; verifying: Verifying; measuring: Measuring;
  sizeOf: (manifest: string) => Promise<number>;
  /** The console's own rows for it. */
  captured: (version: CapturedVersion, serverId: string) => number;
  /** A number is needed; whatever has it here gets another one. */
  makeWay: (imageGuid: string, number: number, exceptGuid: string) => void;
};

export function openCapturePlaces({ repo, events, clock, selfId, verifying, measuring, sizeOf, captured, makeWay }: CapturePlacesParts) {
  return {
    /** At the console: the capture that went to this server becomes a version, here and there. */
    async addVersionAt(serverId: string, capture: NewCapture, ask: AskForVersion): Promise<CommittedVersion> {
      const told = repo.versionByGuid(capture.versionGuid);
      // The server told of it by itself, after an answer that was lost.
      if (told !== undefined) return { imageGuid: told.image_guid, version: told.number, versionGuid: told.guid, manifest: told.manifest, newBytes: told.new_bytes, storedBytes: told.stored_bytes, pending: told.pending === 1 };
      const known = repo.imageByGuid(capture.imageGuid);
      if (known !== undefined) refuseTrashedMeanwhile(known);
      const pending = known !== undefined && repo.owner(known.guid)?.id !== serverId;
      const version = await ask(headOf(capture, known, clock()), pending);
      if (version.head.version.guid !== capture.versionGuid || version.head.image.guid !== capture.imageGuid) {
        throw new AppError('proof-failed', 'The package server made another version than it was asked for, so it is not taken up. Look at its log.', { version: capture.versionGuid, server: serverId });
      }
      const number = captured(version, serverId);
      return { imageGuid: capture.imageGuid, version: number, versionGuid: capture.versionGuid, manifest: version.manifest, newBytes: version.newBytes, storedBytes: version.storedBytes, pending };
    },

    /** At the package server: the manifest durably, then the rows; from there on it is verified and told of like any other version. */
    async addForConsole({ head, pending }: { head: ManifestHead; pending: boolean }, commit: () => ReturnType<CaptureSession['commit']>): Promise<void> {
      if (repo.versionByGuid(head.version.guid) !== undefined) return;
      const committed = await commit();
      const manifestBytes = await sizeOf(committed.manifest);
      const { guid, name } = head.image;
      const sizes = sizesOf(head.graph);
      repo.transaction(() => {
        if (repo.versionByGuid(head.version.guid) !== undefined) return;
        if (repo.imageByGuid(guid) === undefined) {
          repo.insertImage({ guid, name, createdAt: clock(), serverId: pending ? null : selfId });
          events.record({ actor: head.capturedBy, entity: 'image', id: guid, kind: 'created', message: `Image "${name}" ${pending ? 'came from the console' : 'was made'}` });
        }
        makeWay(guid, head.version.number, head.version.guid);
        repo.insertVersion({
          guid: head.version.guid, image_guid: guid, number: head.version.number, enabled: 1, note: head.version.note, captured_at: Date.parse(head.capturedAt), captured_by: head.capturedBy, computer_name: head.computer,
          disk_bytes: sizes.diskBytes, used_bytes: sizes.usedBytes, new_bytes: committed.newBytes, stored_bytes: committed.storedBytes, smallest_target_bytes: sizes.smallestTargetBytes,
          manifest: committed.manifest, manifest_bytes: manifestBytes, origin_server_id: selfId, pending: pending ? 1 : 0, graph: JSON.stringify(head.graph),
        }, selfId);
        events.record({
          actor: head.capturedBy, entity: 'image', id: guid, kind: 'captured', message: `Version ${head.version.number} was captured from ${head.computer}, as the console asked${pending ? '; it waits to be validated there' : ''}`,
          data: { version: head.version.number, newBytes: committed.newBytes, pending },
        });
      });
      events.changed('image', guid);
      verifying.enqueue(head.version.guid, 'unverified', 'server');
      measuring.soon();
    },
  };
}
