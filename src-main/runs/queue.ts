// Owns which run a computer has to do next, and how an agent may go on with one that was cut off: by itself, or only after a person
// has said so. A job's run belongs to the start of the agent (its session) that took it.
import { randomUUID } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import { isDestructive, taskSchema, type Task } from '#shared/model/job.ts';
import { isFinal } from '#shared/model/run.ts';
import type { LiveRuns, RunHolder } from './live.ts';
import type { RunLines } from './lines.ts';
import { isPending, isUnderWay, subject, type Moves } from './moves.ts';
import type { RunRepo, RunRow, TaskRow } from './repo.ts';
import { cancelAsked, type RunTasks } from './tasks.ts';

/** A job for one computer; its tasks are copied, so that a later change of the job changes no run. */
export type NewJobRun = { computerId: string; computerName: string; /** null: of no job, but of its own. */ jobId: string | null; jobName: string; tasks: readonly Task[]; batchId: string; position: number; batchSize: number; actor: string };
/** An agent that asks for work. */
export type Taker = { computerId: string; session: string; holder: RunHolder; agent: string };
export type Taken = { row: RunRow; tasks: Task[]; how: 'fresh' | 'continue' | 'ask' };
export type QueueParts = { repo: RunRepo; live: LiveRuns; lines: RunLines; moves: Moves; tasks: RunTasks; clock: () => number };

/** What people ask for is bounded too: a folder started over and over on a computer that is switched off. */
const MAX_PENDING_PER_COMPUTER = 1000;

