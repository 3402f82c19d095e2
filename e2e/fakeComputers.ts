// Computers and their groups in the fake server: rooms, moves, merges and splits over made-up data, with undo.
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import type { ComputerRow, ComputerView, Group, GroupDetail } from '#shared/model/computer.ts';
import type { HistoryEvent } from '#shared/model/image.ts';
import type { Change, SearchHit, TreeNode } from '#shared/model/server.ts';
import type { FakeData } from './fakeData.ts';
import { guidOf } from './fakeIds.ts';
import { fail, t } from './fakeProcedures.ts';
import type { Procedures } from './fakeProcedures.ts';

export type FakeGroup = Pick<Group, 'id' | 'parentId' | 'name' | 'description' | 'trashedAt'>;
type FakeUndo = { keep: (label: string, inverse: () => void) => number; run: (id: number) => { label: string } };
export type FakeParts = { data: FakeData; guarded: Procedures['guarded']; undo: FakeUndo; changed: (entity: Change['entity'], id: string) => void };

const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const byName = (left: { name: string }, right: { name: string }): number => names.compare(left.name, right.name);
const kept = <Item extends { trashedAt: number | null }>(items: Item[]): Item[] => items.filter((item) => item.trashedAt === null);
const some = z.array(z.string());

export function computerOf(data: FakeData, ref: string): ComputerView {
  return data.computers.find((computer) => computer.id === ref || computer.name === ref) ?? fail(new AppError('not-found', `There is no computer "${ref}".`));
}
function groupOf(data: FakeData, ref: string): FakeGroup {
  return data.groups.find((group) => group.id === ref || group.name === ref) ?? fail(new AppError('not-found', `There is no group "${ref}".`));
}

/** The group and every group below it. */
export function groupsBelow(data: FakeData, id: string): Set<string> {
  const found = new Set([id]);
  for (const group of found) for (const child of kept(data.groups)) if (child.parentId === group) found.add(child.id);
  return found;
}
function pathTo(data: FakeData, id: string | null): { id: string; name: string }[] {
  const group = data.groups.find((each) => each.id === id);
  return group === undefined ? [] : [...pathTo(data, group.parentId), { id: group.id, name: group.name }];
}
export function groupView(data: FakeData, group: FakeGroup): Group {
  const below = groupsBelow(data, group.id);
  const inside = kept(data.computers).filter((computer) => computer.groupId !== null && below.has(computer.groupId));
  return { ...group, computerCount: inside.length, onlineCount: inside.filter((computer) => computer.online).length, groupCount: kept(data.groups).filter((each) => each.parentId === group.id).length };
}
function rowOf(computer: ComputerView): ComputerRow {
  const { id, name, groupId, firstSeenAt, lastSeenAt, online, address, model, serial, diskCount, named, trashedAt } = computer;
  return { id, name, groupId, firstSeenAt, lastSeenAt, online, address, model, serial, diskCount, named, trashedAt };
}

type ListInput = { group?: string | undefined; deep?: boolean | undefined; text?: string | undefined; online?: boolean | undefined; trash?: boolean | undefined; limit?: number | undefined };
function list(data: FakeData, { group, deep, text, online, trash, limit }: ListInput): ComputerRow[] {
  const groups = group === undefined || group === 'new' ? null : deep === true ? groupsBelow(data, group) : new Set([group]);
  const wanted = text?.trim().toLowerCase() ?? '';
  return data.computers.filter((computer) => (computer.trashedAt !== null) === (trash === true))
    .filter((computer) => group === undefined || (group === 'new' ? computer.groupId === null : computer.groupId !== null && groups?.has(computer.groupId) === true))
    .filter((computer) => online === undefined || computer.online === online)
    .filter((computer) => wanted === '' || [computer.name, computer.serial, computer.model, computer.address, ...computer.identity.macs.map((mac) => mac.address)].some((value) => value.toLowerCase().includes(wanted)))
    .toSorted(byName).slice(0, limit).map(rowOf);
}

