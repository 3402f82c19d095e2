// Binds jobs and their folders to the API.
import { z } from 'zod';
import { diskPolicySchema } from '#shared/model/disk-policy.ts';
import { historyEventSchema } from '#shared/model/image.ts';
import { descriptionSchema, jobDetailSchema, jobFolderDetailSchema, jobFolderSchema, jobNameSchema, jobRevisionSchema, jobSummarySchema, jobUseSchema, tasksSchema } from '#shared/model/job.ts';
import { startPreviewSchema, startTargetSchema } from '#shared/model/run.ts';
import { undoableSchema } from '#shared/model/server.ts';
import { allowed, router } from '../api/trpc.ts';

/** An id, or a name where only one has it. */
const ref = z.string().min(1).max(300);
/** As in the tree; names would have to be looked for one by one among thousands. */
const item = z.string().regex(/^(job|folder)\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'Name it as "job/<id>" or "folder/<id>".');
const folderRef = ref.nullable();
const made = undoableSchema.extend({ id: z.uuid() });
/** The rev that was edited: a change of somebody else in between is refused, not overwritten. */
const edited = z.object({ id: z.uuid(), rev: z.number().int().positive().optional() });

const testDeploy = z.object({ image: ref, version: z.number().int().positive(), computer: ref, disk: diskPolicySchema });

export const jobsRouter = router({
  /** Every job outside the trash (or in it), for search, palette and the command line. */
  list: allowed('jobs.read').input(z.object({ trash: z.boolean().optional() }).optional()).output(z.array(jobSummarySchema)).query(({ ctx, input }) => ctx.services.jobs.list(input?.trash ?? false)),
  /** The one job or folder that an id, a name or a path means; `item` is what the other procedures take. */
  find: allowed('jobs.read').input(z.object({ what: ref })).output(z.object({ item: z.string(), kind: z.enum(['job', 'folder']), id: z.uuid(), name: z.string(), path: z.string(), rev: z.number().int(), inTrash: z.boolean() }))
    .query(({ ctx, input }) => ctx.services.jobs.find(input.what)),
  get: allowed('jobs.read').input(z.object({ job: ref })).output(jobDetailSchema).query(({ ctx, input }) => ctx.services.jobs.get(input.job)),
  /** null: the root. */
  folder: allowed('jobs.read').input(z.object({ folder: folderRef })).output(jobFolderDetailSchema).query(({ ctx, input }) => ctx.services.jobs.folder(input.folder)),
  /** Every folder outside the trash, in no order. */
  folders: allowed('jobs.read').output(z.array(jobFolderSchema)).query(({ ctx }) => ctx.services.jobs.folders()),
  /** What was put into the trash itself; what lies in a folder there comes back with it. */
  inTrash: allowed('jobs.read').output(z.object({ folders: z.array(jobFolderSchema), jobs: z.array(jobSummarySchema) })).query(({ ctx }) => ctx.services.jobs.inTrash()),
  /** Newest first, with the tasks of each. */
  history: allowed('jobs.read').input(z.object({ job: ref })).output(z.array(jobRevisionSchema)).query(({ ctx, input }) => ctx.services.jobs.history(input.job)),
  /** What happened to a job or folder ("job/<id>", "folder/<id>" or a name): made, saved, moved, to the trash and back. */
  events: allowed('jobs.read').input(z.object({ what: ref })).output(z.array(historyEventSchema)).query(({ ctx, input }) => ctx.services.jobs.events(input.what)),
  /** Jobs that name an image. */
  using: allowed('jobs.read').input(z.object({ image: ref })).output(z.array(jobUseSchema)).query(({ ctx, input }) => ctx.services.jobs.using(input.image)),

  create: allowed('jobs.change').input(z.object({ folder: folderRef, name: jobNameSchema, description: descriptionSchema.optional(), tasks: tasksSchema.optional() })).output(made)
    .mutation(({ ctx, input }) => ctx.services.jobs.create(input, ctx.actor)),
  /** Name, portal text, switch and tasks in one revision; what is left out stays. */
  save: allowed('jobs.change').input(edited.extend({ name: jobNameSchema.optional(), description: descriptionSchema.optional(), showInPortal: z.boolean().optional(), tasks: tasksSchema.optional() })).output(undoableSchema.extend({ rev: z.number() }))
    .mutation(({ ctx, input }) => ctx.services.jobs.save(input, ctx.actor)),
  /** Makes an earlier revision the newest again. */
  restore: allowed('jobs.change').input(z.object({ id: z.uuid(), rev: z.number().int().positive() })).output(undoableSchema.extend({ rev: z.number() })).mutation(({ ctx, input }) => ctx.services.jobs.restore(input, ctx.actor)),
  /** Copies are never published: tags leave their names and the switch is off. ids: jobs and folders as "job/<id>", "folder/<id>". */
  duplicate: allowed('jobs.change').input(z.object({ items: z.array(item).min(1).max(500) })).output(undoableSchema.extend({ items: z.array(z.string()) }))
    .mutation(({ ctx, input }) => ctx.services.jobs.duplicate(input.items, ctx.actor)),
  move: allowed('jobs.change').input(z.object({ items: z.array(item).min(1).max(2000), folder: folderRef })).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.jobs.move(input, ctx.actor)),
  trash: allowed('jobs.change').input(z.object({ items: z.array(item).min(1).max(2000) })).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.jobs.trash(input.items, ctx.actor)),
  untrash: allowed('jobs.change').input(z.object({ items: z.array(item).min(1).max(2000) })).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.jobs.untrash(input.items, ctx.actor)),
  createFolder: allowed('jobs.change').input(z.object({ parent: folderRef, name: jobNameSchema })).output(made).mutation(({ ctx, input }) => ctx.services.jobs.createFolder(input, ctx.actor)),
  saveFolder: allowed('jobs.change').input(edited.extend({ name: jobNameSchema.optional(), description: descriptionSchema.optional(), showInPortal: z.boolean().optional() })).output(undoableSchema)
    .mutation(({ ctx, input }) => ctx.services.jobs.saveFolder(input, ctx.actor)),

  /** What starting would do, before anything does. */
  preview: allowed('jobs.read').input(startTargetSchema).output(startPreviewSchema).query(({ ctx, input }) => ctx.services.jobs.preview(input)),
  /** One run per job and computer. busy: what happens on computers where a run is under way. */
  start: allowed('runs.change').input(startTargetSchema.extend({ busy: z.enum(['queue', 'skip']) }))
    .output(z.object({ batchId: z.uuid(), runs: z.array(z.object({ id: z.uuid(), computerName: z.string(), title: z.string() })), skipped: z.array(z.object({ computerName: z.string(), reason: z.string() })) }))
    .mutation(({ ctx, input }) => ctx.services.jobs.start(input, ctx.actor)),
  /** A version that waits to be validated, tried on one computer: what would be erased there, and the run. */
  previewTestDeploy: allowed('jobs.read').input(testDeploy).output(z.object({ title: z.string(), computerId: z.uuid(), computerName: z.string(), erases: z.array(z.string()) })).query(({ ctx, input }) => ctx.services.jobs.testDeploy.preview(input)),
  startTestDeploy: allowed('runs.change').input(testDeploy).output(z.object({ run: z.uuid(), computerName: z.string(), title: z.string() })).mutation(({ ctx, input }) => ctx.services.jobs.testDeploy.start(input, ctx.actor)),
});
