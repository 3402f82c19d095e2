// Binds the package server's end of the channel to the API: where its console is, and telling it where the console is now.
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { allowed, router } from '../../api/trpc.ts';
import type { Link } from './service.ts';

const consoleSchema = z.object({ name: z.string(), fingerprint: z.string(), addresses: z.array(z.string()), connected: z.boolean(), problem: z.string().nullable(), revoked: z.string().nullable() });

function linkOf(link: Link | null): Link {
  if (link === null) throw new AppError('conflict', 'This server is a console: it has no console above it. Run this at the package server (there with --data DIR, or with its --server and --token).');
  return link;
}

export const linkRouter = router({
  get: allowed('servers.read').output(consoleSchema).query(({ ctx }) => linkOf(ctx.services.link()).console()),
  /** The console is at this address now. Only the machine with the console's certificate is believed. */
  moveTo: allowed('servers.change').input(z.object({ url: z.string().min(1).max(200) })).output(consoleSchema).mutation(async ({ ctx, input }) => {
    const link = linkOf(ctx.services.link());
    await link.moveTo(input.url);
    return link.console();
  }),
});
