// Owns changes of groups: made, renamed, moved, put in the trash with what is below, and each taken back.
import { AppError } from '#shared/errors.ts';
import { nameOrderKey } from '#shared/model/computer-name.ts';
import { z } from 'zod';
import type { GroupsParts, GroupTree } from './groups.ts';
import type { StoredGroup } from './groups-repo.ts';
import { changedSince, NEW_COMPUTERS, type Undoable } from './parts.ts';

type ChangeParts = GroupsParts & { load: () => GroupTree; require: (ref: string, tree?: GroupTree) => StoredGroup; place: (ref: string | null) => string | null; newId: () => string };

const createdSchema = z.object({ id: z.string(), name: z.string() });
const textSchema = z.object({ name: z.string(), description: z.string() });
const savedSchema = z.object({ id: z.string(), before: textSchema, after: textSchema });
const movedSchema = z.object({ to: z.string().nullable(), groups: z.array(z.object({ id: z.string(), from: z.string().nullable() })) });
const trashedSchema = z.object({ groups: z.array(z.string()), at: z.number(), computers: z.array(z.object({ id: z.string(), group: z.string() })) });

export function groupChanges(parts: ChangeParts) {
  const { groupRepo, repo, events, undo, clock, load, require } = parts;

  function requireFree(tree: GroupTree, parentId: string | null, name: string, exceptId: string | null): void {
    const other = tree.children(parentId).find((sibling) => sibling.id !== exceptId && nameOrderKey(sibling.name) === nameOrderKey(name));
    if (other !== undefined) throw new AppError('conflict', `There is a group "${other.name}" in ${parentId === null ? 'Computers' : tree.get(parentId)?.name ?? 'that group'} already. Choose another name.`, { name, group: other.id });
  }
  /** Wherever a group is named, "new" stands for the computers in none. */
  function requireOwnName(name: string): void {
    if (nameOrderKey(name) === nameOrderKey(NEW_COMPUTERS)) throw new AppError('invalid-input', `"${name}" stands for New computers wherever a group is named. Choose another name.`, { name });
  }
  const tell = (ids: readonly (string | null)[]): void => {
    for (const id of new Set(ids)) events.changed('group', id ?? 'new');
  };
  const record = (id: string, actor: string, kind: string, message: string): void => events.record({ actor, entity: 'group', id, kind, message });
  const names = (groups: readonly StoredGroup[]): string => (groups.length === 1 ? groups[0]?.name ?? '' : `${groups.length} groups`);

  undo.register('group.create', (payload, actor) => {
    const { id, name } = createdSchema.parse(payload);
    const group = groupRepo.byId(id);
    if (group === undefined || group.trashed_at !== null || group.name !== name || load().children(id).length > 0 || repo.inGroups([id]).length > 0) throw changedSince(`the group "${name}"`);
    groupRepo.setTrashed(id, clock());
    record(id, actor, 'removed', `Group "${name}" was taken back`);
    tell([id, group.parent_id]);
  });
  undo.register('group.save', (payload, actor) => {
    const { id, before, after } = savedSchema.parse(payload);
    const group = groupRepo.byId(id);
    if (group === undefined || group.trashed_at !== null || group.name !== after.name || group.description !== after.description) throw changedSince(`the group "${after.name}"`);
    requireFree(load(), group.parent_id, before.name, id);
    groupRepo.set({ id, ...before });
    record(id, actor, 'changed-back', `Name and description of "${before.name}" are as before`);
    tell([id]);
  });
  undo.register('group.move', (payload, actor) => {
    const { to, groups } = movedSchema.parse(payload);
    for (const { id, from } of groups) {
      const tree = load();
      const group = tree.get(id);
      if (group === undefined || group.parent_id !== to || (from !== null && (tree.get(from) === undefined || tree.below(id).includes(from)))) throw changedSince(group === undefined ? 'a group' : `the group "${group.name}"`);
      requireFree(tree, from, group.name, id);
      groupRepo.setParent(id, from);
      record(id, actor, 'moved', `Moved back to ${from === null ? 'the top' : tree.pathText(from)}`);
      tell([id, from, to]);
    }
  });
  undo.register('group.trash', (payload, actor) => {
    const { groups, at, computers } = trashedSchema.parse(payload);
    const rows = groups.map((id) => groupRepo.byId(id));
    if (rows.some((row) => row === undefined || row.trashed_at !== at)) throw changedSince('a group');
    for (const computer of computers) {
      const row = repo.byId(computer.id);
      if (row !== undefined && row.group_id !== null) throw changedSince(`the group of ${row.name}`);
    }
    const back = rows.filter((row) => row !== undefined);
    for (const row of back) {
      if (row.parent_id !== null && !groups.includes(row.parent_id) && groupRepo.byId(row.parent_id)?.trashed_at !== null) throw changedSince(`the group that held "${row.name}"`);
      if (row.parent_id === null || !groups.includes(row.parent_id)) requireFree(load(), row.parent_id, row.name, row.id);
      groupRepo.setTrashed(row.id, null);
      record(row.id, actor, 'restored', `Group "${row.name}" was taken out of the trash, with its computers`);
    }
    for (const { id, group } of computers) {
      repo.setGroup(id, group);
      events.changed('computer', id);
    }
    tell([...groups, ...back.map((row) => row.parent_id), null]);
  });

  return {
    create({ parent, name }: { parent: string | null; name: string }, actor: string): Undoable & { id: string } {
      const result = groupRepo.transaction(() => {
        const tree = load();
        const parentId = parent === null ? null : require(parent, tree).id;
        requireOwnName(name);
        requireFree(tree, parentId, name, null);
        const id = parts.newId();
        groupRepo.insert({ id, parentId, name, now: clock() });
        record(id, actor, 'created', `Group "${name}" was made${parentId === null ? '' : ` in ${tree.pathText(parentId)}`}`);
        return { id, parentId, undo: undo.keep('group.create', { actor, label: `Made the group ${name}`, payload: { id, name } }) };
      });
      tell([result.id, result.parentId]);
      return { id: result.id, undo: result.undo };
    },
    save(change: { group: string; name?: string | undefined; description?: string | undefined }, actor: string): Undoable {
      const group = require(change.group);
      const before = { name: group.name, description: group.description };
      const after = { name: change.name ?? group.name, description: change.description ?? group.description };
      if (after.name === before.name && after.description === before.description) return { undo: null };
      const kept = groupRepo.transaction(() => {
        if (after.name !== before.name) requireOwnName(after.name);
        requireFree(load(), group.parent_id, after.name, group.id);
        groupRepo.set({ id: group.id, ...after });
        if (after.name !== before.name) record(group.id, actor, 'renamed', `Renamed from "${before.name}" to "${after.name}"`);
        if (after.description !== before.description) record(group.id, actor, 'described', 'Description changed');
        return undo.keep('group.save', { actor, label: after.name === before.name ? `Changed the description of ${after.name}` : `Renamed ${before.name} to ${after.name}`, payload: { id: group.id, before, after } });
      });
      tell([group.id, group.parent_id]);
      return { undo: kept };
    },
    move({ groups, parent }: { groups: readonly string[]; parent: string | null }, actor: string): Undoable {
      const touched: (string | null)[] = [];
      const kept = groupRepo.transaction(() => {
        const to = parent === null ? null : require(parent).id;
        const moved: { group: StoredGroup; from: string | null }[] = [];
        for (const ref of groups) {
          const tree = load();
          const group = require(ref, tree);
          if (group.parent_id === to) continue;
          if (to !== null && tree.below(group.id).includes(to)) throw new AppError('conflict', `"${group.name}" can't be moved into itself or a group below it.`, { group: group.id, parent: to });
          requireFree(tree, to, group.name, group.id);
          groupRepo.setParent(group.id, to);
          record(group.id, actor, 'moved', `Moved to ${to === null ? 'the top' : tree.pathText(to)}`);
          moved.push({ group, from: group.parent_id });
          touched.push(group.id, group.parent_id, to);
        }
        if (moved.length === 0) return null;
        return undo.keep('group.move', { actor, label: `Moved ${names(moved.map((each) => each.group))} to ${to === null ? 'the top' : load().pathText(to)}`, payload: { to, groups: moved.map(({ group, from }) => ({ id: group.id, from })) } });
      });
      tell(touched);
      return { undo: kept };
    },
    /** With the groups below; the computers of all of them go to *New computers*. */
    trash(refs: readonly string[], actor: string): Undoable {
      const touched: (string | null)[] = [null];
      const computers: { id: string; group: string }[] = [];
      const kept = groupRepo.transaction(() => {
        const tree = load();
        const named = refs.map((ref) => require(ref, tree));
        const all = [...new Set(named.flatMap((group) => tree.below(group.id)))];
        const at = clock();
        for (const row of repo.inGroups(all)) {
          computers.push({ id: row.id, group: row.group_id });
          repo.setGroup(row.id, null);
        }
        for (const id of all) groupRepo.setTrashed(id, at);
        for (const group of named) {
          const inside = new Set(tree.below(group.id));
          const count = computers.filter((computer) => inside.has(computer.group)).length;
          record(group.id, actor, 'trashed', `Group "${group.name}" was deleted${count === 0 ? '' : `; its ${count === 1 ? 'computer is' : `${count} computers are`} in New computers now`}`);
          touched.push(group.parent_id);
        }
        touched.push(...all);
        return undo.keep('group.trash', { actor, label: `Deleted ${named.length === 1 ? `the group ${names(named)}` : names(named)}`, payload: { groups: all, at, computers } });
      });
      for (const { id } of computers) events.changed('computer', id);
      tell(touched);
      return { undo: kept };
    },
  };
}
