// Pure: a run in words, the same in tree, strip, tables and pages.
import type { RunProgress, RunState, RunView, WhereTimeGoes } from '#shared/model/run.ts';
import { formatBytes, formatRate, formatTimeLeft } from '#shared/units.ts';
import type { Share } from '../ui/Bars.tsx';
import type { Tone } from '../ui/StateMark.tsx';

export const runTones: Record<RunState, Tone> = { queued: 'wait', waiting: 'wait', running: 'run', succeeded: 'ok', failed: 'fail', cancelled: 'off', lost: 'warn' };
const stateWords: Record<RunState, string> = { queued: 'Queued', waiting: 'Waiting', running: 'Running', succeeded: 'Succeeded', failed: 'Failed', cancelled: 'Cancelled', lost: 'Lost contact' };

export function runState(run: RunView): string {
  if (run.state !== 'running') return stateWords[run.state];
  const fraction = runFraction(run.progress);
  return fraction === null ? (run.kind === 'capture' ? 'Capturing' : 'Deploying') : `${run.kind === 'capture' ? 'Capturing' : 'Deploying'} ${Math.floor(fraction * 100)} %`;
}

/** "Capture of Win11 lab", "Deploy of Win11 lab, version 3" */
export function runTitle(run: RunView): string {
  const version = run.versionNumber === null ? '' : `, version ${run.versionNumber}`;
  return `${run.kind === 'capture' ? 'Capture' : 'Deploy'} of ${run.imageName}${version}`;
}

export function runFraction(progress: RunProgress | null): number | null {
  return progress === null || progress.totalBytes === 0 ? null : Math.min(1, progress.doneBytes / progress.totalBytes);
}

/** "19.3 GB of 31.2 GB · 87 MB/s · 4 min left" */
export function progressText(progress: RunProgress): string {
  const amount = progress.totalBytes === 0 ? '' : `${formatBytes(progress.doneBytes)} of ${formatBytes(progress.totalBytes)}`;
  return [amount, progress.rateBytesPerSecond > 0 ? formatRate(progress.rateBytesPerSecond) : '', formatTimeLeft(progress.etaSeconds)].filter((part) => part !== '').join(' · ');
}

const stageWords: Record<string, string> = {
  inspect: 'Looking at the disk', read: 'Reading and sending', commit: 'Committing', wait: 'Waiting until the version is verified', plan: 'Planning',
  write: 'Writing', flush: 'Flushing to the disk', prove: 'Reading back and proving',
};
export function stageText(progress: RunProgress): string {
  return [stageWords[progress.stage] ?? progress.stage, progress.detail].filter((part) => part !== undefined && part !== '').join(': ');
}

const whereNames: [keyof WhereTimeGoes, string, string][] = [
  ['read', 'Read', '#2f7ad6'], ['hash', 'Hash', '#8a63c7'], ['compress', 'Compress', '#c2703d'], ['network', 'Network', '#1d8f6e'], ['decompress', 'Decompress', '#a8862f'], ['write', 'Write', '#bf4f6d'],
];
export function timeShares(where: WhereTimeGoes): Share[] {
  return whereNames.map(([key, name, color]) => ({ name, value: where[key], color })).filter((share) => share.value > 0);
}

/** Trouble first, then what runs (the one that ends first on top), then what waits, then the newest. */
export function byInterest(left: RunView, right: RunView): number {
  return rank(left) - rank(right) || eta(left) - eta(right) || right.startedAt - left.startedAt;
}
const ranks: Record<RunState, number> = { failed: 0, lost: 0, running: 1, waiting: 2, queued: 2, cancelled: 3, succeeded: 3 };
function eta(run: RunView): number {
  return run.state === 'running' ? (run.progress?.etaSeconds ?? 1e9) : 0;
}
function rank(run: RunView): number {
  return ranks[run.state];
}
