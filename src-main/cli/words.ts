// Owns the words for states and times in the command line's texts. Pure.
import type { ImageSummary, VersionSummary } from '#shared/model/image.ts';
import type { RunView } from '#shared/model/run.ts';
import { formatPercent, progressFraction } from '#shared/progress.ts';
import { formatDuration } from '#shared/units.ts';

/** Local time to the minute, sortable: "2026-11-21 08:42". */
export function formatTime(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** "ready", "verifying 42%", "damaged (3 chunks)", each with ", disabled" or ", in the trash until …" where so. */
export function versionStateWords(version: VersionSummary): string {
  const words: string[] = [version.state];
  const fraction = version.verifying === null ? null : progressFraction(version.verifying);
  if (fraction !== null) words[0] = version.state === 'verifying' ? `verifying ${formatPercent(fraction)}` : `${version.state}, being verified ${formatPercent(fraction)}`;
  if (version.state === 'damaged' && version.damagedChunks > 0) words[0] += ` (${version.damagedChunks} ${version.damagedChunks === 1 ? 'chunk' : 'chunks'})`;
  if (version.pending) words.push('waits to be validated');
  if (!version.enabled) words.push('disabled');
  if (version.trashedAt !== null) words.push(trashWords(version.deleteAfter));
  return words.join(', ');
}

/** What one needs to know of an image before deploying it, in one cell. */
export function imageStateWords(image: ImageSummary): string {
  if (image.trashedAt !== null) return trashWords(image.deleteAfter);
  const words = [image.newest === null ? 'no version' : versionStateWords(image.newest)];
  if (!image.enabled) words.push('image disabled');
  if (image.protected) words.push('protected');
  if (image.newest !== null && image.current !== null && image.current !== image.newest.number) words.push(`deploys v${image.current}`);
  return words.join(', ');
}

export function trashWords(deleteAfter: number | null): string {
  return deleteAfter === null ? 'in the trash' : `in the trash until ${formatTime(deleteAfter)}`;
}

/** How long it worked; a job's waiting before its first task is none of it, and one that has not begun took nothing. */
export function runTook(run: RunView, now: number): string {
  const since = run.kind === 'job' ? run.tasks[0]?.startedAt ?? null : run.startedAt;
  return since === null ? '' : formatDuration(((run.endedAt ?? now) - since) / 1000);
}

/** "capture of Lab Win11 from lab-12", "deploy of Lab Win11 v3 to lab-12", "Reinstall on lab-12" */
export function runTitle(run: RunView): string {
  if (run.kind === 'job') return `${run.jobName} on ${run.computerName}`;
  const image = run.versionNumber === null ? run.imageName : `${run.imageName} v${run.versionNumber}`;
  return `${run.kind} of ${image} ${run.kind === 'capture' ? 'from' : 'to'} ${run.computerName}`;
}
