// Owns the pure rules of naming an image and choosing the version to deploy: never another one than was meant, never silently
// an older one. Every refusal says what can be done.
import { AppError } from '#shared/errors.ts';
import type { ImageRow, VersionRow } from './repo.ts';

const guidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function looksLikeGuid(text: string): boolean {
  return guidPattern.test(text);
}

/**
 * The one image a person means. Images outside the trash come first; one in the trash is found when nothing else has that name.
 * @param found all images of this GUID or name, in the trash or not
 */
export function pickImage(found: readonly ImageRow[], ref: string): ImageRow | null {
  const living = found.filter((image) => image.trashed_at === null);
  const candidates = living.length > 0 ? living : found;
  if (candidates.length > 1) {
    const list = candidates.map((image) => ({ guid: image.guid, createdAt: image.created_at, inTrash: image.trashed_at !== null }));
    throw new AppError('ambiguous-name',
      `${candidates.length} images are called "${ref}": ${list.map((image) => `${image.guid} (made ${new Date(image.createdAt).toISOString().slice(0, 16).replace('T', ' ')} UTC)`).join(', ')}. Say which one by its GUID.`,
      { name: ref, images: list });
  }
  return candidates[0] ?? null;
}

export function unknownImage(ref: string): AppError {
  return new AppError('not-found', `There is no image "${ref}". "platen image list" shows what there is.`, { image: ref });
}

/** Throws for an image in the trash: what goes into it would leave with it, and nobody would notice. */
export function refuseCaptureIntoTrash(image: ImageRow): void {
  if (image.trashed_at === null) return;
  throw new AppError('image-in-trash', `The image "${image.name}" is in the trash, so nothing is captured into it. Take it out first (platen image undelete ${image.guid}), or choose another name.`, { imageGuid: image.guid, imageName: image.name });
}

/** The same at the end of a capture: somebody deleted the image while it was under way. */
export function refuseTrashedMeanwhile(image: ImageRow): void {
  if (image.trashed_at === null) return;
  throw new AppError('image-in-trash', `The image "${image.name}" was moved to the trash while this capture was under way, so no version was added to it. What was sent is kept for now: take the image out of the trash (platen image undelete ${image.guid}) and start the capture again, and nothing is sent twice.`, { imageGuid: image.guid, imageName: image.name });
}

/** Servers (this one, or those of the computer's site) that also deploy what was captured there and nobody validated yet. */
export type ChooseFor = { origins: ReadonlySet<string>; /** A test deploy, which names its version: it may wait to be validated. */ pendingToo?: boolean; /** Servers that have the computer at their site: what waits there is deployed where its number is named, never as the newest. */ near?: ReadonlySet<string> };
const anywhere: ChooseFor = { origins: new Set() };

/** Not handed out there: captured elsewhere into an image of another owner, and not validated. */
export function isHeldBack(version: Pick<VersionRow, 'pending' | 'origin_server_id'>, { origins }: ChooseFor = anywhere): boolean {
  return version.pending === 1 && (version.origin_server_id === null || !origins.has(version.origin_server_id));
}

function isAtItsSite(version: Pick<VersionRow, 'origin_server_id'>, { near }: ChooseFor): boolean {
  return version.origin_server_id !== null && near?.has(version.origin_server_id) === true;
}

