import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DiskSummary } from '#shared/model/computer.ts';
import type { JobDetail } from '#shared/model/job.ts';
import type { RunView } from '#shared/model/run.ts';
import { CHUNK, testChunk, TestAgent, testInventory } from '../test-agent.ts';
import { startServer, type RunningServer } from '../server.ts';
import { runCommandLine } from './main.ts';
import { wantsJson } from './parse.ts';

type Result = { code: number; stdout: string; stderr: string };
let folder = '';
let server: RunningServer;

/** The command line in this process, as the program calls it. @param answer of a person at a terminal; null: nobody is there */
async function typed(answer: boolean | null, args: readonly string[]): Promise<Result & { asked: string[] }> {
  const result = { stdout: '', stderr: '', asked: [] as string[] };
  const code = await runCommandLine([...args, '--server', server.url, '--token', server.token], {
    json: wantsJson(args), interactive: answer !== null, columns: null, env: {}, now: Date.now,
    say: (text) => { result.stderr += `${text}\n`; }, print: (text) => { result.stdout += `${text}\n`; },
    confirm: (question) => {
      result.asked.push(question);
      return Promise.resolve(answer === true);
    },
    progress: { update: () => undefined, end: () => undefined },
  });
  return { code, ...result };
}
const here = (...args: string[]): Promise<Result> => typed(null, args);
async function json<T>(...args: string[]): Promise<T> {
  const result = await here(...args, '--json');
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return JSON.parse(result.stdout) as T;
}
const ok = async (...args: string[]): Promise<string> => {
  const result = await here(...args);
  expect(result, args.join(' ')).toMatchObject({ code: 0, stderr: '' });
  return result.stdout.trimEnd();
};
const disk: DiskSummary = { path: '/dev/sda', model: 'Test disk', serial: 'T-1', bus: 'sata', sizeBytes: 8 * CHUNK, sectorSizeBytes: 512, removable: false, readOnly: false, busy: null, systemDisk: false, tableKind: 'none', partitions: [] };
const labInventory = { ...testInventory('lab-01'), disks: [disk] };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platen-cli-jobs-'));
  server = await startServer({ dataFolder: join(folder, 'data'), httpPort: 0 });
  const lab = await new TestAgent(server.url).open();
  await lab.portal(server.token, labInventory);
  await lab.close();
  const capturing = await new TestAgent(server.url).open();
  await capturing.hello(server.token, { ...testInventory('lab-02'), disks: [{ ...disk, serial: 'T-2' }] });
  await capturing.capture('Win11', [testChunk(randomBytes(CHUNK))]);
  await capturing.close();
  await writeFile(join(folder, 'join.sh'), 'echo one\necho two\n');
}, 60_000);
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

