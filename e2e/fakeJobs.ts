// The fake server's jobs, portal, search and undo: the real API's procedures over made-up jobs in memory, each change with its undo.
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { descriptionSchema, jobNameSchema, tasksSchema } from '#shared/model/job.ts';
import type { JobDetail, Task } from '#shared/model/job.ts';
import { startTargetSchema } from '#shared/model/run.ts';
import type { RunView } from '#shared/model/run.ts';
import type { Change, SearchHit } from '#shared/model/server.ts';
import { taskSummary } from '#shared/model/job.ts';
import type { FakeData } from './fakeData.ts';
import type { FakeFolder, FakeJob, FakeJobs } from './fakeJobData.ts';
import { jobViews } from './fakeJobViews.ts';
import { testDeployProcedures } from './fakePending.ts';
import { fail, t } from './fakeProcedures.ts';
import type { Procedures } from './fakeProcedures.ts';

type Parts = { data: FakeData; jobs: FakeJobs; undo: FakeUndo; changed: (entity: Change['entity'], id: string) => void };

/** Changes that can be taken back, by number; every router of the fake keeps its own here. */
export class FakeUndo {
  private readonly kept = new Map<number, { label: string; inverse: () => void }>();
  keep(label: string, inverse: () => void): number {
    this.kept.set(this.kept.size + 1, { label, inverse });
    return this.kept.size;
  }
  run(id: number): { label: string } {
    const found = this.kept.get(id) ?? fail(new AppError('not-found', 'This can\'t be undone any more: it is too long ago.'));
    found.inverse();
    return { label: found.label };
  }
}

const edited = z.object({ id: z.string(), rev: z.number().optional(), name: jobNameSchema.optional(), description: descriptionSchema.optional(), showInPortal: z.boolean().optional() });
const items = z.object({ items: z.array(z.string()).min(1) });

