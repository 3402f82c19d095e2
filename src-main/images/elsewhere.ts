// Owns versions that are made at one server and known at another: what a package server takes over from its console, what the console takes
// up from a package server, and letting go by a signed record. Every step may be repeated.
import { AppError } from '#shared/errors.ts';
import type { CapturedVersion, WantedVersion } from '#shared/replication/messages.ts';
import type { Events } from '../events/service.ts';
import type { Log } from '../log/service.ts';
import { isManifestSignedBy } from '../store/signing.ts';
import type { Store } from '../store/types.ts';
import type { Copies } from './copies.ts';
import type { CopiesRepo } from './copies-repo.ts';
import type { ImageRepo } from './repo.ts';
import type { Measuring } from './measuring.ts';
import type { Removal } from './removal.ts';
import type { Verifying } from './verifying.ts';

export type ElsewhereParts = {
  repo: ImageRepo; copiesRepo: CopiesRepo; copies: Copies; store: Store; events: Events; log: Log; clock: () => number; selfId: string; verifying: Verifying; measuring: Measuring; removal: Removal;
  /** This server as its console calls it; its own id elsewhere. */
  knownAs: string;
};

/** A number that a server counted is kept where it leaves no larger gap than a season of captures. */
const MOST_AHEAD = 1000;

