// Owns the whole API: the features' routers and the few procedures that belong to none. Its type is all that clients import.
import { z } from 'zod';
import { findingSchema, logEntrySchema, searchHitSchema, serverStatusSchema, settingsSchema, treeNodeSchema } from '#shared/model/server.ts';
import { backupRouter } from '../backup/router.ts';
import { mediaRouter } from '../boot/media/router.ts';
import { bootRouter } from '../boot/router.ts';
import { computersRouter } from '../computers/router.ts';
import { handoversRouter } from '../handover/router.ts';
import { imagesRouter } from '../images/router.ts';
import { importsRouter } from '../importing/router.ts';
import { jobsRouter } from '../jobs/router.ts';
import { portalRouter } from '../portal/router.ts';
import { linkRouter } from '../replication/link/router.ts';
import { runsRouter } from '../runs/router.ts';
import { replicationRouter, serversRouter, sitesRouter } from '../servers/router.ts';
import { allowed, router } from './trpc.ts';

export const appRouter = router({
  session: router({
    whoami: allowed('any').output(z.object({ actor: z.string(), permissions: z.array(z.string()) })).query(({ ctx }) => ({ actor: ctx.principal.actor, permissions: [...ctx.principal.permissions] })),
  }),
  status: router({ get: allowed('status.read').output(serverStatusSchema).query(({ ctx }) => ctx.services.status.get()) }),
  changes: router({ watch: allowed('status.read').subscription(({ ctx, signal }) => ctx.services.events.watch(signal)) }),
  tree: router({
    children: allowed('status.read').input(z.object({ parent: z.string().max(200).nullable() })).output(z.array(treeNodeSchema)).query(({ ctx, input }) => ctx.services.tree.children(input.parent)),
  }),
  images: imagesRouter,
  runs: runsRouter,
  computers: computersRouter,
  jobs: jobsRouter,
  portal: portalRouter,
  boot: bootRouter,
  servers: serversRouter,
  sites: sitesRouter,
  replication: replicationRouter,
  handovers: handoversRouter,
  media: mediaRouter,
  backup: backupRouter,
  link: linkRouter,
  imports: importsRouter,
  search: router({
    find: allowed('status.read').input(z.object({ text: z.string().max(200), limit: z.number().int().min(1).max(100).optional() })).output(z.array(searchHitSchema)).query(({ ctx, input }) => ctx.services.search.find(input.text, input.limit ?? 20)),
  }),
  undo: router({
    run: allowed('jobs.change').input(z.object({ id: z.number().int().positive() })).output(z.object({ label: z.string() })).mutation(({ ctx, input }) => ctx.services.undo.run(input.id, ctx.actor)),
  }),
  settings: router({
    get: allowed('settings.read').output(settingsSchema).query(({ ctx }) => ctx.services.settings.get()),
    set: allowed('settings.change').input(settingsSchema.partial().strict()).output(settingsSchema).mutation(({ ctx, input }) => ctx.services.settings.set(input, ctx.actor)),
  }),
  doctor: router({
    run: allowed('doctor.run').input(z.object({ repair: z.boolean(), deep: z.boolean() })).output(z.array(findingSchema)).mutation(({ ctx, input }) => ctx.services.doctor.run(input)),
  }),
  log: router({
    tail: allowed('log.read').input(z.object({ limit: z.number().int().min(1).max(5000), level: z.enum(['error', 'warn', 'info', 'debug']).optional() })).output(z.array(logEntrySchema))
      .query(({ ctx, input }) => ctx.services.log.tail(input.limit, input.level)),
  }),
});
export type AppRouter = typeof appRouter;