/** The version to deploy, or the refusal. A version that is still verifying is returned: the deploy waits for it. */
export function chooseVersion(image: ImageRow, versions: readonly VersionRow[], wanted?: number, choose: ChooseFor = anywhere): VersionRow {
  const about = { imageGuid: image.guid, imageName: image.name };
  if (image.trashed_at !== null) {
    throw new AppError('image-in-trash', `The image "${image.name}" is in the trash. Take it out first: platen image undelete ${image.guid}`, about);
  }
  if (!image.enabled) {
    throw new AppError('image-disabled', `The image "${image.name}" is disabled, so it is not deployed. Enable it first: platen image enable ${image.guid}`, about);
  }
  const version = wanted === undefined ? newestEnabled(image, versions, choose) : byNumber(image, versions, { wanted, choose });
  if (version.state === 'damaged') {
    const older = versions.filter((other) => other.state === 'ready' && other.enabled && !isHeldBack(other, choose) && other.trashed_at === null && other.number !== version.number).map((other) => other.number).sort((a, b) => b - a);
    const choice = older[0] === undefined ? 'There is no other version that could be deployed; capture it again, or verify it after the disk was repaired.'
      : `Version ${older[0]} is ready: ask for it by number if that is what you want (--version ${older[0]}).`;
    throw new AppError('image-damaged',
      `Version ${version.number} of "${image.name}" is damaged: ${version.damaged_chunks === 0 ? 'its data' : `${version.damaged_chunks} of its chunks`} failed a check, so it is not deployed. ${choice}`,
      { ...about, version: version.number, damagedChunks: version.damaged_chunks, ready: older });
  }
  return version;
}

function newestEnabled(image: ImageRow, versions: readonly VersionRow[], choose: ChooseFor): VersionRow {
  const current = currentVersion(versions, choose);
  if (current !== null) return current;
  const about = { imageGuid: image.guid, imageName: image.name };
  const living = versions.filter((version) => version.trashed_at === null);
  const pending = living.find((version) => version.enabled && isHeldBack(version, choose));
  if (pending !== undefined) throw heldBack(image, pending);
  if (living.length > 0) {
    throw new AppError('image-disabled', `Every version of "${image.name}" is disabled. Enable one first: platen image enable ${image.guid} --version ${living[0]?.number}`, about);
  }
  if (versions.length > 0) {
    throw new AppError('image-in-trash', `Every version of "${image.name}" is in the trash. Take one out first: platen image undelete ${image.guid} --version ${versions[0]?.number}`, about);
  }
  throw new AppError('image-empty', `The image "${image.name}" has no version yet. Capture one first.`, about);
}

function heldBack(image: ImageRow, version: VersionRow): AppError {
  return new AppError('conflict', `Version ${version.number} of "${image.name}" waits to be validated: until then it is deployed only to computers at the site it was captured at, where its number is named. Validate it first: platen image validate ${image.guid} --version ${version.number}. To try it on one computer before: platen image test-deploy ${image.guid} --version ${version.number} --on COMPUTER`,
    { imageGuid: image.guid, imageName: image.name, version: version.number, pending: true });
}

function byNumber(image: ImageRow, versions: readonly VersionRow[], { wanted, choose }: { wanted: number; choose: ChooseFor }): VersionRow {
  const version = versions.find((candidate) => candidate.number === wanted);
  const about = { imageGuid: image.guid, imageName: image.name, version: wanted };
  if (version === undefined) {
    throw new AppError('not-found', `The image "${image.name}" has no version ${wanted}. It has: ${versions.map((candidate) => candidate.number).join(', ') || 'none'}.`, about);
  }
  if (version.trashed_at !== null) {
    throw new AppError('image-in-trash', `Version ${wanted} of "${image.name}" is in the trash. Take it out first: platen image undelete ${image.guid} --version ${wanted}`, about);
  }
  if (!version.enabled) {
    throw new AppError('image-disabled', `Version ${wanted} of "${image.name}" is disabled. Enable it first: platen image enable ${image.guid} --version ${wanted}`, about);
  }
  if (isHeldBack(version, choose) && choose.pendingToo !== true && !isAtItsSite(version, choose)) throw heldBack(image, version);
  return version;
}

/** What one deploys without saying which: the newest that is enabled, not held back and not in the trash, whatever its state. */
export function currentVersion(versions: readonly VersionRow[], choose: ChooseFor = anywhere): VersionRow | null {
  let newest: VersionRow | null = null;
  for (const version of versions) {
    if (version.enabled && version.trashed_at === null && !isHeldBack(version, choose) && version.number > (newest?.number ?? 0)) newest = version;
  }
  return newest;
}
