// Owns the portal's menu: a pure function of the job tree, the settings and the person. The console's preview and every portal
// show what this returns and nothing else. Rules are in docs/design/portal.md, each with a row in menu.test.ts.
import { z } from 'zod';

/** The tag that publishes a job or folder, anywhere in its name. */
export const PORTAL_TAG = '(MI)';

export const menuItemSchema = z.object({
  kind: z.literal('item'),
  /** "job/<id>" or "folder/<id>": what is picked. */
  id: z.string(), label: z.string(),
  /** Jobs it runs, in order (one for a job). */
  jobs: z.number().int().positive(),
  /** What it does to the disks in a few words: "deploys, erases 1 disk", "runs a script". */
  effect: z.string(), erases: z.boolean(),
  /** Smallest disk it needs; null where nothing is deployed. */
  needsBytes: z.number().nullable(),
  /** Why it can't be picked now; shown with the item. */
  problem: z.string().nullable(),
});
export type MenuItem = z.infer<typeof menuItemSchema>;
export type MenuFolder = { kind: 'folder'; id: string; label: string; children: MenuNode[] };
export type MenuNode = MenuItem | MenuFolder;
export const menuNodeSchema: z.ZodType<MenuNode> = z.lazy(() => z.discriminatedUnion('kind', [
  menuItemSchema,
  z.object({ kind: z.literal('folder'), id: z.string(), label: z.string(), children: z.array(menuNodeSchema) }),
]));

export type MenuSourceFolder = { id: string; parentId: string | null; name: string; description: string; showInPortal: boolean };
export type MenuSourceJob = {
  id: string; folderId: string | null; name: string; description: string; showInPortal: boolean;
  effects: readonly ('capture' | 'deploy' | 'script' | 'message' | 'power')[]; needsBytes: number | null; problem: string | null;
};
export type MenuSource = { folders: readonly MenuSourceFolder[]; jobs: readonly MenuSourceJob[] };
export type MenuSettings = { layout: 'flat' | 'folders'; /** Only what lies under this folder is looked at. */ rootFolderId: string | null };
/** Which items the person may schedule, as "folder/<id>" (with all below it) and "job/<id>"; null: all. */
export type MenuPerson = { may: readonly string[] | null };

const tag = /\(mi\)/gi;
const order = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Names as people count: 2 before 10, case and accents aside. Names equal to that order are ordered by their letters. */
export function compareNames(left: string, right: string): number {
  return order.compare(left, right) || (left < right ? -1 : left > right ? 1 : 0);
}
/** By the tag in the name or by the switch. Ask isNameOverride first where it may be a folder's dummy job. */
export function isPublished(name: string, showInPortal: boolean): boolean {
  return showInPortal || name.toLowerCase().includes('(mi)');
}
/** A name without tags and doubled spaces; '' where nothing else was in it. Taking a tag out never leaves another one. */
export function withoutTag(name: string): string {
  let text = name;
  while (isPublished(text, false)) text = text.replace(tag, '');
  return text.replace(/\s+/g, ' ').trim();
}
/** A job named just `(MI)`: it carries its folder's portal text, is no item, and never runs with the folder. */
export function isNameOverride(jobName: string): boolean {
  return isPublished(jobName, false) && withoutTag(jobName) === '';
}

/** Folders and jobs of one place, each in the order of the tree. */
export type Level<F, J> = { folders: F[]; jobs: J[] };
export type Tree<F, J> = { at(folderId: string | null): Level<F, J>; folder(id: string): F | undefined };

/** Any folders and jobs as a tree: what hangs on a folder that is not among them is not in it. */
export function treeOf<F extends Pick<MenuSourceFolder, 'id' | 'parentId' | 'name'>, J extends Pick<MenuSourceJob, 'id' | 'folderId' | 'name'>>(folders: readonly F[], jobs: readonly J[]): Tree<F, J> {
  const levels = new Map<string | null, Level<F, J>>();
  const byId = new Map<string, F>();
  const sorted = new Set<Level<F, J>>();
  const level = (id: string | null): Level<F, J> => {
    let found = levels.get(id);
    if (found === undefined) levels.set(id, found = { folders: [], jobs: [] });
    return found;
  };
  for (const folder of folders) {
    byId.set(folder.id, folder);
    level(folder.parentId).folders.push(folder);
  }
  for (const job of jobs) level(job.folderId).jobs.push(job);
  const byName = (left: { id: string; name: string }, right: { id: string; name: string }): number => compareNames(left.name, right.name) || (left.id < right.id ? -1 : 1);
  return {
    at(id) {
      const found = levels.get(id) ?? { folders: [], jobs: [] };
      if (!sorted.has(found)) {
        found.folders.sort(byName);
        found.jobs.sort(byName);
        sorted.add(found);
      }
      return found;
    },
    folder: (id) => byId.get(id),
  };
}