export function fakeComputersRouter({ data, guarded, undo, changed }: FakeParts) {
  /** Changes some objects by `change`; undo puts back all that they were. */
  const undoably = <Item extends { id: string }>(entity: 'computer' | 'group', items: Item[], label: string, change: (item: Item) => void): { undo: number } => {
    const before = items.map((item) => ({ item, was: { ...item } }));
    for (const item of items) { change(item); changed(entity, item.id); }
    return { undo: undo.keep(label, () => { for (const { item, was } of before) { Object.assign(item, was); changed(entity, item.id); } }) };
  };
  const computers = (refs: string[]): ComputerView[] => refs.map((ref) => computerOf(data, ref));
  return t.router({
    list: guarded.input(z.object({ group: z.string().optional(), deep: z.boolean().optional(), text: z.string().optional(), online: z.boolean().optional(), trash: z.boolean().optional(), limit: z.number().optional() }).optional()).query(({ input }) => list(data, input ?? {})),
    get: guarded.input(z.object({ computer: z.string() })).query(({ input }): ComputerView => {
      const computer = computerOf(data, input.computer);
      return { ...computer, path: pathTo(data, computer.groupId) };
    }),
    history: guarded.input(z.object({ computer: z.string() })).query(({ input }): HistoryEvent[] => {
      const computer = computerOf(data, input.computer);
      return [
        { id: 2, at: computer.firstSeenAt + 3_600_000, actor: 'anna', kind: 'renamed', message: `Renamed from ${computer.serial} to ${computer.name}`, data: {} },
        { id: 1, at: computer.firstSeenAt, actor: 'server', kind: 'first-seen', message: `Computer "${computer.serial}" was seen for the first time`, data: {} },
      ];
    }),
    rename: guarded.input(z.object({ computer: z.string(), name: z.string() })).mutation(({ input }) => {
      const computer = computerOf(data, input.computer);
      if (data.computers.some((each) => each !== computer && each.name.toLowerCase() === input.name.toLowerCase())) fail(new AppError('conflict', `There is another computer named “${input.name}”. Two computers of one name could not be told apart in a network; choose another name.`));
      return undoably('computer', [computer], `Renamed ${computer.name} to ${input.name}`, (each) => { each.name = input.name; each.named = true; });
    }),
    move: guarded.input(z.object({ computers: some, group: z.string().nullable() })).mutation(({ input }) => {
      const group = input.group === null ? null : groupOf(data, input.group).id;
      return undoably('computer', computers(input.computers), 'Moved', (computer) => { computer.groupId = group; });
    }),
    merge: guarded.input(z.object({ into: z.string(), from: z.string() })).mutation(({ input }) => {
      const [into, from] = [computerOf(data, input.into), computerOf(data, input.from)];
      if (data.runs.some((run) => run.computerId === from.id && run.state === 'running')) fail(new AppError('conflict', `A run is under way on ${from.name}, so it was not merged. Wait until it has ended, or cancel it.`));
      const [place, similar] = [data.computers.indexOf(from), into.similar];
      data.computers.splice(place, 1);
      into.merged.push({ id: from.id, name: from.name, at: Date.now() });
      into.similar = similar.filter((each) => each.id !== from.id);
      changed('computer', into.id);
      return { undo: undo.keep(`Merged ${from.name} into ${into.name}`, () => {
        data.computers.splice(place, 0, from);
        into.similar = similar;
        into.merged = into.merged.filter((each) => each.id !== from.id);
        changed('computer', into.id);
      }) };
    }),
    split: guarded.input(z.object({ merged: z.string() })).mutation(({ input }) => {
      const into = data.computers.find((computer) => computer.merged.some((each) => each.id === input.merged)) ?? fail(new AppError('not-found', 'This record is no part of another one.'));
      const record = into.merged.find((each) => each.id === input.merged);
      const made: ComputerView = { ...structuredClone(into), id: input.merged, name: record?.name ?? '', merged: [], similar: [], online: false };
      data.computers.push(made);
      into.merged = into.merged.filter((each) => each.id !== input.merged);
      changed('computer', into.id);
      return { undo: undo.keep(`Split ${made.name} from ${into.name}`, () => {
        data.computers.splice(data.computers.indexOf(made), 1);
        if (record !== undefined) into.merged.push(record);
        changed('computer', into.id);
      }) };
    }),
    trash: guarded.input(z.object({ computers: some })).mutation(({ input }) => undoably('computer', computers(input.computers), 'Moved to the trash', (computer) => { computer.trashedAt = Date.now(); })),
    untrash: guarded.input(z.object({ computers: some })).mutation(({ input }) => undoably('computer', computers(input.computers), 'Restored', (computer) => { computer.trashedAt = null; })),
    ...groupProcedures({ data, guarded, undo, changed }, undoably),
  });
}

