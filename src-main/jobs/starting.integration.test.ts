import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskSummary } from '#shared/model/computer.ts';
import type { Task } from '#shared/model/job.ts';
import { buildMenu, itemsOf } from '#shared/model/menu.ts';
import { Database } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { migrations } from '../db/migrations/list.ts';
import { openEvents, type Events } from '../events/service.ts';
import type { Runs } from '../runs/service.ts';
import { openUndo } from '../undo/service.ts';
import { openJobs, type Jobs, type JobsParts } from './service.ts';

const image = randomUUID();
const needsBytes = 38e9;
const disk = (facts: Partial<DiskSummary>): DiskSummary => ({ path: '/dev/sda', model: 'Samsung', serial: 'S1', bus: 'sata', sizeBytes: 256e9, sectorSizeBytes: 512, removable: false, readOnly: false, busy: null, systemDisk: false, tableKind: 'gpt', partitions: [], ...facts });
const deploy: Task = { type: 'deploy', id: 'd', disk: { kind: 'only-internal' }, imageGuid: image, imageName: 'Win11', version: null };
const done: Task = { type: 'message', id: 'm', text: 'Done', seconds: 5 };

type Fake = { id: string; name: string; disks: DiskSummary[]; online: boolean };
let folder = '';
let db: Database;
let events: Events;
let jobs: Jobs;
let room: Fake[] = [];
let load: ReturnType<Runs['load']> = new Map();
let made: Parameters<Runs['createJobRuns']>[0][number][] = [];
let imageProblem: string | null = null;
let readiness: { rev: number; answers: object } | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'platen-jobs-'));
  db = new Database(join(folder, 'platen.db'), () => undefined);
  migrate(db, migrations, () => undefined);
  events = openEvents({ db, clock: Date.now });
  [room, load, made, imageProblem, readiness] = [[], new Map(), [], null, null];
  // Neighbours reduced to what starting asks of them.
  const parts = {
    db, events, undo: openUndo({ db, clock: Date.now }), clock: Date.now,
    images: { readiness: () => {
      if (readiness?.rev !== events.latest('image')) readiness = { rev: events.latest('image'), answers: { deploy: (guid: string) => (guid === image ? { name: 'Win11', version: 3, needsBytes, problem: imageProblem } : null), captureProblem: () => null, nameOf: () => 'Win11' } };
      return readiness.answers;
    } },
    computers: { resolve: (ids: readonly string[], groups: readonly string[]) => (groups.length > 0 ? room.map((each) => each.id) : [...ids]), disksOf: (id: string) => room.find((each) => each.id === id) },
    runs: { load: () => load, createJobRuns: (runs: typeof made) => {
      made.push(...runs);
      return runs.map((run) => `run of ${run.jobName} on ${run.computerName}`);
    } },
  } as unknown as JobsParts;
  jobs = openJobs(parts);
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

const computer = (name: string, disks: DiskSummary[] = [disk({})], online = true): string => {
  const id = randomUUID();
  room.push({ id, name, disks, online });
  return id;
};
const started = (target: Partial<Parameters<Jobs['start']>[0]> & { what: string }): ReturnType<Jobs['start']> => jobs.start({ computers: [], groups: ['room'], busy: 'queue', ...target }, 'anna');

