import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '#shared/errors.ts';
import { nameOrderKey } from '#shared/model/computer-name.ts';
import { actor, TestComputers } from '../computers/test-computers.ts';
import { openEvents } from '../events/service.ts';
import type { Images } from '../images/service.ts';
import { openJobs, type Jobs } from '../jobs/service.ts';

type Step = { kind: string; a: number; b: number; c: number };
type Undoable = { undo: number | null };
const steps = (kinds: readonly string[], maxLength: number) => fc.array(fc.record({ kind: fc.constantFrom(...kinds), a: fc.nat(99), b: fc.nat(99), c: fc.nat(99) }), { maxLength });
const at = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)];
/** What is refused changes nothing; anything else that goes wrong is a defect. */
function allowed<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof AppError && error.code !== 'internal') return null;
    throw error;
  }
}

/** Computers, groups and their changes. */
class Site {
  readonly lab = new TestComputers();
  readonly ids: string[];
  constructor() {
    this.ids = ['LAB-1', 'LAB-2', 'LAB-3', 'LAB-4'].map((name) => this.lab.make(name));
    for (const id of this.ids) this.lab.run(id, 'succeeded');
    for (const name of ['A', 'B']) this.lab.computers.createGroup({ parent: null, name }, actor);
  }
  private groups(): string[] {
    return this.lab.db.all<{ id: string }>('SELECT id FROM computer_group WHERE trashed_at IS NULL ORDER BY created_at').map((row) => row.id);
  }
  step({ kind, a, b, c }: Step): Undoable {
    const { computers } = this.lab;
    const [one = '', two = ''] = [at(this.ids, a), at(this.ids, b)];
    const groups = this.groups();
    const [group = '', into] = [at(groups, a), b % 4 === 0 ? null : at(groups, c) ?? null];
    switch (kind) {
      case 'rename': return computers.rename(one, `LAB-${(b % 6) + 1}`, actor);
      case 'move': return computers.move({ computers: [one, two], group: into }, actor);
      case 'trash': return computers.trash(c % 2 === 0 ? [one] : [one, two], actor);
      case 'untrash': return computers.untrash([one], actor);
      case 'merge': return computers.merge({ into: one, from: two }, actor);
      case 'split': return computers.split(one, actor);
      case 'run': {
        const { id } = computers.get(one);
        this.lab.run(id, 'succeeded');
        return { undo: null };
      }
      case 'group': return computers.createGroup({ parent: into, name: `G${c % 3}` }, actor);
      case 'saveGroup': return computers.saveGroup({ group, name: `G${c % 4}`, description: String(b) }, actor);
      case 'moveGroup': return computers.moveGroups({ groups: [...new Set([group, at(groups, b) ?? group])], parent: into }, actor);
      default: return computers.trashGroups([group], actor);
    }
  }
  state(withRuns: boolean): unknown {
    return {
      computers: this.lab.db.all('SELECT id, name, name_key, group_id, named, trashed_at IS NULL AS living, merged_into FROM computer ORDER BY id'),
      groups: this.lab.db.all('SELECT id, parent_id, name, description FROM computer_group WHERE trashed_at IS NULL ORDER BY id'),
      runs: withRuns ? this.lab.db.all('SELECT id, computer_id FROM run ORDER BY id') : [],
    };
  }
  /** What must hold whatever was done and undone, and does not. */
  wrong(): string[] {
    const rows = this.lab.db.all<{ id: string; name: string; name_key: string; group_id: string | null; trashed_at: number | null; merged_into: string | null }>('SELECT * FROM computer');
    const living = rows.filter((row) => row.trashed_at === null && row.merged_into === null);
    const roots = new Set(rows.filter((row) => row.merged_into === null).map((row) => row.id));
    return [
      ...(new Set(living.map((row) => row.name_key)).size === living.length ? [] : ['two computers have one name']),
      ...rows.filter((row) => row.name_key !== nameOrderKey(row.name)).map((row) => `${row.name} has another name's key`),
      ...rows.filter((row) => !roots.has(this.lab.computers.currentId(row.id))).map((row) => `${row.name} belongs to nobody`),
      ...living.filter((row) => row.group_id !== null && !this.lab.computers.hasGroup(row.group_id)).map((row) => `${row.name} is in a group that is gone`),
      ...this.lab.computers.groups().filter((group) => this.lab.computers.group(group.id).path[0]?.id !== rootGroup(this.lab, group.id)).map((group) => `${group.name} hangs nowhere`),
      ...this.lab.db.all<{ computer_id: string }>('SELECT computer_id FROM run').filter((run) => !roots.has(run.computer_id)).map(() => 'a run has no computer'),
      ...(this.lab.names().toSorted().join() === living.map((row) => row.name).toSorted().join() ? [] : ['the list shows others']),
    ];
  }
}
function rootGroup(lab: TestComputers, id: string): string {
  let [at, left] = [id, 100];
  for (; left > 0; left--) {
    const parent = lab.db.get<{ parent: string | null }>('SELECT parent_id AS parent FROM computer_group WHERE id = :at', { at })?.parent ?? null;
    if (parent === null) return at;
    at = parent;
  }
  throw new Error('groups hold each other in a circle');
}