export function jobsRouters({ open, guarded }: Procedures, { data, jobs, undo, changed }: Parts) {
  const views = jobViews(jobs, data);
  const jobOf = (ref: string): FakeJob => jobs.jobs.find((job) => job.id === ref) ?? fail(new AppError('not-found', `There is no job “${ref}”.`));
  const folderOf = (ref: string): FakeFolder => jobs.folders.find((folder) => folder.id === ref) ?? fail(new AppError('not-found', `There is no job folder “${ref}”.`));
  const check = (now: number, rev: number | undefined, name: string): void => {
    if (rev !== undefined && rev !== now) fail(new AppError('conflict', `“${name}” was changed by somebody else meanwhile (revision ${now}). Look at what changed, then save again.`, { rev: now }));
  };
  const revise = (job: FakeJob, change: Partial<Pick<FakeJob, 'name' | 'description' | 'showInPortal' | 'tasks'>>, message: string): void => {
    Object.assign(job, change, { rev: Math.max(job.rev, ...job.revisions.map((each) => each.rev)) + 1, updatedAt: Date.now(), updatedBy: 'anna' });
    job.revisions.push({ rev: job.rev, at: job.updatedAt, actor: 'anna', message, name: job.name, description: job.description, showInPortal: job.showInPortal, tasks: job.tasks });
    changed('job', job.id);
  };
  const each = (list: readonly string[]): (FakeJob | FakeFolder)[] => list.map((item) => (item.startsWith('folder/') ? folderOf(item.slice(7)) : jobOf(item.slice(4))));
  const setAll = <Key extends 'trashedAt'>(list: readonly string[], key: Key, value: FakeJob[Key]): void => {
    for (const one of each(list)) { one[key] = value; changed('job', one.id); }
  };
  const make = (folderId: string | null, name: string, tasks: Task[]): FakeJob => {
    const job: FakeJob = { id: crypto.randomUUID(), folderId, name, description: '', showInPortal: false, tasks, rev: 0, updatedAt: Date.now(), updatedBy: 'anna', trashedAt: null, revisions: [] };
    jobs.jobs.push(job);
    revise(job, {}, 'Made');
    return job;
  };
  const put = (one: FakeJob | FakeFolder, folder: string | null): void => {
    if ('folderId' in one) one.folderId = folder;
    else one.parentId = folder;
    changed('job', one.id);
  };
  return {
    jobs: t.router({
      list: guarded.input(z.object({ trash: z.boolean().optional() }).optional()).query(({ input }) => jobs.jobs.filter((job) => (job.trashedAt !== null) === (input?.trash ?? false)).map(views.summary)),
      inTrash: guarded.query(() => ({ folders: jobs.folders.filter((folder) => folder.trashedAt !== null).map(views.folderView), jobs: jobs.jobs.filter((job) => job.trashedAt !== null).map(views.summary) })),
      get: guarded.input(z.object({ job: z.string() })).query(({ input }): JobDetail => views.detail(jobOf(input.job))),
      folder: guarded.input(z.object({ folder: z.string().nullable() })).query(({ input }) => views.folderDetail(input.folder === null ? null : folderOf(input.folder))),
      history: guarded.input(z.object({ job: z.string() })).query(({ input }) => jobOf(input.job).revisions.toSorted((left, right) => right.rev - left.rev)),
      using: guarded.input(z.object({ image: z.string() })).query(({ input }) => views.using(input.image)),
      create: guarded.input(z.object({ folder: z.string().nullable(), name: jobNameSchema, tasks: tasksSchema.optional() })).mutation(({ input }) => {
        const job = make(input.folder, input.name, input.tasks ?? []);
        return { id: job.id, undo: undo.keep(`Made ${job.name}`, () => setAll([`job/${job.id}`], 'trashedAt', Date.now())) };
      }),
      save: guarded.input(edited.extend({ tasks: tasksSchema.optional() })).mutation(({ input: { id, rev, ...given } }) => {
        const job = jobOf(id);
        check(job.rev, rev, job.name);
        const before = { name: job.name, description: job.description, showInPortal: job.showInPortal, tasks: job.tasks };
        revise(job, Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)), given.tasks === undefined ? 'Changed' : 'Changed its tasks');
        const after = job.rev;
        return { rev: job.rev, undo: undo.keep(`Changed ${job.name}`, () => { check(job.rev, after, job.name); revise(job, before, 'Undid a change'); }) };
      }),
      restore: guarded.input(z.object({ id: z.string(), rev: z.number() })).mutation(({ input }) => {
        const job = jobOf(input.id);
        const wanted = job.revisions.find((revision) => revision.rev === input.rev) ?? fail(new AppError('not-found', `There is no revision ${input.rev}.`));
        const before = { name: job.name, description: job.description, showInPortal: job.showInPortal, tasks: job.tasks };
        revise(job, { name: wanted.name, description: wanted.description, showInPortal: wanted.showInPortal, tasks: wanted.tasks }, `Restored revision ${input.rev}`);
        return { rev: job.rev, undo: undo.keep(`Restored revision ${input.rev}`, () => revise(job, before, 'Undid a change')) };
      }),
      duplicate: guarded.input(items).mutation(({ input }) => {
        const made = input.items.filter((item) => item.startsWith('job/')).map((item) => {
          const job = jobOf(item.slice(4));
          return `job/${make(job.folderId, `${job.name.replace(/\s*\(mi\)/gi, '')} copy`, structuredClone(job.tasks)).id}`;
        });
        return { items: made, undo: undo.keep('Duplicated', () => setAll(made, 'trashedAt', Date.now())) };
      }),
      move: guarded.input(items.extend({ folder: z.string().nullable() })).mutation(({ input }) => {
        const before = each(input.items).map((one) => ({ one, from: 'folderId' in one ? one.folderId : one.parentId }));
        for (const { one } of before) put(one, input.folder);
        return { undo: undo.keep('Moved', () => { for (const { one, from } of before) put(one, from); }) };
      }),
      trash: guarded.input(items).mutation(({ input }) => {
        setAll(input.items, 'trashedAt', Date.now());
        return { undo: undo.keep('Moved to the trash', () => setAll(input.items, 'trashedAt', null)) };
      }),
      untrash: guarded.input(items).mutation(({ input }) => {
        setAll(input.items, 'trashedAt', null);
        return { undo: null };
      }),
      createFolder: guarded.input(z.object({ parent: z.string().nullable(), name: jobNameSchema })).mutation(({ input }) => {
        const folder: FakeFolder = { id: crypto.randomUUID(), parentId: input.parent, name: input.name, description: '', showInPortal: false, rev: 1, trashedAt: null };
        jobs.folders.push(folder);
        changed('folder', folder.id);
        return { id: folder.id, undo: undo.keep(`Made ${folder.name}`, () => setAll([`folder/${folder.id}`], 'trashedAt', Date.now())) };
      }),
      saveFolder: guarded.input(edited).mutation(({ input: { id, rev, ...given } }) => {
        const folder = folderOf(id);
        check(folder.rev, rev, folder.name);
        const before = { ...folder };
        Object.assign(folder, Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)), { rev: folder.rev + 1 });
        changed('folder', id);
        return { undo: undo.keep(`Changed ${folder.name}`, () => { Object.assign(folder, before); changed('folder', id); }) };
      }),
      ...testDeployProcedures({ open, guarded }, { data, changed }),
      preview: guarded.input(startTargetSchema).query(({ input }) => views.preview(input)),
      start: guarded.input(startTargetSchema.extend({ busy: z.enum(['queue', 'skip']) })).mutation(({ input }) => start(views.preview(input), views.whatRuns(input.what).jobs, input.busy, data, changed)),
    }),
    portal: t.router({ preview: guarded.query(() => ({ settings: data.settings, menu: views.menu() })) }),
    search: t.router({
      find: guarded.input(z.object({ text: z.string(), limit: z.number().optional() })).query(({ input }): SearchHit[] => {
        const wanted = input.text.trim().toLowerCase();
        const all: SearchHit[] = [
          ...jobs.jobs.filter((job) => job.trashedAt === null).map((job): SearchHit => ({ id: `job/${job.id}`, kind: 'job', name: job.name, detail: job.description })),
          ...jobs.folders.filter((folder) => folder.trashedAt === null).map((folder): SearchHit => ({ id: `folder/${folder.id}`, kind: 'folder', name: folder.name, detail: folder.description })),
          ...data.images.filter((image) => image.trashedAt === null).map((image): SearchHit => ({ id: `image/${image.guid}`, kind: 'image', name: image.name, detail: image.description })),
          ...data.computers.map((computer): SearchHit => ({ id: `computer/${computer.id}`, kind: 'computer', name: computer.name, detail: computer.serial })),
        ];
        return wanted === '' ? [] : all.filter((hit) => `${hit.name} ${hit.detail}`.toLowerCase().includes(wanted)).slice(0, input.limit ?? 20);
      }),
    }),
    undo: t.router({ run: guarded.input(z.object({ id: z.number() })).mutation(({ input }) => undo.run(input.id)) }),
  };
}

