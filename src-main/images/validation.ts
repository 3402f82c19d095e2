// Owns what becomes of a pending version: one that another server captured into an image that is not its own. Nobody gets it before a
// person validated it, and that takes a copy that this server has proved itself.
import { AppError } from '#shared/errors.ts';
import type { Events } from '../events/service.ts';
import type { ImageRepo, ImageRow, VersionRow } from './repo.ts';
import type { Removal } from './removal.ts';

export function openValidation({ repo, events, removal }: { repo: ImageRepo; events: Events; removal: Removal }) {
  function pending(versionGuid: string): { image: ImageRow; version: VersionRow } {
    const version = repo.versionByGuid(versionGuid);
    const image = version === undefined ? undefined : repo.imageByGuid(version.image_guid);
    if (version === undefined || image === undefined) throw new AppError('not-found', 'There is no such version any more.', { version: versionGuid });
    return { image, version };
  }
  return {
    /** From now on it is handed to other servers and deployed like any other. */
    validate(versionGuid: string, actor: string): void {
      const { image, version } = pending(versionGuid);
      if (version.pending === 0) return;
      if (version.own_state !== 'ready') {
        const why = version.own_state === 'verifying' ? 'this server is still re-hashing its copy' : version.own_state === 'damaged' ? 'the copy on this server is damaged' : 'its copy has not arrived on this server yet';
        throw new AppError('conflict', `Version ${version.number} of "${image.name}" can't be validated yet: ${why}. Wait until the copy here is ready, then try again.`, { imageGuid: image.guid, version: version.number, state: version.own_state });
      }
      repo.transaction(() => {
        repo.setPending(version.guid, false);
        events.record({ actor, entity: 'image', id: image.guid, kind: 'validated', message: `Version ${version.number} was validated`, data: { version: version.number } });
      });
      events.changed('image', image.guid);
    },
    /** To the trash: taken out again it is pending as before; when its time there is over it is deleted where it was made, too. */
    reject(versionGuid: string, reason: string, actor: string): { deleteAfter: number } {
      const { image, version } = pending(versionGuid);
      if (version.pending === 0) throw new AppError('conflict', `Version ${version.number} of "${image.name}" does not wait to be validated. Delete it, if it is to go.`, { imageGuid: image.guid, version: version.number });
      return repo.transaction(() => {
        events.record({ actor, entity: 'image', id: image.guid, kind: 'rejected', message: `Version ${version.number} was rejected${reason === '' ? '' : `: ${reason}`}`, data: { version: version.number, reason } });
        return removal.toTrash(image, version, actor);
      });
    },
  };
}
