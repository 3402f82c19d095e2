// Owns the console's tree: its roots and what hangs below each. Nodes are asked for level by level.
import { runTitle } from '#shared/model/run.ts';
import type { TreeNode } from '#shared/model/server.ts';
import type { Computers } from '../computers/service.ts';
import type { Images } from '../images/service.ts';
import type { Jobs } from '../jobs/service.ts';
import type { Runs } from '../runs/service.ts';
import type { SettingsService } from '../settings/service.ts';

export type TreeParts = { images: Images; computers: Computers; jobs: Jobs; runs: Runs; settings: SettingsService; serverId: string };
export type Tree = ReturnType<typeof openTree>;

export function openTree({ images, computers, runs, settings, serverId }: TreeParts) {
  const children: Record<string, () => TreeNode[]> = {
    images: () => [
      ...images.list().map((image): TreeNode => ({
        id: `image/${image.guid}`, kind: 'image', name: image.name, badge: image.versionCount > 1 ? String(image.versionCount) : null,
        state: image.enabled ? image.newest?.state ?? null : 'disabled', hasChildren: false,
      })),
      ...(images.list(true).length > 0 ? [{ id: 'trash', kind: 'trash', name: 'Trash', badge: String(images.list(true).length), state: null, hasChildren: false } satisfies TreeNode] : []),
    ],
    computers: () => computers.list({}).map((computer): TreeNode => ({ id: `computer/${computer.id}`, kind: 'computer', name: computer.name, badge: null, state: computer.online ? 'online' : null, hasChildren: false })),
    servers: () => [{ id: `server/${serverId}`, kind: 'server', name: settings.get().serverName, badge: null, state: 'online', hasChildren: false }],
    activity: () => runs.list({ active: true }).map((run): TreeNode => ({ id: `run/${run.id}`, kind: 'run', name: runTitle(run), badge: null, state: run.state, hasChildren: false })),
  };

  function roots(): TreeNode[] {
    const [imageCount, computerCount, active] = [images.list().length, computers.count(), runs.list({ active: true }).length];
    const root = (id: TreeNode['kind'], name: string, count: number, hasChildren: boolean): TreeNode => ({ id, kind: id, name, badge: count > 0 ? String(count) : null, state: null, hasChildren });
    return [
      root('computers', 'Computers', computerCount, computerCount > 0),
      root('images', 'Images', imageCount, imageCount > 0 || images.list(true).length > 0),
      root('servers', 'Package servers', 0, true),
      root('activity', 'Activity', active, active > 0),
    ];
  }

  return {
    /** @param parent null for the roots; an unknown one has no children */
    children(parent: string | null): TreeNode[] {
      if (parent === null) return roots();
      return Object.hasOwn(children, parent) ? children[parent]?.() ?? [] : [];
    },
  };
}