/** Jobs and folders and their changes. */
class Tree {
  readonly lab = new TestComputers();
  readonly jobs: Jobs;
  constructor() {
    const { lab } = this;
    const readiness = { deploy: () => null, captureProblem: () => null, nameOf: () => null };
    this.jobs = openJobs({ db: lab.db, events: openEvents({ db: lab.db, clock: () => lab.clock() }), undo: lab.undo, images: { readiness: () => readiness } as unknown as Images, computers: lab.computers, runs: lab.runs, clock: () => lab.clock() });
    for (const name of ['A', 'B', 'C']) this.jobs.createFolder({ parent: null, name }, actor);
    for (const name of ['one', 'two']) this.jobs.create({ folder: null, name }, actor);
  }
  private items(): string[] {
    return this.lab.db.all<{ item: string }>("SELECT 'folder/' || id AS item FROM job_folder UNION ALL SELECT 'job/' || id FROM job").map((row) => row.item);
  }
  step({ kind, a, b, c }: Step): Undoable {
    const items = this.items();
    const [one = '', two = ''] = [at(items, a), at(items, b)];
    const folders = items.filter((item) => item.startsWith('folder/'));
    const into = c % 5 === 0 ? null : at(folders, c) ?? null;
    switch (kind) {
      case 'job': return this.jobs.create({ folder: into, name: `J${a % 4}` }, actor);
      case 'folder': return this.jobs.createFolder({ parent: into, name: `F${a % 4}` }, actor);
      case 'save': return one.startsWith('job/') ? this.jobs.save({ id: one.slice(4), name: `S${b % 3}${c % 2 === 0 ? ' (MI)' : ''}`, showInPortal: c % 3 === 0 }, actor) : this.jobs.saveFolder({ id: one.slice(7), name: `T${b % 3}`, description: String(c % 3) }, actor);
      case 'move': return this.jobs.move({ items: [one, two], folder: into }, actor);
      case 'duplicate': return items.length > 30 ? { undo: null } : this.jobs.duplicate([one], actor);
      case 'trash': return this.jobs.trash([one, two], actor);
      default: return this.jobs.untrash([one, two], actor);
    }
  }
  /** Of what is living: what was made and taken back stays in the trash. */
  state(): unknown {
    const draw = (folder: string | null): unknown => {
      const { jobs, folders } = this.jobs.folder(folder);
      const order = (left: { id: string }, right: { id: string }): number => (left.id < right.id ? -1 : 1);
      return [jobs.toSorted(order).map(({ id, name, description, showInPortal }) => ({ id, name, description, showInPortal })), folders.toSorted(order).map(({ id, name, description, showInPortal }) => ({ id, name, description, showInPortal, below: draw(id) }))];
    };
    return draw(null);
  }
  wrong(): string[] {
    const parents = new Map(this.lab.db.all<{ id: string; parent: string | null }>('SELECT id, parent_id AS parent FROM job_folder').map((row) => [row.id, row.parent]));
    return [...parents.keys()].filter((id) => {
      const way = new Set<string>();
      let folder: string | null | undefined = id;
      for (; typeof folder === 'string' && !way.has(folder); folder = parents.get(folder)) way.add(folder);
      return folder !== null;
    });
  }
}

const computerSteps = steps(['rename', 'move', 'trash', 'untrash', 'merge', 'merge', 'split', 'run', 'group', 'saveGroup', 'moveGroup', 'trashGroup'], 14);
const jobSteps = steps(['job', 'folder', 'folder', 'save', 'move', 'move', 'duplicate', 'trash', 'untrash'], 14);
const opts = { numRuns: Number(process.env['UNDO_RUNS'] ?? 40), endOnFailure: false };

describe('whatever was done, taken back from the last to the first', () => {
  it('leaves computers and groups as they were', () => {
    fc.assert(fc.property(computerSteps, (done) => {
      const site = new Site();
      const before = site.state(!done.some((step) => step.kind === 'run'));
      const kept = done.flatMap((step) => allowed(() => site.step(step))?.undo ?? []);
      expect(site.wrong()).toEqual([]);
      for (const id of kept.toReversed()) site.lab.undo.run(id, actor);
      expect(site.wrong()).toEqual([]);
      expect(site.state(!done.some((step) => step.kind === 'run'))).toEqual(before);
    }), opts);
  }, 300_000);
  it('leaves jobs and folders as they were', () => {
    fc.assert(fc.property(jobSteps, (done) => {
      const tree = new Tree();
      const before = tree.state();
      const kept = done.flatMap((step) => allowed(() => tree.step(step))?.undo ?? []);
      expect(tree.wrong()).toEqual([]);
      for (const id of kept.toReversed()) tree.lab.undo.run(id, actor);
      expect(tree.state()).toEqual(before);
    }), opts);
  }, 300_000);
});

