// Pure: what a change of an entity makes stale in the tree, and a queue that reads anew at once when idle, and gathers what changes
// while that goes on: a server that changes a hundred things per second is never asked for the same thing twice at a time.
import type { Change } from '#shared/model/server.ts';

export type Entity = Change['entity'];

/** Whether the children of this node (null: the roots, with their counts) may look different now. */
export function treeIsStale(parent: string | null, entities: ReadonlySet<Entity>): boolean {
  if (parent === null) return true;
  const any = (...of: Entity[]): boolean => of.some((entity) => entities.has(entity));
  const kind = parent.split('/')[0];
  switch (kind) {
    case 'computers': return any('computer', 'group');
    // What goes on at a computer stands beside it.
    case 'group': return any('computer', 'group', 'run');
    // What became of an image decides whether a job can run.
    case 'jobs': case 'folder': return any('job', 'folder', 'image');
    case 'images': return any('image');
    case 'activity': return any('run');
    case 'servers': return any('server', 'site', 'settings');
    default: return true;
  }
}

/** @param read settles when what was stale has been read. @param atLeastMs between two readings */
export function changeQueue(read: (entities: ReadonlySet<Entity>) => Promise<unknown>, atLeastMs: number) {
  let waiting = new Set<Entity>();
  let busy = false;
  const run = async (): Promise<void> => {
    if (busy || waiting.size === 0) return;
    busy = true;
    while (waiting.size > 0) {
      const entities = waiting;
      waiting = new Set();
      await Promise.all([read(entities), new Promise((resolve) => { setTimeout(resolve, atLeastMs); })]);
    }
    busy = false;
  };
  return (entities: Iterable<Entity>): void => {
    for (const entity of entities) waiting.add(entity);
    void run();
  };
}