/** Every job that running a folder (null: the root) runs, in that order: its own by name, then each subfolder's. */
export function jobsBelow<F extends { id: string }, J extends { name: string }>(tree: Tree<F, J>, folderId: string | null, seen = new Set<string | null>()): J[] {
  if (seen.has(folderId)) return [];
  seen.add(folderId);
  const { folders, jobs } = tree.at(folderId);
  return [...jobs.filter((job) => !isNameOverride(job.name)), ...folders.flatMap((folder) => jobsBelow(tree, folder.id, seen))];
}

/** What is on offer, in the order of the menu; folders of the menu left out. */
export function itemsOf(menu: readonly MenuNode[]): MenuItem[] {
  return menu.flatMap((node) => (node.kind === 'item' ? [node] : itemsOf(node.children)));
}

/** The label of a folder; jobs: those directly in it, in the order of the tree. */
export function folderLabel(folder: Pick<MenuSourceFolder, 'name' | 'description'>, jobs: readonly Pick<MenuSourceJob, 'name' | 'description'>[]): string {
  const dummy = jobs.find((job) => isNameOverride(job.name) && job.description.trim() !== '');
  return labelOf(folder.description.trim() === '' && dummy !== undefined ? { name: folder.name, description: dummy.description } : folder);
}
export function labelOf({ name, description }: { name: string; description: string }): string {
  const text = description.replace(/\s+/g, ' ').trim();
  return text === '' ? withoutTag(name) || name.trim() : text;
}

/** Pure; rules 1 to 9 of docs/design/portal.md. */
export function buildMenu(source: MenuSource, settings: MenuSettings, person: MenuPerson): MenuNode[] {
  const tree = treeOf(source.folders, source.jobs);
  const { rootFolderId } = settings;
  if (rootFolderId !== null && tree.folder(rootFolderId) === undefined) return [];
  const may = person.may === null ? null : new Set(person.may);
  const granted = may === null || (rootFolderId !== null && pathTo(tree, rootFolderId).some((folder) => may.has(`folder/${folder.id}`)));
  const found = new Walk(tree, may).level(rootFolderId, granted, []);
  return settings.layout === 'flat' ? flat(found.nodes) : along(found.nodes);
}

/** An item with where it lies, by which two of one label are told apart. */
type Offered = { item: MenuItem; path: readonly string[] };
type Branch = { folder: MenuFolder; inside: Node[] };
type Node = Offered | Branch;
/** All that a folder runs, added up. */
type Sum = Pick<MenuItem, 'needsBytes' | 'problem'> & { jobs: number; effects: MenuSourceJob['effects'] };

class Walk {
  readonly #tree: Tree<MenuSourceFolder, MenuSourceJob>;
  readonly #may: ReadonlySet<string> | null;
  /** Folders that hold each other in a circle are walked once: no row may hang the server. */
  readonly #seen = new Set<string | null>();
  constructor(tree: Tree<MenuSourceFolder, MenuSourceJob>, may: ReadonlySet<string> | null) {
    this.#tree = tree;
    this.#may = may;
  }

