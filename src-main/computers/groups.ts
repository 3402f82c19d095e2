// Owns the groups computers are in: a tree by name, its counts, and its changes. Moving computers is in moving.ts.
import { randomUUID } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import type { Group, GroupDetail } from '#shared/model/computer.ts';
import { nameOrderKey } from '#shared/model/computer-name.ts';
import type { Events } from '../events/service.ts';
import type { Undo } from '../undo/service.ts';
import { groupChanges } from './group-changes.ts';
import type { GroupRepo, StoredGroup } from './groups-repo.ts';
import { NEW_COMPUTERS } from './parts.ts';
import type { Presence } from './presence.ts';
import type { ComputerRepo } from './repo.ts';

export type Groups = ReturnType<typeof openGroups>;
export type GroupsParts = { groupRepo: GroupRepo; repo: ComputerRepo; presence: Presence; events: Events; undo: Undo; clock: () => number };
type Place = { id: string; name: string };

export function openGroups(parts: GroupsParts) {
  const { groupRepo, repo, presence } = parts;

  function load(): GroupTree {
    return new GroupTree(groupRepo.all());
  }
  /** By id, name, or path ("Building A/Room 12"). */
  function require(ref: string, tree = load()): StoredGroup {
    const found = tree.find(ref);
    const [group] = found;
    if (group === undefined) throw new AppError('not-found', `There is no group "${ref}". "platen group list" shows those there are.`, { group: ref });
    if (found.length > 1) {
      const paths = found.map((each) => tree.pathText(each.id));
      throw new AppError('ambiguous-name', `${found.length} groups are called "${ref}": ${paths.join(', ')}. Use the whole path, or the id.`, { group: ref, ids: found.map((each) => each.id) });
    }
    return group;
  }
  /** Of a group, or null for *New computers* ("new"). */
  const place = (ref: string | null): string | null => (ref === null || ref === NEW_COMPUTERS ? null : require(ref).id);

  /** Computers in each group and below, and how many of them are connected. */
  function counts(tree: GroupTree): Map<string | null, { computers: number; online: number }> {
    const sums = new Map<string | null, { computers: number; online: number }>();
    const add = (groupId: string | null, computers: number, online: number): void => {
      for (const id of groupId === null ? [null] : tree.path(groupId).map((group) => group.id)) {
        const sum = sums.get(id) ?? { computers: 0, online: 0 };
        sums.set(id, { computers: sum.computers + computers, online: sum.online + online });
      }
    };
    for (const [groupId, count] of repo.living.countByGroup()) add(groupId, count, 0);
    for (const id of presence.ids()) {
      const groupId = repo.living.groupOf(id);
      if (groupId !== undefined) add(groupId, 0, 1);
    }
    return sums;
  }
  function viewer(tree: GroupTree): (group: StoredGroup) => Group {
    let sums: ReturnType<typeof counts> | null = null;
    return (group) => ({
      id: group.id, parentId: group.parent_id, name: group.name, description: group.description, trashedAt: group.trashed_at,
      computerCount: (sums ??= counts(tree)).get(group.id)?.computers ?? 0, onlineCount: sums.get(group.id)?.online ?? 0, groupCount: tree.children(group.id).length,
    });
  }

  return {
    require, place,
    list(): Group[] {
      const tree = load();
      return tree.sorted().map(viewer(tree));
    },
    /** Directly in a group, or (null) at the top. */
    within(parentId: string | null): Group[] {
      const tree = load();
      return tree.children(parentId).map(viewer(tree));
    },
    detail(ref: string): GroupDetail {
      const tree = load();
      const group = require(ref, tree);
      const view = viewer(tree);
      return { ...view(group), path: tree.path(group.id).map(({ id, name }) => ({ id, name })), groups: tree.children(group.id).map(view) };
    },
    path: (id: string | null): Place[] => (id === null ? [] : load().path(id).map((group) => ({ id: group.id, name: group.name }))),
    /** The group and every one below it. */
    below: (id: string): string[] => load().below(id),
    isThere: (id: string): boolean => groupRepo.byId(id)?.trashed_at === null,
    nameOf: (id: string | null): string => (id === null ? 'New computers' : groupRepo.byId(id)?.name ?? 'a group that is gone'),
    /** Groups that have the text, and by id the path of every one. */
    search(text: string, limit: number): { paths: (groupId: string) => string; groups: { group: StoredGroup; path: string }[] } {
      const tree = load();
      const found = tree.sorted().filter((group) => `${group.name}\n${group.description}`.toLowerCase().includes(text)).slice(0, limit);
      return { paths: (groupId) => tree.pathText(groupId), groups: found.map((group) => ({ group, path: tree.path(group.id).slice(0, -1).map((each) => each.name).join('/') })) };
    },
    ...groupChanges({ ...parts, load, require, place, newId: randomUUID }),
  };
}

/** Keys of names are asked for again and again: all groups are sorted whenever one level of them is shown. */
const keys = new Map<string, string>();
function keyOf(name: string): string {
  let key = keys.get(name);
  if (key === undefined) {
    if (keys.size > 20_000) keys.clear();
    keys.set(name, key = nameOrderKey(name));
  }
  return key;
}

/** All groups at one moment. */
export class GroupTree {
  readonly #byId: Map<string, StoredGroup>;
  readonly #children = new Map<string | null, StoredGroup[]>();
  readonly #sorted: StoredGroup[];

  constructor(groups: readonly StoredGroup[]) {
    const keyed = groups.map((group) => ({ group, key: keyOf(group.name) })).sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0));
    this.#sorted = keyed.map(({ group }) => group);
    this.#byId = new Map(groups.map((group) => [group.id, group]));
    for (const group of this.#sorted) {
      const siblings = this.#children.get(group.parent_id);
      if (siblings === undefined) this.#children.set(group.parent_id, [group]);
      else siblings.push(group);
    }
  }
  get(id: string): StoredGroup | undefined {
    return this.#byId.get(id);
  }
  sorted(): StoredGroup[] {
    return this.#sorted;
  }
  children(id: string | null): StoredGroup[] {
    return this.#children.get(id) ?? [];
  }
  /** From the top down to the group itself. */
  path(id: string): StoredGroup[] {
    const path: StoredGroup[] = [];
    for (let group = this.#byId.get(id); group !== undefined && !path.includes(group); group = group.parent_id === null ? undefined : this.#byId.get(group.parent_id)) path.unshift(group);
    return path;
  }
  pathText(id: string): string {
    return this.path(id).map((group) => group.name).join('/');
  }
  below(id: string): string[] {
    const found = [id];
    for (let at = 0; at < found.length; at++) found.push(...this.children(found[at] ?? '').map((group) => group.id).filter((child) => !found.includes(child)));
    return found;
  }
  find(ref: string): StoredGroup[] {
    const byId = this.#byId.get(ref);
    if (byId !== undefined) return [byId];
    const key = nameOrderKey(ref);
    const byName = this.#sorted.filter((group) => nameOrderKey(group.name) === key);
    return byName.length > 0 ? byName : this.#sorted.filter((group) => nameOrderKey(this.pathText(group.id)) === key);
  }
}