describe('before a start', () => {
  it('each computer says what is erased there, what is under way, and what will not work', () => {
    computer('lab-01', [disk({ model: 'SAMSUNG PM9A1', serial: 'S64', sizeBytes: 512e9 }), disk({ path: '/dev/sdb', bus: 'usb', removable: true })]);
    const busy = computer('lab-02');
    computer('lab-03', [disk({}), disk({ path: '/dev/sdb', serial: 'S2' })]);
    computer('lab-04', [disk({ sizeBytes: 32e9 })], false);
    computer('lab-05', [], false);
    load.set(busy, { busyWith: 'Linux', pending: 2 });
    const { id } = jobs.create({ folder: null, name: 'Win11 (MI)', tasks: [deploy, done] }, 'anna');
    const preview = jobs.preview({ what: `job/${id}`, computers: [], groups: ['room'] });
    expect(preview).toMatchObject({ title: 'Win11 (MI)', erases: true, problem: null, jobs: [{ id, name: 'Win11 (MI)', tasks: ['Deploy Win11 (newest version) to the internal disk', 'Show “Done” for 5 s'] }] });
    expect(preview.computers.map((each) => [each.computerName, each.online, each.busyWith, each.pending, each.erases, each.problem])).toEqual([
      ['lab-01', true, null, 0, ['SAMSUNG PM9A1 512 GB, S/N S64'], null],
      ['lab-02', true, 'Linux', 2, ['Samsung 256 GB, S/N S1'], null],
      ['lab-03', true, null, 0, [], expect.stringContaining('Several disks fit')],
      ['lab-04', false, null, 0, [], expect.stringContaining('a disk of 38.0 GB or more')],
      ['lab-05', false, null, 0, ['the internal disk (not seen yet)'], null],
    ]);
    expect(made).toEqual([]);
  });

  it('a path that no agent has shown is not a refusal: it may be a file of that agent', () => {
    computer('lab-01');
    const { id } = jobs.create({ folder: null, name: 'x', tasks: [{ ...deploy, disk: { kind: 'path', path: '/tmp/disk.img' } }] }, 'anna');
    expect(jobs.preview({ what: id, computers: [], groups: ['room'] }).computers).toMatchObject([{ erases: ['/tmp/disk.img (not seen yet)'], problem: null }]);
  });
});

describe('a start', () => {
  it('makes one run per job and computer, in the order of the tree, never of a dummy job, with the tasks as they are now', () => {
    const f = jobs.createFolder({ parent: null, name: 'Lab (MI)' }, 'anna').id;
    const [two, ten] = [jobs.create({ folder: f, name: '2 Deploy', tasks: [deploy] }, 'anna').id, jobs.create({ folder: f, name: '10 Say so', tasks: [done] }, 'anna').id];
    jobs.create({ folder: f, name: '(MI)', description: 'The lab' }, 'anna');
    const [one] = [computer('lab-01'), computer('lab-02')];
    const { batchId, runs, skipped } = started({ what: 'Lab' });
    expect(runs.map(({ computerName, title }) => `${computerName}: ${title}`)).toEqual(['lab-01: 2 Deploy', 'lab-01: 10 Say so', 'lab-02: 2 Deploy', 'lab-02: 10 Say so']);
    expect(skipped).toEqual([]);
    expect(made.slice(0, 2)).toEqual([
      { computerId: one, computerName: 'lab-01', jobId: two, jobName: '2 Deploy', tasks: [deploy], batchId, position: 1, batchSize: 2, actor: 'anna' },
      { computerId: one, computerName: 'lab-01', jobId: ten, jobName: '10 Say so', tasks: [done], batchId, position: 2, batchSize: 2, actor: 'anna' },
    ]);
  });

  it('skips where it can not work, and where something is under way if that is wished', () => {
    jobs.create({ folder: null, name: 'Win11', tasks: [deploy] }, 'anna');
    load.set(computer('lab-01'), { busyWith: 'Linux', pending: 0 });
    computer('lab-02');
    computer('lab-03', [disk({ sizeBytes: 1e9 })]);
    expect(started({ what: 'Win11', busy: 'skip' })).toMatchObject({ runs: [{ computerName: 'lab-02' }], skipped: [{ computerName: 'lab-01', reason: 'Linux is under way there.' }, { computerName: 'lab-03', reason: expect.stringContaining('38.0 GB') as unknown }] });
    expect(started({ what: 'Win11' }).runs.map((run) => run.computerName)).toEqual(['lab-01', 'lab-02']);
  });

  it('is refused as a whole, with the reason, where nothing of it could work', () => {
    const f = jobs.createFolder({ parent: null, name: 'Lab' }, 'anna').id;
    expect(() => started({ what: 'Lab' })).toThrow('Nothing was started: There is no job in “Lab”. Put that right');
    jobs.create({ folder: f, name: 'Deploy', tasks: [deploy] }, 'anna');
    expect(() => started({ what: 'Lab' })).toThrow('there is no computer in what was chosen');
    computer('lab-01');
    jobs.create({ folder: f, name: 'Empty' }, 'anna');
    expect(jobs.preview({ what: 'Lab', computers: [], groups: ['room'] }).problem).toBe('“Empty” can\'t run: It has no tasks yet.');
    expect(() => started({ what: 'Lab' })).toThrow('“Empty” can\'t run');
    imageProblem = 'Win11 is disabled';
    events.changed('image', image);
    jobs.create({ folder: null, name: '(MI)' }, 'anna');
    expect(() => started({ what: '(MI)' })).toThrow('only names its folder in the portal');
    expect(made).toEqual([]);
  });

  it('of more runs than a site has is refused before it is made', () => {
    const f = jobs.createFolder({ parent: null, name: 'Lab' }, 'anna').id;
    for (let index = 0; index < 11; index++) jobs.create({ folder: f, name: `job ${index}`, tasks: [done] }, 'anna');
    for (let index = 0; index < 2000; index++) computer(`pc-${index}`);
    expect(() => started({ what: 'Lab' })).toThrow('22000 runs, and at most 20000 are started at once');
  });
});

