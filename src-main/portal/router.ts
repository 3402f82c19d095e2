// Binds the portal's preview to the API.
import { portalPreviewSchema } from '#shared/model/server.ts';
import { allowed, router } from '../api/trpc.ts';

export const portalRouter = router({
  /** Exactly what a technician would see now. */
  preview: allowed('jobs.read').output(portalPreviewSchema).query(({ ctx }) => ctx.services.portal.preview()),
});
