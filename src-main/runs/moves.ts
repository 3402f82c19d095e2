// Owns every change of a run's state: by the table in src-shared/model/run.ts, compare-and-set, with its event and all that follows
// from it (tasks, the rest of what was asked for together, whose turn is next) in one transaction. What others are told comes after it.
import { AppError, type WireError } from '#shared/errors.ts';
import { isFinal, nextRunState, nextTaskState, runTitle, type RunEvent, type RunState, type TaskEvent, type WaitReason } from '#shared/model/run.ts';
import type { Events } from '../events/service.ts';
import type { Log } from '../log/service.ts';
import type { LiveRuns } from './live.ts';
import type { RunLines } from './lines.ts';
import type { RunRepo, RunRow, TaskRow } from './repo.ts';

export type MoveFacts = { actor: string; message?: string; error?: WireError | null; result?: Record<string, unknown>; waitingFor?: WaitReason };
export type MovesParts = { repo: RunRepo; live: LiveRuns; lines: RunLines; events: Events; log: Log; clock: () => number };
type Touched = { runs: Map<string, RunRow>; moved: Map<string, RunState>; ended: Map<string, RunState>; released: Set<string>; work: Set<string>; after: (() => void)[] };

/** Has begun and not ended, or can't be told from one that has: nothing else of a job starts on this computer. */
export function isUnderWay(row: RunRow): boolean {
  if (isFinal(row.state)) return false;
  return row.kind === 'job' ? row.agent_session !== null : row.state !== 'lost';
}
export function isPending(row: RunRow): boolean {
  return row.kind === 'job' && row.agent_session === null && (row.state === 'queued' || row.state === 'waiting');
}
/** "Win11 lab" on LAB-12 */
export function subject(row: RunRow): string {
  return `“${runTitle({ kind: row.kind, jobName: row.job_name, imageName: row.image_name, versionNumber: row.version_number })}” on ${row.computer_name}`;
}

export class Moves {
  readonly #parts: MovesParts;
  readonly #endListeners = new Set<(id: string) => void>();
  readonly #workListeners = new Set<(computerId: string) => void>();
  readonly #watchers = new Set<(id: string) => void>();
  #touched: Touched | null = null;

  constructor(parts: MovesParts) {
    this.#parts = parts;
  }

