// Owns the frame of every API procedure: who calls, may they, and how an error looks. Procedures themselves are in the
// features' router.ts.
import { initTRPC, TRPCError } from '@trpc/server';
import { ZodError } from 'zod';
import { AppError, toAppError, type ErrorCode } from '#shared/errors.ts';
import type { Permission, Principal } from '../access/service.ts';
import type { Backup } from '../backup/service.ts';
import type { Media } from '../boot/media/service.ts';
import type { Boot } from '../boot/service.ts';
import type { Computers } from '../computers/service.ts';
import type { Doctor } from '../doctor/service.ts';
import type { Events } from '../events/service.ts';
import type { Handovers } from '../handover/service.ts';
import type { Images } from '../images/service.ts';
import type { Importing } from '../importing/service.ts';
import type { Jobs } from '../jobs/service.ts';
import type { LogService } from '../log/service.ts';
import type { Portal } from '../portal/service.ts';
import type { Link } from '../replication/link/service.ts';
import type { Runs } from '../runs/service.ts';
import type { Search } from '../search/service.ts';
import type { Servers } from '../servers/service.ts';
import type { SettingsService } from '../settings/service.ts';
import type { Status } from '../status/service.ts';
import type { Tree } from '../tree/service.ts';
import type { Undo } from '../undo/service.ts';

export type Services = {
  events: Events; images: Images; runs: Runs; computers: Computers; settings: SettingsService; log: LogService; status: Status; tree: Tree;
  jobs: Jobs; portal: Portal; search: Search; undo: Undo; boot: Boot; servers: Servers; media: Media; backup: Backup; importing: Importing; doctor: Doctor; /** At a package server. */ link: () => Link | null; handovers: Handovers;
};
export type ApiContext = { principal: Principal | null; services: Services };
type Meta = { permission: Permission | 'any' };

const trpcCodes: Partial<Record<ErrorCode, TRPCError['code']>> = {
  unauthorized: 'UNAUTHORIZED', forbidden: 'FORBIDDEN', 'not-found': 'NOT_FOUND', conflict: 'CONFLICT', 'invalid-input': 'BAD_REQUEST', usage: 'BAD_REQUEST', 'too-many-requests': 'TOO_MANY_REQUESTS',
};

const t = initTRPC.context<ApiContext>().meta<Meta>().create({
  isDev: false,
  defaultMeta: { permission: 'any' },
  errorFormatter: ({ shape, error }) => {
    const app = appErrorOf(error);
    return { ...shape, message: app.message, data: { code: shape.data.code, httpStatus: shape.data.httpStatus, path: shape.data.path, app: app.toWire() } };
  },
});

/** What went wrong, as every client gets it. The inside of an unexpected failure is for the log only. */
export function appErrorOf(error: TRPCError): AppError {
  const { cause } = error;
  if (cause instanceof AppError) return cause;
  if (cause instanceof ZodError) return new AppError('invalid-input', `This can't be done with what was given: ${cause.issues.slice(0, 5).map((issue) => [issue.path.join('.'), issue.message].filter((part) => part !== '').join(': ')).join('; ')}`);
  if (error.code === 'NOT_FOUND') return new AppError('not-found', 'There is no such procedure. Client and server may be of different versions.');
  if (error.code === 'PARSE_ERROR' || error.code === 'BAD_REQUEST' || error.code === 'UNPROCESSABLE_CONTENT' || error.code === 'METHOD_NOT_SUPPORTED') return new AppError('invalid-input', 'This request is not understood.');
  const app = toAppError(cause ?? error);
  return app.code === 'internal' ? new AppError('internal', 'The server failed at this. Its log says why; try again, and report it if it happens again.') : app;
}

const guard = t.middleware(async ({ ctx, meta, next }) => {
  if (ctx.principal === null) throw new TRPCError({ code: 'UNAUTHORIZED', cause: new AppError('unauthorized', 'This token is not valid here. Take the one from the ready line of the server (it ends a day after the server did).') });
  const permission = meta?.permission ?? 'any';
  if (ctx.principal.kind !== 'admin' || (permission !== 'any' && !ctx.principal.permissions.includes(permission))) {
    throw new TRPCError({ code: 'FORBIDDEN', cause: new AppError('forbidden', 'This token does not allow that.', { permission }) });
  }
  const result = await next({ ctx: { ...ctx, principal: ctx.principal, actor: ctx.principal.actor } });
  // An AppError thrown inside keeps its own class of answer.
  if (!result.ok && result.error.cause instanceof AppError) throw new TRPCError({ code: trpcCodes[result.error.cause.code] ?? (result.error.cause.isRefusal ? 'PRECONDITION_FAILED' : 'INTERNAL_SERVER_ERROR'), message: result.error.cause.message, cause: result.error.cause });
  return result;
});

export const router = t.router;
/** Every procedure starts here: it names what its caller must be allowed to do. */
export const allowed = (permission: Permission | 'any') => t.procedure.meta({ permission }).use(guard);
