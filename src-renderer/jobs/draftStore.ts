// Owns the drafts of all jobs of this window: they outlive the page that shows them, survive a reload, and are saved when an edit
// has settled (at once for a choice, after a pause or on leaving a field for text).
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useSyncExternalStore } from 'react';
import type { JobDetail, Task } from '#shared/model/job.ts';
import { useTRPC, useTRPCClient } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { awaitsConnection, edited, isDirty, keepMine, maySave, openDraft, saveDone, saveFailed, sending, serverHas, takeTheirs } from './draft.ts';
import type { Draft, ServerTasks } from './draft.ts';

/** choice: a switch, a list, a moved task. text: more is about to be typed. */
export type EditKind = 'choice' | 'text';
const pauseMs: Record<EditKind, number> = { choice: 400, text: 4000 };

/** After a save that the connection was lost with, once there is one again. */
const RETRY_MS = 500;

const drafts = new Map<string, Draft>();
const timers = new Map<string, ReturnType<typeof setTimeout>>();
const listeners = new Set<() => void>();
const storageKey = (id: string): string => `platen.draft.${id}`;

function put(id: string, draft: Draft): void {
  if (drafts.get(id) === draft) return;
  drafts.set(id, draft);
  if (isDirty(draft)) sessionStorage.setItem(storageKey(id), JSON.stringify({ base: draft.base, tasks: draft.tasks }));
  else sessionStorage.removeItem(storageKey(id));
  for (const listener of listeners) listener();
}
function change(id: string, next: (draft: Draft) => Draft): void {
  const draft = drafts.get(id);
  if (draft !== undefined) put(id, next(draft));
}
/** What a reload of the window left unsaved, as this same console wrote it. */
function restored(id: string, job: ServerTasks): Draft {
  const fresh = openDraft(job);
  try {
    const kept = JSON.parse(sessionStorage.getItem(storageKey(id)) ?? 'null') as Pick<Draft, 'base' | 'tasks'> | null;
    return kept === null ? fresh : serverHas({ ...fresh, base: kept.base, tasks: kept.tasks }, job);
  } catch {
    return fresh;
  }
}

export function useJobDraft(job: JobDetail) {
  const client = useTRPCClient();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const connected = useConnected();
  const { id } = job;
  if (!drafts.has(id)) drafts.set(id, restored(id, job));
  const draft = useSyncExternalStore(useCallback((listener) => {
    listeners.add(listener);
    return () => { listeners.delete(listener); };
  }, []), () => drafts.get(id) ?? openDraft(job));

  const actions = useMemo(() => {
    const save = async (): Promise<void> => {
      clearTimeout(timers.get(id));
      const now = drafts.get(id);
      if (now === undefined || !maySave(now)) return;
      put(id, sending(now));
      try {
        const answer = await client.jobs.save.mutate({ id, rev: now.base.rev, tasks: now.tasks });
        change(id, (then) => saveDone(then, answer));
        void save();
      } catch (thrown) {
        change(id, (then) => saveFailed(then, shownError(thrown)));
      } finally {
        for (const filter of [trpc.jobs.pathFilter(), trpc.portal.pathFilter()]) void queries.invalidateQueries(filter);
      }
    };
    return {
      edit: (tasks: Task[], kind: EditKind): void => {
        change(id, (now) => edited(now, tasks));
        clearTimeout(timers.get(id));
        timers.set(id, setTimeout(() => void save(), pauseMs[kind]));
      },
      /** The tasks as they are now, for a change that comes later than the screen it was offered on. */
      now: (): Task[] => drafts.get(id)?.tasks ?? [],
      /** The edit has settled: a field was left, another task chosen. */
      settle: (): void => void save(),
      retry: (): void => { change(id, (now) => ({ ...now, failure: null })); void save(); },
      keepMine: (): void => { change(id, keepMine); void save(); },
      takeTheirs: (): void => change(id, takeTheirs),
      discard: (): void => change(id, (now) => ({ ...now, tasks: now.base.tasks, failure: null })),
      undoSave: async (): Promise<void> => {
        const undo = drafts.get(id)?.saved?.undo ?? null;
        if (undo === null) return;
        change(id, (now) => ({ ...now, saved: null }));
        try {
          await client.undo.run.mutate({ id: undo });
        } catch (thrown) {
          change(id, (now) => ({ ...now, failure: shownError(thrown) }));
        } finally {
          void queries.invalidateQueries(trpc.jobs.pathFilter());
        }
      },
    };
  }, [client, id, queries, trpc]);

  useEffect(() => change(id, (now) => serverHas(now, job)), [id, job, draft.sending]);
  // Once the server's word or the connection is back, what waited for it is saved.
  useEffect(() => { if (connected && !draft.stale) actions.settle(); }, [actions, connected, draft.stale, draft.base.rev]);
  const lost = awaitsConnection(draft);
  useEffect(() => {
    if (!connected || !lost) return undefined;
    const timer = setTimeout(actions.retry, RETRY_MS);
    return () => clearTimeout(timer);
  }, [actions, connected, lost]);
  useEffect(() => () => actions.settle(), [actions]);
  return { draft, ...actions };
}
export type JobDraft = ReturnType<typeof useJobDraft>;
