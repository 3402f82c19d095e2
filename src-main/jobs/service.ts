// Owns jobs, their folders and revisions, and starting them on computers: what others may ask of them. The rules are in edit.ts,
// arrange.ts and starting.ts; what is kept in memory in tree.ts and views.ts.
import type { HistoryEvent } from '#shared/model/image.ts';
import type { JobDetail, JobFolder, JobFolderDetail, JobRevision, JobSummary, JobUse, Task } from '#shared/model/job.ts';
import { compareNames, isPublished, type MenuSource } from '#shared/model/menu.ts';
import type { StartPreview } from '#shared/model/run.ts';
import type { Computers } from '../computers/service.ts';
import type { Database } from '../db/database.ts';
import type { Events } from '../events/service.ts';
import type { Images } from '../images/service.ts';
import type { Runs } from '../runs/service.ts';
import type { Undo } from '../undo/service.ts';
import { openArrange } from './arrange.ts';
import { openEdit, type Undoable } from './edit.ts';
import { openExpiry } from './expiry.ts';
import { openJobsRepo } from './repo.ts';
import type { Nearness } from './waiting-versions.ts';
import { openStarting, type Started, type StartTarget as Target, type JobToRun as Runnable } from './starting.ts';
import type { openTestDeploy } from './test-deploy.ts';
import { JobTree, thingOf } from './tree.ts';
import { openJobViews } from './views.ts';

export type JobsParts = { db: Database; events: Events; undo: Undo; images: Images; computers: Computers; runs: Runs; clock: () => number; /** Without it no job deploys what waits to be validated. */ nearness?: Nearness };
export type StartTarget = Target;
export type JobToRun = Runnable;
export type Jobs = {
  list(trash: boolean): JobSummary[];
  /** Every folder outside the trash, in no order. */
  folders(): JobFolder[];
  /** What was put into the trash itself; what lies in such a folder comes back with it. */
  inTrash(): { folders: JobFolder[]; jobs: JobSummary[] };
  /** The one thing a person means, whatever it is. */
  find(what: string): { item: string; kind: 'job' | 'folder'; id: string; name: string; path: string; rev: number; inTrash: boolean };
  get(ref: string): JobDetail;
  folder(ref: string | null): JobFolderDetail;
  history(ref: string): JobRevision[];
  /** What happened to a job or folder: made, moved, to the trash and back, every save. */
  events(what: string): HistoryEvent[];
  using(image: string): JobUse[];
  create(job: { folder: string | null; name: string; description?: string | undefined; tasks?: Task[] | undefined }, actor: string): Undoable & { id: string };
  save(change: { id: string; rev?: number | undefined; name?: string | undefined; description?: string | undefined; showInPortal?: boolean | undefined; tasks?: Task[] | undefined }, actor: string): Undoable & { rev: number };
  restore(ref: { id: string; rev: number }, actor: string): Undoable & { rev: number };
  duplicate(items: readonly string[], actor: string): Undoable & { items: string[] };
  move(change: { items: readonly string[]; folder: string | null }, actor: string): Undoable;
  trash(items: readonly string[], actor: string): Undoable;
  untrash(items: readonly string[], actor: string): Undoable;
  /** Deletes for good what has been in the trash for longer than this. */
  expire(keptMs: number): number;
  createFolder(folder: { parent: string | null; name: string }, actor: string): Undoable & { id: string };
  saveFolder(change: { id: string; rev?: number | undefined; name?: string | undefined; description?: string | undefined; showInPortal?: boolean | undefined }, actor: string): Undoable;
  preview(target: StartTarget): StartPreview;
  start(target: StartTarget & { busy: 'queue' | 'skip' }, actor: string): Started;
  /** A version that waits to be validated, on one computer. */
  testDeploy: ReturnType<typeof openTestDeploy>;
  /** What the menu is made of; kept, and made anew after a change of jobs or of the images they name. */
  menuSource(): MenuSource;
  /** "job/<id>", "folder/<id>" or a name, as the jobs that run, in order. Throws not-found, ambiguous-name, conflict (in the trash). */
  jobsOf(what: string): { title: string; jobs: JobToRun[] };
  /** Why that computer is not given one of these jobs: a version waits to be validated, and was captured at another site. Else null. */
  waitingProblem(jobs: readonly JobToRun[], computerId: string): string | null;
  /** Below a folder (null: the root), for the tree. */
  treeChildren(folderId: string | null): { folders: { id: string; name: string; published: boolean; hasChildren: boolean }[]; jobs: { id: string; name: string; published: boolean; problem: string | null }[] };
  /** Jobs that are not in the trash, for a badge. */
  count(): number;
  /** Jobs and folders whose name or portal text has the text. */
  search(text: string, limit: number): { id: string; kind: 'job' | 'folder'; name: string; detail: string }[];
};

