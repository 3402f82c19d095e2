import { randomBytes, randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Task } from '#shared/model/job.ts';
import { CHUNK, testChunk } from '../test-agent.ts';
import { testAgent, testApi, testServer, type TestApi } from '../test-server.ts';
import { ROOT_ID } from './views.ts';

const message = (text: string): Task => ({ type: 'message', id: text.toLowerCase().replace(/[^a-z0-9]/g, '-').slice(0, 40), text, seconds: null });
const script = (id: string, text: string): Task => ({ type: 'script', id, title: '', text, timeoutSeconds: 60, continueOnError: false });

let api: TestApi;
/** The same server, as another window sees it. */
let other: TestApi;
beforeEach(async () => {
  const server = await testServer();
  api = testApi(server);
  other = testApi(server);
});

const job = async (name: string, folder: string | null = null, tasks: Task[] = [message('Hello')]): Promise<string> => (await api.jobs.create.mutate({ name, folder, tasks })).id;
const folder = async (name: string, parent: string | null = null): Promise<string> => (await api.jobs.createFolder.mutate({ name, parent })).id;
const undone = async ({ undo }: { undo: number | null }): Promise<string> => (await api.undo.run.mutate({ id: undo ?? 0 })).label;
/** Names below a folder as text: "a, b, Folder[c]". */
async function drawn(at: string | null = null): Promise<string> {
  const { jobs, folders } = await api.jobs.folder.query({ folder: at });
  return [...jobs.map((each) => each.name), ...await Promise.all(folders.map(async (each) => `${each.name}[${await drawn(each.id)}]`))].join(', ');
}

describe('a job', () => {
  it('keeps every save as a revision that says who changed what, and an earlier one can be made the newest again', async () => {
    const id = await job('Win11', null, [message('One'), message('Two')]);
    await api.jobs.save.mutate({ id, rev: 1, name: 'Win11 (MI)', tasks: [message('One'), message('Two'), message('Three')] });
    await api.jobs.save.mutate({ id, rev: 2, description: 'Windows for the lab' });
    expect(await api.jobs.save.mutate({ id, rev: 3, description: 'Windows for the lab' })).toEqual({ rev: 3, undo: null });
    expect((await api.jobs.restore.mutate({ id, rev: 1 })).rev).toBe(4);
    expect((await api.jobs.history.query({ job: id })).map(({ rev, actor, message: words, tasks }) => [rev, actor, words, tasks.length])).toEqual([
      [4, 'admin', 'Revision 1 restored: renamed from “Win11 (MI)” to “Win11”; portal text removed; not published any more; tasks changed: 3 → 2', 2],
      [3, 'admin', 'Portal text set', 3],
      [2, 'admin', 'Renamed from “Win11” to “Win11 (MI)”; published; tasks changed: 2 → 3', 3],
      [1, 'admin', 'Made', 2],
    ]);
    expect(await api.jobs.get.query({ job: id })).toMatchObject({ name: 'Win11', rev: 4, description: '', published: false, taskCount: 2, updatedBy: 'admin', problem: null, path: [] });
    await expect(api.jobs.restore.mutate({ id, rev: 9 })).rejects.toThrow('“Win11” has no revision 9');
  });

  it('is not overwritten by somebody who opened it before another saved it', async () => {
    const id = await job('Shared');
    await other.jobs.save.mutate({ id, rev: 1, description: 'Theirs' });
    await expect(api.jobs.save.mutate({ id, rev: 1, description: 'Mine' })).rejects.toThrow(/admin saved “Shared” while you were editing it \(it is at revision 2, you began at 1\).*Nothing of yours was saved/);
    expect(await api.jobs.get.query({ job: id })).toMatchObject({ description: 'Theirs', rev: 2 });
  });

  it('is told to every window', async () => {
    const seen: string[] = [];
    const told = Promise.withResolvers<void>();
    const subscription = other.changes.watch.subscribe(undefined, {
      onStarted: () => void api.jobs.create.mutate({ name: 'New', folder: null }),
      onData: (changes) => {
        seen.push(...changes.map((change) => change.entity));
        if (seen.includes('job') && seen.includes('folder')) told.resolve();
      },
    });
    await told.promise;
    subscription.unsubscribe();
  });

  it('can be taken back step by step, unless somebody changed it since', async () => {
    const made = await api.jobs.create.mutate({ name: 'Job', folder: null, tasks: [message('A')] });
    const saved = await api.jobs.save.mutate({ id: made.id, name: 'Renamed', tasks: [] });
    expect(await undone(saved)).toBe('Renamed: Renamed from “Job” to “Renamed”; tasks changed: 1 → 0');
    expect(await api.jobs.get.query({ job: made.id })).toMatchObject({ name: 'Job', rev: 3, taskCount: 1 });
    await expect(undone(saved)).rejects.toThrow('was undone already');

    const second = await api.jobs.save.mutate({ id: made.id, description: 'Mine' });
    await other.jobs.save.mutate({ id: made.id, description: 'Theirs' });
    await expect(undone(second)).rejects.toMatchObject({ data: { app: { code: 'conflict', message: expect.stringContaining('was changed since (by admin)') as unknown } } });
    expect((await api.jobs.get.query({ job: made.id })).description).toBe('Theirs');
    await expect(undone(made)).rejects.toThrow('“Job” was changed since');
  });

  it('that was just made goes to the trash when that is undone', async () => {
    const made = await api.jobs.create.mutate({ name: 'Job', folder: null });
    expect(await undone(made)).toBe('Made the job “Job”');
    expect([await drawn(), (await api.jobs.list.query({ trash: true })).map((each) => each.name)]).toEqual(['', ['Job']]);
  });
});

