// Binds boot media to the API; the image itself travels over HTTP.
import { z } from 'zod';
import { mediaSchema, mediumSchema } from '#shared/model/boot.ts';
import { allowed, router } from '../../api/trpc.ts';

export const mediaRouter = router({
  view: allowed('boot.read').output(mediaSchema).query(({ ctx }) => ctx.services.media.view()),
  /** Makes an image for one address of the server; fetched within ten minutes from the path that is returned. */
  prepare: allowed('boot.change').input(z.object({ server: z.string().max(300).optional() })).output(mediumSchema).mutation(({ ctx, input }) => ctx.services.media.prepare(input.server, ctx.actor)),
  /** Ends the secrets of all media made before. */
  revoke: allowed('boot.change').output(z.object({ revoked: z.number().int() })).mutation(({ ctx }) => ctx.services.media.revoke(ctx.actor)),
});
