import { randomFillSync, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunView } from '#shared/model/run.ts';
import type { Task } from '#shared/model/job.ts';
import type { RunningServer } from '../../src-main/server.ts';
import { eventually, testApi, testServer, type TestApi } from '../../src-main/test-server.ts';
import { bytesAt, Lab, mib, runAgentCommand, startAgent, type Agent } from '../testing/lab.ts';
import { digest } from '../testing/fakeGateway.ts';

let lab: Lab;
let server: RunningServer;
let api: TestApi;
beforeEach(async () => {
  lab = new Lab();
  server = await testServer({ dataFolder: lab.path('data') });
  api = testApi(server);
});
afterEach(() => lab.remove());

const random = (bytes: number): Buffer => randomFillSync(Buffer.alloc(bytes));
const connection = (): string[] => ['--server', server.url, '--token', server.token];
const here = (job: string, ...more: string[]): Agent => startAgent(['job', 'run', job, '--here', '--yes', '--json', ...more, ...connection()]);
const id = (): string => randomUUID().slice(0, 8);
const script = (text: string, more: Partial<Extract<Task, { type: 'script' }>> = {}): Task => ({ type: 'script', id: id(), title: 'test script', text, timeoutSeconds: 60, continueOnError: false, ...more });
const capture = (imageName: string): Task => ({ type: 'capture', id: id(), disk: { kind: 'only-internal' }, imageGuid: null, imageName, note: 'of {name}' });
const message = (text: string, seconds: number | null): Task => ({ type: 'message', id: id(), text, seconds });
const deploy = async (imageName: string): Promise<Task> => {
  const { guid } = await api.images.get.query({ image: imageName });
  return { type: 'deploy', id: id(), disk: { kind: 'smallest-that-fits' }, imageGuid: guid, imageName, version: null };
};
const job = async (name: string, ...tasks: Task[]): Promise<string> => (await api.jobs.create.mutate({ folder: null, name, tasks })).id;
const runs = (): Promise<RunView[]> => api.runs.list.query({});
const newest = async (): Promise<RunView> => {
  const [run] = (await runs()).toSorted((a, b) => b.startedAt - a.startedAt);
  if (run === undefined) throw new Error('there is no run');
  return run;
};
const states = (run: RunView): string[] => [run.state, ...run.tasks.map((task) => task.state)];
const logOf = async (run: RunView): Promise<string> => (await api.runs.log.query({ id: run.id })).lines.map((line) => line.text).join('\n');
const until = (fits: (run: RunView) => boolean): Promise<RunView> => eventually(async () => ((await runs()).length === 0 ? null : newest()), (run) => run !== null && fits(run)) as Promise<RunView>;
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const imageReady = (name: string) => eventually(() => api.images.get.query({ image: name }), (image) => image.versions.every((version) => version.state === 'ready'));

