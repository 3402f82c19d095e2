import { beforeEach, describe, expect, it } from 'vitest';
import { actor, mac, refused, TestComputers } from './test-computers.ts';

let lab: TestComputers;
beforeEach(() => {
  lab = new TestComputers();
});

describe('a list of computers', () => {
  it('is in the order people count, and goes on after the last row of a page', () => {
    for (const name of ['LAB-10', 'lab-2', 'LAB-1', 'Zeta', 'alpha']) lab.make(name);
    const first = lab.computers.list({ limit: 2 });
    expect([first.map((row) => row.name), lab.names({ after: first[1]?.id, limit: 2 }), lab.names({ after: 'lab-2' })]).toEqual([['alpha', 'LAB-1'], ['lab-2', 'LAB-10'], ['LAB-10', 'Zeta']]);
  });
  it('shows one group, with those below when asked, those in none as "new", and who is connected', () => {
    const [one, two] = [lab.make('LAB-1'), lab.make('LAB-2')];
    lab.make('LAB-3');
    const building = lab.computers.createGroup({ parent: null, name: 'Building A' }, actor).id;
    const room = lab.computers.createGroup({ parent: building, name: 'Room 12' }, actor).id;
    lab.computers.move({ computers: [one], group: building }, actor);
    lab.computers.move({ computers: [two], group: 'Building A/Room 12' }, actor);
    lab.computers.connected(two);
    expect([lab.names({ group: building }), lab.names({ group: building, deep: true }), lab.names({ group: room }), lab.names({ group: 'new' }), lab.names({ online: true }), lab.names({ online: false })]).toEqual([['LAB-1'], ['LAB-1', 'LAB-2'], ['LAB-2'], ['LAB-3'], ['LAB-2'], ['LAB-1', 'LAB-3']]);
    expect(lab.computers.groups().map(({ name, computerCount, onlineCount, groupCount }) => ({ name, computerCount, onlineCount, groupCount }))).toEqual([
      { name: 'Building A', computerCount: 2, onlineCount: 1, groupCount: 1 }, { name: 'Room 12', computerCount: 1, onlineCount: 1, groupCount: 0 },
    ]);
    expect(lab.computers.resolve(['LAB-3'], [building])).toHaveLength(3);
    lab.computers.disconnected(two);
    expect(lab.names({ online: true })).toEqual([]);
  });
  it('finds by name, serial, address, asset tag, model, and an address of an adapter however it is typed', () => {
    lab.hello({ hostname: 'LAB-1', systemSerial: 'PF2K81QX', assetTag: 'ROOM-204', macs: [mac('00:1b:21:aa:bb:cc')] });
    lab.hello({ hostname: 'other', systemSerial: 'ZZZZ1', product: 'ThinkCentre' });
    for (const text of ['lab-1', 'pf2k', 'room-204', '00:1B:21:aa', '00-1b-21-aa-bb', '001b21aabbcc', 'OptiPlex']) expect([text, lab.names({ text })]).toEqual([text, ['LAB-1']]);
    expect([lab.names({ text: '10.0.0.7' }), lab.names({ text: '%' })]).toEqual([['LAB-1', 'other'], []]);
    expect(lab.computers.search('001b21', 5)).toEqual([{ id: expect.stringMatching(/^computer\//) as string, kind: 'computer', name: 'LAB-1', detail: 'New computers · Dell Inc. OptiPlex 7010 · PF2K81QX · 001b21aabbcc' }]);
  });
  it('is the same after a restart, and after coming from a version without it', () => {
    lab.make('LAB-10');
    lab.make('LAB-2');
    lab.db.run("UPDATE computer SET name_key = '', found_by = ''");
    lab.restart();
    expect([lab.names(), lab.names({ text: 'lab-10' })]).toEqual([['LAB-2', 'LAB-10'], ['LAB-10']]);
  });
});

describe('what is kept in memory', () => {
  it('is true again after a change that was taken back, even where it was asked for in the middle', () => {
    lab.make('LAB-1');
    const name = (): string[] => lab.computers.search('a', 5).map((hit) => hit.name);
    expect(name()).toEqual(['LAB-1']);
    expect(() => lab.db.transaction(() => {
      lab.computers.rename('LAB-1', 'BAR-7', actor);
      expect([name(), lab.names({ text: 'bar' })]).toEqual([['BAR-7'], ['BAR-7']]);
      throw new Error('taken back');
    })).toThrow('taken back');
    expect([name(), lab.names({ text: 'bar' }), lab.computers.count()]).toEqual([['LAB-1'], [], 1]);
  });
  it('is the same as the database after many changes of every kind', async () => {
    const group = lab.computers.createGroup({ parent: null, name: 'A' }, actor).id;
    const names = Array.from({ length: 40 }, (_, index) => `PC-${(index * 7) % 40}`);
    for (const [index, each] of names.entries()) {
      lab.make(each, `ZQ${index}77K`);
      if (index % 3 === 0) lab.computers.move({ computers: [each], group }, actor);
      if (index % 5 === 0) lab.computers.rename(each, `NEU-${index}`, actor);
      else if (index % 7 === 0) lab.computers.trash([each], actor);
      if (index % 11 === 10) lab.computers.merge({ into: 'NEU-0', from: lab.names({ text: 'pc-' })[0] ?? '' }, actor);
      if (index % 2 === 0) await Promise.resolve();
      const rows = lab.db.all<{ group_id: string | null }>('SELECT group_id FROM computer WHERE merged_into IS NULL AND trashed_at IS NULL');
      expect([lab.computers.count(), lab.computers.newCount(), lab.names({ text: 'zq' }).length]).toEqual([rows.length, rows.filter((row) => row.group_id === null).length, rows.length]);
    }
    expect(lab.names({ text: 'zq' })).toEqual(lab.names());
  });
  it('does not hide what is in the trash from who looks there', () => {
    lab.make('LAB-1');
    lab.computers.trash(['LAB-1'], actor);
    expect([lab.names({ trash: true, text: 'lab' }), lab.names({ text: 'lab' })]).toEqual([['LAB-1'], []]);
  });
});

describe('a name', () => {
  it('given by a person is a name that systems accept, that nobody else has, and makes the computer named', () => {
    const id = lab.make('LAB-1');
    lab.make('lab-2');
    expect(() => lab.computers.rename(id, 'lab 1', actor)).toThrow(refused('invalid-input'));
    expect(() => lab.computers.rename(id, 'LAB-2', actor)).toThrow(refused('conflict'));
    expect([lab.computers.nameProblem(id, 'LAB-2'), lab.computers.nameProblem(id, 'lab-1'), lab.computers.nameProblem(id, 'LAB-3')]).toEqual(['lab-2 is the name of another computer (Dell Inc. OptiPlex 7010, SNlab-2X). Choose another one.', null, null]);
    const renamed = lab.computers.rename('LAB-1', 'ROOM12-01', actor);
    expect([lab.names(), lab.computers.get(id).named]).toEqual([['lab-2', 'ROOM12-01'], true]);
    expect(lab.names({ text: 'room12' })).toEqual(['ROOM12-01']);
    expect(lab.back(renamed)).toEqual({ label: 'Renamed LAB-1 to ROOM12-01' });
    expect([lab.names(), lab.computers.get(id).named]).toEqual([['LAB-1', 'lab-2'], false]);
    expect(() => lab.back(renamed)).toThrow(refused('conflict'));
  });
  it('can be kept however odd it is', () => {
    const id = lab.hello({ systemSerial: 'PF2K81QX' }).id;
    expect(lab.computers.get(id).name).toBe('OptiPlex 7010 PF2K81QX');
    lab.computers.rename(id, 'OptiPlex 7010 PF2K81QX', actor);
    expect(lab.computers.get(id).named).toBe(true);
  });
  it('is not taken back once somebody else changed it, or has it', () => {
    const id = lab.make('LAB-1');
    const first = lab.computers.rename(id, 'LAB-2', actor);
    const second = lab.computers.rename(id, 'LAB-3', actor);
    expect(() => lab.back(first)).toThrow(refused('conflict'));
    lab.make('LAB-2');
    expect(() => lab.back(second)).toThrow(refused('conflict'));
  });
  it('of a machine seen for the first time gets a number where it is taken', () => {
    expect([lab.make('pc', 'AB1'), lab.make('PC', 'AB2'), lab.make('pc', 'AB3')].map((id) => lab.computers.get(id).name)).toEqual(['pc', 'PC (2)', 'pc (3)']);
  });
});

describe('groups', () => {
  const group = (name: string, parent: string | null = null): string => lab.computers.createGroup({ parent, name }, actor).id;
  const tree = (): string[] => lab.computers.groups().map(({ name, parentId }) => `${parentId === null ? '' : `${lab.computers.group(parentId).name}/`}${name}`);

  it('nest, never in themselves, and no two of one name side by side', () => {
    const a = group('A');
    const b = group('B', a);
    const other = group('b');
    for (const wrong of [
      () => lab.computers.moveGroups({ groups: [a], parent: b }, actor), () => lab.computers.moveGroups({ groups: [a], parent: a }, actor), () => lab.computers.moveGroups({ groups: [other], parent: a }, actor),
      () => group('b', a), () => lab.computers.saveGroup({ group: other, name: 'a' }, actor),
    ]) expect(wrong).toThrow(refused('conflict'));
    expect(() => lab.computers.group('B')).toThrow(refused('ambiguous-name'));
    expect(() => lab.computers.group('C')).toThrow(refused('not-found'));
    expect([lab.computers.group('A/B').id, lab.computers.group('a').id, tree()]).toEqual([b, a, ['A', 'A/B', 'b']]);
  });
  it('are never called as New computers are meant: a job for the one would run on the others', () => {
    const a = group('A');
    for (const wrong of [() => group('new'), () => group('New', a), () => lab.computers.saveGroup({ group: a, name: 'NEW' }, actor)]) expect(wrong).toThrow(refused('invalid-input'));
  });
  it('are renamed, moved and made, and each is taken back unless it changed since', () => {
    const a = lab.computers.createGroup({ parent: null, name: 'A' }, actor);
    const b = lab.computers.createGroup({ parent: null, name: 'B' }, actor);
    const moved = lab.computers.moveGroups({ groups: [b.id], parent: a.id }, actor);
    const renamed = lab.computers.saveGroup({ group: b.id, name: 'Room 2', description: 'second floor' }, actor);
    expect(tree()).toEqual(['A', 'A/Room 2']);
    expect([lab.back(renamed), lab.back(moved)]).toEqual([{ label: 'Renamed B to Room 2' }, { label: 'Moved B to A' }]);
    expect(tree()).toEqual(['A', 'B']);
    lab.computers.move({ computers: [lab.make('LAB-1')], group: b.id }, actor);
    expect(() => lab.back(b)).toThrow(refused('conflict'));
    lab.back(a);
    expect([tree(), lab.computers.moveGroups({ groups: [b.id], parent: null }, actor), lab.computers.saveGroup({ group: b.id, name: 'B' }, actor)]).toEqual([['B'], { undo: null }, { undo: null }]);
  });
  it('in the trash give their computers to New computers, those below too, and take exactly them back', () => {
    const [a, room] = [group('A'), group('Z')];
    const below = group('Room 1', a);
    const ids = [lab.make('LAB-1'), lab.make('LAB-2'), lab.make('LAB-3'), lab.make('LAB-4')];
    for (const [index, place] of [a, below, below, room].entries()) lab.computers.move({ computers: [ids[index] ?? ''], group: place }, actor);
    const trashed = lab.computers.trashGroups([a], actor);
    expect([tree(), lab.names({ group: 'new' }), lab.computers.newCount()]).toEqual([['Z'], ['LAB-1', 'LAB-2', 'LAB-3'], 3]);
    expect(lab.back(trashed)).toEqual({ label: 'Deleted the group A' });
    expect([tree(), lab.names({ group: 'new' }), lab.names({ group: a, deep: true }), lab.names({ group: below }), lab.names({ group: room })]).toEqual([['A', 'A/Room 1', 'Z'], [], ['LAB-1', 'LAB-2', 'LAB-3'], ['LAB-2', 'LAB-3'], ['LAB-4']]);
    const again = lab.computers.trashGroups([a], actor);
    lab.computers.move({ computers: ['LAB-2'], group: room }, actor);
    expect(() => lab.back(again)).toThrow(refused('conflict'));
    expect(lab.names({ group: 'new' })).toEqual(['LAB-1', 'LAB-3']);
  });
  it('take computers and give them back', () => {
    const [a, b] = [group('A'), group('B')];
    const ids = [lab.make('LAB-1'), lab.make('LAB-2'), lab.make('LAB-3')];
    lab.computers.move({ computers: [ids[0] ?? ''], group: b }, actor);
    lab.told = [];
    const moved = lab.computers.move({ computers: [...ids, 'lab-1'], group: 'A' }, actor);
    expect([lab.names({ group: a }), new Set(lab.told)]).toEqual([['LAB-1', 'LAB-2', 'LAB-3'], new Set([...ids.map((id) => `computer/${id}`), `group/${a}`, `group/${b}`, 'group/new'])]);
    expect(lab.computers.get('LAB-1').path).toEqual([{ id: a, name: 'A' }]);
    expect([lab.back(moved), lab.names({ group: b }), lab.names({ group: 'new' })]).toEqual([{ label: 'Moved 3 computers to A' }, ['LAB-1'], ['LAB-2', 'LAB-3']]);
    expect(lab.computers.history('LAB-1').map((event) => event.message)).toEqual(['Moved back to B', 'Moved from B to A', 'Moved from New computers to B', 'Computer "LAB-1" was seen for the first time']);
    const alone = lab.computers.move({ computers: ['LAB-2'], group: a }, actor);
    lab.computers.move({ computers: ['LAB-2'], group: b }, actor);
    expect(() => lab.back(alone)).toThrow(refused('conflict'));
  });
});

describe('the trash', () => {
  it('hides a computer, and undo brings it back as it was', () => {
    const id = lab.make('LAB-1');
    const before = lab.record(id);
    const trashed = lab.computers.trash(['LAB-1'], actor);
    expect([lab.names(), lab.names({ trash: true }), lab.computers.count(), lab.computers.search('lab', 5)]).toEqual([[], ['LAB-1'], 0, []]);
    expect(() => lab.computers.resolve([id], [])).toThrow(refused('conflict'));
    lab.back(trashed);
    expect([lab.names(), lab.record(id)]).toEqual([['LAB-1'], before]);
    expect(() => lab.computers.trash([lab.make('LAB-2'), 'LAB-9'], actor)).toThrow(refused('not-found'));
  });
  it('takes no computer with a run under way, and all or none', () => {
    const [idle, busy] = [lab.make('LAB-1'), lab.make('LAB-2')];
    lab.run(idle, 'waiting');
    lab.run(busy, 'running');
    expect(() => lab.computers.trash([idle, busy], actor)).toThrow(refused('conflict'));
    expect(lab.names()).toEqual(['LAB-1', 'LAB-2']);
  });
  it('gives a computer back by itself when its agent says hello, under a free name, and says so', () => {
    const id = lab.make('LAB-1', 'PF2K81QX');
    lab.computers.trash([id], actor);
    lab.make('lab-1', 'OTHER77');
    expect(lab.hello({ systemSerial: 'PF2K81QX', hostname: 'whatever' })).toMatchObject({ id, name: 'LAB-1 (2)', isNew: false });
    expect(lab.computers.history(id).map((event) => event.message).slice(0, 2)).toEqual(['Taken out of the trash as "LAB-1 (2)", because another computer is called "LAB-1" now', 'Its agent said hello while it was in the trash']);
  });
  it('is left by a person\'s word, too', () => {
    lab.make('LAB-1');
    lab.computers.trash(['LAB-1'], actor);
    const restored = lab.computers.untrash(['LAB-1'], actor);
    expect(lab.names()).toEqual(['LAB-1']);
    lab.back(restored);
    expect(lab.names({ trash: true })).toEqual(['LAB-1']);
  });
});
