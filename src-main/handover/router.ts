// Binds hand-overs to the API: what one would do, beginning it, how far it is, taking it back, and letting a server go.
import { z } from 'zod';
import { handoverPreviewSchema, handoverRequestSchema, handoverSchema } from '#shared/model/replication.ts';
import { allowed, router } from '../api/trpc.ts';

const one = z.object({ id: z.uuid() });

export const handoversRouter = router({
  /** Everything it would do, image by image. Changes nothing. */
  preview: allowed('servers.read').input(handoverRequestSchema).output(handoverPreviewSchema).query(({ ctx, input }) => ctx.services.handovers.preview(input)),
  /** digest: of the preview that a person agreed to; refused where it would do something else by now. */
  begin: allowed('servers.change').input(z.object({ request: handoverRequestSchema, digest: z.string().max(100).optional() })).output(handoverSchema)
    .mutation(({ ctx, input }) => ctx.services.handovers.begin(input.request, input.digest ?? null, ctx.actor)),
  /** Those under way first, then the newest. open: only those under way. */
  list: allowed('servers.read').input(z.object({ open: z.boolean().optional() }).optional()).output(z.array(handoverSchema)).query(({ ctx, input }) => ctx.services.handovers.list(input?.open ?? false)),
  get: allowed('servers.read').input(one).output(handoverSchema).query(({ ctx, input }) => ctx.services.handovers.get(input.id)),
  /** Before a server was let go, and before everything changed hands: owners and states are what they were. */
  cancel: allowed('servers.change').input(one).output(handoverSchema).mutation(({ ctx, input }) => ctx.services.handovers.cancel(input.id, ctx.actor)),
  /** The old server is retired: refused unless every version of every image deploys without it, now. */
  letGo: allowed('servers.change').input(one).output(handoverSchema).mutation(({ ctx, input }) => ctx.services.handovers.letGo(input.id, ctx.actor)),
});