describe('a job run here', () => {
  it('captures a disk and deploys it to another: the contents are the same, and each run knows its tasks', async () => {
    const content = random(6 * mib);
    await job('take', capture('Lab {date}'));
    const taken = await here('take', '--disk', lab.gptDisk('source.img', [content])).ended;
    expect([taken.code, states(await newest())], taken.stderr + taken.stdout).toEqual([0, ['succeeded', 'done']]);
    const [image] = await api.images.list.query({});
    expect(image?.name).toMatch(/^Lab \d{4}-\d{2}-\d{2}$/);
    await imageReady(image?.name ?? '');
    // The smallest disk that fits is meant, and the smallest of all does not.
    await job('give', await deploy(image?.name ?? ''), script('printf "%s %s %s" "$PLATEN_JOB" "$PLATEN_TASK" "$PLATEN_DISK"'));
    const [small, fits, large] = [lab.filled('small.img', 2 * mib, 1), lab.filled('fits.img', 9 * mib, 2), lab.filled('large.img', 12 * mib, 3)];
    const given = await here('give', '--disk', small, '--disk', fits, '--disk', large).ended;
    expect([given.code, states(await newest())], given.stderr + given.stdout).toEqual([0, ['succeeded', 'done', 'done']]);
    expect(digest(bytesAt(fits, mib, content.length))).toBe(digest(content));
    expect([readFileSync(small).every((byte) => byte === 1), readFileSync(large).every((byte) => byte === 3)]).toEqual([true, true]);
    expect(await logOf(await newest())).toContain(`give 2 ${fits}`);
  }, 120_000);

  it('that has nothing to do is refused before anything begins', async () => {
    await job('nothing');
    const { code, stdout } = await here('nothing').ended;
    expect([code, JSON.parse(stdout).error.message, await runs()]).toEqual([3, expect.stringContaining('It has no tasks yet'), []]);
  });

  it('streams what a script says to the run\'s log, keeps the token from it, and fails with its last words', async () => {
    await job('fails', script('echo "hello from $PLATEN_COMPUTER_NAME"; env | grep -c TOKEN; echo "no such thing" >&2; exit 7'), script('echo never'));
    const { code, stdout } = await here('fails').ended;
    const run = await newest();
    expect([code, states(run)]).toEqual([1, ['failed', 'failed', 'cancelled']]);
    expect(JSON.parse(stdout).error.message).toMatch(/test script ended with exit code 7\. It said last:\nhello from .*\n0\nno such thing/);
    expect(await logOf(run)).toMatch(/hello from .+\n0\nno such thing/);
  });

  it('goes on after a script that may fail, shows a message, and does not switch this machine off', async () => {
    await job('lenient', script('exit 3', { continueOnError: true }), message('{name} is done', 1), { type: 'power', id: id(), action: 'shut-down' });
    const { code, stderr, stdout } = await here('lenient').ended;
    expect([code, states(await newest())], stdout).toEqual([0, ['succeeded', 'failed', 'done', 'skipped']]);
    expect(stderr).toMatch(/\S+ is done/);
    expect(stdout).toContain('needs --allow-power');
  });

  it('is refused with exit code 3 before anything is done where no disk fits, and asks before erasing', async () => {
    await job('take', capture('a'));
    expect((await here('take', '--disk', lab.gptDisk('source.img', [random(4 * mib)])).ended).code).toBe(0);
    await imageReady('a');
    const marker = lab.path('marker');
    await job('give', await deploy('a'), script(`touch ${marker}`));
    const target = lab.filled('target.img', mib, 0xaa);
    const refused = await here('give', '--disk', target).ended;
    expect([refused.code, JSON.parse(refused.stdout).error.code, existsSync(marker), states(await newest())]).toEqual([3, 'target-too-small', false, ['failed', 'failed', 'cancelled']]);
    const big = lab.filled('big.img', 8 * mib, 0xaa);
    const unasked = await runAgentCommand(['job', 'run', 'give', '--here', '--disk', big, ...connection()]);
    expect([unasked.code, unasked.stderr.includes(`give erases ${big}`), readFileSync(big).every((byte) => byte === 0xaa), (await newest()).state]).toEqual([2, true, true, 'cancelled']);
  }, 60_000);

  it('that nobody has is not found', async () => {
    const { code, stdout } = await here('nothing').ended;
    expect([code, JSON.parse(stdout).error.code]).toEqual([1, 'not-found']);
  });
});

describe('a run that is stopped', () => {
  it('from the console ends its script and all it started within seconds', async () => {
    const marker = lab.path('marker');
    await job('long', script(`(sleep 20; touch ${marker}) & echo started; trap '' TERM; sleep 20`));
    const agent = here('long');
    const run = await until((one) => one.tasks[0]?.state === 'running');
    await eventually(() => logOf(run), (text) => text.includes('started'));
    const asked = performance.now();
    await api.runs.cancel.mutate({ id: run.id });
    const { code, stdout } = await agent.ended;
    expect([code, performance.now() - asked < 5000, states(await newest())], stdout).toEqual([1, true, ['cancelled', 'cancelled']]);
    expect(JSON.parse(stdout).error.message).toContain('what it had done until then stays done');
  }, 60_000);

  it('by its own time limit says so', async () => {
    await job('slow', script('echo waiting; sleep 30', { timeoutSeconds: 1 }));
    const { code, stdout } = await here('slow').ended;
    expect([code, JSON.parse(stdout).error.message]).toEqual([1, expect.stringContaining('took longer than the 1 s the task allows')]);
  });

  it('by SIGINT at the computer is cancelled on the server, and says what became of the disk', async () => {
    await job('take', capture('a'), script('sleep 30'));
    const agent = here('take', '--disk', lab.gptDisk('source.img', [random(4 * mib)]));
    await until((one) => one.tasks[1]?.state === 'running');
    agent.child.kill('SIGINT');
    const { code, stdout } = await agent.ended;
    expect([code, JSON.parse(stdout).error.code, states(await newest())]).toEqual([1, 'cancelled', ['cancelled', 'done', 'cancelled']]);
  }, 60_000);
});

