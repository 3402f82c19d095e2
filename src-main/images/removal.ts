// Owns leaving: the trash, coming back from it, and the journalled removal for good. The intent (removing_at) is written first, with the
// signed record that other servers carry out; then what is here goes, and the rows when every server has said that its copy is gone.
// Every step may be repeated, so a restart simply goes on.
import { AppError, CancelledError, toAppError } from '#shared/errors.ts';
import type { Store } from '../store/types.ts';
import type { Events } from '../events/service.ts';
import type { Log } from '../log/service.ts';
import type { SettingsService } from '../settings/service.ts';
import type { CopiesRepo } from './copies-repo.ts';
import { orderRemoval } from './records.ts';
import type { ImageRepo, ImageRow, VersionRow } from './repo.ts';
import type { Measuring } from './measuring.ts';
import { isHere, type Verifying } from './verifying.ts';

export type RemovalParts = {
  repo: ImageRepo; copiesRepo: CopiesRepo; selfId: string; store: Store; events: Events; log: Log; clock: () => number; settings: SettingsService; verifying: Verifying; measuring: Measuring;
  /** Runs that still read or add to this image (or this version of it): their ids. */
  runsUsing: (imageGuid: string, versionGuid: string | null) => string[];
  onOrdered: () => void;
};
const DAY_MS = 86_400_000;

export class Removal {
  readonly #parts: RemovalParts;
  readonly #stop = new AbortController();
  #sweeping: Promise<void> | null = null;
  #sweepAgain = false;
  #removing: Promise<void> = Promise.resolve();

  constructor(parts: RemovalParts) {
    this.#parts = parts;
  }

  toTrash(image: ImageRow, version: VersionRow | null, actor: string): { deleteAfter: number } {
    const { repo, events, clock, settings } = this.#parts;
    refuseProtected(image);
    const subject = version ?? image;
    if (subject.delete_after !== null) return { deleteAfter: subject.delete_after };
    const trash = { at: clock(), deleteAfter: clock() + settings.get().trashDays * DAY_MS };
    repo.transaction(() => {
      if (version === null) repo.setImageTrash(image.guid, trash);
      else repo.setVersionTrash(version.guid, trash);
      this.#record(image, version, actor, 'deleted', `${nameOf(image, version)} was moved to the trash`, { deleteAfter: trash.deleteAfter });
    });
    events.changed('image', image.guid);
    return { deleteAfter: trash.deleteAfter };
  }

  fromTrash(image: ImageRow, version: VersionRow | null, actor: string): void {
    const { repo, events } = this.#parts;
    if ((version ?? image).trashed_at === null) return;
    repo.transaction(() => {
      if (version === null) repo.setImageTrash(image.guid, null);
      else repo.setVersionTrash(version.guid, null);
      this.#record(image, version, actor, 'undeleted', `${nameOf(image, version)} was taken out of the trash`);
    });
    events.changed('image', image.guid);
  }

