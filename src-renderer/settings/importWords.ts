// Pure: an import of a folder of packs in words: how far it is and at which rate, and what became of it.
import type { Import, ImportedVersion } from '#shared/model/import.ts';
import { formatBytes, formatRate, formatTimeLeft } from '#shared/units.ts';
import type { Worded } from '../images/imageWords.ts';

export const outcomeWords: Record<ImportedVersion['outcome'], Worded> = {
  taken: { tone: 'ok', word: 'Taken in' }, here: { tone: 'ok', word: 'Here already' }, incomplete: { tone: 'warn', word: 'Incomplete' }, 'not-wanted': { tone: 'off', word: 'Not wanted here' }, deleted: { tone: 'trash', word: 'Deleted here' },
  'not-signed': { tone: 'warn', word: 'Not signed' }, damaged: { tone: 'fail', word: 'Damaged' }, conflict: { tone: 'fail', word: 'Conflict' }, failed: { tone: 'fail', word: 'Failed' },
};
const summed: Record<ImportedVersion['outcome'], string> = {
  taken: 'taken in', here: 'here already', incomplete: 'incomplete', 'not-wanted': 'not wanted here', deleted: 'deleted here', 'not-signed': 'not signed', damaged: 'damaged', conflict: 'in conflict', failed: 'failed',
};

/** "2 versions: 1 taken in, 1 incomplete" */
export function importSummary(versions: readonly ImportedVersion[]): string {
  if (versions.length === 0) return 'No version was found.';
  const counts = (Object.keys(summed) as ImportedVersion['outcome'][]).map((outcome) => [versions.filter((version) => version.outcome === outcome).length, summed[outcome]] as const).filter(([count]) => count > 0);
  return `${versions.length === 1 ? '1 version' : `${versions.length} versions`}: ${counts.map(([count, word]) => `${count} ${word}`).join(', ')}.`;
}

/** While it is under way the server names the last hundred versions only. */
const namedMeanwhile = 100;
export function namesAll(view: Import): boolean {
  return view.state !== 'running' || view.versions.length < namedMeanwhile;
}
function behind(view: Import, more: number): string {
  return namesAll(view) ? `${Math.min(view.versions.length + more, view.versionsFound)} of ${view.versionsFound}` : `${view.versionsFound} versions in all`;
}

export type Point = { at: number; bytes: number };
/** Bytes brought and looked at so far, of all versions. */
export function importedBytes(view: Import): number {
  return view.bytes + (view.current?.doneBytes ?? 0);
}

/** @param points of this import, oldest first; the rate is that of the time they span */
export function importProgress(view: Import, points: readonly Point[]): { fraction: number | null; text: string } {
  const { current } = view;
  if (current === null) {
    const looking = view.packs > 0 && view.packsRead < view.packs;
    return { fraction: view.packs === 0 ? null : view.packsRead / view.packs, text: looking ? `Looking through the packs: ${view.packsRead} of ${view.packs}` : view.packs === 0 ? 'Opening the folder' : `Looking at the versions: ${behind(view, 0)}` };
  }
  const [first, last] = [points[0], points.at(-1)];
  const rate = first === undefined || last === undefined || last.at <= first.at ? 0 : Math.max(0, last.bytes - first.bytes) / ((last.at - first.at) / 1000);
  const left = rate === 0 ? null : (current.totalBytes - current.doneBytes) / rate;
  return {
    fraction: current.totalBytes === 0 ? null : current.doneBytes / current.totalBytes,
    text: [`${current.imageName} version ${current.number}, ${behind(view, 1)}: ${formatBytes(current.doneBytes)} of ${formatBytes(current.totalBytes)}`, rate > 0 ? formatRate(rate) : '', formatTimeLeft(left)].filter((part) => part !== '').join(' · '),
  };
}
