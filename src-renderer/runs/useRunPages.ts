// Reads Activity's runs: all active ones, and the history page by page, newest first. Every page is a plain list query, so live
// updates reach it like any other list.
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { needsPerson } from '#shared/model/run-words.ts';
import { isFinal } from '#shared/model/run.ts';
import type { RunView } from '#shared/model/run.ts';
import { useTRPC } from '../api.ts';
import { fits, statesAsked } from './activityFilters.ts';
import type { ActivityFilters } from './activityFilters.ts';

const pageSize = 200;
const mostActive = 1000;

/** The run a page begins after; runs of one batch begin in the same millisecond, so the time alone would not say. */
type PageStart = { before: number; beforeId: string };

export function useRunPages(filters: ActivityFilters) {
  const trpc = useTRPC();
  const { state, computer, job, batch } = filters;
  const asked = { ...(computer === null ? {} : { computer }), ...(job === null ? {} : { job }), ...(batch === null ? {} : { batch }) };
  const states = statesAsked[state];
  const key = JSON.stringify([asked, states]);
  // Pages belong to what was asked: other filters begin with the first page again.
  const [paging, setPaging] = useState<{ key: string; befores: PageStart[] }>({ key, befores: [] });
  const befores = paging.key === key ? paging.befores : [];
  const shown = { ...asked, ...(states === null ? {} : { states }), limit: pageSize };
  const active = useQuery(trpc.runs.list.queryOptions({ ...asked, active: true, limit: mostActive }, { placeholderData: keepPreviousData }));
  const pages = useQueries({ queries: [shown, ...befores.map((start) => ({ ...shown, ...start }))].map((input) => trpc.runs.list.queryOptions(input, { placeholderData: keepPreviousData })), combine: together });
  const oldest = pages.last?.at(-1);
  const merged = useMemo(() => (active.data === undefined || pages.first === undefined ? undefined : merge(active.data, pages.read)), [active.data, pages.first, pages.read]);
  const rows = useMemo(() => merged?.filter((run) => fits(run, filters)), [merged, filters]);
  return {
    rows, readCount: merged?.length ?? 0,
    error: merged === undefined ? (active.error ?? pages.error) : null,
    isReading: pages.last === undefined,
    hasMore: pages.last === undefined || pages.last.length >= pageSize,
    more: (): void => {
      if (oldest === undefined) return;
      setPaging({ key, befores: [...befores, { before: oldest.startedAt, beforeId: oldest.id }] });
    },
    retry: (): void => { if (active.isError) void active.refetch(); pages.retry(); },
  };
}

type Page = { data: RunView[] | undefined; error: unknown; isError: boolean; refetch: () => unknown };
function together(pages: Page[]) {
  return {
    first: pages[0]?.data, last: pages.at(-1)?.data, read: pages.flatMap((page) => page.data ?? []), error: pages[0]?.error ?? null,
    retry: (): void => { for (const page of pages) if (page.isError) page.refetch(); },
  };
}

/** Who waits for a person, the other active ones, then the newest; each once, as the list that was read last has it. */
function merge(active: RunView[], read: RunView[]): RunView[] {
  const byId = new Map<string, RunView>();
  for (const run of [...read, ...active]) byId.set(run.id, run);
  // Not by who ends first: rows must not change places while one reads them.
  const rank = (run: RunView): number => (isFinal(run.state) ? 2 : needsPerson(run) ? 0 : 1);
  return [...byId.values()].toSorted((left, right) => rank(left) - rank(right) || right.startedAt - left.startedAt);
}
