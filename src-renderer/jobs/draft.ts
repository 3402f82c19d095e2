// Pure: the tasks of a job while someone edits them. Nothing typed is ever lost: what is not saved stays in the draft, and what
// somebody else saved meanwhile stands beside it until a person chooses.
import { tasksSchema } from '#shared/model/job.ts';
import type { JobDetail, Task } from '#shared/model/job.ts';
import type { ShownError } from '../errors.ts';

export type ServerTasks = Pick<JobDetail, 'rev' | 'tasks' | 'updatedAt' | 'updatedBy'>;
export type Draft = {
  /** What the server has as far as this draft knows; saving names its revision. */
  base: { rev: number; tasks: Task[] };
  /** As on screen: may be incomplete, and then is not saved. */
  tasks: Task[];
  sending: Task[] | null;
  /** The save one sees the word of, with the number that takes it back. */
  saved: { rev: number; undo: number | null } | null;
  /** Saved by somebody else while this draft held other changes. */
  theirs: ServerTasks | null;
  /** The server holds a newer revision and refused: nothing is sent until it has said what that is. */
  stale: boolean;
  failure: ShownError | null;
};

export function openDraft(job: ServerTasks): Draft {
  return { base: { rev: job.rev, tasks: job.tasks }, tasks: job.tasks, sending: null, saved: null, theirs: null, stale: false, failure: null };
}
export function sameTasks(left: readonly Task[], right: readonly Task[]): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}
export function isDirty(draft: Draft): boolean {
  return !sameTasks(draft.tasks, draft.base.tasks);
}
export function isComplete(tasks: readonly Task[]): boolean {
  return tasksSchema.safeParse(tasks).success;
}
export function maySave(draft: Draft): boolean {
  return isDirty(draft) && draft.sending === null && draft.theirs === null && !draft.stale && draft.failure === null && isComplete(draft.tasks);
}

export function edited(draft: Draft, tasks: Task[]): Draft {
  return { ...draft, tasks, failure: null };
}
/** The server's state has come (again): taken over where nothing is unsaved here. */
export function serverHas(draft: Draft, job: ServerTasks): Draft {
  if (draft.sending !== null || job.rev < draft.base.rev) return draft;
  if (job.rev === draft.base.rev) return draft;
  const base = { rev: job.rev, tasks: job.tasks };
  const rest = { base, theirs: null, stale: false };
  if (!isDirty(draft) || sameTasks(job.tasks, draft.tasks)) return { ...draft, ...rest, tasks: job.tasks, saved: draft.saved?.rev === job.rev ? draft.saved : null };
  // Only its name or portal text changed: the tasks here are still made from what the server has.
  if (sameTasks(job.tasks, draft.base.tasks)) return { ...draft, ...rest };
  return { ...draft, theirs: job, stale: false };
}
export function sending(draft: Draft): Draft {
  return { ...draft, sending: draft.tasks };
}
export function saveDone(draft: Draft, answer: { rev: number; undo: number | null }): Draft {
  return draft.sending === null ? draft : { ...draft, base: { rev: answer.rev, tasks: draft.sending }, sending: null, saved: answer };
}
export function saveFailed(draft: Draft, failure: ShownError): Draft {
  const changed = failure.code === 'conflict' && typeof failure.data['rev'] === 'number' && failure.data['rev'] > draft.base.rev;
  return changed ? { ...draft, sending: null, stale: true } : { ...draft, sending: null, failure };
}
/** Not known to have arrived: a save names the revision it is made from, so it can be sent again without harm. */
export function awaitsConnection(draft: Draft): boolean {
  return draft.failure?.code === 'connection-lost';
}
/** Mine becomes the next revision; theirs stays in the history. */
export function keepMine(draft: Draft): Draft {
  return draft.theirs === null ? draft : { ...draft, base: { rev: draft.theirs.rev, tasks: draft.theirs.tasks }, theirs: null };
}
export function takeTheirs(draft: Draft): Draft {
  return draft.theirs === null ? draft : { ...openDraft(draft.theirs), saved: null };
}

/** The task moved by so many places, within bounds. */
export function moved(tasks: readonly Task[], from: number, to: number): Task[] {
  const task = tasks[from];
  if (task === undefined) return [...tasks];
  return tasks.toSpliced(from, 1).toSpliced(Math.max(0, Math.min(tasks.length - 1, to)), 0, task);
}
/** Back in its place after it was removed, unless it is there again already. */
export function putBack(tasks: readonly Task[], task: Task, index: number): Task[] {
  return tasks.some((each) => each.id === task.id) ? [...tasks] : tasks.toSpliced(Math.min(index, tasks.length), 0, task);
}
