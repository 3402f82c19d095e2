// Owns a job's run task by task: who may speak for the task under way, how it begins and ends, and that the run comes to its next
// task, or its end, in the same transaction. A capture or deploy task has its figures in the run's own columns while it is under way.
import { AppError, type WireError } from '#shared/errors.ts';
import { taskSchema, taskSummary, type Task } from '#shared/model/job.ts';
import { isFinal } from '#shared/model/run.ts';
import type { LiveRuns, RunHolder } from './live.ts';
import type { RunLines } from './lines.ts';
import { subject, type Moves } from './moves.ts';
import type { Imaging, RunRepo, RunRow, TaskRow } from './repo.ts';

export type TaskRef = { runId: string; index: number };
export type TasksParts = { repo: RunRepo; live: LiveRuns; lines: RunLines; moves: Moves };
export type RunTasks = ReturnType<typeof openRunTasks>;
export type Speaker = { holder: RunHolder; actor: string };

export function openRunTasks({ repo, live, lines, moves }: TasksParts) {
  const taskOf = (row: TaskRow): Task => taskSchema.parse(JSON.parse(row.task));

  /** The agent that took the run and nobody else speaks for it, also on a new connection. */
  function requireTaken(row: RunRow, holder: RunHolder): void {
    if (row.kind !== 'job') return;
    if (row.agent_session === null || row.agent_session !== holder.session) {
      throw new AppError('lease-lost', row.agent_session === null ? 'Take the run first.' : 'Another start of the agent took this run. Ask for what there is to do.', { run: row.id, state: row.state });
    }
    if (row.waiting_for === 'person') throw new AppError('lease-lost', 'This run waits until a person says whether it goes on.', { run: row.id, state: row.state });
  }

  /** The task that this agent is at, and the run brought back to running if it was lost or waited. */
  function turn(ref: TaskRef, { holder, actor }: Speaker): { row: RunRow; task: TaskRow } {
    const row = moves.requireOpen(ref.runId);
    requireTaken(row, holder);
    const task = repo.task(ref.runId, ref.index);
    if (row.kind !== 'job' || task === undefined) throw new AppError('not-found', `Run ${ref.runId} has no task ${ref.index + 1}.`, { run: ref.runId, index: ref.index });
    if (ref.index !== row.task_index) throw new AppError('conflict', `Task ${ref.index + 1} is not the one under way: this run is at task ${row.task_index + 1}.`, { run: ref.runId, taskIndex: row.task_index });
    moves.move(ref.runId, 'start', { actor, error: null });
    moves.afterwards(() => {
      live.lease(row.id);
      live.hold(row.id, holder);
    });
    return { row: moves.require(ref.runId), task };
  }

  /** Nothing begins any more in a run whose end was asked for: not even where its agent has not heard of it yet. What ends it is written, then it throws. */
  function refuseCancelled(runId: string, holder: RunHolder): void {
    const row = moves.requireOpen(runId);
    requireTaken(row, holder);
    const by = cancelAsked(row);
    if (by === null) return;
    moves.move(runId, 'cancel', { actor: by, message: `${subject(row)} was cancelled` });
    throw new AppError('lease-lost', `This run was cancelled by ${by}.`, { run: runId, state: 'cancelled' });
  }

  function begin(row: RunRow, task: TaskRow, actor: string): TaskRow {
    if (task.state !== 'pending') return task;
    moves.moveTask(task, 'start');
    repo.toTask(row.id, row.task_index);
    moves.afterwards(() => live.forgetProgress(row.id));
    moves.record(row, { actor, kind: 'task-started', message: `Task ${task.idx + 1}: ${taskSummary(taskOf(task))}`, data: { index: task.idx } });
    moves.touch(row);
    return repo.task(row.id, task.idx) ?? task;
  }

  /** The task has ended; the run comes to the next one, or succeeds with its last. */
  function goOn(row: RunRow, task: TaskRow, { actor, words }: { actor: string; words: string }): boolean {
    moves.record(row, { actor, kind: 'task-ended', message: `Task ${task.idx + 1}: ${words}`, data: { index: task.idx } });
    repo.toTask(row.id, task.idx + 1);
    moves.afterwards(() => live.forgetProgress(row.id));
    moves.release(row.id);
    moves.touch(row);
    if (repo.task(row.id, task.idx + 1) !== undefined) {
      const by = cancelAsked(row);
      // It was too late to stop this task, and in time not to begin the next one.
      return by !== null && moves.move(row.id, 'cancel', { actor: by, message: `${subject(row)} was cancelled after task ${task.idx + 1}` });
    }
    moves.move(row.id, 'succeed', { actor, error: null, message: `${subject(row)} has succeeded` });
    return true;
  }

  function end(row: RunRow, task: TaskRow, ending: { event: 'finish' | 'skip'; actor: string; result: Record<string, unknown>; words: string }): boolean {
    live.save(row.id);
    const begun = ending.event === 'skip' ? task : begin(row, task, ending.actor);
    moves.moveTask(begun, ending.event, { result: ending.result });
    return goOn(row, task, ending);
  }

  /** A message that came twice because its answer was lost is answered again. */
  function endedAlready(ref: TaskRef): { ended: boolean } | null {
    const row = moves.require(ref.runId);
    const task = repo.task(ref.runId, ref.index);
    return task?.state === 'done' || task?.state === 'skipped' || (task?.state === 'failed' && ref.index < row.task_index) ? { ended: isFinal(row.state) } : null;
  }

  return {
    requireTaken,
    refuseCancelled,
    /** False where another start of the agent has taken a job's run meanwhile. */
    isTakenBy: (runId: string, holder: RunHolder): boolean => {
      const row = repo.get(runId);
      return row !== undefined && (row.kind !== 'job' || row.agent_session === holder.session);
    },
    taskOf,
    started(ref: TaskRef, speaker: Speaker): void {
      refuseCancelled(ref.runId, speaker.holder);
      moves.atomically(() => {
        const { row, task } = turn(ref, speaker);
        begin(row, task, speaker.actor);
      });
    },
    done(ref: TaskRef, { result, skipped }: { result: Record<string, unknown>; skipped: string | undefined }, speaker: Speaker): { ended: boolean } {
      return moves.atomically(() => {
        const already = endedAlready(ref);
        if (already !== null) return already;
        const { row, task } = turn(ref, speaker);
        if (skipped !== undefined) lines.add(row.id, [`Task ${ref.index + 1} was skipped: ${skipped}`]);
        const how = skipped === undefined ? { event: 'finish' as const, words: 'done', result } : { event: 'skip' as const, words: `skipped: ${skipped}`, result: { ...result, skipped } };
        const ended = end(row, task, { ...how, actor: speaker.actor });
        // It goes off now, for as long as it does: its silence means nothing.
        if (!ended && skipped === undefined && taskOf(task).type === 'power') moves.move(row.id, 'wait', { actor: speaker.actor, waitingFor: 'computer', message: `${subject(row)} goes on when the computer is back` });
        return { ended };
      });
    },
    failed(ref: TaskRef, { error, cancelled }: { error: WireError; cancelled: boolean }, speaker: Speaker): { ended: boolean } {
      return moves.atomically(() => {
        const already = endedAlready(ref) ?? (isFinal(moves.require(ref.runId).state) ? { ended: true } : null);
        if (already !== null) return already;
        const { row, task } = turn(ref, speaker);
        const about = taskOf(task);
        const begun = begin(row, task, speaker.actor);
        if (cancelled || about.type !== 'script' || !about.continueOnError) {
          moves.move(row.id, cancelled ? 'cancel' : 'fail', { actor: speaker.actor, error, message: `Task ${ref.index + 1} of ${subject(row)} ${cancelled ? 'was cancelled' : 'failed'}: ${error.message.slice(0, 1000)}` });
          return { ended: true };
        }
        live.save(row.id);
        moves.moveTask(begun, 'fail', { error });
        lines.add(row.id, [`Task ${ref.index + 1} failed, and the job goes on as it says: ${error.message}`]);
        return { ended: goOn(row, task, { actor: speaker.actor, words: `failed, the job goes on: ${error.message.slice(0, 1000)}` }) };
      });
    },
    /** The capture or deploy that captureBegin or deployBegin names as a task; throws what is wrong with it. Begins the task. */
    imaging<T extends 'capture' | 'deploy'>(ref: TaskRef, type: T, speaker: Speaker): { row: RunRow; task: Extract<Task, { type: T }> } {
      refuseCancelled(ref.runId, speaker.holder);
      return moves.atomically(() => {
        const { row, task } = turn(ref, speaker);
        const about = taskOf(task);
        if (about.type !== type) throw new AppError('protocol', `Task ${ref.index + 1} is no ${type}: ${taskSummary(about)}.`, { run: ref.runId, index: ref.index });
        begin(row, task, speaker.actor);
        return { row: moves.require(ref.runId), task: about as Extract<Task, { type: T }> };
      });
    },
    setImaging(runId: string, imaging: Omit<Imaging, 'request'> & { request: Record<string, unknown> }): void {
      moves.atomically(() => {
        const row = moves.require(runId);
        const { wrote, cancelledBy } = JSON.parse(row.request) as Record<string, unknown>;
        repo.setImaging(runId, { ...imaging, request: JSON.stringify({ ...imaging.request, wrote, cancelledBy }) });
        moves.touch(row);
      });
    },
    /** Of the task under way or, where none is, of the last that ended: for a message whose answer was lost. */
    lastResult(row: RunRow, type: 'capture' | 'deploy'): string | null {
      const found = repo.tasks([row.id]).findLast((task) => task.idx < row.task_index && task.state === 'done' && taskOf(task).type === type);
      return found?.result ?? null;
    },
    /** The imaging task has ended well; which one is said, because the run may have come further meanwhile. */
    imagingDone(ref: TaskRef, { result, words, ...speaker }: Speaker & { result: Record<string, unknown>; words: string }): void {
      moves.atomically(() => {
        const { row, task } = turn(ref, speaker);
        end(row, task, { event: 'finish', actor: speaker.actor, result, words });
      });
    },
    powerDone(row: RunRow, actor: string): void {
      moves.atomically(() => {
        const task = repo.task(row.id, row.task_index);
        if (task?.state === 'running') end(row, task, { event: 'finish', actor, result: {}, words: 'done' });
      });
    },
    /** Silence is what switching off sounds like: then the task is done, and what is left waits for the computer without a lease. */
    isPowering(row: RunRow): boolean {
      const task = row.kind === 'job' ? repo.task(row.id, row.task_index) : undefined;
      return task?.state === 'running' && taskOf(task).type === 'power';
    },
  };
}

/** Who asked that it ends, when its agent has not answered yet. */
export function cancelAsked(row: RunRow): string | null {
  const by = (JSON.parse(row.request) as Record<string, unknown>)['cancelledBy'];
  return typeof by === 'string' ? by : null;
}

/** What kind of imaging a run is at now. */
export function imagingOf(row: RunRow): 'capture' | 'deploy' | null {
  if (row.kind !== 'job') return row.kind;
  if (row.resume_key === '') return null;
  return row.capture_id === null ? 'deploy' : 'capture';
}
