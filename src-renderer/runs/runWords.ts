// Pure: a run on screen: tones, capitals and shares. The words themselves are shared with command line and portal.
import { currentTask, runFraction, runStateWords, runWord, stageWords } from '#shared/model/run-words.ts';
import type { RunWord } from '#shared/model/run-words.ts';
import { runTitle } from '#shared/model/run.ts';
import type { RunProgress, RunState, RunView, TaskRunView, TaskState, WhereTimeGoes } from '#shared/model/run.ts';
import { formatBytes, formatRate, formatTimeLeft } from '#shared/units.ts';
import type { Share } from '../ui/Bars.tsx';
import type { Tone } from '../ui/StateMark.tsx';

export { runFraction, runTitle };

export const runTones: Record<RunState, Tone> = { queued: 'wait', waiting: 'wait', running: 'run', succeeded: 'ok', failed: 'fail', cancelled: 'off', lost: 'warn' };
const wordTones: Record<RunWord, Tone> = { ...runTones, refused: 'fail' };
/** As runTones, and a run that waits for somebody asks for attention. */
export function runTone(run: RunView): Tone {
  return run.state === 'waiting' && run.waitingFor === 'person' ? 'warn' : wordTones[runWord(run)];
}
export const taskTones: Record<TaskState, Tone> = { pending: 'wait', running: 'run', done: 'ok', failed: 'fail', cancelled: 'off', skipped: 'off' };

/** "Deploying 62 %", "Refused", "Waiting for the computer". */
export function runState(run: RunView): string {
  return capital(runStateWords(run));
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "19.3 GB of 31.2 GB · 87 MB/s · 4 min left" */
export function progressText(progress: RunProgress): string {
  const amount = progress.totalBytes === 0 ? '' : `${formatBytes(progress.doneBytes)} of ${formatBytes(progress.totalBytes)}`;
  return [amount, progress.rateBytesPerSecond > 0 ? formatRate(progress.rateBytesPerSecond) : '', formatTimeLeft(progress.etaSeconds)].filter((part) => part !== '').join(' · ');
}

export function stageText(progress: RunProgress): string {
  return [stageWords(progress.stage), progress.detail].filter((part) => part !== undefined && part !== '').join(': ');
}

const whereNames: [keyof WhereTimeGoes, string, string][] = [
  ['read', 'Read', '#2f7ad6'], ['hash', 'Hash', '#8a63c7'], ['compress', 'Compress', '#c2703d'], ['network', 'Network', '#1d8f6e'], ['decompress', 'Decompress', '#a8862f'], ['write', 'Write', '#bf4f6d'],
];
export function timeShares(where: WhereTimeGoes): Share[] {
  return whereNames.map(([key, name, color]) => ({ name, value: where[key], color })).filter((share) => share.value > 0);
}

/** Over all tasks of a run. */
export function timeSharesOfRun(run: RunView): Share[] {
  const all = run.tasks.flatMap((task) => (task.progress === null ? [] : [task.progress.where]));
  if (all.length === 0) return run.progress === null ? [] : timeShares(run.progress.where);
  const sum = (key: keyof WhereTimeGoes): number => all.reduce((total, where) => total + where[key], 0);
  return timeShares({ read: sum('read'), hash: sum('hash'), compress: sum('compress'), network: sum('network'), decompress: sum('decompress'), write: sum('write') });
}

/** What is reported now: of the task under way, else of the run. */
export function progressOf(run: RunView): RunProgress | null {
  return currentTask(run)?.progress ?? run.progress;
}

export type TimelineRow = {
  index: number; summary: string; state: TaskState; startedAt: number | null; endedAt: number | null; fraction: number | null;
  error: TaskRunView['error'];
};
const handTaskState: Record<RunState, TaskState> = { queued: 'pending', waiting: 'pending', running: 'running', lost: 'running', succeeded: 'done', failed: 'failed', cancelled: 'cancelled' };

/** A run's tasks; a capture or deploy by hand is one task. */
export function timelineRows(run: RunView): TimelineRow[] {
  if (run.tasks.length > 0) return run.tasks.map(({ index, summary, state, startedAt, endedAt, progress, error }) => ({ index, summary, state, startedAt, endedAt, fraction: runFraction(progress), error }));
  const state = handTaskState[run.state];
  return [{ index: 0, summary: runTitle(run), state, startedAt: state === 'pending' ? null : run.startedAt, endedAt: run.endedAt, fraction: runFraction(run.progress), error: null }];
}

export type TimelineBar = { left: number; width: number };
/** Where each row's bar lies between the first start and now, 0…1; null for what has not begun. `totalMs` is the whole width. */
export function timelineBars(rows: TimelineRow[], now: number): { bars: (TimelineBar | null)[]; totalMs: number } {
  const starts = rows.flatMap((row) => (row.startedAt === null ? [] : [row.startedAt]));
  if (starts.length === 0) return { bars: rows.map(() => null), totalMs: 0 };
  const from = Math.min(...starts);
  const end = (row: TimelineRow): number => row.endedAt ?? (row.state === 'running' ? Math.max(now, row.startedAt ?? now) : (row.startedAt ?? from));
  const totalMs = Math.max(1, ...rows.map((row) => (row.startedAt === null ? 0 : end(row) - from)));
  return { totalMs, bars: rows.map((row) => (row.startedAt === null ? null : { left: (row.startedAt - from) / totalMs, width: Math.max(0, end(row) - row.startedAt) / totalMs })) };
}

/** Who needs somebody first, then trouble, then what runs (the one that ends first on top), then what waits, then the newest. */
export function byInterest(left: RunView, right: RunView): number {
  return rank(left) - rank(right) || eta(left) - eta(right) || right.startedAt - left.startedAt;
}
const ranks: Record<RunState, number> = { failed: 0, lost: 0, running: 1, waiting: 2, queued: 2, cancelled: 3, succeeded: 3 };
function eta(run: RunView): number {
  return run.state === 'running' ? (progressOf(run)?.etaSeconds ?? 1e9) : 0;
}
function rank(run: RunView): number {
  return run.state === 'waiting' && run.waitingFor === 'person' ? -1 : ranks[run.state];
}

/** Runs of one computer that come before this one, the one under way first. */
export function runsAhead(run: RunView, active: RunView[]): RunView[] {
  if (run.state !== 'queued' && run.state !== 'waiting') return [];
  const order = (each: RunView): number => (each.state === 'running' || each.state === 'lost' ? 0 : each.state === 'waiting' ? 1 : 2);
  return active.toReversed().filter((each) => each.id !== run.id && each.computerId === run.computerId)
    .filter((each) => order(each) < order(run) || (order(each) === order(run) && each.startedAt < run.startedAt))
    .toSorted((left, right) => order(left) - order(right) || left.startedAt - right.startedAt);
}
