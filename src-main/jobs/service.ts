// Owns jobs, their folders and revisions, and starting them on computers. (Being built: docs/plans/0004-console-and-portal.md.)
import { AppError } from '#shared/errors.ts';
import type { JobDetail, JobFolderDetail, JobRevision, JobSummary, JobUse, Task } from '#shared/model/job.ts';
import type { MenuSource } from '#shared/model/menu.ts';
import type { StartPreview } from '#shared/model/run.ts';
import type { Computers } from '../computers/service.ts';
import type { Database } from '../db/database.ts';
import type { Events } from '../events/service.ts';
import type { Images } from '../images/service.ts';
import type { Runs } from '../runs/service.ts';
import type { Undo } from '../undo/service.ts';

export type JobsParts = { db: Database; events: Events; undo: Undo; images: Images; computers: Computers; runs: Runs; clock: () => number };
export type Undoable = { undo: number | null };
export type StartTarget = { what: string; computers: readonly string[]; groups: readonly string[] };
export type JobToRun = { id: string; name: string; tasks: Task[] };
export type Jobs = {
  list(trash: boolean): JobSummary[];
  get(ref: string): JobDetail;
  folder(ref: string | null): JobFolderDetail;
  history(ref: string): JobRevision[];
  using(image: string): JobUse[];
  create(job: { folder: string | null; name: string; description?: string | undefined; tasks?: Task[] | undefined }, actor: string): Undoable & { id: string };
  save(change: { id: string; rev?: number | undefined; name?: string | undefined; description?: string | undefined; showInPortal?: boolean | undefined; tasks?: Task[] | undefined }, actor: string): Undoable & { rev: number };
  restore(ref: { id: string; rev: number }, actor: string): Undoable & { rev: number };
  duplicate(items: readonly string[], actor: string): Undoable & { items: string[] };
  move(change: { items: readonly string[]; folder: string | null }, actor: string): Undoable;
  trash(items: readonly string[], actor: string): Undoable;
  untrash(items: readonly string[], actor: string): Undoable;
  createFolder(folder: { parent: string | null; name: string }, actor: string): Undoable & { id: string };
  saveFolder(change: { id: string; rev?: number | undefined; name?: string | undefined; description?: string | undefined; showInPortal?: boolean | undefined }, actor: string): Undoable;
  preview(target: StartTarget): StartPreview;
  start(target: StartTarget & { busy: 'queue' | 'skip' }, actor: string): { batchId: string; runs: { id: string; computerName: string; title: string }[]; skipped: { computerName: string; reason: string }[] };
  /** What the menu is made of; kept, and made anew after a change of jobs or of the images they name. */
  menuSource(): MenuSource;
  /** "job/<id>", "folder/<id>" or a name, as the jobs that run, in order. Throws not-found, ambiguous-name. */
  jobsOf(what: string): { title: string; jobs: JobToRun[] };
  /** Below a folder (null: the root), for the tree. */
  treeChildren(folderId: string | null): { folders: { id: string; name: string; published: boolean; hasChildren: boolean }[]; jobs: { id: string; name: string; published: boolean; problem: string | null }[] };
  /** Jobs and folders whose name or portal text has the text. */
  search(text: string, limit: number): { id: string; kind: 'job' | 'folder'; name: string; detail: string }[];
};

const notYet = (): never => {
  throw new AppError('internal', 'Jobs are not there yet.');
};

export function openJobs(_parts: JobsParts): Jobs {
  return {
    list: () => [], get: notYet, folder: notYet, history: notYet, using: () => [], create: notYet, save: notYet, restore: notYet, duplicate: notYet, move: notYet, trash: notYet, untrash: notYet,
    createFolder: notYet, saveFolder: notYet, preview: notYet, start: notYet, menuSource: () => ({ folders: [], jobs: [] }), jobsOf: notYet, treeChildren: () => ({ folders: [], jobs: [] }), search: () => [],
  };
}