  onEnd(listener: (id: string) => void): void {
    this.#endListeners.add(listener);
  }
  onWork(listener: (computerId: string) => void): void {
    this.#workListeners.add(listener);
  }
  watch(watcher: (id: string) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
  tell(id: string): void {
    for (const watcher of this.#watchers) watcher(id);
  }

  require(id: string): RunRow {
    const row = this.#parts.repo.get(id);
    if (row === undefined) throw new AppError('not-found', `There is no run ${id}.`, { run: id });
    return row;
  }
  requireOpen(id: string): RunRow {
    const row = this.require(id);
    if (isFinal(row.state)) throw new AppError('lease-lost', `This run has ended already: ${row.state}.`, { run: id, state: row.state });
    return row;
  }

  /** One transaction; others are told when it is written, and of nothing when it is not. Nests. */
  atomically<T>(work: () => T): T {
    if (this.#touched !== null) return work();
    const touched: Touched = { runs: new Map(), moved: new Map(), ended: new Map(), released: new Set(), work: new Set(), after: [] };
    this.#touched = touched;
    let result: T;
    try {
      result = this.#parts.repo.transaction(work);
    } finally {
      this.#touched = null;
    }
    this.#announce(touched);
    return result;
  }
  /** Inside `atomically`: done when it is written. */
  afterwards(work: () => void): void {
    if (this.#touched === null) work();
    else this.#touched.after.push(work);
  }
  touch(row: RunRow): void {
    this.#touched?.runs.set(row.id, row);
  }
  /** Tickets and sessions that others hold for it are let go: a task ended, or another agent goes on with it. */
  release(id: string): void {
    this.#touched?.released.add(id);
  }
  record(row: RunRow, event: { actor: string; kind: string; message: string; data?: Record<string, unknown> }): void {
    this.#parts.events.record({ entity: 'run', id: row.id, ...event });
  }

  /** @returns false where the event does not apply any more: a late or repeated message */
  move(id: string, event: RunEvent, facts: MoveFacts): boolean {
    return this.atomically(() => {
      const { repo, live, clock } = this.#parts;
      const row = this.require(id);
      const to = nextRunState(row.state, event);
      if (to === null) return false;
      const ended = isFinal(to) || to === 'lost';
      if (ended) live.save(id);
      if (!repo.move(id, row.state, to, { endedAt: ended ? clock() : null, waitingFor: to === 'waiting' ? facts.waitingFor ?? 'version' : null })) return false;
      if (isFinal(to) && row.kind === 'job') this.#endTasks(row, to, facts.error ?? null);
      // The request holds a whole device graph: once the run is over nobody asks for it again. Where a capture's chunks went, the next one asks.
      if (isFinal(to)) repo.forgetRequest(id);
      if (facts.error !== undefined) repo.setError(id, facts.error);
      // What was said while it was lost is not true of a run that goes on, or waits for a person.
      else if (!ended && row.error !== null) repo.setError(id, null);
      if (facts.result !== undefined) repo.setResult(id, { ...(row.result === null ? {} : (JSON.parse(row.result) as Record<string, unknown>)), ...facts.result });
      this.record(row, { actor: facts.actor, kind: to, message: facts.message ?? `${subject(row)}: ${to}` });
      this.touch(row);
      this.#touched?.moved.set(id, to);
      if (ended) this.#touched?.ended.set(id, to);
      else if (to === 'running' || facts.waitingFor === undefined || facts.waitingFor === 'version') this.afterwards(() => void live.lease(id));
      else this.afterwards(() => live.unlease(id));
      if (to === 'failed' || to === 'cancelled') this.#cancelRest(row, to);
      if (ended) this.promote(row.computer_id);
      return true;
    });
  }

  /** A task by its own table. @returns false where the event does not apply any more */
  moveTask(task: TaskRow, event: TaskEvent, facts: { result?: Record<string, unknown>; error?: WireError | null } = {}): boolean {
    const to = nextTaskState(task.state, event);
    const now = this.#parts.clock();
    if (to === null) return false;
    return this.#parts.repo.moveTask(task, to, {
      startedAt: to === 'cancelled' && task.state === 'pending' ? null : now, endedAt: to === 'running' ? null : now,
      result: facts.result === undefined ? null : JSON.stringify(facts.result), error: facts.error === undefined || facts.error === null ? null : JSON.stringify(facts.error),
    });
  }

  /** The next run of a computer on which nothing is under way waits for its agent, which is told that there is work. */
  promote(computerId: string): void {
    const { repo } = this.#parts;
    const open = repo.openOf(computerId);
    const next = open.find(isPending);
    if (next === undefined || open.some(isUnderWay)) return;
    this.#touched?.work.add(computerId);
    if (next.state !== 'queued') return;
    repo.move(next.id, 'queued', 'waiting', { endedAt: null, waitingFor: 'computer' });
    this.record(next, { actor: 'server', kind: 'waiting', message: `${subject(next)} is next: it waits for the computer` });
    this.touch(next);
  }
  wake(computerId: string): void {
    this.#touched?.work.add(computerId);
  }

  #endTasks(row: RunRow, to: RunState, error: WireError | null): void {
    for (const task of this.#parts.repo.tasks([row.id])) {
      if (task.state === 'running') this.moveTask(task, to === 'failed' ? 'fail' : 'cancel', { error });
      else if (task.state === 'pending') this.moveTask(task, 'cancel');
    }
  }

  /** What follows in a folder may rely on what failed, so it is not run either. */
  #cancelRest(row: RunRow, to: 'failed' | 'cancelled'): void {
    for (const later of this.#parts.repo.rest(row)) {
      if (!this.#parts.repo.move(later.id, later.state, 'cancelled', { endedAt: this.#parts.clock(), waitingFor: null })) continue;
      this.#endTasks(later, 'cancelled', null);
      this.record(later, { actor: 'server', kind: 'cancelled', message: `${subject(later)} was not run: “${row.job_name}” before it ${to === 'failed' ? 'failed' : 'was cancelled'}` });
      this.#parts.repo.setError(later.id, { code: 'conflict', message: `Not run, because “${row.job_name}”, which comes before it in what was started together, ${to === 'failed' ? 'failed' : 'was cancelled'}. Start it by itself if it is wanted all the same.`, data: { run: row.id } });
      this.touch(later);
      this.#touched?.ended.set(later.id, 'cancelled');
    }
  }

  #announce({ runs, moved, ended, released, work, after }: Touched): void {
    const { live, lines, events, log } = this.#parts;
    for (const each of after) each();
    if (ended.size > 0) lines.flush();
    for (const [id, state] of ended) {
      live.drop(id);
      if (isFinal(state)) lines.forget(id);
      released.add(id);
    }
    for (const id of released) for (const listener of this.#endListeners) listener(id);
    for (const [id, row] of runs) {
      const state = moved.get(id);
      if (state !== undefined) log.info('run', { run: id, kind: row.kind, state });
      events.changed('run', id);
      if (row.image_guid !== null && (row.kind !== 'job' || row.resume_key !== '')) events.changed('image', row.image_guid);
      this.tell(id);
    }
    for (const computerId of work) for (const listener of this.#workListeners) listener(computerId);
  }
}