export function openElsewhere(parts: ElsewhereParts) {
  const { repo, copiesRepo, copies, store, events, log, clock, selfId, knownAs, verifying, measuring, removal } = parts;

  /** Names, numbers and switches are the console's. @returns whether anything was another */
  function follow(wanted: WantedVersion): boolean {
    const { image } = wanted;
    const known = repo.imageByGuid(image.guid);
    const version = repo.versionByGuid(wanted.guid);
    let changed = false;
    const put = (differs: boolean | undefined, change: () => unknown): void => {
      if (differs !== true) return;
      change();
      changed = true;
    };
    put(known !== undefined && known.name !== image.name, () => repo.rename(image.guid, image.name));
    put(known !== undefined && known.kind !== image.kind, () => repo.setKind(image.guid, image.kind));
    put(known !== undefined && (known.enabled === 1) !== image.enabled, () => repo.setImageEnabled(image.guid, image.enabled));
    put(known !== undefined && (known.protected === 1) !== image.protected, () => repo.setProtected(image.guid, image.protected));
    if (known !== undefined && image.owner !== null) put(!isOwner(image.guid, image.owner), () => setOwner(image.guid, image.owner ?? { id: selfId, name: '' }));
    if (version === undefined || version.manifest !== wanted.manifest) return changed;
    put(version.note !== wanted.note, () => repo.setNote(version.guid, wanted.note));
    put((version.enabled === 1) !== wanted.enabled, () => repo.setVersionEnabled(version.guid, wanted.enabled));
    put((version.pending === 1) !== wanted.pending, () => repo.setPending(version.guid, wanted.pending));
    put(version.number !== wanted.number, () => {
      makeWay(image.guid, wanted.number, version.guid);
      repo.setNumber({ guid: version.guid, imageGuid: image.guid }, wanted.number);
    });
    return changed;
  }

  function isOwner(imageGuid: string, owner: { id: string; name: string }): boolean {
    const known = repo.owner(imageGuid);
    return owner.id === knownAs ? known?.id === selfId : known?.id === owner.id && known.name === owner.name;
  }
  /** Another server is a name here: what it is and whether it is in, the console knows. */
  function setOwner(imageGuid: string, owner: { id: string; name: string }): void {
    const id = owner.id === knownAs ? selfId : owner.id;
    if (id !== selfId) repo.nameServer({ id, name: owner.name, now: clock() });
    repo.setOwner(imageGuid, id);
  }

  /** A version captured here meanwhile may have that number; it gets the next one, and its own from the console when that counted it. */
  function makeWay(imageGuid: string, number: number, exceptGuid: string): void {
    const occupant = repo.versionNumbered(imageGuid, number);
    if (occupant === undefined || occupant.guid === exceptGuid) return;
    const next = Math.max(number, repo.lastNumber(imageGuid)) + 1;
    repo.setNumber({ guid: occupant.guid, imageGuid }, next);
    log.info('a version captured here has another number now: the console gave its number to another one', { image: imageGuid, version: occupant.guid, from: number, to: next });
  }

  return {
    makeWay,
    /** Of everything in the plan that is here: what the console changed about it. */
    takeOver(wanted: readonly WantedVersion[]): void {
      const changed = repo.transaction(() => new Set(wanted.filter(follow).map((each) => each.image.guid)));
      for (const guid of changed) events.changed('image', guid);
    },

    /** All of it is in the store: rows are made, and it is re-hashed. Only that makes it ready. */
    async adopt(wanted: WantedVersion): Promise<void> {
      const { image } = wanted;
      const manifest = await store.openManifest(wanted.manifest);
      const { head, sizeBytes } = manifest;
      await manifest.close();
      if (head.version.guid !== wanted.guid || head.image.guid !== image.guid) {
        throw new AppError('proof-failed', `The manifest of version ${wanted.number} of "${image.name}" is of another version, so it is not taken over. Let the console check its record of it.`, { version: wanted.guid, manifest: wanted.manifest });
      }
      const before = repo.transaction(() => {
        const known = repo.versionByGuid(wanted.guid);
        if (known === undefined && copiesRepo.wasDeleted({ guid: wanted.guid, manifest: wanted.manifest })) throw new AppError('conflict', `Version ${wanted.number} of "${image.name}" was deleted for good while it was on its way here, so it is not taken over.`, { version: wanted.guid });
        if (known !== undefined && known.manifest !== wanted.manifest) throw new AppError('conflict', `Version ${known.number} of "${image.name}" is here with other content under the same identity. Nothing was changed; look at both.`, { version: wanted.guid });
        if (known === undefined) insert(wanted, { graph: JSON.stringify(head.graph), sizeBytes });
        follow(wanted);
        const state = copies.stateOf(wanted.guid);
        if (known !== undefined && state !== 'ready') copies.move(wanted.guid, selfId, 'arrived');
        return state;
      });
      events.changed('image', image.guid);
      if (before === 'ready') return;
      // Where it was damaged, nothing of it is believed any more.
      verifying.enqueue(wanted.guid, before === 'damaged' ? 'all' : 'unverified', 'server');
      measuring.soon();
    },

    /** A version was captured at a package server. @returns its number, as counted here */
    captured(version: CapturedVersion, serverId: string): number {
      const { head, manifest, signature } = version;
      const server = copiesRepo.server(serverId);
      if (server === undefined || signature.manifest !== manifest || !isManifestSignedBy(server.publicKey, signature)) {
        throw new AppError('proof-failed', 'That version is not signed by the server that tells of it, so it is not taken up.', { version: head.version.guid, server: serverId });
      }
      const number = repo.transaction(() => {
        const known = repo.versionByGuid(head.version.guid);
        if (known !== undefined && known.manifest !== manifest) throw new AppError('conflict', `Version ${known.number} is known here with other content under the same identity. Nothing was changed.`, { version: known.guid });
        if (known !== undefined) return known.number;
        if (copiesRepo.wasDeleted({ guid: head.version.guid, manifest }) || repo.versionWithManifest(manifest) !== undefined) {
          throw new AppError('conflict', 'This version was deleted here for good. The record that says so tells the server to let go of it.', { version: head.version.guid });
        }
        return takeUp(version, { serverId, serverName: server.name });
      });
      events.changed('image', head.image.guid);
      return number;
    },

    /** A signed record was checked: this exact manifest goes from here, and its row; durably intended when it resolves. A run that reads it reads on. */
    async letGo({ guid, manifest }: { guid: string; manifest: string }): Promise<void> {
      const version = repo.versionByGuid(guid);
      if (version === undefined || version.manifest !== manifest) {
        // It may have come without ever having been recorded, or be half gone.
        if (repo.versionWithManifest(manifest) === undefined) await store.deleteManifest(manifest);
        await removal.finishRemovals();
        return;
      }
      repo.transaction(() => {
        repo.markVersionRemoving(guid, clock());
        events.record({ actor: 'console', entity: 'image', id: version.image_guid, kind: 'purged', message: `Version ${version.number} was let go of, as the console's record says`, data: { version: version.number } });
        // An image without versions says nothing; the console still has it, where it is not deleted there too.
        if (repo.versions(version.image_guid).length === 0) repo.markImageRemoving(version.image_guid, clock());
      });
      events.changed('image', version.image_guid);
      await removal.finishRemovals();
    },
  };

  function insert(wanted: WantedVersion, { graph, sizeBytes }: { graph: string; sizeBytes: number }): void {
    const { image } = wanted;
    if (repo.imageByGuid(image.guid) === undefined) {
      repo.insertImage({ guid: image.guid, name: image.name, createdAt: image.createdAt, serverId: null });
      events.record({ actor: 'console', entity: 'image', id: image.guid, kind: 'created', message: `Image "${image.name}" came from the console` });
    }
    makeWay(image.guid, wanted.number, wanted.guid);
    repo.insertVersion({
      guid: wanted.guid, image_guid: image.guid, number: wanted.number, enabled: wanted.enabled ? 1 : 0, note: wanted.note, captured_at: wanted.capturedAt, captured_by: wanted.capturedBy, computer_name: wanted.computerName,
      disk_bytes: wanted.diskBytes, used_bytes: wanted.usedBytes, new_bytes: wanted.newBytes, stored_bytes: wanted.storedBytes, smallest_target_bytes: wanted.smallestTargetBytes, manifest: wanted.manifest, manifest_bytes: sizeBytes,
      origin_server_id: null, pending: wanted.pending ? 1 : 0, graph,
    }, selfId);
    events.record({ actor: 'console', entity: 'image', id: image.guid, kind: 'arrived', message: `Version ${wanted.number} arrived`, data: { version: wanted.number } });
  }

  /** Rows for a version that is at another server. Into an image that is not that server's own it is pending. */
  function takeUp(version: CapturedVersion, { serverId, serverName }: { serverId: string; serverName: string }): number {
    const { head } = version;
    const { guid, name } = head.image;
    if (repo.isImageRemoving(guid)) throw new AppError('conflict', `The image "${name}" is being deleted here for good. The version is kept at its server, and not taken up.`, { image: guid });
    const known = repo.imageByGuid(guid);
    if (known === undefined) {
      repo.insertImage({ guid, name, createdAt: clock(), serverId });
      events.record({ actor: head.capturedBy, entity: 'image', id: guid, kind: 'created', message: `Image "${name}" was made at ${serverName}` });
    }
    const last = known?.last_number ?? 0;
    const number = head.version.number > last && head.version.number <= last + MOST_AHEAD ? head.version.number : last + 1;
    const isPending = known !== undefined && repo.owner(guid)?.id !== serverId;
    repo.insertVersion({
      guid: head.version.guid, image_guid: guid, number, enabled: 1, note: head.version.note, captured_at: Date.parse(head.capturedAt), captured_by: head.capturedBy, computer_name: head.computer,
      disk_bytes: version.diskBytes, used_bytes: version.usedBytes, new_bytes: version.newBytes, stored_bytes: version.storedBytes, smallest_target_bytes: version.smallestTargetBytes, manifest: version.manifest,
      manifest_bytes: version.manifestBytes, origin_server_id: serverId, pending: isPending ? 1 : 0, graph: JSON.stringify(head.graph),
    }, serverId);
    events.record({
      actor: head.capturedBy, entity: 'image', id: guid, kind: 'captured', message: `Version ${number} was captured at ${serverName} from ${head.computer}${isPending ? '; it waits to be validated' : ''}`,
      data: { version: number, server: serverId, pending: isPending, ...(number === head.version.number ? {} : { numberThere: head.version.number }) },
    });
    return number;
  }
}
