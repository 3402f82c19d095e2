// Owns the computers of a list as stations: rows from the server, narrowed there, each with the run that counts on it.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTRPC } from '../api.ts';
import { stationOf } from './station.ts';
import type { Station } from './station.ts';
import { useRoomRuns } from './useRoomRuns.ts';

/** group: an id, or "new". deep: its subgroups, too. */
export type StationFilter = { group?: string; deep?: boolean; text?: string; online?: boolean; trash?: boolean; limit?: number };

export function useStations(filter: StationFilter, enabled = true) {
  const trpc = useTRPC();
  const { text, ...rest } = filter;
  const list = useQuery(trpc.computers.list.queryOptions({ ...rest, ...(text === undefined || text.trim() === '' ? {} : { text: text.trim() }) }, { enabled, placeholderData: keepPreviousData }));
  const { byComputer, doneSince } = useRoomRuns();
  const stations = useMemo(() => list.data?.map((computer): Station => stationOf(computer, byComputer.get(computer.id) ?? null, doneSince)), [list.data, byComputer, doneSince]);
  return { stations, error: list.isError && list.data === undefined ? list.error : null, retry: () => void list.refetch() };
}
