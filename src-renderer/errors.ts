// Owns how anything thrown becomes what a person reads: a title-less message, a short code, and the text of *Copy details*.
import { TRPCClientError } from '@trpc/client';
import { errorCodes, isErrorCode, shortCode } from '#shared/errors.ts';
import type { ErrorCode, WireError } from '#shared/errors.ts';

export type ShownError = { code: ErrorCode; short: string; message: string; data: Record<string, unknown> };

type ErrorWithApp = { app?: WireError };

export function shownError(error: unknown): ShownError {
  if (error instanceof TRPCClientError) {
    const data: unknown = error.data;
    const app = isErrorWithApp(data) ? data.app : undefined;
    if (app !== undefined) return fromWireError(app);
    if (isConnectionError(error)) {
      return shown('connection-lost', 'The connection to the server was lost before it answered, so it is not known whether this was done. Look at the object once the connection is back, then try again if needed.');
    }
    return shown('internal', `The server answered with something this console does not understand: ${error.message}. Reload the console; if it stays, copy the details and report them.`);
  }
  return shown('internal', error instanceof Error ? error.message : String(error));
}

export function fromWireError(wire: { code: string; message: string; data?: Record<string, unknown> | undefined }): ShownError {
  return shown(isErrorCode(wire.code) ? wire.code : 'internal', wire.message, wire.data ?? {});
}

/** Not answered at all, as opposed to answered with an error. */
export function isConnectionError(error: unknown): boolean {
  return error instanceof TRPCClientError && (error.data === undefined || error.data === null) && error.shape === undefined;
}

export function isUnauthorized(error: unknown): boolean {
  return error instanceof TRPCClientError && shownError(error).code === 'unauthorized';
}

export function detailsText(error: ShownError, context: Record<string, string>): string {
  const facts = Object.entries(context).map(([name, value]) => `${name}: ${value}`);
  const data = Object.keys(error.data).length === 0 ? [] : [`Data: ${JSON.stringify(error.data)}`];
  return [`${error.short} (${error.code})`, error.message, ...facts, ...data].join('\n');
}

function shown(code: ErrorCode, message: string, data: Record<string, unknown> = {}): ShownError {
  return { code, short: shortCode(code), message, data };
}
function isErrorWithApp(data: unknown): data is ErrorWithApp {
  if (typeof data !== 'object' || data === null || !('app' in data)) return false;
  const app: unknown = data.app;
  return typeof app === 'object' && app !== null && 'code' in app && 'message' in app && typeof app.code === 'string' && app.code in errorCodes;
}
