// Binds runs to the API.
import { z } from 'zod';
import { timestamp } from '#shared/model/image.ts';
import { runSchema, runStates } from '#shared/model/run.ts';
import { allowed, router } from '../api/trpc.ts';

const oneRun = z.object({ id: z.uuid() });

export const runsRouter = router({
  list: allowed('runs.read')
    .input(z.object({ active: z.boolean().optional(), limit: z.number().int().min(1).max(1000).optional(), image: z.string().max(200).optional(), computer: z.string().max(200).optional(), job: z.uuid().optional(), batch: z.uuid().optional(), states: z.array(z.enum(runStates)).max(7).optional(), before: timestamp.optional(), beforeId: z.uuid().optional() }).optional())
    .output(z.array(runSchema)).query(({ ctx, input }) => ctx.services.runs.list(input ?? {})),
  get: allowed('runs.read').input(oneRun).output(runSchema).query(({ ctx, input }) => ctx.services.runs.get(input.id)),
  watch: allowed('runs.read').subscription(({ ctx, signal }) => ctx.services.runs.watch(signal)),
  cancel: allowed('runs.change').input(oneRun).output(z.object({})).mutation(({ ctx, input }) => {
    ctx.services.runs.cancel(input.id, ctx.actor);
    return {};
  }),
  /** Several at once; those that have ended meanwhile are left alone. */
  cancelMany: allowed('runs.change').input(z.object({ ids: z.array(z.uuid()).min(1).max(5000) })).output(z.object({ cancelled: z.number().int() })).mutation(({ ctx, input }) => ctx.services.runs.cancelMany(input.ids, ctx.actor)),
  /** A new run of the same tasks on the same computer, for one that failed, was cancelled or lost. A person asks for it, never the server. */
  again: allowed('runs.change').input(oneRun).output(oneRun).mutation(({ ctx, input }) => ctx.services.runs.again(input.id, ctx.actor)),
  /** A person's word on a run that waits for one: a destructive task was cut off. go false: the run ends as failed. */
  resume: allowed('runs.change').input(oneRun.extend({ go: z.boolean() })).output(z.object({})).mutation(({ ctx, input }) => {
    ctx.services.runs.resume(input.id, input.go, ctx.actor);
    return {};
  }),
  /** Everything known of one run as one text file for whoever helps: tasks, log, hardware, versions; no secrets. */
  bundle: allowed('runs.read').input(oneRun).output(z.object({ fileName: z.string(), text: z.string() })).query(({ ctx, input }) => ctx.services.runs.bundle(input.id)),
  log: allowed('runs.read').input(oneRun.extend({ after: z.number().int().nonnegative().optional() }))
    .output(z.object({ lines: z.array(z.object({ at: timestamp, text: z.string() })), next: z.number() }))
    .query(({ ctx, input }) => ctx.services.runs.log(input.id, input.after ?? 0)),
});