function start(preview: ReturnType<ReturnType<typeof jobViews>['preview']>, running: readonly FakeJob[], busy: 'queue' | 'skip', data: FakeData, changed: Parts['changed']) {
  const batchId = crypto.randomUUID();
  const skipped = preview.computers.filter((computer) => computer.problem !== null || (busy === 'skip' && computer.busyWith !== null));
  const runs = preview.computers.filter((computer) => !skipped.includes(computer)).flatMap((computer) => running.map((job, index) => {
    const run: RunView = {
      id: crypto.randomUUID(), kind: 'job', state: index === 0 && computer.busyWith === null ? 'waiting' : 'queued', waitingFor: index === 0 && computer.busyWith === null ? 'computer' : null, batchId, jobId: job.id, jobName: job.name,
      tasks: job.tasks.map((task, at) => ({ index: at, task, summary: taskSummary(task), state: 'pending', startedAt: null, endedAt: null, progress: null, result: null, error: null })), taskIndex: 0,
      computerId: computer.computerId, computerName: computer.computerName, imageGuid: null, imageName: '', versionNumber: null, disk: null, progress: null, result: null, error: null, actor: 'anna', startedAt: Date.now(), endedAt: null,
    };
    data.runs.push(run);
    changed('run', run.id);
    return { id: run.id, computerName: computer.computerName, title: job.name };
  }));
  return { batchId, runs, skipped: skipped.map((computer) => ({ computerName: computer.computerName, reason: computer.problem ?? `${computer.busyWith} is under way there.` })) };
}