export function openQueue({ repo, live, lines, moves, tasks, clock }: QueueParts) {
  function create(runs: readonly NewJobRun[]): string[] {
    return moves.atomically(() => {
      const at = clock();
      /** By computer: how many wait, and whether nothing comes before the next. */
      const computers = new Map<string, { pending: number; free: boolean }>();
      return runs.map((run) => {
        const open = computers.has(run.computerId) ? [] : repo.openOf(run.computerId);
        const before = computers.get(run.computerId) ?? { pending: open.filter(isPending).length, free: !open.some((row) => isPending(row) || isUnderWay(row)) };
        if (before.pending >= MAX_PENDING_PER_COMPUTER) {
          throw new AppError('too-many-requests', `${run.computerName} has ${before.pending} runs that wait for it already, so nothing was started. Cancel those that are not needed any more.`, { computerId: run.computerId });
        }
        computers.set(run.computerId, { pending: before.pending + 1, free: false });
        if (before.free) moves.wake(run.computerId);
        return insert(run, at, before.free);
      });
    });
  }

  function insert(run: NewJobRun, at: number, isNext: boolean): string {
    const id = randomUUID();
    const row = repo.insert({
      id, kind: 'job', state: isNext ? 'waiting' : 'queued', waiting_for: isNext ? 'computer' : null, computer_id: run.computerId, computer_name: run.computerName, job_id: run.jobId, job_name: run.jobName,
      batch_id: run.batchId, position: run.position, batch_size: run.batchSize, actor: run.actor, started_at: at,
    });
    for (const [index, task] of run.tasks.entries()) repo.insertTask(id, index, JSON.stringify(task));
    moves.record(row, { actor: run.actor, kind: row.state, message: `${subject(row)} was asked for` });
    moves.touch(row);
    return id;
  }

  function take(taker: Taker): Taken | null {
    return moves.atomically(() => {
      for (;;) {
        const open = repo.openOf(taker.computerId);
        const row = open.find(isUnderWay) ?? open.find(isPending);
        // A capture or deploy by hand comes first; when it ends the agent is told that there is work.
        if (row === undefined || row.kind !== 'job') return null;
        const taken = row.agent_session === null ? begin(row, taker) : goOn(row, taker);
        if (taken !== null) return taken;
      }
    });
  }

  function begin(row: RunRow, { session, holder, agent }: Taker): Taken {
    repo.setSession(row.id, session);
    moves.move(row.id, 'start', { actor: agent, message: `${subject(row)} was taken by the computer` });
    moves.afterwards(() => live.hold(row.id, holder));
    lines.add(row.id, [`Taken by ${agent}.`]);
    return answer(row.id, 'fresh');
  }

  /** @returns null when it has ended by this, so that another one is next */
  function goOn(row: RunRow, { session, holder, agent }: Taker): Taken | null {
    const same = row.agent_session === session;
    const task = repo.task(row.id, row.task_index);
    const cancelledBy = cancelAsked(row);
    if (!same && cancelledBy !== null) {
      moves.move(row.id, 'cancel', { actor: cancelledBy, message: `${subject(row)} was cancelled` });
      return null;
    }
    if (!same && task?.state === 'running' && typeOf(task) === 'power') {
      // It restarted: that is what the task was for.
      tasks.powerDone(row, agent);
      if (isFinal(moves.require(row.id).state)) return null;
    } else if (!same && row.agent_session !== '' && isCutOff(row, task)) {
      if (row.waiting_for !== 'person') {
        moves.move(row.id, 'wait', { actor: agent, waitingFor: 'person', error: null, message: `${subject(row)} was cut off in task ${row.task_index + 1}, which changes the computer: it waits until a person says whether it goes on` });
        lines.add(row.id, ['The agent started anew in the middle of a task that changes this computer. A person must say whether it goes on.']);
      }
      moves.release(row.id);
      moves.afterwards(() => live.hold(row.id, holder));
      return answer(row.id, 'ask');
    }
    if (!same) {
      repo.setSession(row.id, session);
      moves.release(row.id);
      lines.add(row.id, [`${agent} goes on with task ${moves.require(row.id).task_index + 1}.`]);
    }
    repo.setError(row.id, null);
    moves.move(row.id, 'start', { actor: agent, message: `${subject(row)} goes on` });
    moves.afterwards(() => {
      live.lease(row.id);
      live.hold(row.id, holder);
      if (cancelledBy !== null) holder.cancel(row.id, `cancelled by ${cancelledBy}`);
    });
    return answer(row.id, row.task_index === 0 && task?.state === 'pending' ? 'fresh' : 'continue');
  }

  function answer(id: string, how: Taken['how']): Taken {
    return { row: moves.require(id), tasks: repo.tasks([id]).map((task) => taskSchema.parse(JSON.parse(task.task))), how };
  }

  /** What a person says of a run that waits for one. by: the agent they said it to, which then goes on with it at once. */
  function resume(id: string, go: boolean, { actor, by }: { actor: string; by?: Taker }): void {
    moves.atomically(() => {
      const row = moves.requireOpen(id);
      if (row.state !== 'waiting' || row.waiting_for !== 'person') {
        // Said at the computer and in the console at once, or repeated after a cut: it goes on already.
        if (go && row.kind === 'job' && row.agent_session !== null) return;
        throw new AppError('conflict', `${subject(row)} does not wait for a person: it is ${row.state}. To end it, cancel it.`, { run: id, state: row.state });
      }
      if (!go) {
        const message = `Task ${row.task_index + 1} was cut off when the agent started anew, and ${actor} ended the run instead of letting it go on. What the task was changing may be half done; start the job again to do it over.`;
        moves.move(id, 'fail', { actor, error: { code: 'cut-off', message }, message: `${actor} ended ${subject(row)}: it was cut off` });
        return;
      }
      repo.setSession(id, by?.session ?? '');
      repo.setError(id, null);
      lines.add(id, [`${actor} lets it go on.`]);
      if (by === undefined) {
        moves.move(id, 'wait', { actor, waitingFor: 'computer', error: null, message: `${actor} lets ${subject(row)} go on` });
        moves.wake(row.computer_id);
        return;
      }
      moves.move(id, 'start', { actor, message: `${actor} lets ${subject(row)} go on` });
      moves.afterwards(() => live.hold(id, by.holder));
    });
  }

  /** A new run of the same tasks; one that was lost makes room for it. */
  function again(id: string, actor: string): { id: string } {
    return moves.atomically(() => {
      const row = moves.require(id);
      if (row.kind !== 'job') throw new AppError('conflict', `This ${row.kind} was started by hand with the agent, so only the agent can start it again: platen agent ${row.kind}, on ${row.computer_name}.`, { run: id });
      if (!isFinal(row.state) && row.state !== 'lost') throw new AppError('conflict', `${subject(row)} has not ended: it is ${row.state}. Cancel it first, or wait for its end.`, { run: id, state: row.state });
      if (row.state === 'lost') moves.move(id, 'cancel', { actor, message: `${subject(row)} was lost, and ${actor} started it again` });
      const [made] = create([{
        computerId: row.computer_id, computerName: row.computer_name, jobId: row.job_id, jobName: row.job_name, tasks: repo.tasks([id]).map((task) => taskSchema.parse(JSON.parse(task.task))),
        batchId: randomUUID(), position: 1, batchSize: 1, actor,
      }]);
      if (made === undefined) throw new AppError('internal', 'The run was not made.');
      return { id: made };
    });
  }

  return { create, take, resume, again };
}

function typeOf(task: TaskRow): Task['type'] {
  return taskSchema.parse(JSON.parse(task.task)).type;
}

/** Nobody knows how far it came, and doing it again by itself could harm. A deploy that had written nothing yet harms nobody. */
function isCutOff(row: RunRow, task: TaskRow | undefined): boolean {
  if (task?.state !== 'running') return false;
  const type = typeOf(task);
  if (!isDestructive({ type })) return false;
  return type !== 'deploy' || 'wrote' in (JSON.parse(row.request) as Record<string, unknown>);
}