it('the menu of 1,000 items out of 5,000 jobs comes in under 50 ms, also right after a change of a job or image', () => {
  const folders = Array.from({ length: 200 }, (_, index) => jobs.createFolder({ parent: null, name: `Folder ${index}` }, 'anna').id);
  const ids = db.transaction(() => Array.from({ length: 5000 }, (_, index) => jobs.create({ folder: folders[index % 200] ?? null, name: `Deploy ${index}${index % 5 === 0 ? ' (MI)' : ''}`, tasks: [deploy, done] }, 'anna').id));
  const took = Array.from({ length: 40 }, (_, round) => {
    if (round % 3 === 1) jobs.save({ id: ids[round] ?? '', description: `Text ${round}` }, 'anna');
    if (round % 3 === 2) events.changed('image', image);
    const began = process.cpuUsage();
    const items = itemsOf(buildMenu(jobs.menuSource(), { layout: round % 2 === 0 ? 'flat' : 'folders', rootFolderId: null }, { may: null }));
    // Of the processor, not by the clock: what it takes, whatever else the machine does meanwhile.
    const tookMs = process.cpuUsage(began).user / 1000;
    expect(items).toHaveLength(1000);
    return tookMs;
  });
  const after = took.slice(1).sort((a, b) => a - b);
  if (process.env['PLATEN_FIGURES'] === '1') console.log(`menu: first ${took[0]?.toFixed(1)} ms, then median ${after[19]?.toFixed(1)} ms, slowest ${after.at(-1)?.toFixed(1)} ms`);
  expect(after[19]).toBeLessThan(50);
});

it('the same source of the menu is given until something in it has changed', () => {
  const { id } = jobs.create({ folder: null, name: 'Win11 (MI)', tasks: [deploy] }, 'anna');
  const first = jobs.menuSource();
  events.changed('image', image);
  expect(jobs.menuSource()).toBe(first);
  imageProblem = 'Win11 is disabled';
  events.changed('image', image);
  const second = jobs.menuSource();
  expect([second === first, second.jobs[0]?.problem, jobs.menuSource() === second]).toEqual([false, 'Win11 is disabled', true]);
  jobs.save({ id, description: 'Text' }, 'anna');
  expect(jobs.menuSource().jobs[0]).toMatchObject({ description: 'Text', needsBytes });
});
