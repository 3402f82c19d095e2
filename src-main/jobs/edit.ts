// Owns what changes one job or folder: making it, saving it as a new revision, making an earlier revision the newest again; and
// the inverse of each.
import { randomUUID } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import type { Task } from '#shared/model/job.ts';
import { z } from 'zod';
import type { Events } from '../events/service.ts';
import type { Undo } from '../undo/service.ts';
import type { Folder, JobHead, JobsRepo, RevisionRow } from './repo.ts';
import type { JobTree } from './tree.ts';
import type { JobViews } from './views.ts';
import { changeWords, type Editable } from './words.ts';

export type EditParts = { repo: JobsRepo; tree: JobTree; views: JobViews; events: Events; undo: Undo; clock: () => number };
export type Undoable = { undo: number | null };
export type Edit = { name?: string | undefined; description?: string | undefined; showInPortal?: boolean | undefined };

/** Deeper, no person finds anything, and walks down the tree stay short. */
export const MOST_LEVELS = 32;
const KEPT_REVISIONS = 200;
const editableSchema = z.object({ name: z.string(), description: z.string(), showInPortal: z.boolean() });

export function openEdit({ repo, tree, views, events, undo, clock }: EditParts) {
  /** A change of these rows; what was kept of them in memory is read again, also where the change failed half way. */
  function changing<T>(ids: readonly string[], work: () => T): T {
    try {
      return repo.transaction(work);
    } finally {
      tree.touch(ids);
    }
  }
  function tell(kind: 'job' | 'folder', id: string, parentId: string | null): void {
    events.changed(kind, id);
    events.changed('folder', parentId ?? 'root');
  }

  /** The folder something is put into: it must be outside the trash, and not too deep. */
  function target(ref: string | null): Folder | null {
    if (ref === null) return null;
    const folder = tree.folder(ref);
    refuseTrashed('folder', folder);
    return folder;
  }
  function refuseTrashed(kind: 'job' | 'folder', thing: JobHead | Folder): void {
    if (tree.isLiving(thing)) return;
    const above = thing.trashedAt === null ? tree.trashedAbove('folderId' in thing ? thing.folderId : thing.parentId) : null;
    throw new AppError('conflict', above === null ? `The ${kind} “${thing.name}” is in the trash. Take it out first, then try again.`
      : `The ${kind} “${thing.name}” is in the folder “${above.name}”, which is in the trash. Take that folder out first, then try again.`, { id: thing.id, ...(above === null ? {} : { folderId: above.id }) });
  }
  /** Somebody saved it after this person opened it: theirs is not overwritten. */
  function refuseStale(thing: JobHead | Folder, rev: number | undefined): void {
    if (rev === undefined || rev === thing.rev) return;
    const who = 'updatedBy' in thing ? `${thing.updatedBy} saved` : 'Somebody saved';
    throw new AppError('conflict', `${who} “${thing.name}” while you were editing it (it is at revision ${thing.rev}, you began at ${rev}). Nothing of yours was saved. Look at what changed, then make your change again.`, { id: thing.id, rev: thing.rev, yours: rev });
  }
  /** The next revision of a job; `after` in full. @returns null where nothing is different */
  function revise(job: JobHead, after: Editable & { tasks: readonly Task[] }, by: { actor: string; prefix?: string; kind: string }): { rev: number; message: string } | null {
    const words = changeWords({ ...job, tasks: views.tasksOf(job.id) }, after);
    if (words === '') return null;
    const message = by.prefix === undefined ? words : `${by.prefix}: ${words[0]?.toLowerCase()}${words.slice(1)}`;
    const rev = job.rev + 1;
    const row: RevisionRow = { job_id: job.id, rev, at: clock(), actor: by.actor, message, name: after.name, description: after.description, show_in_portal: after.showInPortal ? 1 : 0, tasks: JSON.stringify(after.tasks) };
    if (!repo.revise(row)) throw new AppError('conflict', `“${job.name}” was changed by somebody else at the same moment. Try again.`, { id: job.id });
    repo.pruneRevisions(job.id, KEPT_REVISIONS);
    events.record({ actor: by.actor, entity: 'job', id: job.id, kind: by.kind, message, data: { rev } });
    return { rev, message };
  }
  function saveRevision(job: JobHead, after: Editable & { tasks: readonly Task[] }, by: { actor: string; prefix?: string; kind: string }): Undoable & { rev: number } {
    const saved = changing([job.id], () => {
      const done = revise(job, after, by);
      if (done === null) return null;
      return { rev: done.rev, undo: undo.keep('job.saved', { actor: by.actor, label: `${after.name}: ${done.message}`, payload: { id: job.id, before: job.rev, after: done.rev } }) };
    });
    if (saved === null) return { rev: job.rev, undo: null };
    tell('job', job.id, job.folderId);
    return saved;
  }
  function revisionOf(job: JobHead, rev: number): Editable & { tasks: Task[] } {
    const row = repo.revision(job.id, rev);
    if (row === undefined) throw new AppError('not-found', `“${job.name}” has no revision ${rev}: its last ${KEPT_REVISIONS} are kept.`, { id: job.id, rev });
    return { name: row.name, description: row.description, showInPortal: row.show_in_portal === 1, tasks: JSON.parse(row.tasks) as Task[] };
  }

  /** A row with its first revision; inside a transaction, without an undo of its own. */
  function insertJob(job: { folderId: string | null; name: string; description: string; tasks: string; actor: string; message: string }): string {
    const id = randomUUID();
    repo.insert({ id, folder_id: job.folderId, rev: 1, at: clock(), actor: job.actor, message: job.message, name: job.name, description: job.description, show_in_portal: 0, tasks: job.tasks });
    events.record({ actor: job.actor, entity: 'job', id, kind: 'created', message: job.message });
    return id;
  }
  function insertFolder(folder: { parentId: string | null; name: string; description: string; actor: string; message: string }): string {
    const id = randomUUID();
    repo.insertFolder({ id, parentId: folder.parentId, name: folder.name, description: folder.description, createdAt: clock() });
    events.record({ actor: folder.actor, entity: 'folder', id, kind: 'created', message: folder.message });
    return id;
  }

  function isAsIn(job: JobHead, rev: number): boolean {
    return repo.revision(job.id, rev) !== undefined && changeWords({ ...job, tasks: views.tasksOf(job.id) }, revisionOf(job, rev)) === '';
  }
  /** What the inverse of making needs: folders have no revisions that say what they were. */
  function asMade(items: readonly string[]): Record<string, unknown> {
    const folders = items.filter((item) => item.startsWith('folder/')).flatMap((item) => repo.folder(idOf(item)) ?? []);
    return { items, folders: folders.map(({ id, name, description, showInPortal }) => ({ id, name, description, showInPortal })) };
  }

  undo.register('job.saved', (payload, actor) => {
    const { id, before, after } = z.object({ id: z.string(), before: z.number(), after: z.number() }).parse(payload);
    const job = tree.job(`job/${id}`);
    refuseTrashed('job', job);
    // What was changed and changed back is as it was, whatever its number.
    if (job.rev !== after && !isAsIn(job, after)) throw new AppError('conflict', `“${job.name}” was changed since (by ${job.updatedBy}), so this can't be undone by itself. Its history still has revision ${before}: restore that, if it is what you want.`, { id, rev: job.rev });
    changing([id], () => revise(job, revisionOf(job, before), { actor, prefix: 'Undone', kind: 'undone' }));
    tell('job', id, job.folderId);
  });
  undo.register('folder.saved', (payload, actor) => {
    const { id, before, after, rev } = z.object({ id: z.string(), before: editableSchema, after: editableSchema.optional(), rev: z.number() }).parse(payload);
    const folder = tree.folder(`folder/${id}`);
    refuseTrashed('folder', folder);
    if (folder.rev !== rev && (after === undefined || changeWords(folder, after) !== '')) throw new AppError('conflict', `The folder “${folder.name}” was changed since, so this can't be undone any more. Change it back by hand.`, { id, rev: folder.rev });
    changing([id], () => {
      repo.updateFolder({ id, ...before });
      events.record({ actor, entity: 'folder', id, kind: 'undone', message: `Undone: ${changeWords(folder, before)}` });
    });
    tell('folder', id, folder.parentId);
  });
  /** What was made goes to the trash, untouched by anybody; what somebody has worked on since stays. */
  undo.register('made', (payload, actor) => {
    const { items, folders: first = [] } = z.object({ items: z.array(z.string()), folders: z.array(editableSchema.extend({ id: z.string() })).optional() }).parse(payload);
    const firstOf = new Map(first.map((folder) => [folder.id, folder]));
    const found = items.map((item) => tree.find(item));
    for (const each of found) {
      const thing = each.kind === 'job' ? each.job : each.folder;
      refuseTrashed(each.kind, thing);
      const was = firstOf.get(thing.id);
      const isAsMade = thing.rev === 1 || (each.kind === 'job' ? isAsIn(each.job, 1) : was !== undefined && changeWords(each.folder, was) === '');
      if (!isAsMade) throw new AppError('conflict', `“${thing.name}” was changed since, so it is not taken away. Put it into the trash if you don't need it.`, { id: thing.id });
    }
    const made = new Set(items);
    for (const each of found) {
      if (each.kind !== 'folder') continue;
      const { folders, jobs } = tree.living.at(each.folder.id);
      const other = [...folders.map(({ id, name }) => ({ item: `folder/${id}`, name })), ...jobs.map(({ id, name }) => ({ item: `job/${id}`, name }))].find(({ item }) => !made.has(item));
      if (other !== undefined) throw new AppError('conflict', `“${other.name}” was put into “${each.folder.name}” since, so it is not taken away. Put it into the trash if you don't need it.`, { id: each.folder.id });
    }
    // What lies in a folder that was made along with it goes with the folder, and comes back with it.
    const tops = found.filter((each) => !made.has(`folder/${each.kind === 'job' ? each.job.folderId : each.folder.parentId}`));
    const at = clock();
    changing(items.map(idOf), () => {
      for (const each of tops) {
        const thing = each.kind === 'job' ? each.job : each.folder;
        if (each.kind === 'job') repo.setJobTrash(thing.id, at);
        else repo.setFolderTrash(thing.id, at);
        events.record({ actor, entity: each.kind, id: thing.id, kind: 'trashed', message: 'Undone: moved to the trash' });
      }
    });
    for (const each of tops) tell(each.kind, each.kind === 'job' ? each.job.id : each.folder.id, each.kind === 'job' ? each.job.folderId : each.folder.parentId);
  });

  return {
    changing, tell, target, refuseTrashed, insertJob, insertFolder, asMade,
    create(job: Edit & { folder: string | null; name: string; tasks?: Task[] | undefined }, actor: string): Undoable & { id: string } {
      const folder = target(job.folder);
      const ids: string[] = [];
      const made = changing(ids, () => {
        const id = insertJob({ folderId: folder?.id ?? null, name: job.name, description: job.description ?? '', tasks: JSON.stringify(job.tasks ?? []), actor, message: 'Made' });
        ids.push(id);
        return { id, undo: undo.keep('made', { actor, label: `Made the job “${job.name}”`, payload: asMade([`job/${id}`]) }) };
      });
      tell('job', made.id, folder?.id ?? null);
      return made;
    },
    save(change: Edit & { id: string; rev?: number | undefined; tasks?: Task[] | undefined }, actor: string): Undoable & { rev: number } {
      const job = tree.job(`job/${change.id}`);
      refuseTrashed('job', job);
      refuseStale(job, change.rev);
      return saveRevision(job, { ...edited(job, change), tasks: change.tasks ?? views.tasksOf(job.id) }, { actor, kind: 'changed' });
    },
    restore(ref: { id: string; rev: number }, actor: string): Undoable & { rev: number } {
      const job = tree.job(`job/${ref.id}`);
      refuseTrashed('job', job);
      return saveRevision(job, revisionOf(job, ref.rev), { actor, prefix: `Revision ${ref.rev} restored`, kind: 'restored' });
    },
    createFolder(folder: { parent: string | null; name: string }, actor: string): Undoable & { id: string } {
      const parent = target(folder.parent);
      if (tree.path(parent?.id ?? null).length >= MOST_LEVELS) throw new AppError('conflict', `Folders nest at most ${MOST_LEVELS} deep. Make it further up.`, {});
      const ids: string[] = [];
      const made = changing(ids, () => {
        const id = insertFolder({ parentId: parent?.id ?? null, name: folder.name, description: '', actor, message: 'Made' });
        ids.push(id);
        return { id, undo: undo.keep('made', { actor, label: `Made the folder “${folder.name}”`, payload: asMade([`folder/${id}`]) }) };
      });
      tell('folder', made.id, parent?.id ?? null);
      return made;
    },
    saveFolder(change: Edit & { id: string; rev?: number | undefined }, actor: string): Undoable {
      const folder = tree.folder(`folder/${change.id}`);
      refuseTrashed('folder', folder);
      refuseStale(folder, change.rev);
      const after = edited(folder, change);
      const words = changeWords(folder, after);
      if (words === '') return { undo: null };
      const saved = changing([folder.id], () => {
        repo.updateFolder({ id: folder.id, ...after });
        events.record({ actor, entity: 'folder', id: folder.id, kind: 'changed', message: words });
        const before: Editable = { name: folder.name, description: folder.description, showInPortal: folder.showInPortal };
        return { undo: undo.keep('folder.saved', { actor, label: `${after.name}: ${words}`, payload: { id: folder.id, before, after, rev: folder.rev + 1 } }) };
      });
      tell('folder', folder.id, folder.parentId);
      return saved;
    },
  };
}
export type JobEdit = ReturnType<typeof openEdit>;

/** The id in "job/<id>" or "folder/<id>". */
export function idOf(item: string): string {
  return item.slice(item.indexOf('/') + 1);
}
function edited(before: Editable, change: Edit): Editable {
  return { name: change.name ?? before.name, description: change.description ?? before.description, showInPortal: change.showInPortal ?? before.showInPortal };
}
