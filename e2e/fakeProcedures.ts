// What the fake server's routers are made of: procedures that check the token, and answer, fail or stay silent as the test says.
import { initTRPC, TRPCError } from '@trpc/server';
import { AppError } from '#shared/errors.ts';

export const fakeToken = 'platen1.c2VjcmV0LW9mLXRoZS1mYWtl.00ff';
export type FakeMode = 'answering' | 'silent' | 'failing';

export const t = initTRPC.context<{ token: string }>().create({
  errorFormatter: ({ shape, error }) => ({ ...shape, data: { ...shape.data, app: error.cause instanceof AppError ? error.cause.toWire() : undefined } }),
});

export function fail(error: AppError): never {
  throw new TRPCError({ code: error.code === 'unauthorized' ? 'UNAUTHORIZED' : error.code === 'not-found' ? 'NOT_FOUND' : 'INTERNAL_SERVER_ERROR', message: error.message, cause: error });
}

export type Procedures = ReturnType<typeof procedures>;
/** open: whatever the mode. guarded: as the mode says. */
export function procedures(state: { mode: FakeMode }) {
  const open = t.procedure.use(({ ctx, next }) => (ctx.token === fakeToken ? next() : fail(new AppError('unauthorized', 'The token is not known here.'))));
  const guarded = open.use(async ({ next }) => {
    if (state.mode === 'silent') await new Promise<never>(() => undefined);
    if (state.mode === 'failing') fail(new AppError('io', 'Reading the database failed: the disk of the data folder answered with an input/output error.\nNothing was changed. Check the disk under /var/lib/platen, then restart the server.', { errno: 'EIO' }));
    return next();
  });
  return { open, guarded };
}
