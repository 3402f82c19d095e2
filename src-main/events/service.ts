// Owns what happened (event rows with their actor) and the change notices by which clients know what to fetch again.
// Events never steer: nothing in the server acts on a notice.
import type { HistoryEvent } from '#shared/model/image.ts';
import type { Change } from '#shared/model/server.ts';
import type { Database } from '../db/database.ts';

export type EventInput = { actor: string; entity: 'image' | 'run' | 'computer' | 'group' | 'job' | 'folder' | 'boot' | 'settings' | 'server' | 'site'; id: string; kind: string; message: string; data?: Record<string, unknown> };
export type Events = ReturnType<typeof openEvents>;

const BATCH_MS = 100;
const MAX_PENDING = 10_000;

export function openEvents({ db, clock }: { db: Database; clock: () => number }) {
  const watchers = new Set<(change: Change) => void>();
  const closing = new AbortController();
  const latest = new Map<Change['entity'], number>();
  let rev = 0;

  /** Call inside the transaction that does what the event says. */
  function record(event: EventInput): void {
    db.run('INSERT INTO event (at, actor, entity, entity_id, kind, message, data) VALUES (:at, :actor, :entity, :id, :kind, :message, :data)',
      { at: clock(), actor: event.actor, entity: event.entity, id: event.id, kind: event.kind, message: event.message, data: JSON.stringify(event.data ?? {}) });
  }

  /** Call after the transaction: tells clients that this is no longer what they saw. */
  function changed(entity: Change['entity'], id: string): void {
    rev++;
    latest.set(entity, rev);
    for (const watcher of watchers) watcher({ entity, id, rev });
  }

  function history(entity: EventInput['entity'], id: string, limit = 1000): HistoryEvent[] {
    return db.all<{ id: number; at: number; actor: string; kind: string; message: string; data: string }>(
      'SELECT id, at, actor, kind, message, data FROM event WHERE entity = :entity AND entity_id = :id ORDER BY id DESC LIMIT :limit', { entity, id, limit })
      .map((row) => ({ ...row, data: JSON.parse(row.data) as Record<string, unknown> }));
  }

  /** Batches of changes, the last per entity, at most ten batches per second. Ends when the signal or the server does. */
  async function* watch(signal: AbortSignal | undefined): AsyncGenerator<Change[]> {
    const pending = new Map<string, Change>();
    yield* batched<Change>({
      signal: signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]),
      everyMs: BATCH_MS,
      pending,
      subscribe: (wake) => {
        const watcher = (change: Change): void => {
          if (pending.size < MAX_PENDING) pending.set(`${change.entity}/${change.id}`, change);
          wake();
        };
        watchers.add(watcher);
        return () => watchers.delete(watcher);
      },
    });
  }

  return {
    record, changed, history, watch,
    /** Rises with every change of such an entity: whoever keeps what was read of them asks whether it still holds. */
    latest: (entity: Change['entity']): number => latest.get(entity) ?? 0,
    /** A hint that something may be worth asking again; nothing else may follow from it. @returns ends it */
    onChange(listener: (change: Change) => void): () => void {
      watchers.add(listener);
      return () => void watchers.delete(listener);
    },
    closeSignal: closing.signal, close: () => closing.abort(),
  };
}

export type BatchSource<T> = { signal: AbortSignal; everyMs: number; pending: Map<string, T>; subscribe: (wake: () => void) => () => void };

/** Yields what gathered in `pending`, and then waits at least `everyMs` before it yields again. */
export async function* batched<T>({ signal, everyMs, pending, subscribe }: BatchSource<T>): AsyncGenerator<T[]> {
  let wake: () => void = () => undefined;
  const unsubscribe = subscribe(() => wake());
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort);
  try {
    while (!signal.aborted) {
      if (pending.size === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const batch = [...pending.values()];
      pending.clear();
      yield batch;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        wake = () => {
          if (!signal.aborted) return;
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    unsubscribe();
  }
}