  /** Leaves for good. Resolves when record, copies and manifest are gone; the space follows with the sweep. */
  async purge(image: ImageRow, version: VersionRow | null, actor: string): Promise<void> {
    const { repo, events, clock } = this.#parts;
    refuseProtected(image);
    if ((version ?? image).trashed_at === null && image.trashed_at === null) {
      throw new AppError('conflict', `${nameOf(image, version)} is not in the trash. Delete it first; what is in the trash can be removed for good.`, { imageGuid: image.guid });
    }
    const using = this.#parts.runsUsing(image.guid, version?.guid ?? null);
    if (using.length > 0) {
      throw new AppError('conflict', `${nameOf(image, version)} is in use by ${using.length === 1 ? 'a run' : `${using.length} runs`} that ${using.length === 1 ? 'has' : 'have'} not ended. Wait for it or cancel it, then try again.`, { imageGuid: image.guid, runs: using });
    }
    repo.transaction(() => {
      const now = clock();
      const versions = version === null ? repo.versions(image.guid) : [version];
      const elsewhere = [...new Set(versions.flatMap((each) => this.#parts.copiesRepo.of(each.guid)).filter((copy) => copy.serverId !== this.#parts.selfId && copy.state !== 'absent').map((copy) => copy.serverName))];
      for (const each of versions) repo.markVersionRemoving(each.guid, now);
      if (version === null) repo.markImageRemoving(image.guid, now);
      orderRemoval(this.#parts, { kind: version === null ? 'delete-image' : 'delete-version', server: null, image: image.guid, versions, by: actor });
      this.#record(image, version, actor, 'purged', `${nameOf(image, version)} was removed for good${alsoFrom(elsewhere)}`);
    });
    events.changed('image', image.guid);
    this.#parts.onOrdered();
    await this.finishRemovals();
  }

  /** Carries out every intent there is; called after each purge and at start. */
  finishRemovals(): Promise<void> {
    this.#removing = this.#removing.catch(() => undefined).then(() => this.#finishRemovals());
    return this.#removing;
  }

  async #finishRemovals(): Promise<void> {
    const { repo, copiesRepo, selfId, store, verifying, events } = this.#parts;
    let removed = 0;
    for (const version of repo.versionsBeingRemoved()) {
      verifying.forget(version.guid);
      // A deploy that read it when the record came reads on; nobody begins another.
      if (this.#parts.runsUsing(version.image_guid, version.guid).length > 0) continue;
      // Also where an earlier program marked the version alone.
      if (version.own_state === 'removing' || isHere(version)) {
        await store.deleteManifest(version.manifest);
        repo.transaction(() => copiesRepo.forget(version.guid, selfId));
        removed++;
      }
      // Its row says which servers have not answered yet.
      if (copiesRepo.leftElsewhere(version.guid) > 0) continue;
      repo.transaction(() => repo.removeVersion(version.guid));
      removed++;
    }
    // One that stays, and of which only the copy here goes.
    for (const version of repo.versionsReleasedHere()) {
      verifying.forget(version.guid);
      if (this.#parts.runsUsing(version.image_guid, version.guid).length > 0) continue;
      await store.deleteManifest(version.manifest);
      repo.transaction(() => copiesRepo.forget(version.guid, selfId));
      events.changed('image', version.image_guid);
      removed++;
    }
    for (const image of repo.imagesBeingRemoved()) {
      if (repo.hasVersions(image.guid)) continue;
      repo.transaction(() => repo.removeImage(image.guid));
      events.changed('image', image.guid);
      removed++;
    }
    if (removed === 0) return;
    this.#parts.measuring.soon();
    this.sweepSoon();
  }

  /** Without waiting: a server said that its copy is gone. */
  finishSoon(): void {
    if (this.#stop.signal.aborted) return;
    this.finishRemovals().catch((error: unknown) => this.#parts.log.error('a removal could not be finished; it is tried again at the next upkeep', { error: toAppError(error) }));
  }

  /** What is past its time in the trash goes; what a run still uses is left for the next round. */
  async expire(): Promise<void> {
    const { repo, clock, log } = this.#parts;
    await this.finishRemovals();
    const due: { image: ImageRow; version: VersionRow | null }[] = repo.expiredImages(clock()).map((image) => ({ image, version: null }));
    for (const version of repo.expiredVersions(clock())) {
      const image = repo.imageByGuid(version.image_guid);
      if (image !== undefined && !due.some((other) => other.image.guid === image.guid)) due.push({ image, version });
    }
    for (const { image, version } of due) {
      try {
        await this.purge(image, version, 'server');
      } catch (error) {
        log.warn('the trash could not let go yet', { subject: nameOf(image, version), error: toAppError(error) });
      }
    }
  }

  /** One sweep at a time; asked for during one, another follows. */
  sweepSoon(): void {
    this.#sweepAgain = true;
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = null;
    });
  }

  async idle(): Promise<void> {
    await this.#removing.catch(() => undefined);
    await this.#sweeping;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.idle();
  }

  async #sweep(): Promise<void> {
    const { store, repo, log, events } = this.#parts;
    while (this.#sweepAgain && !this.#stop.signal.aborted) {
      this.#sweepAgain = false;
      let here: ReadonlySet<string> = new Set();
      try {
        here = new Set(await store.manifests());
        // What is on its way, in or out, may not have its manifest; what should be here and is not stops the sweep.
        const live = [...repo.liveManifests(), ...repo.movingManifests().filter((manifest) => here.has(manifest))];
        const result = await store.sweep([...live, ...(await this.#withoutRecord(here, new Set(live)))], this.#stop.signal);
        if (result.removedChunks > 0 || result.removedPacks > 0) log.info('store swept', { ...result });
        events.changed('status', 'status');
      } catch (error) {
        if (error instanceof CancelledError || this.#sweepAgain) continue;
        // A version was deleted while it was looked at: what is to be kept is another list now. Each time one less is there, so that ends.
        if (await this.#wentSince(here)) this.#sweepAgain = true;
        else log.warn('the sweep of the store failed; it is tried again later', { error: toAppError(error) });
      }
    }
  }

  async #wentSince(before: ReadonlySet<string>): Promise<boolean> {
    const now = new Set(await this.#parts.store.manifests().catch(() => before));
    return [...before].some((manifest) => !now.has(manifest));
  }

  /** What was deleted went with its record. A manifest that has none was made by a commit that was cut off, or its record was lost: the doctor takes it up. */
  async #withoutRecord(here: ReadonlySet<string>, live: ReadonlySet<string>): Promise<string[]> {
    const { store, repo, copiesRepo, log } = this.#parts;
    const kept: string[] = [];
    for (const manifest of here) {
      if (live.has(manifest) || repo.versionWithManifest(manifest) !== undefined) continue;
      const reader = await store.openManifest(manifest).catch(() => null);
      if (reader === null) continue;
      await reader.close();
      const { guid } = reader.head.version;
      if (repo.versionByGuid(guid) === undefined && !copiesRepo.wasDeleted({ guid, manifest })) kept.push(manifest);
    }
    if (kept.length > 0) log.warn('manifests without a record are kept; the doctor makes their records again', { manifests: kept.slice(0, 20), count: kept.length });
    return kept;
  }

  #record(image: ImageRow, version: VersionRow | null, actor: string, kind: string, message: string, data: Record<string, unknown> = {}): void {
    this.#parts.events.record({ actor, entity: 'image', id: image.guid, kind, message, data: { ...data, ...(version === null ? {} : { version: version.number }) } });
  }
}

function refuseProtected(image: ImageRow): void {
  if (image.protected) {
    throw new AppError('image-protected', `The image "${image.name}" is protected, so nothing of it is deleted. Take the protection off first: platen image unprotect ${image.guid}`, { imageGuid: image.guid });
  }
}

/** Servers that are away carry it out when they are back. */
function alsoFrom(servers: readonly string[]): string {
  if (servers.length === 0) return '';
  return `. It goes from ${servers.slice(0, 5).join(', ')}${servers.length > 5 ? ` and ${servers.length - 5} more` : ''} as well, as soon as ${servers.length === 1 ? 'that server is' : 'each is'} connected`;
}

function nameOf(image: ImageRow, version: VersionRow | null): string {
  return version === null ? `Image "${image.name}"` : `Version ${version.number} of "${image.name}"`;
}