describe('a folder', () => {
  it('says what running it would run, in the order of the tree', async () => {
    const imaging = await folder('Imaging (MI)');
    const room = await folder('Room 2', imaging);
    for (const [name, at] of [['10 Restart', imaging], ['2 Image', imaging], ['(MI)', imaging], ['Join', room]] as const) await job(name, at);
    const detail = await api.jobs.folder.query({ folder: imaging });
    expect(detail.runs.map(({ name, path }) => `${path}: ${name}`)).toEqual(['Imaging (MI): 2 Image', 'Imaging (MI): 10 Restart', 'Imaging (MI) / Room 2: Join']);
    expect(detail).toMatchObject({ published: true, jobCount: 3, folderCount: 1, path: [], jobs: [{ name: '(MI)', published: false }, { name: '2 Image' }, { name: '10 Restart' }] });
    expect(await api.jobs.folder.query({ folder: room })).toMatchObject({ path: [{ name: 'Imaging (MI)' }] });
    expect(await api.jobs.folder.query({ folder: null })).toMatchObject({ id: ROOT_ID, name: 'Jobs', folders: [{ name: 'Imaging (MI)' }], jobs: [] });
  });

  it('is renamed, published and taken back, with its history', async () => {
    const id = await folder('Room');
    const saved = await api.jobs.saveFolder.mutate({ id, rev: 1, name: 'Room 12', showInPortal: true, description: 'All of room 12' });
    await expect(other.jobs.saveFolder.mutate({ id, rev: 1, name: 'Room 13' })).rejects.toThrow('while you were editing it');
    expect(await undone(saved)).toBe('Room 12: Renamed from “Room” to “Room 12”; portal text set; published');
    expect(await api.jobs.folder.query({ folder: id })).toMatchObject({ name: 'Room', showInPortal: false, description: '' });
    const again = await api.jobs.saveFolder.mutate({ id, name: 'A' });
    await other.jobs.saveFolder.mutate({ id, name: 'B' });
    await expect(undone(again)).rejects.toThrow('“B” was changed since');
    expect((await api.jobs.events.query({ what: `folder/${id}` })).map((event) => event.message)).toEqual(['Renamed from “A” to “B”', 'Renamed from “Room” to “A”',
      'Undone: Renamed from “Room 12” to “Room”; portal text removed; not published any more', 'Renamed from “Room” to “Room 12”; portal text set; published', 'Made']);
  });
});

