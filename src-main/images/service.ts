// Owns images as the rest of the server uses them: finding the one that was meant, editing it, choosing what to deploy. A finished capture
// becomes a version in adding.ts, checking is in verifying.ts, leaving in removal.ts, what other servers have in copies.ts and elsewhere.ts.
import { randomUUID } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import type { HistoryEvent, ImageDetail, ImageSummary, VersionDetail, VersionRef } from '#shared/model/image.ts';
import { deviceGraphSchema, type DeviceGraph } from '#shared/model/schema.ts';
import type { ChannelName } from '#shared/model/replication.ts';
import type { Store } from '../store/types.ts';
import type { Database } from '../db/database.ts';
import type { Events } from '../events/service.ts';
import type { Log } from '../log/service.ts';
import type { SettingsService } from '../settings/service.ts';
import type { Undo } from '../undo/service.ts';
import { openAdding } from './adding.ts';
import { openCapturePlaces } from './capture-places.ts';
import { openChannels, type Undoable } from './channels.ts';
import { chooseVersion, looksLikeGuid, pickImage, refuseCaptureIntoTrash, unknownImage, type ChooseFor } from './choose.ts';
import { openCopies } from './copies.ts';
import { openCopiesRepo } from './copies-repo.ts';
import { openElsewhere } from './elsewhere.ts';
import { openImageRepo, type ImageRow, type VersionRow } from './repo.ts';
import { Measuring } from './measuring.ts';
import { readinessOf, type ImageReadiness } from './readiness.ts';
import { openRebuilding } from './rebuilding.ts';
import { Removal } from './removal.ts';
import { openValidation } from './validation.ts';
import { isHere, Verifying } from './verifying.ts';
import { viewDetail, viewImage, viewVersion, type Viewer } from './views.ts';

export type { CommittedVersion, NewCapture } from './adding.ts';
export type { ChooseFor } from './choose.ts';
export type { Copies, CopyFacts } from './copies.ts';
export type { KnownCopy } from './copies-repo.ts';
export type Images = ReturnType<typeof openImages>;
export type ImagesParts = {
  db: Database; store: Store; events: Events; log: Log; clock: () => number; settings: SettingsService; selfId: string; /** What its console calls it, where that is another id. */ knownAs?: string;
  runsUsing: (imageGuid: string, versionGuid: string | null) => string[];
  /** Without it nothing can be taken back. */
  undo?: Undo;
};

const DAY_MS = 86_400_000;

