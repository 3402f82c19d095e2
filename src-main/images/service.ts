// Owns the rules of images: finding the one that was meant, editing it, recording a finished capture as a version, choosing
// what to deploy. Checking is in verifying.ts, leaving in removal.ts.
import { randomUUID } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import type { HistoryEvent, ImageDetail, ImageSummary, VersionDetail, VersionRef } from '#shared/model/image.ts';
import { deviceGraphSchema, type DeviceGraph } from '#shared/model/schema.ts';
import type { ManifestHead } from '#shared/agent/manifest.ts';
import type { Store } from '../store/types.ts';
import type { Database } from '../db/database.ts';
import type { Events } from '../events/service.ts';
import type { Log } from '../log/service.ts';
import type { SettingsService } from '../settings/service.ts';
import { chooseVersion, looksLikeGuid, pickImage, refuseCaptureIntoTrash, refuseTrashedMeanwhile, unknownImage } from './choose.ts';
import { openImageRepo, type ImageRow, type VersionRow } from './repo.ts';
import { Measuring } from './measuring.ts';
import { readinessOf, type ImageReadiness } from './readiness.ts';
import { Removal } from './removal.ts';
import { sizesOf } from './size.ts';
import { Verifying } from './verifying.ts';
import { viewDetail, viewImage, viewVersion, type Viewer } from './views.ts';

export type Images = ReturnType<typeof openImages>;
export type ImagesParts = {
  db: Database; store: Store; events: Events; log: Log; clock: () => number; settings: SettingsService; selfId: string;
  runsUsing: (imageGuid: string, versionGuid: string | null) => string[];
};
/** A finished capture about to become a version. */
export type NewCapture = { imageGuid: string; imageName: string; versionGuid: string; note: string; capturedBy: string; computerName: string; agentVersion: string; graph: DeviceGraph };
export type CommittedVersion = { imageGuid: string; version: number; versionGuid: string; manifest: string; newBytes: number; storedBytes: number };

const DAY_MS = 86_400_000;

