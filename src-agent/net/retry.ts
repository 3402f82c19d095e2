// Owns the one way the agent tries again: only what is marked transient, with growing pauses, until patience ends or a signal says stop.
import { setTimeout as pause } from 'node:timers/promises';
import { AppError, CancelledError, toAppError } from '#shared/errors.ts';

export type Patience = {
  /** How long one operation may go on failing before it is given up. */
  patienceMs: number;
  signal: AbortSignal;
  firstPauseMs?: number;
  longestPauseMs?: number;
  /** It began to fail, and is tried again. */
  onWait?: (error: unknown) => void;
};

const transientCodes = new Set(['connection-lost', 'server-closing', 'too-many-requests']);
const transientErrnos = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EAI_AGAIN', 'ECONNABORTED', 'EADDRNOTAVAIL']);

/** Whether the same request may succeed a moment later. */
export function isTransient(error: unknown): boolean {
  if (error instanceof AppError) return transientCodes.has(error.code);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && transientErrnos.has(error.code);
}

export function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw signal.reason instanceof Error ? signal.reason : new CancelledError('Cancelled.');
}

export async function withRetry<T>(patience: Patience, attempt: () => Promise<T>): Promise<T> {
  let pauseMs = patience.firstPauseMs ?? 200;
  let failingSince: number | null = null;
  for (;;) {
    throwIfCancelled(patience.signal);
    try {
      return await attempt();
    } catch (error) {
      throwIfCancelled(patience.signal);
      if (!isTransient(error)) throw error;
      if (failingSince === null) patience.onWait?.(error);
      failingSince ??= performance.now();
      if (performance.now() - failingSince > patience.patienceMs) {
        throw new AppError('connection-lost', `The server could not be reached for ${Math.round(patience.patienceMs / 1000)} seconds (${toAppError(error).message}). Run the same command again: what arrived is kept.`, {}, error);
      }
      await pause(pauseMs * (0.75 + Math.random() / 2), undefined, { signal: patience.signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, patience.longestPauseMs ?? 3000);
    }
  }
}