describe('places', () => {
  it('move takes many at once, a folder with all that is in it, and back', async () => {
    const [a, b, c] = [await folder('A'), await folder('B'), await folder('C')];
    const [one, two] = [await job('one', a), await job('two')];
    const moved = await api.jobs.move.mutate({ items: [`folder/${a}`, `job/${one}`, `job/${two}`], folder: b });
    expect(await drawn()).toBe('B[two, A[one]], C[]');
    expect(await undone(moved)).toBe('Moved “A” and “two” to “B”');
    expect(await drawn()).toBe('two, A[one], B[], C[]');
    expect(await api.jobs.move.mutate({ items: [`job/${two}`], folder: null })).toEqual({ undo: null });

    const first = await api.jobs.move.mutate({ items: [`job/${two}`], folder: b });
    await other.jobs.move.mutate({ items: [`job/${two}`], folder: c });
    await expect(undone(first)).rejects.toThrow('“two” was moved again since');
    expect((await api.jobs.events.query({ what: `job/${two}` })).map((event) => event.message)).toEqual(['Moved from “B” to “C”', 'Moved from the top to “B”', 'Undone: moved from “B” to the top', 'Moved from the top to “B”', 'Made']);
  });

  it('move never puts a folder into itself, below itself, or too deep', async () => {
    const a = await folder('A');
    const b = await folder('B', a);
    await expect(api.jobs.move.mutate({ items: [`folder/${a}`], folder: a })).rejects.toThrow('“A” can\'t be moved into itself');
    await expect(api.jobs.move.mutate({ items: [`folder/${a}`], folder: b })).rejects.toThrow('“A” can\'t be moved into “B”, which lies in it');
    let deepest = b;
    for (let level = 3; level <= 32; level++) deepest = await folder(`L${level}`, deepest);
    await expect(folder('Too deep', deepest)).rejects.toThrow('at most 32 deep');
    await expect(api.jobs.move.mutate({ items: [`folder/${await folder('X')}`], folder: deepest })).rejects.toThrow('at most 32 deep');
    expect(await drawn()).toContain('A[B[L3');
  });

  it('undo of a move meets a folder that left meanwhile', async () => {
    const [a, b] = [await folder('A'), await folder('B')];
    const id = await job('job', a);
    const moved = await api.jobs.move.mutate({ items: [`job/${id}`], folder: b });
    await api.jobs.trash.mutate({ items: [`folder/${a}`] });
    await expect(undone(moved)).rejects.toThrow('“A” is in the trash');
    expect(await drawn()).toBe('B[job]');
  });
});

describe('copies', () => {
  it('are deep, numbered and never published', async () => {
    const f = await folder('Lab (MI)');
    const inner = await folder('Inner (MI)', f);
    await job('Deploy (MI)', inner, [script('s', 'echo')]);
    await api.jobs.save.mutate({ id: await job('(MI)', f), description: 'The whole lab' });
    const single = await job('Win11 (MI)');
    await api.jobs.save.mutate({ id: single, showInPortal: true });
    const copied = await api.jobs.duplicate.mutate({ items: [`folder/${f}`, `folder/${inner}`, `job/${single}`] });
    await api.jobs.duplicate.mutate({ items: [`job/${single}`] });
    expect(await drawn()).toBe('Win11 (copy 2), Win11 (copy), Win11 (MI), Lab (copy)[(MI), Inner[Deploy]], Lab (MI)[(MI), Inner (MI)[Deploy (MI)]]');
    expect((await api.jobs.list.query()).filter((each) => each.published).map((each) => each.name)).toEqual(['Deploy (MI)', 'Win11 (MI)']);
    expect(copied.items).toHaveLength(2);
    expect(await api.jobs.get.query({ job: 'Deploy' })).toMatchObject({ tasks: [{ type: 'script', text: 'echo' }], rev: 1 });
    expect((await api.jobs.history.query({ job: 'Win11 (copy)' }))[0]?.message).toBe('Copied from “Win11 (MI)” (revision 2)');

    expect(await undone(copied)).toBe('Copied “Lab (MI)” and “Win11 (MI)”');
    expect(await drawn()).toBe('Win11 (copy 2), Win11 (MI), Lab (MI)[(MI), Inner (MI)[Deploy (MI)]]');
  });

  it('stay when somebody has put something into them', async () => {
    const f = await folder('Lab');
    const copied = await api.jobs.duplicate.mutate({ items: [`folder/${f}`] });
    await job('theirs', copied.items[0]);
    await expect(undone(copied)).rejects.toThrow('“theirs” was put into “Lab (copy)” since');
  });
});

