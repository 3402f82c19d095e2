// Binds backups to the API; the backup itself travels over HTTP.
import { z } from 'zod';
import { preparedBackupSchema } from '#shared/model/backup.ts';
import { allowed, router } from '../api/trpc.ts';

export const backupRouter = router({
  /** Fetched once, within ten minutes, from the path that is returned. It holds every key of this server. */
  prepare: allowed('settings.change').input(z.object({ images: z.boolean() })).output(preparedBackupSchema).mutation(({ ctx, input }) => ctx.services.backup.prepare(input, ctx.actor)),
});