describe('jobs on the command line', () => {
  it('are made of tasks, shown, and told in a tree with what the portal offers', async () => {
    expect(await ok('job', 'tree')).toMatch(/^There are no jobs yet\. Make one:\n {2}platen job create/);
    expect(await ok('job', 'folder', 'create', 'Imaging (MI)')).toBe('The folder Imaging (MI) was made at the top.');
    expect(await ok('job', 'create', 'Deploy lab', '--folder', 'Imaging', '--script', join(folder, 'join.sh'), '--seconds', '60', '--deploy', 'Win11@1', '--to-disk', 'smallest', '--power', 'restart'))
      .toBe("Deploy lab was made in Imaging (MI), with 3 tasks. To put it into the portal:\n  platen job publish 'Deploy lab'");
    expect(await ok('job', 'create', 'Say hello (MI)', '--message', 'Hello', '--seconds', '1', '--text', 'Greeting')).toBe('Say hello (MI) was made at the top, with 1 task. It is in the portal.');
    expect(await ok('job', 'create', 'Empty')).toContain("It can't run yet: It has no tasks yet.");
    expect((await ok('job', 'show', 'Imaging/Deploy lab')).split('\n\n')[1]).toBe(' 1  Run join.sh (2 lines)\n 2  Deploy Win11 (version 1) to the smallest internal disk that fits\n 3  Restart the computer');
    expect(await ok('job', 'tree')).toBe([
      'NAME            IN THE PORTAL          TASKS  PROBLEM',
      'Empty                                      0  It has no tasks yet',
      'Say hello (MI)  “Greeting”                 1',
      'Imaging (MI) /  “Imaging”, runs 1 job',
      '  Deploy lab                               3',
    ].join('\n'));
    expect(await ok('job', 'list')).toMatch(/^NAME +FOLDER +PUBLISHED +TASKS +CHANGED +BY +PROBLEM\nDeploy lab +Imaging \(MI\) +3 /);
    expect(await ok('job', 'show', 'Imaging')).toContain('Running it runs\n 1  Imaging (MI) / Deploy lab');
  });

  it('are changed with revisions, and taken back', async () => {
    expect(await ok('job', 'edit', 'Empty', '--message', 'One')).toBe('Empty is saved as revision 2. To take that back:\n  platen job restore Empty --revision 1');
    expect(await ok('job', 'edit', 'Empty', '--append', '--message', 'Two', '--message', 'Three')).toContain('revision 3');
    expect((await json<JobDetail>('job', 'show', 'Empty')).tasks.map((task) => task.id)).toEqual(['task-1', 'task-2', 'task-3']);
    expect(await here('job', 'edit', 'Empty', '--text', 'Late', '--revision', '2')).toMatchObject({ code: 3, stderr: expect.stringMatching(/while you were editing it.*\(PL-1007\)/s) as unknown });
    expect(await here('job', 'edit', 'Empty')).toMatchObject({ code: 2 });
    expect(await ok('job', 'restore', 'Empty', '--revision', '2')).toBe('Empty is as it was in revision 2; that is revision 4 now.');
    expect(await ok('job', 'history', 'Empty')).toMatch(/4 .*Revision 2 restored: tasks changed: 3 → 1\n +3 .*Tasks changed: 1 → 3\n +2 .*Tasks changed: 0 → 1\n +1 .*Made$/);
  });

  it('are published, renamed, moved, copied, and deleted and taken back', async () => {
    expect(await ok('job', 'publish', 'Empty')).toBe('Empty is in the portal.');
    expect(await ok('job', 'rename', 'Empty', 'Full (MI)')).toBe('Empty is now called Full (MI).');
    expect(await ok('job', 'unpublish', 'Full (MI)')).toBe('Full (MI) is not in the portal any more.');
    expect(await json<JobDetail>('job', 'show', 'Full')).toMatchObject({ name: 'Full', published: false, showInPortal: false });
    expect(await ok('job', 'move', 'Full', 'Imaging')).toBe('Full is now in Imaging (MI).');
    expect(await here('job', 'move', 'Imaging', 'Imaging')).toMatchObject({ code: 3, stderr: expect.stringContaining("can't be moved into itself") as unknown });
    expect(await ok('job', 'duplicate', 'Imaging')).toBe('The copy of the folder Imaging (MI) is called Imaging (copy). It is not in the portal.');
    expect(await here('job', 'show', 'Full')).toMatchObject({ code: 3, stderr: expect.stringMatching(/2 jobs are called “Full”: Imaging \(MI\)\/Full \(job\/.*\), Imaging \(copy\)\/Full \(job\/.*PL-1006/) as unknown });
    expect(await ok('job', 'delete', 'Imaging (copy)')).toMatch(/^The folder Imaging \(copy\) is in the trash\. To take it back:\n {2}platen job undelete folder\/[0-9a-f-]{36}$/);
    expect(await ok('job', 'list', '--trash')).toMatch(/Imaging \(copy\) +folder +\d{4}-/);
    expect(await ok('job', 'undelete', 'Imaging (copy)')).toBe('The folder Imaging (copy) is back.');
    await ok('job', 'delete', 'Imaging (copy)');
    expect(await here('job', 'show', 'Nothing')).toMatchObject({ code: 3, stderr: expect.stringContaining('(PL-1005)') as unknown });
  });

  it('are named alike by the tree and by the setting that shows only what lies below a folder', async () => {
    const [{ id } = { id: '' }] = (await json<{ id: string; name: string }[]>('job', 'tree')).filter((row) => row.name === 'Imaging (MI)');
    expect(id).toMatch(/^folder\//);
    for (const named of [id, id.slice('folder/'.length), 'Imaging']) expect(await json<Record<string, unknown>>('settings', 'set', `portalRootFolderId=${named}`)).toMatchObject({ portalRootFolderId: id });
    expect(await ok('settings', 'show')).toMatch(new RegExp(`portalRootFolderId +${id} `));
    expect(await here('settings', 'set', 'portalRootFolderId=Nowhere')).toMatchObject({ code: 3, stderr: expect.stringContaining('There is no folder “Nowhere”') as unknown });
    expect(await json<Record<string, unknown>>('settings', 'set', 'portalRootFolderId=null')).toMatchObject({ portalRootFolderId: null });
  });

  it('come from a file as they are shown', async () => {
    await writeFile(join(folder, 'job.json'), (await here('job', 'show', 'Deploy lab', '--json')).stdout);
    await ok('job', 'create', 'From file', '--tasks', join(folder, 'job.json'));
    expect((await json<JobDetail>('job', 'show', 'From file')).tasks).toEqual((await json<JobDetail>('job', 'show', 'Deploy lab')).tasks);
    expect(await here('job', 'create', 'x', '--tasks', join(folder, 'join.sh'))).toMatchObject({ code: 2, stderr: expect.stringContaining('is not JSON') as unknown });
    expect(await here('job', 'create', 'x', '--deploy', 'Nothing')).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no image "Nothing"') as unknown });
  });
});

describe('running jobs', () => {
  it('that erase is refused where nobody can be asked', async () => {
    expect(await here('job', 'run', 'Deploy lab', '--on', 'lab-01', '--on', 'lab-02')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Deploy lab erases 2 disks on 2 computers, and nobody can be asked here: add --yes.') as unknown });
    expect(await here('job', 'run', 'Deploy lab')).toMatchObject({ code: 2, stderr: expect.stringContaining('--here') as unknown });
    expect(await here('job', 'run', 'Imaging', '--on', 'nowhere')).toMatchObject({ code: 3, stderr: expect.stringContaining('(PL-1005)') as unknown });
    expect(await json<RunView[]>('run', 'list', '--active')).toEqual([]);
  });

  it('that erase name the computers and disks, and ask', async () => {
    expect(await typed(false, ['job', 'run', 'Deploy lab', '--on', 'lab-01', '--on', 'lab-02'])).toEqual({
      code: 3, stdout: 'Nothing was started.\n', asked: ['Erase 2 disks?'],
      stderr: 'Deploy lab erases 2 disks on 2 computers:\n  lab-01: Test disk 2.1 MB, S/N T-1\n  lab-02: Test disk 2.1 MB, S/N T-2\n',
    });
    expect(await typed(true, ['job', 'run', 'Say hello', '--on', 'lab-02'])).toMatchObject({ code: 0, asked: [] });
    expect(await ok('job', 'cancel', 'Say hello')).toBe('1 run is being ended.');
    expect(await json<RunView[]>('run', 'list', '--active')).toEqual([]);
  });

  it('can be watched to their end', async () => {
    const lab = await new TestAgent(server.url).open();
    await lab.portal(server.token, labInventory);
    const watching = here('job', 'run', 'Say hello', '--on', 'lab-01', '--watch', '--json');
    await lab.until((notice) => notice['type'] === 'work');
    const { run } = await lab.request('takeRun', {});
    const runId = run?.id ?? '';
    await lab.request('taskStarted', { runId, index: 0 });
    await lab.request('taskDone', { runId, index: 0, result: {} });
    const { code, stdout } = await watching;
    expect({ code, runs: JSON.parse(stdout) as unknown }).toMatchObject({ code: 0, runs: [{ id: runId, jobName: 'Say hello (MI)', computerName: 'lab-01', state: 'succeeded' }] });
    await lab.close();
    expect(await ok('job', 'watch', 'Say hello')).toBe('Nothing of it is going on.');
    expect(await ok('run', 'list')).toMatch(/job +succeeded +Say hello \(MI\) +lab-01/);
  });

  it('wait for computers that are not there, and are cancelled by job or by run', async () => {
    const started = await ok('job', 'run', 'Deploy lab', '--on', 'lab-02', '--yes');
    expect(started).toMatch(/^Deploy lab: 1 run on 1 computer started\.\nTo see how it goes:\n {2}platen job watch job\//);
    await ok('job', 'run', 'Say hello', '--on', 'lab-02');
    expect((await json<RunView[]>('run', 'list', '--active')).map((run) => [run.jobName, run.state])).toEqual(expect.arrayContaining([['Deploy lab', 'waiting'], ['Say hello (MI)', 'queued']]) as unknown);
    expect(await ok('job', 'cancel', 'Deploy lab')).toBe('1 run is being ended.');
    const [left] = await json<RunView[]>('run', 'list', '--active');
    expect(await ok('job', 'cancel', left?.id.slice(0, 8) ?? '')).toBe('1 run is being ended.');
    expect(await here('job', 'cancel', 'Deploy lab')).toMatchObject({ code: 3, stdout: 'Nothing of it is going on.\n' });
    expect(await here('job', 'cancel', 'Nothing')).toMatchObject({ code: 3, stderr: expect.stringContaining('There is no job, folder or run "Nothing"') as unknown });
  });

  it('that can not work are refused with 3, before anything is started', async () => {
    await ok('image', 'disable', 'Win11');
    expect(await here('job', 'run', 'Deploy lab', '--on', 'lab-01', '--yes')).toMatchObject({ code: 3, stdout: 'Nothing was started: Win11 is disabled.\n' });
    expect(await ok('job', 'tree')).toMatch(/Deploy lab .*Win11 is disabled/);
  });
});