describe('whatever was done, taken back in any order', () => {
  it('keeps names unique, groups a tree, and every run with a computer', () => {
    fc.assert(fc.property(computerSteps, fc.array(fc.nat(), { maxLength: 20 }), (done, order) => {
      const site = new Site();
      const kept = done.flatMap((step) => allowed(() => site.step(step))?.undo ?? []);
      for (const index of order) allowed(() => site.lab.undo.run(at(kept, index) ?? 0, actor));
      expect(site.wrong()).toEqual([]);
    }), opts);
  }, 300_000);
  it('keeps folders a tree, and what is shown the same as what is kept', () => {
    fc.assert(fc.property(jobSteps, fc.array(fc.nat(), { maxLength: 20 }), (done, order) => {
      const tree = new Tree();
      const kept = done.flatMap((step) => allowed(() => tree.step(step))?.undo ?? []);
      for (const index of order) allowed(() => tree.lab.undo.run(at(kept, index) ?? 0, actor));
      expect(tree.wrong()).toEqual([]);
      const shown = tree.state();
      tree.lab.restart();
      expect(new Tree2(tree.lab).state()).toEqual(shown);
    }), opts);
  }, 300_000);
});

describe('what a chance order seldom meets', () => {
  it('two folders are not moved back into each other', () => {
    const { jobs, lab } = new Tree();
    const make = (name: string, parent: string | null): string => jobs.createFolder({ parent, name }, actor).id;
    const [p, q] = [make('P', null), make('Q', null)];
    const [a, b] = [make('a', p), make('b', q)];
    const { undo } = jobs.move({ items: [`folder/${a}`, `folder/${b}`], folder: null }, actor);
    jobs.move({ items: [`folder/${p}`], folder: `folder/${b}` }, actor);
    jobs.move({ items: [`folder/${q}`], folder: `folder/${a}` }, actor);
    expect(() => lab.undo.run(undo ?? 0, actor)).toThrow('lies in it');
    expect(jobs.folders()).toHaveLength(7);
    expect(jobs.folder(null).folders.map((folder) => folder.name)).toEqual(['A', 'a', 'B', 'b', 'C']);
  });

  it('a record that was split off one that is part of another is put back, with what it did meanwhile', () => {
    const { lab, ids: [f = '', i = '', j = ''] } = new Site();
    lab.computers.merge({ into: i, from: f }, actor);
    lab.computers.merge({ into: j, from: i }, actor);
    const before = lab.computers.get(j).merged;
    const split = lab.computers.split(f, actor);
    const meanwhile = lab.run(f, 'succeeded');
    lab.back(split);
    expect([lab.computers.get(j).merged, lab.computers.currentId(f), lab.runs.idsOf(j).length]).toEqual([before, j, 4]);
    lab.computers.split(i, actor);
    expect([lab.computers.currentId(f), lab.runs.idsOf(i).includes(meanwhile), lab.runs.idsOf(j).length]).toEqual([i, true, 1]);
    // Merged the other way round meanwhile: it can't hold the one it belongs to.
    const again = lab.computers.split(f, actor);
    lab.computers.merge({ into: f, from: i }, actor);
    expect(() => lab.back(again)).toThrow('changed since');
  });

  it('a computer that a technician takes out of the trash by saying that this is it gets a name that is free', () => {
    const lab = new TestComputers();
    const old = lab.hello({ hostname: 'LAB-1', systemSerial: 'SN-OLD-1', assetTag: 'ROOM-12' });
    const twin = lab.hello({ hostname: 'LAB-9', systemSerial: 'SN-TWIN-9', assetTag: 'ROOM-12' });
    lab.computers.trash([old.id], actor);
    lab.computers.rename(twin.id, 'LAB-1', actor);
    const unclear = lab.hello({ hostname: 'x', assetTag: 'ROOM-12' });
    expect(unclear.candidates.map((each) => each.id)).toContain(old.id);
    expect(lab.computers.identify(unclear.id, old.id, actor)).toMatchObject({ id: old.id, name: 'LAB-1 (2)' });
    expect(lab.names()).toEqual(['LAB-1', 'LAB-1 (2)']);
  });
});

/** The same database, read anew. */
class Tree2 {
  readonly jobs: Jobs;
  constructor(lab: TestComputers) {
    const readiness = { deploy: () => null, captureProblem: () => null, nameOf: () => null };
    this.jobs = openJobs({ db: lab.db, events: openEvents({ db: lab.db, clock: () => lab.clock() }), undo: lab.undo, images: { readiness: () => readiness } as unknown as Images, computers: lab.computers, runs: lab.runs, clock: () => lab.clock() });
  }
  readonly state = Tree.prototype.state.bind(this as unknown as Tree);
}
