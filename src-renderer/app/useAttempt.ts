// Owns how a command of the console is carried out: busy while it runs, a failure kept for whoever shows it, and what it may have
// changed read again, whether it succeeded or not.
import { useQueryClient } from '@tanstack/react-query';
import type { QueryFilters } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import type { ShownError } from '../errors.ts';

export type Failure = { title: string; error: ShownError };
/** Null where it failed, which is kept in `failure`. */
export type Attempt<What extends string> = <T>(what: What, title: string, work: () => Promise<T>) => Promise<T | null>;

/** @param stale what may be different afterwards; a function that stays the same */
export function useAttempt<What extends string>(stale: (trpc: ReturnType<typeof useTRPC>) => readonly QueryFilters[]): { attempt: Attempt<What>; busy: What | null; failure: Failure | null; dismiss: () => void } {
  const trpc = useTRPC();
  const queries = useQueryClient();
  const [busy, setBusy] = useState<What | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const attempt = useMemo((): Attempt<What> => async (what, title, work) => {
    setBusy(what);
    setFailure(null);
    try {
      return await work();
    } catch (error) {
      setFailure({ title, error: shownError(error) });
      return null;
    } finally {
      setBusy(null);
      for (const filter of stale(trpc)) void queries.invalidateQueries(filter);
    }
  }, [queries, stale, trpc]);
  return { attempt, busy, failure, dismiss: useCallback(() => setFailure(null), []) };
}
