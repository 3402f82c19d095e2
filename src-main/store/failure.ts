// Owns how a failed file call becomes an error a person can act on. Disk full is its own case: how much is free, what to do.
import { AppError, ProtocolError, CancelledError } from '#shared/errors.ts';
import { formatBytes } from '#shared/units.ts';

export function errnoOf(error: unknown): string | undefined {
  if (error instanceof AppError) return typeof error.data['errno'] === 'string' ? error.data['errno'] : undefined;
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);

export function isDiskFull(error: unknown): boolean {
  return (error instanceof AppError && error.code === 'disk-full') || fullCodes.has(errnoOf(error) ?? '');
}

export function diskFull(freeBytes: number, folder: string, cause?: unknown): AppError {
  return new AppError(
    'disk-full',
    `The disk of the image store is full: ${formatBytes(freeBytes)} free at ${folder}. Delete image versions that are no longer needed and empty the trash, or give the store more room; then start again: what arrived is kept.`,
    { freeBytes, folder },
    cause,
  );
}

/** What a store function throws for a failed file or database call; errors that say enough already pass unchanged. */
export function storeFailure(error: unknown, doing: string, folder: string, freeBytes: number | null): Error {
  if (error instanceof AppError || error instanceof ProtocolError || error instanceof CancelledError) return error;
  if (isDiskFull(error)) return diskFull(freeBytes ?? 0, folder, error);
  const errno = errnoOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (errno === undefined) return error instanceof Error ? error : new Error(message);
  return new AppError('io', `${doing}: ${message}. The disk that holds ${folder} refused a call; check it and the system's log, then try again: nothing that was acknowledged is lost.`, { errno }, error);
}
