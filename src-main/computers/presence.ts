// Owns who is connected now. A record that was merged counts for the one it was merged into. In memory: a restart begins with nobody.
import type { Events } from '../events/service.ts';
import type { ComputerRepo } from './repo.ts';

export type Presence = ReturnType<typeof openPresence>;

export function openPresence({ repo, events, clock }: { repo: ComputerRepo; events: Events; clock: () => number }) {
  /** Connections by the record their agent said hello as; only connected ones have an entry. */
  const connections = new Map<string, { count: number; root: string }>();
  let online = new Set<string>();
  const rootOf = (id: string): string => repo.root(id)?.id ?? id;
  const gather = (): void => {
    online = new Set([...connections.values()].map((entry) => entry.root));
  };

  return {
    connected(id: string): void {
      const entry = connections.get(id) ?? { count: 0, root: rootOf(id) };
      connections.set(id, { ...entry, count: entry.count + 1 });
      online.add(entry.root);
      events.changed('computer', entry.root);
    },
    disconnected(id: string): void {
      const entry = connections.get(id);
      if (entry === undefined) return;
      if (entry.count > 1) connections.set(id, { ...entry, count: entry.count - 1 });
      else {
        connections.delete(id);
        gather();
      }
      repo.setLastSeen(entry.root, clock());
      events.changed('computer', entry.root);
    },
    /** After records were merged or split. */
    regather(): void {
      for (const [id, entry] of connections) connections.set(id, { ...entry, root: rootOf(id) });
      gather();
    },
    isOnline: (id: string): boolean => online.has(id),
    ids: (): string[] => [...online],
  };
}
