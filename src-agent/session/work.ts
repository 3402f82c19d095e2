// Owns one run while this computer does it: task by task, each told to the server when it begins and when it ends. It is stopped by one
// signal, whoever stops it, and says what had been done by then. It knows neither menu nor what follows a run.
import type { AssignedRun } from '#shared/agent/messages.ts';
import { AppError, CancelledError, toAppError, type WireError } from '#shared/errors.ts';
import { isDestructive, taskSummary, type Task } from '#shared/model/job.ts';
import { execute } from './executors/table.ts';
import type { KnownDisk, TaskContext, TaskEnd } from './task.ts';

export type WorkEnd = {
  run: AssignedRun;
  outcome: 'succeeded' | 'failed' | 'cancelled';
  error: WireError | null;
  /** What was done, a line each. */
  done: string[];
  seconds: number;
  /** Something was erased or run before it ended: no refusal any more, whatever its last error says. */
  touched: boolean;
  /** False while the server has not heard that it failed or was stopped: it takes this agent to be at work still. */
  isTold(): boolean;
  /** Restarts or switches off; the run may go on after that. */
  leave: (() => Promise<void>) | null;
};
/** Everything a task is given but what this run knows itself. */
export type WorkParts = Omit<TaskContext, 'run' | 'index' | 'signal' | 'lastDisk' | 'log' | 'needOf'> & {
  needs: ReadonlyMap<string, number>;
  log(runId: string, lines: readonly string[]): void;
};

/** How long a stopped program waits for the server to hear of it. */
const farewellMs = 3000;

export class Work {
  readonly run: AssignedRun;
  private readonly parts: WorkParts;
  private readonly abort = new AbortController();
  private readonly done: string[] = [];
  private readonly started: number;
  private lastDisk: KnownDisk | null = null;
  private touched = false;
  private told = true;

  constructor(parts: WorkParts, run: AssignedRun) {
    this.parts = parts;
    this.run = run;
    this.started = parts.clock.now();
  }

  stop(reason: CancelledError): void {
    this.abort.abort(reason);
  }

  /** Never rejects: whatever goes wrong is the end of the run. */
  async perform(): Promise<WorkEnd> {
    const { run } = this;
    for (let index = run.taskIndex; index < run.tasks.length; index++) {
      const task = run.tasks[index];
      if (task === undefined) break;
      const last = index === run.tasks.length - 1;
      try {
        const end = await this.one(task, { index, last });
        if (end.leave !== undefined) return this.end('succeeded', null, end.leave);
      } catch (thrown) {
        const error = cancelledMeanwhile(thrown);
        const goesOn = await this.failed(error, { task, index, last });
        if (!goesOn) return this.end(error instanceof CancelledError ? 'cancelled' : 'failed', wireOf(error), null);
      }
    }
    return this.end('succeeded', null, null);
  }

  private async one(task: Task, { index, last }: { index: number; last: boolean }): Promise<TaskEnd> {
    const { parts, run } = this;
    const { control } = parts;
    const summary = taskSummary(task);
    await this.unlessStopped(control.request('taskStarted', { runId: run.id, index }));
    parts.tell({ type: 'task', runId: run.id, index, state: 'running', note: '' });
    this.log([`Task ${index + 1} of ${run.tasks.length}: ${summary}.`]);
    if (isDestructive(task) && task.type === 'script') this.touched = true;
    const end = await execute(task, this.context(index));
    if (isDestructive(task)) this.touched = true;
    if (end.disk !== undefined) this.lastDisk = end.disk;
    if (end.skipped === undefined) this.log([end.note]);
    parts.drainLog();
    if (end.told !== true) {
      const { ended } = await this.unlessStopped(control.request('taskDone', { runId: run.id, index, result: end.result, ...(end.skipped === undefined ? {} : { skipped: end.skipped.slice(0, 500) }) }));
      if (ended && !last) throw new CancelledError(`Stopped: the run was cancelled after task ${index + 1}.`);
    }
    this.done.push(end.note);
    parts.tell({ type: 'task', runId: run.id, index, state: end.skipped === undefined ? 'done' : 'skipped', note: end.note });
    return end;
  }

