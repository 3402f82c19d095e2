// Owns which runs a room shows: the active ones and the last that ended, kept true by live updates.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { RunView } from '#shared/model/run.ts';
import { useTRPC } from '../api.ts';
import { useMinute } from '../ui/useNow.ts';
import { countingRuns } from './station.ts';

/** Ended runs of so long ago are no longer mentioned where they went well. */
const mentionedMs = 12 * 3_600_000;

export function useRoomRuns() {
  const trpc = useTRPC();
  const minute = useMinute();
  const active = useQuery(trpc.runs.list.queryOptions({ active: true, limit: 1000 }));
  const recent = useQuery(trpc.runs.list.queryOptions({ limit: 1000 }));
  const byComputer = useMemo(() => {
    const all = new Map<string, RunView>();
    for (const run of [...(recent.data ?? []), ...(active.data ?? [])]) all.set(run.id, run);
    return countingRuns([...all.values()]);
  }, [active.data, recent.data]);
  const failed = [active, recent].find((query) => query.isError && query.data === undefined);
  // To the hour, so that nothing is computed anew each minute.
  const doneSince = Math.floor(minute / 3_600_000) * 3_600_000 - mentionedMs;
  return { byComputer, doneSince, active: active.data, recent: recent.data, failed };
}
