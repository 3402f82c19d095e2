// Binds runs to the API.
import { z } from 'zod';
import { timestamp } from '#shared/model/image.ts';
import { runSchema } from '#shared/model/run.ts';
import { allowed, router } from '../api/trpc.ts';

const oneRun = z.object({ id: z.uuid() });

export const runsRouter = router({
  list: allowed('runs.read')
    .input(z.object({ active: z.boolean().optional(), limit: z.number().int().min(1).max(1000).optional(), image: z.string().max(200).optional(), computer: z.string().max(200).optional() }).optional())
    .output(z.array(runSchema)).query(({ ctx, input }) => ctx.services.runs.list(input ?? {})),
  get: allowed('runs.read').input(oneRun).output(runSchema).query(({ ctx, input }) => ctx.services.runs.get(input.id)),
  watch: allowed('runs.read').subscription(({ ctx, signal }) => ctx.services.runs.watch(signal)),
  cancel: allowed('runs.change').input(oneRun).output(z.object({})).mutation(({ ctx, input }) => {
    ctx.services.runs.cancel(input.id, ctx.actor);
    return {};
  }),
  log: allowed('runs.read').input(oneRun.extend({ after: z.number().int().nonnegative().optional() }))
    .output(z.object({ lines: z.array(z.object({ at: timestamp, text: z.string() })), next: z.number() }))
    .query(({ ctx, input }) => ctx.services.runs.log(input.id, input.after ?? 0)),
});
