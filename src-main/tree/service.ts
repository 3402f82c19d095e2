// Owns the console's tree: its roots and what hangs below each. Nodes are asked for level by level, so each level is cheap.
import { runTitle } from '#shared/model/run.ts';
import type { Group } from '#shared/model/computer.ts';
import type { TreeNode } from '#shared/model/server.ts';
import type { Boot } from '../boot/service.ts';
import type { Computers } from '../computers/service.ts';
import type { Images } from '../images/service.ts';
import type { Jobs } from '../jobs/service.ts';
import type { Runs } from '../runs/service.ts';
import type { Servers } from '../servers/service.ts';

export type TreeParts = { images: Images; computers: Computers; jobs: Jobs; runs: Runs; boot: Pick<Boot, 'state'>; servers: Pick<Servers, 'names' | 'sites'> };
export type Tree = ReturnType<typeof openTree>;

const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const badge = (count: number): string | null => (count > 0 ? String(count) : null);

export function openTree({ images, computers, jobs, runs, boot, servers }: TreeParts) {
  const groupNode = (group: Group): TreeNode => ({ id: `group/${group.id}`, kind: 'group', name: group.name, badge: badge(group.computerCount), state: null, hasChildren: group.groupCount + group.computerCount > 0 });

  /** Of a group, or "new". What goes on there is its state; else whether it is connected. */
  function computerNodes(group: string): TreeNode[] {
    const rows = computers.list({ group });
    const states = rows.length === 0 ? new Map<string, string>() : runs.statesByComputer();
    return rows.map((computer) => ({ id: `computer/${computer.id}`, kind: 'computer', name: computer.name, badge: null, state: states.get(computer.id) ?? (computer.online ? 'online' : null), hasChildren: false }));
  }
  function jobNodes(folderId: string | null): TreeNode[] {
    const level = jobs.treeChildren(folderId);
    return [
      ...level.folders.map((folder): TreeNode => ({ id: `folder/${folder.id}`, kind: 'folder', name: folder.name, badge: null, state: null, hasChildren: folder.hasChildren, published: folder.published })),
      ...level.jobs.map((job): TreeNode => ({ id: `job/${job.id}`, kind: 'job', name: job.name, badge: null, state: job.problem === null ? null : 'attention', hasChildren: false, published: job.published })),
    ];
  }
  function imageNodes(): TreeNode[] {
    const { trashed } = images.counts();
    return [
      ...images.list().map((image): TreeNode => ({
        id: `image/${image.guid}`, kind: 'image', name: image.name, badge: image.versionCount > 1 ? String(image.versionCount) : null,
        state: image.enabled ? image.newest?.state ?? null : 'disabled', hasChildren: false,
      })),
      ...(trashed > 0 ? [{ id: 'trash', kind: 'trash', name: 'Trash', badge: badge(trashed), state: null, hasChildren: false } satisfies TreeNode] : []),
    ];
  }
  const children: Record<string, () => TreeNode[]> = {
    computers: () => {
      const fresh = computers.newCount();
      return [{ id: 'group/new', kind: 'new-computers', name: 'New computers', badge: badge(fresh), state: null, hasChildren: fresh > 0 }, ...computers.groupsWithin(null).map(groupNode)];
    },
    'group/new': () => computerNodes('new'),
    jobs: () => jobNodes(null),
    images: imageNodes,
    servers: () => [
      ...servers.names().map((server): TreeNode => ({ id: `server/${server.id}`, kind: 'server', name: server.name, badge: null, state: server.state === 'joined' ? (server.connected ? 'online' : 'offline') : server.state, hasChildren: false })),
      ...servers.sites.list().map((site): TreeNode => ({ id: `site/${site.id}`, kind: 'site', name: site.name, badge: badge(site.serverIds.length), state: null, hasChildren: false })),
    ],
    activity: () => runs.list({ active: true }).map((run): TreeNode => ({ id: `run/${run.id}`, kind: 'run', name: `${runTitle(run)} on ${run.computerName}`, badge: null, state: run.state, hasChildren: false })),
  };

  function roots(): TreeNode[] {
    const [imageCounts, computerCount, { running, waiting }] = [images.counts(), computers.count(), runs.counts()];
    const active = running + waiting;
    const root = (id: TreeNode['kind'], name: string, count: number, hasChildren: boolean): TreeNode => ({ id, kind: id, name, badge: badge(count), state: null, hasChildren });
    return [
      // New computers is always there, so that one can see where they will come.
      root('computers', 'Computers', computerCount, true),
      root('jobs', 'Jobs', jobs.count(), jobs.count() > 0 || jobNodes(null).length > 0),
      root('images', 'Images', imageCounts.living, imageCounts.living + imageCounts.trashed > 0),
      root('servers', 'Package servers', Math.max(0, servers.names().length - 1), true),
      // Off is nothing to be marked: most servers begin so.
      { id: 'boot', kind: 'boot', name: 'Network boot', badge: null, state: boot.state() === 'off' ? null : boot.state(), hasChildren: false },
      // A lost run is not counted as active, and is there to be looked at.
      root('activity', 'Activity', active, active > 0 || runs.statesByComputer().size > 0),
    ];
  }

  return {
    /** @param parent null for the roots; an unknown one has no children */
    children(parent: string | null): TreeNode[] {
      if (parent === null) return roots();
      if (Object.hasOwn(children, parent)) return children[parent]?.() ?? [];
      const [kind, id = ''] = parent.split('/');
      if (!idPattern.test(id)) return [];
      if (kind === 'folder') return jobNodes(id);
      if (kind !== 'group' || !computers.hasGroup(id)) return [];
      return [...computers.groupsWithin(id).map(groupNode), ...computerNodes(id)];
    },
  };
}