describe('the trash', () => {
  it('hides what lies in it, and gives it back as it was', async () => {
    const f = await folder('Lab (MI)');
    const inside = await job('Inside (MI)', f);
    const trashed = await api.jobs.trash.mutate({ items: [`folder/${f}`, `job/${inside}`] });
    expect([await drawn(), await api.jobs.list.query(), (await api.tree.children.query({ parent: `folder/${f}` }))]).toEqual(['', [], []]);
    expect(await api.jobs.inTrash.query()).toMatchObject({ folders: [{ id: f, name: 'Lab (MI)' }], jobs: [] });
    await expect(api.jobs.save.mutate({ id: inside, name: 'X' })).rejects.toThrow('is in the folder “Lab (MI)”, which is in the trash');
    await expect(job('New', f)).rejects.toThrow('“Lab (MI)” is in the trash');
    await expect(api.jobs.preview.query({ what: `job/${inside}`, computers: [], groups: [] })).rejects.toThrow('is in the trash, so it is not run');
    expect(await undone(trashed)).toBe('Moved “Lab (MI)” to the trash');
    expect(await drawn()).toBe('Lab (MI)[Inside (MI)]');
  });

  it('what was put there before its folder comes back after it', async () => {
    const f = await folder('Lab');
    const inside = await job('Inside', f);
    await api.jobs.trash.mutate({ items: [`job/${inside}`] });
    await api.jobs.trash.mutate({ items: [`folder/${f}`] });
    await expect(api.jobs.untrash.mutate({ items: [`job/${inside}`] })).rejects.toThrow('lies in the folder “Lab”, which is in the trash itself');
    const back = await api.jobs.untrash.mutate({ items: [`folder/${f}`, `job/${inside}`] });
    expect(await drawn()).toBe('Lab[Inside]');
    expect(await undone(back)).toBe('Took “Lab” and “Inside” out of the trash');
    expect((await api.jobs.inTrash.query()).jobs).toHaveLength(1);
    await expect(undone(await api.jobs.trash.mutate({ items: [`folder/${f}`] }))).rejects.toThrow();
  });

  it('undo of it does nothing where somebody took the thing out before', async () => {
    const id = await job('job');
    const trashed = await api.jobs.trash.mutate({ items: [`job/${id}`] });
    await other.jobs.untrash.mutate({ items: [`job/${id}`] });
    await expect(undone(trashed)).rejects.toThrow('“job” was taken out of the trash since');
  });
});