export function openImages(parts: ImagesParts) {
  const { db, events, clock, selfId, settings } = parts;
  const repo = openImageRepo(db);
  const verifying = new Verifying({ repo, ...parts });
  const measuring = new Measuring({ repo, ...parts });
  const removal = new Removal({ repo, verifying, measuring, ...parts });
  const viewer: Viewer = { repo, selfId, progressOf: verifying.progressOf };
  const committing = new Map<string, Promise<unknown>>();
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

  /** Chunks are there; now the manifest, then the row. @param commit writes the manifest durably */
  function addVersion(capture: NewCapture, commit: (head: ManifestHead) => ReturnType<Awaited<ReturnType<Store['openCapture']>>['commit']>): Promise<CommittedVersion> {
    return inTurn(capture.imageGuid, async () => {
      const done = repo.versionByGuid(capture.versionGuid);
      if (done !== undefined) return { imageGuid: done.image_guid, version: done.number, versionGuid: done.guid, manifest: done.manifest, newBytes: done.new_bytes, storedBytes: done.stored_bytes };
      const known = repo.imageByGuid(capture.imageGuid);
      if (known !== undefined) refuseTrashedMeanwhile(known);
      const number = (known?.last_number ?? 0) + 1;
      const at = clock();
      const committed = await commit({
        format: 1, hash: 'blake3', image: { guid: capture.imageGuid, name: known?.name ?? capture.imageName },
        version: { guid: capture.versionGuid, number, note: capture.note },
        capturedAt: new Date(at).toISOString(), capturedBy: capture.capturedBy.slice(0, 200), computer: capture.computerName.slice(0, 200),
        agentVersion: capture.agentVersion, unusedBlocks: 'cleared', graph: capture.graph,
      });
      const sizes = sizesOf(capture.graph);
      repo.transaction(() => {
        const now = repo.imageByGuid(capture.imageGuid);
        if (now !== undefined) refuseTrashedMeanwhile(now);
        else {
          repo.insertImage({ guid: capture.imageGuid, name: capture.imageName, createdAt: at, serverId: selfId });
          events.record({ actor: capture.capturedBy, entity: 'image', id: capture.imageGuid, kind: 'created', message: `Image "${capture.imageName}" was made` });
        }
        repo.insertVersion({
          guid: capture.versionGuid, image_guid: capture.imageGuid, number, note: capture.note, captured_at: at, captured_by: capture.capturedBy,
          computer_name: capture.computerName, disk_bytes: sizes.diskBytes, used_bytes: sizes.usedBytes, new_bytes: committed.newBytes, stored_bytes: committed.storedBytes,
          smallest_target_bytes: sizes.smallestTargetBytes, manifest: committed.manifest, graph: JSON.stringify(capture.graph),
        }, selfId);
        events.record({ actor: capture.capturedBy, entity: 'image', id: capture.imageGuid, kind: 'captured', message: `Version ${number} was captured from ${capture.computerName}`, data: { version: number, newBytes: committed.newBytes } });
      });
      events.changed('image', capture.imageGuid);
      verifying.enqueue(capture.versionGuid, 'unverified', 'server');
      measuring.soon();
      return { imageGuid: capture.imageGuid, version: number, versionGuid: capture.versionGuid, manifest: committed.manifest, newBytes: committed.newBytes, storedBytes: committed.storedBytes };
    });
  }

  return {
    list(trash = false): ImageSummary[] {
      const byImage = Map.groupBy(repo.allVersions(), (version) => version.image_guid);
      return repo.images()
        .filter((image) => !trash ? image.trashed_at === null : image.trashed_at !== null || (byImage.get(image.guid) ?? []).some((version) => version.trashed_at !== null))
        .map((image) => viewImage(image, byImage.get(image.guid) ?? [], viewer));
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
      for (const each of wanted) verifying.enqueue(each.guid, 'all', actor);
      events.changed('image', image.guid);
      return { started: wanted.map((each) => each.number) };
    },
    delete(ref: VersionRef, actor: string): { trashed: { image: string; version?: number }; deleteAfter: number } {
      const { image, version } = subject(ref);
      const { deleteAfter } = removal.toTrash(image, version, actor);
      return { trashed: { image: image.guid, ...(version === null ? {} : { version: version.number }) }, deleteAfter };
    },
    undelete(ref: VersionRef, actor: string): void {
      const { image, version } = subject(ref);
      removal.fromTrash(image, version, actor);
    },
    async purge(ref: VersionRef, actor: string): Promise<void> {
      const { image, version } = subject(ref);
      await removal.purge(image, version, actor);
    },

    forCapture,
    exists: (guid: string): boolean => repo.imageByGuid(guid) !== undefined,
    addVersion,
    /** The version to deploy; it may still be verifying. Throws the refusal. */
    forDeploy(ref: string, wanted?: number): { image: ImageRow; version: VersionRow } {
      const image = require(ref);
      return { image, version: chooseVersion(image, repo.versions(image.guid), wanted) };
    },
    /** For lists of many jobs: what capturing into and deploying each image would meet. Kept until an image changes. */
    readiness(): ImageReadiness {
      const rev = events.latest('image');
      if (readiness?.rev !== rev) readiness = { rev, answers: readinessOf(repo.images(), repo.allVersions()) };
      return readiness.answers;
    },
    graphOf: (versionGuid: string): DeviceGraph => deviceGraphSchema.parse(JSON.parse(repo.graph(versionGuid))),
    findVersion: (guid: string): VersionRow | undefined => repo.versionByGuid(guid),
    verifyProgress: verifying.progressOf,
    nextChange: (guid: string, signal: AbortSignal): Promise<void> => verifying.nextChange(guid, signal),
    /** A reader met a damaged or missing chunk of this version. */
    reportDamage(versionGuid: string, how: string): void {
      const version = repo.versionByGuid(versionGuid);
      if (version !== undefined) verifying.foundDamage(version, 1, how);
    },
    damagedVersions: (): { imageGuid: string; imageName: string; number: number }[] => {
      const names = new Map(repo.images().map((image) => [image.guid, image.name]));
      return repo.allVersions().filter((version) => version.state === 'damaged').map((version) => ({ imageGuid: version.image_guid, imageName: names.get(version.image_guid) ?? '', number: version.number }));
    },
    lookForDamage: (): void => verifying.lookForDamage(),
    liveManifests: (): string[] => repo.liveManifests(),

    /** At start, before anything is served: unfinished removals and checks go on. */
    async recover(): Promise<void> {
      await removal.finishRemovals();
      verifying.recover();
      measuring.soon();
    },
    /** Now and then: the trash, and versions whose last check is too long ago. */
    async upkeep(): Promise<void> {
      await removal.expire();
      const { verifyEveryDays } = settings.get();
      if (verifyEveryDays === 0) return;
      const due = clock() - verifyEveryDays * DAY_MS;
      const trashed = new Set(repo.images().filter((image) => image.trashed_at !== null).map((image) => image.guid));
      for (const version of repo.allVersions()) {
        if (version.trashed_at !== null || trashed.has(version.image_guid) || version.state === 'verifying' || (version.verified_at ?? version.captured_at) >= due) continue;
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