export function openImages(parts: ImagesParts) {
  const { db, events, clock, selfId, settings } = parts;
  const [repo, copiesRepo] = [openImageRepo(db, selfId), openCopiesRepo(db)];
  const onOrdered = (): void => {
    for (const listener of orderListeners) listener();
  };
  const copies = openCopies({ ...parts, repo, copiesRepo, onOrdered, onMove: (guid) => verifying.moved(guid), onGone: () => removal.finishSoon() });
  const verifying = new Verifying({ repo, copies, ...parts });
  const measuring = new Measuring({ repo, ...parts });
  const removal = new Removal({ repo, copiesRepo, verifying, measuring, onOrdered, ...parts });
  const adding = openAdding({ repo, verifying, measuring, ...parts });
  const elsewhere = openElsewhere({ repo, copiesRepo, copies, verifying, measuring, removal, ...parts, knownAs: parts.knownAs ?? selfId });
  const places = openCapturePlaces({ ...parts, repo, verifying, measuring, sizeOf: adding.sizeOf, captured: elsewhere.captured, makeWay: elsewhere.makeWay });
  const rebuilding = openRebuilding({ repo, copiesRepo, copies, verifying, measuring, ...parts });
  const orderListeners = new Set<() => void>();
  const channels = openChannels({ repo, events, clock, undo: parts.undo ?? null });
  const validation = openValidation({ repo, events, removal });
  const here: ChooseFor = { origins: new Set([selfId]) };
  const viewer: Viewer = { repo, selfId, progressOf: verifying.progressOf };
  let readiness: { rev: number; answers: ImageReadiness } | null = null;
  /** When the schedule last asked for a check: one that fails or finds damage again is not repeated every minute. */
  const scheduledAt = new Map<string, number>();

  function find(ref: string): ImageRow | null {
    const byGuid = looksLikeGuid(ref) ? repo.imageByGuid(ref.toLowerCase()) : undefined;
    return byGuid ?? pickImage(repo.imagesByName(ref.trim()), ref);
  }
  function require(ref: string): ImageRow {
    const image = find(ref);
    if (image === null) throw unknownImage(ref);
    return image;
  }
  function requireVersion(image: ImageRow, number: number): VersionRow {
    const version = repo.versions(image.guid).find((candidate) => candidate.number === number);
    if (version === undefined) throw new AppError('not-found', `The image "${image.name}" has no version ${number}.`, { imageGuid: image.guid, version: number });
    return version;
  }
  function subject(ref: VersionRef): { image: ImageRow; version: VersionRow | null } {
    const image = require(ref.image);
    return { image, version: ref.version === undefined ? null : requireVersion(image, ref.version) };
  }
  /** An edit and its event in one transaction; clients are told afterwards. */
  function edit(image: ImageRow, event: { actor: string; kind: string; message: string; data?: Record<string, unknown> }, change: () => void): void {
    repo.transaction(() => {
      change();
      events.record({ entity: 'image', id: image.guid, ...event });
    });
    events.changed('image', image.guid);
  }

  /** The image a capture adds to: an existing one by name or GUID, or a new one of that name. */
  function forCapture(ref: string): { guid: string; name: string; isNew: boolean } {
    const image = find(ref);
    if (image !== null) {
      refuseCaptureIntoTrash(image);
      return { guid: image.guid, name: image.name, isNew: false };
    }
    if (looksLikeGuid(ref)) throw unknownImage(ref);
    return { guid: randomUUID(), name: ref.trim(), isNew: true };
  }

  /** What a channel names, by its number; the refusal where it names none. */
  function inChannel(image: ImageRow, channel: ChannelName): number {
    const version = channels.named(image.guid, channel);
    if (version === null) throw new AppError('image-empty', `The ${channel} channel of "${image.name}" names no version. Set it first: platen image channel ${image.guid} ${channel} --version N`, { imageGuid: image.guid, imageName: image.name, channel });
    return version.number;
  }

  return {
    list(trash = false): ImageSummary[] {
      const byImage = Map.groupBy(repo.allVersions(), (version) => version.image_guid);
      const channelsByImage = Map.groupBy(repo.channels(), (channel) => channel.image_guid);
      return repo.images()
        .filter((image) => !trash ? image.trashed_at === null : image.trashed_at !== null || (byImage.get(image.guid) ?? []).some((version) => version.trashed_at !== null))
        .map((image) => viewImage(image, byImage.get(image.guid) ?? [], viewer, channelsByImage.get(image.guid) ?? []));
    },
    counts: repo.imageCounts,
    /** Images whose name, GUID or description has the text, in the order of names. */
    search: (text: string, limit: number): { guid: string; name: string; description: string }[] =>
      repo.images().filter((image) => image.trashed_at === null && `${image.name}\n${image.guid}\n${image.description}`.toLowerCase().includes(text)).slice(0, limit),
    get(ref: string): ImageDetail {
      const image = require(ref);
      return viewDetail(image, repo.versions(image.guid), viewer);
    },
    version(ref: string, number: number): VersionDetail {
      const image = require(ref);
      const version = requireVersion(image, number);
      return { ...viewVersion(version, viewer), graph: deviceGraphSchema.parse(JSON.parse(repo.graph(version.guid))), smallestTargetBytes: version.smallest_target_bytes };
    },
    history: (ref: string): HistoryEvent[] => events.history('image', require(ref).guid),

    rename(ref: string, name: string, actor: string): void {
      const image = require(ref);
      if (image.name === name) return;
      const taken = repo.imagesByName(name).find((other) => other.guid !== image.guid && other.trashed_at === null);
      if (taken !== undefined) throw new AppError('conflict', `Another image is called "${name}" already (${taken.guid}). Choose another name, or rename that one first.`, { name, guid: taken.guid });
      edit(image, { actor, kind: 'renamed', message: `Renamed from "${image.name}" to "${name}"`, data: { from: image.name, to: name } }, () => repo.rename(image.guid, name));
    },
    describe(ref: string, description: string, actor: string): void {
      const image = require(ref);
      edit(image, { actor, kind: 'described', message: 'Description changed' }, () => repo.describe(image.guid, description));
    },
    setNote(ref: { image: string; version: number }, note: string, actor: string): void {
      const image = require(ref.image);
      const version = requireVersion(image, ref.version);
      edit(image, { actor, kind: 'noted', message: `Note of version ${version.number} changed`, data: { version: version.number } }, () => repo.setNote(version.guid, note));
    },
    setEnabled(ref: VersionRef, enabled: boolean, actor: string): void {
      const { image, version } = subject(ref);
      const what = version === null ? 'Image' : `Version ${version.number}`;
      edit(image, { actor, kind: enabled ? 'enabled' : 'disabled', message: `${what} ${enabled ? 'enabled' : 'disabled'}`, data: version === null ? {} : { version: version.number } },
        () => void (version === null ? repo.setImageEnabled(image.guid, enabled) : repo.setVersionEnabled(version.guid, enabled)));
    },
    setProtected(ref: string, on: boolean, actor: string): void {
      const image = require(ref);
      edit(image, { actor, kind: on ? 'protected' : 'unprotected', message: on ? 'Protected against deletion' : 'Protection taken off' }, () => repo.setProtected(image.guid, on));
    },
    verify(ref: VersionRef, actor: string): { started: number[] } {
      const { image, version } = subject(ref);
      const wanted = version === null ? repo.versions(image.guid).filter((each) => each.trashed_at === null) : [version];
      if (wanted.length === 0) throw new AppError('image-empty', `The image "${image.name}" has no version to verify.`, { imageGuid: image.guid });
      const ours = wanted.filter(isHere);
      if (ours.length === 0) throw new AppError('not-found', `No copy of ${version === null ? `"${image.name}"` : `version ${version.number} of "${image.name}"`} is on this server, so there is nothing to re-hash here. Verify it at a server that has one.`, { imageGuid: image.guid });
      for (const each of ours) verifying.enqueue(each.guid, 'all', actor);
      events.changed('image', image.guid);
      return { started: ours.map((each) => each.number) };
    },
    delete(ref: VersionRef, actor: string): { trashed: { image: string; version?: number }; deleteAfter: number } {
      const { image, version } = subject(ref);
      const { deleteAfter } = removal.toTrash(image, version, actor);
      return { trashed: { image: image.guid, ...(version === null ? {} : { version: version.number }) }, deleteAfter };
    },
    /** Everything that may go, goes to the trash; what is protected, or gone already, is named with the reason. */
    deleteMany(refs: readonly VersionRef[], actor: string): { trashed: { image: string; name: string; version: number | null; deleteAfter: number }[]; skipped: { image: string; version: number | null; reason: string }[] } {
      const done: ReturnType<Images['deleteMany']> = { trashed: [], skipped: [] };
      for (const ref of refs) {
        try {
          const { image, version } = subject(ref);
          done.trashed.push({ image: image.guid, name: image.name, version: version?.number ?? null, deleteAfter: removal.toTrash(image, version, actor).deleteAfter });
        } catch (error) {
          if (!(error instanceof AppError) || error.code === 'io' || error.code === 'disk-full') throw error;
          done.skipped.push({ image: ref.image, version: ref.version ?? null, reason: error.message });
        }
      }
      return done;
    },
    undelete(ref: VersionRef, actor: string): void {
      const { image, version } = subject(ref);
      removal.fromTrash(image, version, actor);
    },
    async purge(ref: VersionRef, actor: string): Promise<void> {
      const { image, version } = subject(ref);
      await removal.purge(image, version, actor);
    },

    setKind: (ref: string, kind: 'image' | 'backup', actor: string): Undoable => channels.setKind(require(ref), kind, actor),
    setPriority(ref: string, priority: number, actor: string): void {
      const image = require(ref);
      if (image.priority !== priority) edit(image, { actor, kind: 'priority', message: `Its priority is ${priority} now`, data: { from: image.priority, to: priority } }, () => repo.setPriority(image.guid, priority));
    },
    /** @param version null: the channel names none any more */
    setChannel(ref: string, { channel, version }: { channel: ChannelName; version: number | null }, actor: string): Undoable {
      const image = require(ref);
      return channels.set(image, channel, version === null ? null : requireVersion(image, version), actor);
    },
    promote: (ref: string, actor: string): Undoable => channels.promote(require(ref), actor),
    rollBack: (ref: string, channel: ChannelName, actor: string): Undoable => channels.rollBack(require(ref), channel, actor),
    validate: validation.validate,
    reject: validation.reject,

    /** Signed records were written that were not there before. */
    onOrdered: (listener: () => void): void => void orderListeners.add(listener),
    /** Re-hashes the copy on this server. @returns false where there is none */
    verifyHere(versionGuid: string, actor: string): boolean {
      const version = repo.versionByGuid(versionGuid);
      if (version === undefined || !isHere(version)) return false;
      verifying.enqueue(versionGuid, 'all', actor);
      return true;
    },
    /** Which server has what, and what is proved of it. */
    copies,
    readyAt: copies.readyAt,
    adopt: elsewhere.adopt,
    takeOver: elsewhere.takeOver,
    captured: elsewhere.captured,
    letGo: elsewhere.letGo,
    ...rebuilding,
    /** Of the newest other version of this image that is proved here: what a transfer makes differences against. */
    olderManifest: (imageGuid: string, versionGuid: string): string | null => repo.versions(imageGuid).find((version) => version.guid !== versionGuid && version.own_state === 'ready')?.manifest ?? null,

    forCapture,
    exists: (guid: string): boolean => repo.imageByGuid(guid) !== undefined,
    addVersion: adding.addVersion,
    addVersionAt: places.addVersionAt,
    addForConsole: places.addForConsole,
    /** The version to deploy; it may still be verifying. Throws the refusal. @param wanted a number, or what a channel names; @param choose who asks: what is pending is deployed where it was captured, and to computers at that site */
    forDeploy(ref: string, wanted?: number | ChannelName, choose: Partial<ChooseFor> = {}): { image: ImageRow; version: VersionRow } {
      const image = require(ref);
      return { image, version: chooseVersion(image, repo.versions(image.guid), typeof wanted === 'string' ? inChannel(image, wanted) : wanted, { ...here, ...choose }) };
    },
    /** Throws where what was chosen can't be read from this very server, saying where it can. */
    requireHere({ image, version }: { image: ImageRow; version: VersionRow }): void {
      if (version.own_state === 'ready') return;
      const there = copies.of(version.guid).filter((copy) => copy.state === 'ready').map((copy) => copy.serverName);
      const why = version.own_state === 'damaged' ? 'the copy on this server is damaged' : 'this server has no proved copy of it';
      const next = there.length === 0 ? 'Wait until a server has proved its copy, or verify it.' : `It is ready on ${there.join(', ')}: deploy from there, or let this server copy it.`;
      throw new AppError(version.own_state === 'damaged' ? 'image-damaged' : 'not-found', `Version ${version.number} of "${image.name}" can't be deployed from here: ${why}. ${next}`, { imageGuid: image.guid, imageName: image.name, version: version.number, readyAt: copies.readyAt(version.guid) });
    },
    /** Throws where no server that computers may read from is going to have what was chosen. */
    requireProvable({ image, version }: { image: ImageRow; version: VersionRow }): void {
      if (version.own_state === 'absent' || version.own_state === 'copying') throw new AppError('conflict', `Version ${version.number} of "${image.name}" has not arrived on this server yet. Try again when its copy here is ready.`, { imageGuid: image.guid, version: version.number });
      if (version.own_state === 'damaged') throw new AppError('image-damaged', `The copy of version ${version.number} of "${image.name}" on this server is damaged. Wait until it was fetched again.`, { imageGuid: image.guid, version: version.number });
    },
    /** For lists of many jobs: what capturing into and deploying each image would meet. Kept until an image changes. */
    readiness(): ImageReadiness {
      const rev = events.latest('image');
      if (readiness?.rev !== rev) readiness = { rev, answers: readinessOf(repo.images(), repo.allVersions(), { channels: repo.channels(), choose: here }) };
      return readiness.answers;
    },
    graphOf: (versionGuid: string): DeviceGraph => deviceGraphSchema.parse(JSON.parse(repo.graph(versionGuid))),
    findVersion: (guid: string): VersionRow | undefined => repo.versionByGuid(guid),
    /** What a signed ticket names. */
    versionOfManifest: (manifest: string): VersionRow | undefined => repo.versionByManifest(manifest),
    /** For runs that read it already: also while it is on its way out. */
    readable: (guid: string): { guid: string; manifest: string } | undefined => repo.versionByGuid(guid) ?? repo.versionsBeingRemoved().find((version) => version.guid === guid && version.own_state === 'removing'),
    verifyProgress: verifying.progressOf,
    nextChange: (guid: string, signal: AbortSignal): Promise<void> => verifying.nextChange(guid, signal),
    /** A reader met a damaged or missing chunk of this version. */
    reportDamage(versionGuid: string, how: string): void {
      const version = repo.versionByGuid(versionGuid);
      if (version !== undefined && isHere(version)) verifying.foundDamage(version, 1, how);
    },
    damagedVersions: (): { imageGuid: string; imageName: string; number: number }[] => {
      const names = new Map(repo.images().map((image) => [image.guid, image.name]));
      return repo.allVersions().filter((version) => version.state === 'damaged').map((version) => ({ imageGuid: version.image_guid, imageName: names.get(version.image_guid) ?? '', number: version.number }));
    },
    pendingVersions: repo.pendingVersions,
    lookForDamage: (): void => verifying.lookForDamage(),
    liveManifests: (): string[] => repo.liveManifests(),

    /** At start, before anything is served: unfinished removals and checks go on. */
    async recover(): Promise<void> {
      copies.settleAcknowledged();
      await removal.finishRemovals();
      // Versions of an earlier program: how long their manifests are was not kept.
      for (const version of repo.allVersions()) {
        if (version.manifest_bytes === 0 && isHere(version)) await adding.sizeOf(version.manifest).then((bytes) => repo.setManifestBytes(version.guid, bytes), () => undefined);
      }
      verifying.recover();
      measuring.soon();
    },
    /** Now and then: the trash, and versions whose last check is too long ago. */
    async upkeep(): Promise<void> {
      copies.settleAcknowledged();
      await removal.expire();
      const { verifyEveryDays } = settings.get();
      if (verifyEveryDays === 0) return;
      const due = clock() - verifyEveryDays * DAY_MS;
      const trashed = new Set(repo.images().filter((image) => image.trashed_at !== null).map((image) => image.guid));
      for (const version of repo.allVersions()) {
        if (version.trashed_at !== null || trashed.has(version.image_guid) || (version.own_state !== 'ready' && version.own_state !== 'damaged') || (version.own_proved_at ?? version.captured_at) >= due) continue;
        if (clock() - (scheduledAt.get(version.guid) ?? -Infinity) < DAY_MS) continue;
        scheduledAt.set(version.guid, clock());
        verifying.enqueue(version.guid, 'all', 'server');
      }
    },
    sweepSoon: (): void => removal.sweepSoon(),
    /** Resolves when removals and sweeps under way are done. */
    idle: (): Promise<void> => removal.idle(),
    async close(): Promise<void> {
      await verifying.close();
      await removal.close();
      await measuring.close();
    },
  };
}