describe('names', () => {
  it('need not be unique; one that several have is refused with their paths and ids', async () => {
    const [a, b] = [await folder('North'), await folder('South')];
    const [one, two] = [await job('Win11 (MI)', a), await job('Win11 (MI)', b)];
    await expect(api.jobs.get.query({ job: 'Win11 (MI)' })).rejects.toMatchObject({ message: `2 jobs are called “Win11 (MI)”: North/Win11 (MI) (job/${one}), South/Win11 (MI) (job/${two}). Say which one by its path or id.`, data: { app: { code: 'ambiguous-name' } } });
    for (const ref of ['South/Win11 (MI)', 'south / win11', two, `job/${two}`]) expect((await api.jobs.get.query({ job: ref })).id).toBe(two);
    await api.jobs.trash.mutate({ items: [`job/${one}`] });
    expect((await api.jobs.get.query({ job: 'win11' })).id).toBe(two);
    await api.jobs.trash.mutate({ items: [`job/${two}`] });
    await expect(api.jobs.get.query({ job: 'win11' })).rejects.toThrow('2 jobs are called');
    await expect(api.jobs.get.query({ job: 'nothing' })).rejects.toThrow('There is no job “nothing”. "platen job tree" shows what there is.');
    await expect(api.jobs.get.query({ job: a })).rejects.toThrow('“North” is a folder, and a job is needed here');
    await expect(api.jobs.get.query({ job: randomUUID() })).rejects.toMatchObject({ data: { app: { code: 'not-found' } } });
  });

  it('are found by search, in names and portal texts', async () => {
    const f = await folder('Windows');
    await api.jobs.save.mutate({ id: await job('Reinstall', f), description: 'Puts Windows back' });
    expect(await api.search.find.query({ text: 'windows' })).toEqual([
      { id: `folder/${f}`, kind: 'folder', name: 'Windows', detail: 'Jobs' },
      { id: expect.stringMatching(/^job\//) as unknown, kind: 'job', name: 'Reinstall', detail: 'Windows · Puts Windows back' },
    ]);
  });
});

describe('hostile input', () => {
  it.each([
    ['an empty name', { name: '  ' }], ['a name of control characters', { name: 'a\u001b[2J' }], ['an endless name', { name: 'x'.repeat(201) }],
    ['a hundred and one tasks', { name: 'x', tasks: Array.from({ length: 101 }, (_, index) => message(`t${index}`)) }],
    ['two tasks of one id', { name: 'x', tasks: [message('a'), message('a')] }],
    ['an endless script', { name: 'x', tasks: [script('s', 'x'.repeat(64 * 1024 + 1))] }],
    ['too much in all', { name: 'x', tasks: Array.from({ length: 14 }, (_, index) => script(`s${index}`, 'x'.repeat(60_000))) }],
  ])('%s is refused', async (_what, input) => {
    await expect(api.jobs.create.mutate({ folder: null, ...input })).rejects.toMatchObject({ data: { app: { code: 'invalid-input' } } });
    expect(await api.jobs.list.query()).toEqual([]);
  });

  it('many at once are named by id alone', async () => {
    await job('Win11');
    await expect(api.jobs.trash.mutate({ items: ['Win11'] })).rejects.toMatchObject({ data: { app: { code: 'invalid-input', message: expect.stringContaining('Name it as "job/<id>"') as unknown } } });
  });

  it('names that mean something elsewhere are names here', async () => {
    for (const name of ["'; DROP TABLE job; --", '../../etc/passwd', '__proto__', '%_', '(MI)(MI)', '{serial}', '<b>']) {
      const id = await job(name);
      expect((await api.jobs.get.query({ job: id })).name).toBe(name);
    }
    expect(await api.jobs.list.query()).toHaveLength(7);
  });

  it('a copy of thousands is refused as a whole', async () => {
    const f = await folder('F');
    for (let index = 0; index < 40; index++) await job(`job ${index}`, f);
    for (let count = 40; count <= 5000;) {
      const { jobs } = await api.jobs.folder.query({ folder: f });
      count += (await api.jobs.duplicate.mutate({ items: jobs.slice(0, 500).map((each) => `job/${each.id}`) })).items.length;
    }
    const before = (await api.jobs.list.query()).length;
    await expect(api.jobs.duplicate.mutate({ items: [`folder/${f}`] })).rejects.toThrow('more than 5000 copies at once, so nothing was copied');
    expect([(await api.jobs.list.query()).length, (await api.jobs.folders.query()).length]).toEqual([before, 1]);
  });
});

describe('why a job can not run', () => {
  it('is said with the job, and follows the images', async () => {
    const server = await testServer();
    const [calls, agent] = [testApi(server), await testAgent(server)];
    await agent.hello(server.token);
    const { imageGuid } = await agent.capture('Win11', [testChunk(randomBytes(CHUNK))]);
    const deploy: Task = { type: 'deploy', id: 'd', disk: { kind: 'only-internal' }, imageGuid, imageName: 'Win11', version: null };
    const { id } = await calls.jobs.create.mutate({ name: 'Deploy (MI)', folder: null, tasks: [deploy] });
    const problem = async (): Promise<string | null> => {
      const [all, one, [item]] = await Promise.all([calls.jobs.list.query(), calls.jobs.get.query({ job: id }), calls.jobs.folder.query({ folder: null }).then((folder) => folder.jobs)]);
      expect([one.problem, item?.problem]).toEqual([all[0]?.problem, all[0]?.problem]);
      return one.problem;
    };
    expect(await problem()).toBeNull();
    await calls.images.rename.mutate({ image: imageGuid, name: 'Windows 11' });
    await calls.images.setEnabled.mutate({ image: imageGuid, enabled: false });
    expect(await problem()).toBe('Windows 11 is disabled');
    await calls.images.setEnabled.mutate({ image: imageGuid, enabled: true });
    await calls.images.setEnabled.mutate({ image: imageGuid, version: 1, enabled: false });
    expect(await problem()).toBe('Every version of Windows 11 is disabled');
    await calls.images.delete.mutate({ image: imageGuid });
    expect(await problem()).toBe('Windows 11 is in the trash');
    await calls.images.purge.mutate({ image: imageGuid });
    expect(await problem()).toBe('The image Win11 is gone');
    expect(await calls.jobs.using.query({ image: imageGuid })).toEqual([{ jobId: id, jobName: 'Deploy (MI)', path: '', taskIndex: 0, summary: 'Deploy Win11 (newest version) to the internal disk' }]);
    await calls.jobs.save.mutate({ id, tasks: [] });
    expect(await problem()).toBe('It has no tasks yet');
  });

  it('a capture is found by the name of its image as well', async () => {
    const server = await testServer();
    const [calls, agent] = [testApi(server), await testAgent(server)];
    await agent.hello(server.token);
    const { imageGuid } = await agent.capture('Room 12', [testChunk(randomBytes(CHUNK))]);
    const capture = (id: string, guid: string | null, imageName: string): Task => ({ type: 'capture', id, disk: { kind: 'only-internal' }, imageGuid: guid, imageName, note: '' });
    const at = (await calls.jobs.createFolder.mutate({ parent: null, name: 'Captures' })).id;
    await calls.jobs.create.mutate({ name: 'Nightly', folder: at, tasks: [message('First'), capture('a', null, 'Room 12'), capture('b', imageGuid, 'Room 12'), capture('c', null, 'Room {name}')] });
    expect((await calls.jobs.using.query({ image: 'Room 12' })).map((use) => [use.jobName, use.path, use.taskIndex])).toEqual([['Nightly', 'Captures', 1], ['Nightly', 'Captures', 2]]);
    await calls.images.delete.mutate({ image: imageGuid });
    expect((await calls.jobs.list.query())[0]?.problem).toBe('Room 12 is in the trash');
  });
});
