// Keeps what is on screen true: the server says what changed, and exactly those queries are fetched again; runs arrive whole.
import { useQueryClient } from '@tanstack/react-query';
import { useSubscription } from '@trpc/tanstack-react-query';
import { useEffect, useRef } from 'react';
import type { RunView } from '#shared/model/run.ts';
import type { Change } from '#shared/model/server.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from './connection.tsx';
import { noteRate } from '../runs/rates.ts';

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

  const applyRun = (run: RunView): void => {
    noteRate(run);
    // Writing into a query makes it count as up to date, so what waits to be fetched again is left alone.
    const current = (query: { state: { isInvalidated: boolean } }): boolean => !query.state.isInvalidated;
    queries.setQueriesData<RunView>({ queryKey: trpc.runs.get.queryKey({ id: run.id }) }, run);
    queries.setQueriesData<RunView[]>({ queryKey: trpc.runs.list.queryKey(), predicate: current }, (list) => list?.map((known) => (known.id === run.id ? run : known)));
  };
  const applyChanges = (changes: Change[]): void => {
    const entities = new Set(changes.map((change) => change.entity));
    const refresh = (filter: { queryKey: readonly unknown[] }): void => void queries.invalidateQueries(filter);
    if (entities.has('image') || entities.has('settings') || entities.has('server')) refresh(trpc.images.pathFilter());
    if (entities.has('run')) refresh(trpc.runs.list.pathFilter());
    if (entities.has('computer') || entities.has('group')) refresh(trpc.computers.pathFilter());
    if (entities.has('job') || entities.has('folder') || entities.has('image')) refresh(trpc.jobs.pathFilter());
    // Who is online and busy changes what starting a job would do.
    else if (entities.has('run') || entities.has('computer') || entities.has('group')) refresh(trpc.jobs.preview.pathFilter());
    if (entities.has('job') || entities.has('folder') || entities.has('image') || entities.has('settings')) refresh(trpc.portal.pathFilter());
    if (entities.has('settings')) refresh(trpc.settings.pathFilter());
    refresh(trpc.status.pathFilter());
    refresh(trpc.tree.pathFilter());
  };
  useSubscription(trpc.changes.watch.subscriptionOptions(undefined, { onData: applyChanges }));
  useSubscription(trpc.runs.watch.subscriptionOptions(undefined, { onData: applyRun }));
  return null;
}