  /** @returns whether the run goes on all the same */
  private async failed(error: unknown, { task, index, last }: { task: Task; index: number; last: boolean }): Promise<boolean> {
    const { parts, run } = this;
    const wire = wireOf(error);
    const cancelled = error instanceof CancelledError;
    this.log(wire.message.split('\n'));
    parts.drainLog();
    parts.tell({ type: 'task', runId: run.id, index, state: 'failed', note: wire.message });
    const answer = await this.tellFailed(wire, index, cancelled);
    const allowed = task.type === 'script' && task.continueOnError && !cancelled && (last || !answer.ended);
    if (allowed) this.done.push(`${wire.message.split('\n')[0] ?? ''} The job allows that.`);
    return allowed;
  }

  private tellFailed(wire: WireError, index: number, cancelled: boolean): Promise<{ ended: boolean }> {
    const told = this.parts.control.request('taskFailed', { runId: this.run.id, index, cancelled, error: { ...wire, message: wire.message.slice(0, 10_000) } });
    this.told = false;
    told.then(() => (this.told = true), (error: unknown) => (this.told = isNotOurs(error)));
    // A run that the server has ended already, or that is another agent's, needs no telling.
    return this.withFarewell(told).catch(() => ({ ended: true }));
  }

  /** It is not begun here: a person said no, or it can't succeed. */
  async decline(error: unknown): Promise<void> {
    const notAsked = error instanceof CancelledError || (error instanceof AppError && error.code === 'usage');
    const wire = wireOf(error);
    this.log([wire.message]);
    this.parts.drainLog();
    await this.tellFailed(wire, this.run.taskIndex, notAsked);
  }

  private context(index: number): TaskContext {
    const { run, abort, lastDisk } = this;
    return {
      ...this.parts, run, index, signal: abort.signal, lastDisk,
      needOf: (task) => this.parts.needs.get(needKey(task.imageGuid, task.version)) ?? 0,
      log: (lines) => this.log(lines),
    };
  }

  private log(lines: readonly string[]): void {
    this.parts.log(this.run.id, lines);
  }

  /** A server that is away is waited for; a person who stops the work is not kept waiting. */
  private async unlessStopped<T>(answer: Promise<T>): Promise<T> {
    const { signal } = this.abort;
    const stopped = new Promise<never>((_, reject) => {
      const stop = (): void => reject(signal.reason instanceof Error ? signal.reason : new CancelledError('Cancelled.'));
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
    stopped.catch(() => undefined);
    return Promise.race([answer, stopped]);
  }

  private async withFarewell<T>(answer: Promise<T>): Promise<T | { ended: true }> {
    const { signal } = this.abort;
    const patience = new Promise<{ ended: true }>((resolve) => {
      const begin = (): void => void setTimeout(() => resolve({ ended: true }), farewellMs).unref();
      if (signal.aborted) begin();
      else signal.addEventListener('abort', begin, { once: true });
    });
    return Promise.race([answer, patience]);
  }

  private end(outcome: WorkEnd['outcome'], error: WireError | null, leave: WorkEnd['leave']): WorkEnd {
    const seconds = (this.parts.clock.now() - this.started) / 1000;
    return { run: this.run, outcome, error, done: this.done, seconds: Math.round(seconds * 10) / 10, touched: this.touched, isTold: () => this.told, leave };
  }
}

function isNotOurs(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'lease-lost' || error.code === 'not-found' || error.code === 'conflict');
}

/** The server ended the run while this computer was at it, and nobody could tell it. */
function cancelledMeanwhile(error: unknown): unknown {
  const cancelled = error instanceof AppError && error.code === 'lease-lost' && error.data['state'] === 'cancelled';
  return cancelled ? new CancelledError(`Stopped: ${error.message}`) : error;
}

export function needKey(imageGuid: string, version: number | null): string {
  return `${imageGuid} ${version ?? 'newest'}`;
}

/** A run that was ended while this computer was away is cancelled, not broken. */
function wireOf(error: unknown): WireError {
  const app = toAppError(error instanceof CancelledError ? new AppError('lease-lost', error.message) : error);
  return app.toWire();
}
