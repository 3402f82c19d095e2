// Owns what a person does to computers as records: rename, move between groups, trash and back, each with its inverse.
import { nameOrderKey } from '#shared/model/computer-name.ts';
import { z } from 'zod';
import type { Finding } from './finding.ts';
import { freeName, requireFree, requireName } from './names.ts';
import { allDifferent, changedSince, computersInWords, findComputer, findLiving, requireIdle, type Parts, type Undoable } from './parts.ts';
import type { StoredComputer } from './repo.ts';

const renamedSchema = z.object({ id: z.string(), from: z.string(), named: z.union([z.literal(0), z.literal(1)]), to: z.string() });
const movedSchema = z.object({ to: z.string().nullable(), computers: z.array(z.object({ id: z.string(), from: z.string().nullable() })) });
/** as: the name it came back with, where its own was taken. */
const listedSchema = z.object({ computers: z.array(z.object({ id: z.string(), name: z.string(), as: z.string().optional() })) });

export function openMoving({ repo, groups, events, undo, runs, clock, finding }: Parts & { finding: Finding }) {
  const record = (id: string, actor: string, kind: string, message: string, data: Record<string, unknown> = {}): void => events.record({ actor, entity: 'computer', id, kind, message, data });
  function tell(ids: readonly string[], places: readonly (string | null)[] = []): void {
    for (const id of ids) events.changed('computer', id);
    for (const place of new Set(places)) events.changed('group', place ?? 'new');
  }
  function setName(id: string, name: string, named: 0 | 1): void {
    repo.setName({ id, name, key: nameOrderKey(name), named });
    finding.refresh(id);
  }
  function putBack(computer: StoredComputer, actor: string): void {
    const name = freeName(repo, computer.name, computer.id);
    if (name !== computer.name) setName(computer.id, name, computer.named);
    if (computer.group_id !== null && !groups.isThere(computer.group_id)) repo.setGroup(computer.id, null);
    repo.setTrashed(computer.id, null);
    record(computer.id, actor, 'restored', name === computer.name ? 'Taken out of the trash' : `Taken out of the trash as "${name}", because another computer is called "${computer.name}" now`);
  }

  undo.register('computer.rename', (payload, actor) => {
    const { id, from, named, to } = renamedSchema.parse(payload);
    const computer = repo.byId(id);
    if (computer === undefined || computer.name !== to || computer.merged_into !== null) throw changedSince(`the name of ${computer?.name ?? to}`);
    if (computer.trashed_at === null) requireFree(repo, id, from);
    setName(id, from, named);
    record(id, actor, 'renamed', `Renamed back from "${to}" to "${from}"`, { from: to, to: from });
    tell([id]);
  });
  undo.register('computer.move', (payload, actor) => {
    const { to, computers } = movedSchema.parse(payload);
    for (const { id, from } of computers) {
      const computer = repo.byId(id);
      if (computer === undefined || computer.group_id !== to || (from !== null && !groups.isThere(from))) throw changedSince(`the group of ${computer?.name ?? 'a computer'}`);
      repo.setGroup(id, from);
      record(id, actor, 'moved', `Moved back to ${groups.nameOf(from)}`);
    }
    tell(computers.map(({ id }) => id), [to, ...computers.map(({ from }) => from)]);
  });
  undo.register('computer.trash', (payload, actor) => {
    const rows = listedSchema.parse(payload).computers.map(({ id, name }) => {
      const computer = repo.byId(id);
      if (computer === undefined || computer.trashed_at === null) throw changedSince(name);
      return computer;
    });
    for (const computer of rows) putBack(computer, actor);
    tell(rows.map(({ id }) => id), rows.map((row) => row.group_id));
  });
  undo.register('computer.untrash', (payload, actor) => {
    const rows = listedSchema.parse(payload).computers.map(({ id, name, as = name }) => {
      const computer = repo.byId(id);
      if (computer === undefined || computer.trashed_at !== null || computer.merged_into !== null) throw changedSince(name);
      requireIdle(runs, computer, 'deleted');
      return { ...computer, before: computer.name === as ? name : computer.name };
    });
    for (const { id, name, before, named } of rows) {
      if (before !== name) setName(id, before, named);
      repo.setTrashed(id, clock());
      runs.cancelPending(id, { actor, reason: 'its computer was deleted again' });
      record(id, actor, 'trashed', 'Deleted again: it is in the trash');
    }
    tell(rows.map(({ id }) => id), rows.map((row) => row.group_id));
  });

  return {
    /** From then on a person has named it. */
    rename(ref: string, name: string, actor: string): Undoable {
      const computer = findComputer(repo, ref);
      const to = name.trim();
      if (computer.name === to && computer.named === 1) return { undo: null };
      const kept = repo.transaction(() => {
        requireName(repo, computer, to);
        setName(computer.id, to, 1);
        const message = computer.name === to ? `Named "${to}", as it was called` : `Renamed from "${computer.name}" to "${to}"`;
        record(computer.id, actor, 'renamed', message, { from: computer.name, to });
        return undo.keep('computer.rename', { actor, label: computer.name === to ? `Kept the name ${to}` : `Renamed ${computer.name} to ${to}`, payload: { id: computer.id, from: computer.name, named: computer.named, to } });
      });
      tell([computer.id]);
      return { undo: kept };
    },
    move({ computers, group }: { computers: readonly string[]; group: string | null }, actor: string): Undoable {
      const to = groups.place(group);
      const moved = allDifferent(computers.map((ref) => findLiving(repo, ref))).filter((computer) => computer.group_id !== to);
      if (moved.length === 0) return { undo: null };
      const name = groups.nameOf(to);
      const kept = repo.transaction(() => {
        for (const computer of moved) {
          repo.setGroup(computer.id, to);
          record(computer.id, actor, 'moved', `Moved from ${groups.nameOf(computer.group_id)} to ${name}`);
        }
        return undo.keep('computer.move', { actor, label: `Moved ${computersInWords(moved)} to ${name}`, payload: { to, computers: moved.map(({ id, group_id: from }) => ({ id, from })) } });
      });
      tell(moved.map(({ id }) => id), [to, ...moved.map((computer) => computer.group_id)]);
      return { undo: kept };
    },
    trash(refs: readonly string[], actor: string): Undoable {
      const rows = allDifferent(refs.map((ref) => findComputer(repo, ref))).filter((computer) => computer.trashed_at === null);
      if (rows.length === 0) return { undo: null };
      for (const computer of rows) requireIdle(runs, computer, 'deleted');
      const kept = repo.transaction(() => {
        for (const { id } of rows) {
          repo.setTrashed(id, clock());
          // It comes back by itself at its next hello: nothing asked for before may then erase it.
          runs.cancelPending(id, { actor, reason: 'its computer was deleted' });
          record(id, actor, 'trashed', 'Deleted: it is in the trash, and comes back by itself when its agent says hello');
        }
        return undo.keep('computer.trash', { actor, label: `Deleted ${computersInWords(rows)}`, payload: { computers: rows.map(({ id, name }) => ({ id, name })) } });
      });
      tell(rows.map(({ id }) => id), rows.map((row) => row.group_id));
      return { undo: kept };
    },
    untrash(refs: readonly string[], actor: string): Undoable {
      const rows = allDifferent(refs.map((ref) => findComputer(repo, ref))).filter((computer) => computer.trashed_at !== null);
      if (rows.length === 0) return { undo: null };
      const kept = repo.transaction(() => {
        for (const computer of rows) putBack(computer, actor);
        return undo.keep('computer.untrash', { actor, label: `Took ${computersInWords(rows)} out of the trash`, payload: { computers: rows.map(({ id, name }) => ({ id, name, as: repo.byId(id)?.name ?? name })) } });
      });
      tell(rows.map(({ id }) => id), rows.map((row) => row.group_id));
      return { undo: kept };
    },
    putBack,
    setName,
  };
}