  /** @param granted the person may schedule all that lies here */
  level(folderId: string | null, granted: boolean, path: readonly string[]): { nodes: Node[]; sum: Sum } {
    if (this.#seen.has(folderId)) return { nodes: [], sum: nothing };
    this.#seen.add(folderId);
    const { folders, jobs } = this.#tree.at(folderId);
    const nodes: Node[] = [];
    const sums: Sum[] = [];
    for (const job of jobs) {
      if (isNameOverride(job.name)) continue;
      const sum: Sum = { jobs: 1, effects: job.effects, needsBytes: job.needsBytes, problem: job.problem };
      sums.push(sum.problem === null ? sum : { ...sum, problem: `${labelOf(job)}: ${sum.problem}` });
      if (isPublished(job.name, job.showInPortal) && (granted || this.#may?.has(`job/${job.id}`) === true)) nodes.push({ item: itemOf(`job/${job.id}`, labelOf(job), sum), path });
    }
    for (const folder of folders) {
      const id = `folder/${folder.id}`;
      const mine = granted || this.#may?.has(id) === true;
      const label = folderLabel(folder, this.#tree.at(folder.id).jobs);
      const { nodes: inside, sum } = this.level(folder.id, mine, [...path, label]);
      sums.push(sum);
      if (!isPublished(folder.name, folder.showInPortal)) {
        if (inside.length > 0) nodes.push({ folder: { kind: 'folder', id, label, children: [] }, inside });
        continue;
      }
      if (mine && sum.jobs > 0) nodes.push({ item: itemOf(id, label, sum), path });
      nodes.push(...inside);
    }
    return { nodes, sum: added(sums) };
  }
}

const nothing: Sum = { jobs: 0, effects: [], needsBytes: null, problem: null };
function added(sums: readonly Sum[]): Sum {
  const needs = sums.flatMap(({ needsBytes }) => (needsBytes === null ? [] : [needsBytes]));
  return {
    jobs: sums.reduce((count, { jobs }) => count + jobs, 0), effects: sums.flatMap(({ effects }) => effects),
    needsBytes: needs.length === 0 ? null : Math.max(...needs), problem: sums.find(({ problem }) => problem !== null)?.problem ?? null,
  };
}

function itemOf(id: string, label: string, sum: Sum): MenuItem {
  return { kind: 'item', id, label, jobs: sum.jobs, effect: effectWords(sum.effects), erases: sum.effects.includes('deploy'), needsBytes: sum.needsBytes, problem: sum.problem };
}

/** "deploys, erases 1 disk", "captures, runs 2 scripts"; messages and power are said where nothing else is done. */
export function effectWords(effects: MenuSourceJob['effects']): string {
  const count = (kind: MenuSourceJob['effects'][number]): number => effects.filter((effect) => effect === kind).length;
  const [captures, deploys, scripts] = [count('capture'), count('deploy'), count('script')];
  const words = [
    captures > 1 ? `captures ${captures} disks` : captures === 1 ? 'captures' : '',
    deploys > 1 ? `deploys ${deploys} images, erases up to ${deploys} disks` : deploys === 1 ? 'deploys, erases 1 disk' : '',
    scripts > 1 ? `runs ${scripts} scripts` : scripts === 1 ? 'runs a script' : '',
  ].filter((word) => word !== '');
  if (words.length > 0) return words.join(', ');
  if (count('power') > 0) return 'restarts or switches off';
  return count('message') > 0 ? 'shows a message' : 'does nothing';
}

function flat(nodes: readonly Node[]): MenuItem[] {
  const offered = (node: Node): Offered[] => ('item' in node ? [node] : node.inside.flatMap(offered));
  return toldApart(nodes.flatMap(offered));
}
/** Items first, then folders, each by label. */
function along(nodes: readonly Node[]): MenuNode[] {
  const folders = nodes.filter((node) => 'folder' in node).toSorted((left, right) => compareNames(left.folder.label, right.folder.label));
  return [...toldApart(nodes.filter((node) => 'item' in node)), ...folders.map(({ folder, inside }) => ({ ...folder, children: along(inside) }))];
}

/** Sorted by label; those of one label with their folder's name, with the whole path where that is one as well, with a number where all is. */
function toldApart(offered: readonly Offered[]): MenuItem[] {
  const named = [
    ({ item }: Offered) => item.label,
    ({ item, path }: Offered) => (path.length === 0 ? item.label : `${item.label} (${path.at(-1)})`),
    ({ item, path }: Offered) => (path.length === 0 ? item.label : `${item.label} (${path.join(' / ')})`),
  ];
  const taken = new Set<string>();
  const done: MenuItem[] = [];
  let left = offered;
  for (const name of named) {
    const alike = Map.groupBy(left, (each) => name(each).toLowerCase());
    const next: Offered[] = [];
    for (const [label, group] of alike) {
      const [only] = group;
      if (only === undefined || group.length > 1 || taken.has(label)) next.push(...group);
      else {
        taken.add(label);
        done.push({ ...only.item, label: name(only) });
      }
    }
    left = next;
  }
  for (const each of left) {
    const whole = named[2]?.(each) ?? each.item.label;
    let label = whole;
    for (let number = 2; taken.has(label.toLowerCase()); number++) label = `${whole} ${number}`;
    taken.add(label.toLowerCase());
    done.push({ ...each.item, label });
  }
  return done.sort((one, other) => compareNames(one.label, other.label));
}

function pathTo(tree: Tree<MenuSourceFolder, MenuSourceJob>, folderId: string): MenuSourceFolder[] {
  const path: MenuSourceFolder[] = [];
  for (let folder = tree.folder(folderId); folder !== undefined && !path.includes(folder); folder = folder.parentId === null ? undefined : tree.folder(folder.parentId)) path.unshift(folder);
  return path;
}