type Undoably = <Item extends { id: string }>(entity: 'computer' | 'group', items: Item[], label: string, change: (item: Item) => void) => { undo: number };
function groupProcedures({ data, guarded, undo, changed }: FakeParts, undoably: Undoably) {
  return {
    groups: guarded.query((): Group[] => kept(data.groups).toSorted(byName).map((group) => groupView(data, group))),
    group: guarded.input(z.object({ group: z.string() })).query(({ input }): GroupDetail => {
      const group = groupOf(data, input.group);
      return { ...groupView(data, group), path: pathTo(data, group.parentId), groups: kept(data.groups).filter((each) => each.parentId === group.id).toSorted(byName).map((each) => groupView(data, each)) };
    }),
    createGroup: guarded.input(z.object({ parent: z.string().nullable(), name: z.string() })).mutation(({ input }) => {
      const group: FakeGroup = { id: crypto.randomUUID(), parentId: input.parent, name: input.name, description: '', trashedAt: null };
      data.groups.push(group);
      changed('group', group.id);
      return { id: group.id, undo: undo.keep(`Made group ${group.name}`, () => { data.groups.splice(data.groups.indexOf(group), 1); changed('group', group.id); }) };
    }),
    saveGroup: guarded.input(z.object({ group: z.string(), name: z.string().optional(), description: z.string().optional() })).mutation(({ input }) => undoably('group', [groupOf(data, input.group)], 'Changed', (group) => {
      if (input.name !== undefined) group.name = input.name;
      if (input.description !== undefined) group.description = input.description;
    })),
    moveGroup: guarded.input(z.object({ groups: some, parent: z.string().nullable() })).mutation(({ input }) => {
      if (input.groups.some((id) => input.parent !== null && groupsBelow(data, id).has(input.parent))) fail(new AppError('conflict', 'A group can’t be moved into itself. Choose another place.'));
      return undoably('group', input.groups.map((id) => groupOf(data, id)), 'Moved', (group) => { group.parentId = input.parent; });
    }),
    trashGroup: guarded.input(z.object({ groups: some })).mutation(({ input }) => {
      const below = new Set(input.groups.flatMap((id) => [...groupsBelow(data, id)]));
      const computers = undoably('computer', data.computers.filter((computer) => computer.groupId !== null && below.has(computer.groupId)), 'Moved', (computer) => { computer.groupId = null; });
      const groups = undoably('group', data.groups.filter((group) => below.has(group.id)), 'Moved', (group) => { group.trashedAt = Date.now(); });
      return { undo: undo.keep('Moved to the trash', () => { undo.run(groups.undo); undo.run(computers.undo); }) };
    }),
  };
}