describe('an agent that is killed in the middle', () => {
  it('of a capture goes on by itself when it is started again', async () => {
    await job('take', capture('a'));
    const disk = lab.gptDisk('source.img', [random(96 * mib)]);
    const first = here('take', '--disk', disk);
    await until((one) => (one.tasks[0]?.progress?.sentBytes ?? one.progress?.sentBytes ?? 0) > 0 || one.state === 'succeeded');
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await here('take', '--disk', disk).ended;
    const all = await runs();
    expect([second.code, all.map((run) => run.state)], second.stdout + second.stderr).toEqual([0, all.map(() => 'succeeded')]);
    expect((await api.images.get.query({ image: 'a' })).versions).toHaveLength(all.length);
  }, 60_000);

  it('of a script takes the script with it, repeats nothing without a person, and goes on when one says so', async () => {
    const times = lab.path('times');
    writeFileSync(times, '');
    await job('risky', script(`echo $$ > ${times}.pid; echo once >> ${times}; test -e ${lab.path('go')} || sleep 30`));
    const first = here('risky');
    await until(() => readFileSync(times, 'utf8') !== '');
    const scriptPid = Number(readFileSync(`${times}.pid`, 'utf8'));
    first.child.kill('SIGKILL');
    await first.ended;
    await eventually(async () => isAlive(scriptPid), (alive) => !alive);
    const second = await here('risky').ended;
    expect([second.code, JSON.parse(second.stdout).error.message, readFileSync(times, 'utf8')]).toEqual([1, expect.stringContaining('must not be repeated without a person'), 'once\n']);
    const run = await until((one) => one.waitingFor === 'person');
    await api.runs.resume.mutate({ id: run.id, go: true });
    writeFileSync(lab.path('go'), '');
    const third = await here('risky').ended;
    expect([third.code, readFileSync(times, 'utf8'), states(await newest())], third.stdout).toEqual([0, 'once\nonce\n', ['succeeded', 'done']]);
  }, 60_000);
});

describe('a deploy that is cut off', () => {
  const content = random(160 * mib);
  const writing = (agent: Agent): Promise<void> => new Promise((resolve) => {
    agent.child.stderr?.on('data', (data: Buffer) => {
      if (/"stage":"write","doneBytes":[1-9]/.test(data.toString())) resolve();
    });
    agent.child.once('close', () => resolve());
  });
  beforeEach(async () => {
    await job('take', capture('big'));
    await here('take', '--disk', lab.gptDisk('source.img', [content])).ended;
    await imageReady('big');
    await job('give', await deploy('big'));
  });

  it('by a kill waits for a person, then goes on with what it had written, and the disk is whole', async () => {
    const target = lab.filled('target.img', 164 * mib, 0xaa);
    const first = here('give', '--disk', target);
    await writing(first);
    first.child.kill('SIGKILL');
    expect((await first.ended).signal).toBe('SIGKILL');
    const second = await here('give', '--disk', target).ended;
    expect([second.code, second.stdout.includes('must not be repeated without a person'), bytesAt(target, 512, 8).toString('latin1') === 'EFI PART']).toEqual([1, true, false]);
    await api.runs.resume.mutate({ id: (await newest()).id, go: true });
    const third = await here('give', '--disk', target).ended;
    expect([third.code, digest(bytesAt(target, mib, content.length)) === digest(content), states(await newest())], third.stdout + third.stderr).toEqual([0, true, ['succeeded', 'done']]);
  }, 120_000);

  it('by a cancel from the console stops within seconds and says that the disk must not be used', async () => {
    const target = lab.filled('target.img', 164 * mib, 0xaa);
    const agent = here('give', '--disk', target);
    await writing(agent);
    const asked = performance.now();
    await api.runs.cancel.mutate({ id: (await newest()).id });
    const { code, stdout } = await agent.ended;
    expect([code, performance.now() - asked < 10_000, states(await newest()), JSON.parse(stdout).error.message]).toEqual([1, true, ['cancelled', 'cancelled'], expect.stringContaining(`${target} is incomplete and must not be used. Run the job again`)]);
  }, 120_000);
});

describe('a server that is started again', () => {
  it('in the middle of a script and of a message finds the agent at work, and the run succeeds', async () => {
    const go = lab.path('go');
    await job('steady', script(`i=0; while [ ! -e ${go} ]; do i=$((i+1)); echo line $i; sleep 0.2; done`), message('a moment', 2));
    const agent = here('steady');
    const run = await until((one) => one.tasks[0]?.state === 'running');
    await eventually(() => logOf(run), (text) => text.includes('line 2'));
    const { httpPort } = server;
    await server.close();
    server = await testServer({ dataFolder: lab.path('data'), httpPort });
    api = testApi(server);
    await eventually(() => logOf(run), (text) => text.includes('it is back'));
    writeFileSync(go, '');
    const { code, stderr } = await agent.ended;
    expect([code, states(await newest()), stderr.includes('The server is away')], stderr).toEqual([0, ['succeeded', 'done', 'done'], true]);
  }, 60_000);
});