/** Revisions hold their tasks: so many characters of them go into one answer. */
const MOST_HISTORY_CHARS = 8 * 1024 * 1024;
const looksLikeGuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function openJobs({ db, events, undo, images, computers, runs, clock, nearness }: JobsParts): Jobs {
  const repo = openJobsRepo(db);
  const tree = new JobTree(repo);
  const views = openJobViews({ repo, tree, images });
  const edit = openEdit({ repo, tree, views, events, undo, clock });
  let counted: { rev: number; jobs: number } | null = null;
  const arrange = openArrange({ repo, tree, edit, events, undo, clock });
  const starting = openStarting({ tree, views, images, computers, runs, nearness });
  const byName = (left: { name: string }, right: { name: string }): number => compareNames(left.name, right.name);

  return {
    list: (trash) => [...tree.jobs.values()].filter((job) => (trash ? job.trashedAt !== null : tree.isLiving(job))).sort(byName).map(views.summary),
    folders: () => [...tree.folders.values()].filter((folder) => tree.isLiving(folder)).map(views.folderView),
    inTrash: () => ({
      folders: [...tree.folders.values()].filter((folder) => folder.trashedAt !== null).sort(byName).map(views.folderView),
      jobs: [...tree.jobs.values()].filter((job) => job.trashedAt !== null).sort(byName).map(views.summary),
    }),
    find(what) {
      const found = tree.find(what);
      const { id, name, rev } = thingOf(found);
      const place = found.kind === 'job' ? found.job.folderId : found.folder.parentId;
      return { item: `${found.kind}/${id}`, kind: found.kind, id, name, path: tree.pathWords(place), rev, inTrash: !tree.isLiving(thingOf(found)) };
    },
    get: (ref) => views.detail(tree.job(ref)),
    folder: (ref) => views.folderDetail(ref === null ? null : tree.folder(ref)),
    history: (ref) => repo.revisions(tree.job(ref).id, MOST_HISTORY_CHARS).map((row) => ({
      rev: row.rev, at: row.at, actor: row.actor, message: row.message, name: row.name, description: row.description, showInPortal: row.show_in_portal === 1, tasks: JSON.parse(row.tasks) as Task[],
    })),
    events(what) {
      const found = tree.find(what);
      return events.history(found.kind, thingOf(found).id);
    },
    using(image) {
      const guid = looksLikeGuid.test(image) ? image.toLowerCase() : images.get(image).guid;
      return views.using({ guid, name: images.readiness().nameOf(guid) });
    },
    create: edit.create, save: edit.save, restore: edit.restore, createFolder: edit.createFolder, saveFolder: edit.saveFolder,
    expire: openExpiry({ repo, tree, edit, events, clock }).expire,
    duplicate: arrange.duplicate, move: arrange.move, trash: arrange.trash, untrash: arrange.untrash,
    preview: starting.preview, start: starting.start, testDeploy: starting.testDeploy, waitingProblem: starting.waitingProblem, jobsOf: starting.jobsOf,
    menuSource: views.menuSource,
    treeChildren(folderId) {
      if (tree.trashedAbove(folderId) !== null) return { folders: [], jobs: [] };
      const { folders, jobs } = tree.living.at(folderId);
      return {
        folders: folders.map(({ id, name, showInPortal }) => {
          const below = tree.living.at(id);
          return { id, name, published: isPublished(name, showInPortal), hasChildren: below.folders.length + below.jobs.length > 0 };
        }),
        jobs: jobs.map((job) => ({ id: job.id, name: job.name, published: views.published(job), problem: views.problemOf(job) })),
      };
    },
    count() {
      const below = (folderId: string | null): number => {
        const { folders, jobs } = tree.living.at(folderId);
        return jobs.length + folders.reduce((sum, folder) => sum + below(folder.id), 0);
      };
      if (counted?.rev !== tree.rev) counted = { rev: tree.rev, jobs: below(null) };
      return counted.jobs;
    },
    search(text, limit) {
      const wanted = text.trim().toLowerCase();
      if (wanted === '' || limit < 1) return [];
      const has = (thing: { name: string; description: string }): boolean => `${thing.name}\n${thing.description}`.toLowerCase().includes(wanted);
      const rank = ({ name }: { name: string }): number => (name.toLowerCase().startsWith(wanted) ? 0 : name.toLowerCase().includes(wanted) ? 1 : 2);
      const jobs = [...tree.jobs.values()].filter((job) => has(job) && tree.isLiving(job)).map((job) => ({ id: job.id, kind: 'job' as const, name: job.name, detail: detailOf(job.folderId, job.description) }));
      const folders = [...tree.folders.values()].filter((folder) => has(folder) && tree.isLiving(folder)).map((folder) => ({ id: folder.id, kind: 'folder' as const, name: folder.name, detail: detailOf(folder.parentId, folder.description) }));
      return [...folders, ...jobs].sort((left, right) => rank(left) - rank(right) || byName(left, right)).slice(0, limit);
    },
  };

  function detailOf(folderId: string | null, description: string): string {
    return [folderId === null ? 'Jobs' : tree.pathWords(folderId), description].filter((part) => part !== '').join(' · ');
  }
}
