// Owns what a run, its tasks and its waiting are called: the same words in console, command line, portal and desktop. Pure.
import { errorCodes, isErrorCode } from '../errors.ts';
import { isDestructive } from './job.ts';
import type { Task } from './job.ts';
import { runTitle } from './run.ts';
import type { RunProgress, RunState, RunView, TaskRunView, TaskState } from './run.ts';

/** The states, and *refused* besides: a failure before anything was written, so nothing was lost and the disk is as it was. */
export type RunWord = RunState | 'refused';

type Judged = Pick<RunView, 'state' | 'error' | 'tasks'>;

/** A failure whose cause was found while every disk was still untouched, also by the tasks before it. */
export function isRefused(run: Judged): boolean {
  if (run.state !== 'failed' || run.error === null || !isErrorCode(run.error.code) || !errorCodes[run.error.code].refusal) return false;
  return !run.tasks.some((each) => each.state === 'done' && isDestructive(each.task));
}

export function runWord(run: Judged): RunWord {
  return isRefused(run) ? 'refused' : run.state;
}

/** The task under way, else the next one; undefined for captures and deploys by hand, and when all are done. */
export function currentTask(run: Pick<RunView, 'tasks' | 'taskIndex'>): TaskRunView | undefined {
  return run.tasks.find((each) => each.state === 'running') ?? run.tasks[run.taskIndex];
}

const doing: Record<Task['type'], string> = { capture: 'capturing', deploy: 'deploying', script: 'running a script', message: 'showing a message', power: 'restarting' };

/** What is going on, in a word or three: "capturing", "running a script", "switching off". */
export function activityWords(run: Pick<RunView, 'kind' | 'tasks' | 'taskIndex'>): string {
  if (run.kind === 'capture' || run.kind === 'deploy') return doing[run.kind];
  const task = currentTask(run)?.task;
  if (task === undefined) return 'running';
  return task.type === 'power' && task.action === 'shut-down' ? 'switching off' : doing[task.type];
}

/** Done of the task under way, 0…1; null where no total is known. */
export function runFraction(progress: Pick<RunProgress, 'doneBytes' | 'totalBytes'> | null): number | null {
  return progress === null || !(progress.totalBytes > 0) ? null : Math.min(1, Math.max(0, progress.doneBytes / progress.totalBytes));
}

/** "refused", "lost", "waiting for the computer", "deploying 42 %". */
export function runStateWords(run: RunView): string {
  if (run.state === 'waiting') return waitingWords(run.waitingFor);
  if (run.state !== 'running') return runWord(run);
  const fraction = runFraction(run.progress);
  return `${activityWords(run)}${fraction === null ? '' : ` ${Math.floor(fraction * 100)} %`}`;
}

/** "not heard of for 20 s": of an agent at work that has fallen silent, before its run is given up as lost; null where it was heard of. */
export function silenceWords(run: Pick<RunView, 'state' | 'silentSince'>, now: number): string | null {
  if (run.state !== 'running' || run.silentSince === null || run.silentSince === undefined) return null;
  return `not heard of for ${Math.max(0, Math.floor((now - run.silentSince) / 1000))} s`;
}

export function waitingWords(waitingFor: RunView['waitingFor']): string {
  if (waitingFor === null) return 'waiting';
  return { computer: 'waiting for the computer', version: 'waiting until verified', person: 'waiting for a person' }[waitingFor];
}

export const taskWords: Record<TaskState, string> = { pending: 'to do', running: 'running', done: 'done', failed: 'failed', cancelled: 'cancelled', skipped: 'skipped' };

const stages: Record<string, string> = {
  inspect: 'Looking at the disk', read: 'Reading and sending', commit: 'Committing', wait: 'Waiting until the version is verified', plan: 'Planning',
  write: 'Writing', flush: 'Flushing to the disk', prove: 'Reading back and proving',
};
/** "Writing", "Reading and sending"; a stage that has no words yet is shown as it is. */
export function stageWords(stage: string): string {
  return stages[stage] ?? stage;
}

/**
 * What is lost when this run is cancelled now, in a sentence, or null where nothing is. Only then a person is asked first.
 * A capture leaves its disk alone; what it sent is kept for its continuation.
 */
export function lossByCancel(run: Pick<RunView, 'state' | 'kind' | 'tasks' | 'taskIndex' | 'progress' | 'disk' | 'computerName'>): string | null {
  if (run.state !== 'running' && run.state !== 'lost') return null;
  const task = currentTask(run);
  if (task?.task.type === 'script' && task.state === 'running') return `The script is ended in the middle. What it has changed on ${run.computerName} stays changed.`;
  const deploys = run.kind === 'deploy' || (task?.task.type === 'deploy' && task.state === 'running');
  if (!deploys || (run.progress !== null && ['inspect', 'wait', 'plan'].includes(run.progress.stage))) return null;
  const disk = run.disk === null ? `a disk of ${run.computerName}` : `${run.disk.path}${run.disk.model === '' ? '' : ` (${run.disk.model})`} of ${run.computerName}`;
  return `The deploy has begun to write ${disk}. What was on it is gone, and what is written so far does not start: it has to be deployed again.`;
}

/** Does it need somebody now? Failures and cancelled runs are over; a lost one comes back by itself when the computer does. */
export function needsPerson(run: Pick<RunView, 'state' | 'waitingFor'>): boolean {
  return run.state === 'waiting' && run.waitingFor === 'person';
}

/** "Win11 lab on LAB12-07", for one line about a run. */
export function runOnComputer(run: Pick<RunView, 'kind' | 'jobName' | 'imageName' | 'versionNumber' | 'computerName'>): string {
  return `${runTitle(run)} ${run.kind === 'capture' ? 'from' : 'on'} ${run.computerName}`;
}
