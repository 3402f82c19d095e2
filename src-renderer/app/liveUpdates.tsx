// Keeps what is on screen true: the server says what changed, and exactly those queries are fetched again; runs arrive whole.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useSubscription } from '@trpc/tanstack-react-query';
import { useEffect, useMemo, useRef } from 'react';
import type { RunView } from '#shared/model/run.ts';
import type { Change } from '#shared/model/server.ts';
import { useTRPC } from '../api.ts';
import { changeQueue, treeIsStale } from './changeQueue.ts';
import { useConnected } from './connection.tsx';
import { noteRate } from '../runs/rates.ts';
import { copiesKey } from '../servers/copiesKey.ts';

const atLeastMs = 100;
const runsEveryMs = 250;
const patienceMs = 3000;

export function LiveUpdates() {
  const trpc = useTRPC();
  const queries = useQueryClient();
  const connected = useConnected();
  const wasConnected = useRef(false);

  // What happened while nobody listened is not replayed, so after a reconnect everything shown is fetched again.
  useEffect(() => {
    if (connected && !wasConnected.current) void queries.invalidateQueries();
    wasConnected.current = connected;
  }, [connected, queries]);

  const applyRuns = useMemo(() => {
    const waiting = new Map<string, RunView>();
    let timer: ReturnType<typeof setTimeout> | null = null;
    const flush = (): void => {
      timer = null;
      const runs = new Map(waiting);
      waiting.clear();
      // Writing into a query makes it count as up to date, so what waits to be fetched again is left alone.
      const current = (query: { state: { isInvalidated: boolean } }): boolean => !query.state.isInvalidated;
      queries.setQueriesData<RunView>({ queryKey: trpc.runs.get.queryKey() }, (known) => (known === undefined ? known : runs.get(known.id) ?? known));
      queries.setQueriesData<RunView[]>({ queryKey: trpc.runs.list.queryKey(), predicate: current }, (list) => (list?.some((known) => runs.has(known.id)) === true ? list.map((known) => runs.get(known.id) ?? known) : list));
    };
    return (run: RunView): void => {
      noteRate(run);
      waiting.set(run.id, run);
      // A room of two hundred reports a thousand times a second: what is drawn is drawn a few times.
      timer ??= setTimeout(flush, runsEveryMs);
    };
  }, [queries, trpc]);
  const noteChanges = useMemo(() => changeQueue((entities) => {
    const any = (...of: Change['entity'][]): boolean => of.some((entity) => entities.has(entity));
    const reading: Promise<void>[] = [];
    const refresh = (filter: Parameters<typeof queries.invalidateQueries>[0]): void => { reading.push(queries.invalidateQueries(filter)); };
    if (any('image', 'settings', 'site', 'handover')) refresh(trpc.images.pathFilter());
    if (any('server', 'site', 'image', 'settings', 'handover')) for (const path of [trpc.servers, trpc.sites]) refresh(path.pathFilter());
    if (any('server', 'handover')) for (const path of [trpc.handovers.list, trpc.handovers.get]) refresh(path.pathFilter());
    // What it would do follows from images and copies; rates and clocks change nothing about it.
    if (any('site', 'image', 'settings', 'handover')) refresh(trpc.handovers.preview.pathFilter());
    // A package server is heard of every few seconds; what that changes about copies is seen below.
    if (any('site', 'image', 'settings', 'handover')) refresh(trpc.replication.pathFilter());
    if (any('run')) refresh(trpc.runs.list.pathFilter());
    if (any('computer', 'group')) refresh(trpc.computers.pathFilter());
    if (any('job', 'folder', 'image')) refresh(trpc.jobs.pathFilter());
    // Who is online and busy changes what starting a job would do.
    else if (any('run', 'computer', 'group')) refresh(trpc.jobs.preview.pathFilter());
    if (any('job', 'folder', 'image', 'settings')) refresh(trpc.portal.pathFilter());
    if (any('boot')) for (const path of [trpc.boot, trpc.media]) refresh(path.pathFilter());
    else if (any('computer')) for (const path of [trpc.boot.traces, trpc.boot.override]) refresh(path.pathFilter());
    if (any('settings')) refresh(trpc.settings.pathFilter());
    refresh(trpc.status.pathFilter());
    refresh({ ...trpc.tree.pathFilter(), predicate: (query) => treeIsStale(parentOf(query.queryKey), entities) });
    // A connection that goes away in the middle holds nothing up: after it is back everything is read anyway.
    return Promise.race([Promise.all(reading), new Promise((resolve) => { setTimeout(resolve, patienceMs); })]);
  }, atLeastMs), [queries, trpc]);
  // Read by the pages that show servers; here it is only looked at.
  const servers = useQuery(trpc.servers.list.queryOptions(undefined, { enabled: false })).data;
  const key = servers === undefined ? null : copiesKey(servers);
  const lastKey = useRef<string | null>(null);
  useEffect(() => {
    const known = lastKey.current;
    lastKey.current = key ?? known;
    if (key === null || known === null || key === known) return;
    for (const path of [trpc.replication, trpc.images]) void queries.invalidateQueries(path.pathFilter());
  }, [key, queries, trpc]);
  useSubscription(trpc.changes.watch.subscriptionOptions(undefined, { onData: (changes) => noteChanges(changes.map((change) => change.entity)) }));
  useSubscription(trpc.runs.watch.subscriptionOptions(undefined, { onData: applyRuns }));
  return null;
}

/** The parent a tree query asks for; '' for anything else read under the tree's name, which then counts as stale. */
function parentOf(key: readonly unknown[]): string | null {
  const [, asked] = key;
  const input: unknown = typeof asked === 'object' && asked !== null && 'input' in asked ? asked.input : null;
  const parent: unknown = typeof input === 'object' && input !== null && 'parent' in input ? input.parent : '';
  return parent === null || typeof parent === 'string' ? parent : '';
}