/** Rooms with their computers, and one machine that came twice: a second record after its board was changed. */
export function addRooms(data: FakeData, now: number): void {
  const group = (name: string, parentId: string | null, description = ''): string => {
    data.groups.push({ id: guidOf(`group ${name}`), parentId, name, description, trashedAt: null });
    return guidOf(`group ${name}`);
  };
  const building = group('Main building', null);
  const room12 = group('Room 12', building, 'Windows lab, second floor');
  const room14 = group('Room 14', building);
  const loans = group('Loan laptops', null);
  group('Store room', null);
  const known = new Map(data.computers.map((computer) => [computer.name, computer]));
  const like = known.get('LAB12-01');
  if (like === undefined) return;
  const add = (name: string, groupId: string | null, given: Partial<ComputerView> = {}): void => {
    const there = known.get(name);
    if (there !== undefined) { Object.assign(there, { groupId }, given); return; }
    const serial = guidOf(name).slice(0, 7).toUpperCase();
    const mac = `a4:bb:6d:${guidOf(name).slice(0, 6).replace(/(..)(..)(..)/, '$1:$2:$3')}`;
    data.computers.push({
      ...structuredClone(like), id: guidOf(name), name, groupId, serial, address: `192.168.10.${30 + (data.computers.length % 200)}`, online: data.computers.length % 3 !== 0, lastSeenAt: data.computers.length % 3 !== 0 ? now : now - data.computers.length * 3_600_000,
      identity: { ...like.identity, systemUuid: guidOf(`uuid ${name}`).toUpperCase(), systemSerial: serial, boardSerial: `CN${serial}`, macs: [{ address: mac, onboard: true }], hostname: name.toLowerCase() },
      evidence: evidenceOf(guidOf(`uuid ${name}`).toUpperCase(), serial, mac), ...given,
    });
  };
  for (let number = 1; number <= 24; number++) add(`LAB12-${String(number).padStart(2, '0')}`, room12);
  add('teacher-12', room12);
  for (let number = 1; number <= 12; number++) add(`LAB14-${String(number).padStart(2, '0')}`, room14);
  for (let number = 1; number <= 5; number++) add(`loan-${number}`, loans, { model: 'LENOVO 20XW004GE', online: number === 2 });
  add('PF2K81QX', null, { named: false, firstSeenAt: now - 600_000, lastSeenAt: now, online: true });
  add('7XK2M9Z', null, { named: false, firstSeenAt: now - 86_400_000, online: false, lastSeenAt: now - 80_000_000 });
  const first = like;
  const twin = data.computers.find((computer) => computer.name === '7XK2M9Z');
  if (twin !== undefined) first.similar = [{ id: twin.id, name: twin.name, score: 40, lastSeenAt: twin.lastSeenAt }];
  first.evidence = [...evidenceOf(first.identity.systemUuid, first.serial, first.identity.macs[0]?.address ?? ''), { kind: 'mac', value: '00:e0:4c:68:01:02', weight: 0, shared: true }];
  first.merged = [{ id: guidOf('merged LAB12-01'), name: 'old-lab-1', at: now - 20 * 86_400_000 }];
}
function evidenceOf(uuid: string, serial: string, mac: string): ComputerView['evidence'] {
  return [{ kind: 'system-uuid', value: uuid.toLowerCase(), weight: 50, shared: false }, { kind: 'system-serial', value: serial.toLowerCase(), weight: 40, shared: false }, { kind: 'board-serial', value: `cn${serial}`.toLowerCase(), weight: 25, shared: false }, { kind: 'mac', value: mac, weight: 10, shared: false }];
}

/** The tree below "computers", a group and "group/new"; undefined for places of others. */
export function computerNodes(data: FakeData, parent: string): TreeNode[] | undefined {
  const groupId = parent === 'computers' ? null : parent === 'group/new' ? 'new' : /^group\/(.+)$/.exec(parent)?.[1];
  if (groupId === undefined) return undefined;
  const computers = (wanted: string | null): TreeNode[] => kept(data.computers).filter((computer) => computer.groupId === wanted).toSorted(byName)
    .map((computer) => ({ id: `computer/${computer.id}`, kind: 'computer', name: computer.name, badge: null, state: computer.online ? 'online' : null, hasChildren: false }));
  if (groupId === 'new') return computers(null);
  const groups = kept(data.groups).filter((group) => group.parentId === groupId).toSorted(byName).map((group): TreeNode => {
    const view = groupView(data, group);
    return { id: `group/${group.id}`, kind: 'group', name: group.name, badge: view.computerCount > 0 ? String(view.computerCount) : null, state: null, hasChildren: view.computerCount + view.groupCount > 0 };
  });
  if (groupId !== null) return [...groups, ...computers(groupId)];
  const fresh = kept(data.computers).filter((computer) => computer.groupId === null).length;
  return [{ id: 'group/new', kind: 'new-computers', name: 'New computers', badge: fresh > 0 ? String(fresh) : null, state: null, hasChildren: fresh > 0 }, ...groups];
}

export function findComputers(data: FakeData, text: string): SearchHit[] {
  return [
    ...kept(data.groups).filter((group) => group.name.toLowerCase().includes(text)).map((group): SearchHit => ({ id: `group/${group.id}`, kind: 'group', name: group.name, detail: pathTo(data, group.parentId).map((each) => each.name).join(' / ') })),
    ...list(data, { text }).map((computer): SearchHit => ({ id: `computer/${computer.id}`, kind: 'computer', name: computer.name, detail: pathTo(data, computer.groupId).map((each) => each.name).join(' / ') || 'New computers' })),
  ];
}
