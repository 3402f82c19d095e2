import { randomFillSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError, CancelledError } from '#shared/errors.ts';
import type { Task } from '#shared/model/job.ts';
import type { RunningServer } from '../../src-main/server.ts';
import { eventually, testApi, testServer, type TestApi } from '../../src-main/test-server.ts';
import { serverLocation } from '../net/endpoint.ts';
import type { PortalEvent } from '../portal/contract.ts';
import { digest } from '../testing/fakeGateway.ts';
import { bytesAt, entry, Lab, mib } from '../testing/lab.ts';
import { systemClock } from './clock.ts';
import { machineOf } from './machine.ts';
import type { SessionParts } from './parts.ts';
import { isBootEnvironment, type PowerAction } from './power.ts';
import { Session } from './session.ts';

let lab: Lab;
let server: RunningServer;
let api: TestApi;
const opened: TestPortal[] = [];
beforeEach(async () => {
  lab = new Lab();
  server = await testServer({ dataFolder: lab.path('data') });
  api = testApi(server);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((portal) => portal.end()));
  lab.remove();
});

/** A portal without a screen: what it was told, and the commands a person could give. */
class TestPortal {
  readonly events: PortalEvent[] = [];
  readonly power: PowerAction[] = [];
  readonly session: Session;
  readonly ended: ReturnType<Session['run']>;
  private readonly abort = new AbortController();

  constructor(parts: Pick<SessionParts, 'machine'> & Partial<SessionParts>) {
    this.session = new Session({
      server: serverLocation(server.url, server.token), power: { allowed: true, act: async (action) => void this.power.push(action) }, clock: systemClock, agentVersion: 'test', entry,
      signal: this.abort.signal, patienceMs: Infinity, sessionId: randomUUID(), insist: true, job: null, once: false, attended: true, exitSeconds: 0, environment: null, ...parts,
    });
    this.ended = this.session.run({ tell: (event) => void this.events.push(event), close: () => undefined });
    this.ended.catch(() => undefined);
    opened.push(this);
  }
  async told<T extends PortalEvent['type']>(type: T, fits: (event: Extract<PortalEvent, { type: T }>) => boolean = () => true): Promise<Extract<PortalEvent, { type: T }>> {
    const find = () => this.events.findLast((event): event is Extract<PortalEvent, { type: T }> => event.type === type && fits(event as Extract<PortalEvent, { type: T }>));
    return (await eventually(async () => find(), (event) => event !== undefined)) as Extract<PortalEvent, { type: T }>;
  }
  forget(): void {
    this.events.length = 0;
  }
  async end(): Promise<void> {
    this.abort.abort(new CancelledError('Stopped.'));
    await this.ended.catch(() => undefined);
  }
}

const portal = async (disks: string[], more: Partial<SessionParts> = {}): Promise<TestPortal> => new TestPortal({ machine: await machineOf(disks), ...more });
const id = (): string => randomUUID().slice(0, 8);
const script = (text: string): Task => ({ type: 'script', id: id(), title: 'a script', text, timeoutSeconds: 60, continueOnError: false });
const job = async (name: string, ...tasks: Task[]): Promise<string> => `job/${(await api.jobs.create.mutate({ folder: null, name: `${name} (MI)`, tasks })).id}`;
const states = async (): Promise<string[]> => (await api.runs.list.query({})).toSorted((a, b) => a.startedAt - b.startedAt).map((run) => run.state);

describe('a portal\'s session', () => {
  it('shows the machine at once, then the menu; a pick names the computer, runs, and comes back', async () => {
    const started = performance.now();
    const item = await job('say', { type: 'message', id: id(), text: 'hello {name}', seconds: null });
    const one = await portal([lab.filled('disk.img', mib, 1)]);
    await one.told('machine');
    expect(performance.now() - started).toBeLessThan(1000);
    const { open } = await one.told('open');
    expect([open.menu.map((node) => node.label), open.named, (await one.told('machine', (event) => event.disks.length > 0)).disks[0]?.bus]).toEqual([['say'], false, 'file']);
    expect(await one.session.commands.checkName('no spaces please')).toContain('15 characters');
    await one.session.commands.pick(item, 'LAB-7');
    expect((await one.told('message')).text).toBe('hello LAB-7');
    one.session.commands.messageRead();
    expect(await one.told('ended')).toMatchObject({ outcome: 'succeeded', next: null });
    one.forget();
    one.session.commands.proceed();
    expect((await one.told('open')).open.computerName).toBe('LAB-7');
    one.session.commands.leave('countdown');
    expect((await one.ended).map((end) => end.outcome)).toEqual(['succeeded']);
  });

  it('takes what the console starts, one after the other, and hears of new jobs by itself', async () => {
    const one = await portal([lab.filled('disk.img', mib, 1)]);
    await one.told('open');
    await job('first', script('true'));
    await one.told('open', (event) => event.open.menu.length === 1);
    const [computer] = await api.computers.list.query({});
    await api.jobs.start.mutate({ what: 'first (MI)', computers: [computer?.id ?? ''], groups: [], busy: 'queue' });
    await one.told('ended', (event) => event.outcome === 'succeeded');
    one.forget();
    // Nobody presses a key: new work goes on all the same.
    await api.jobs.start.mutate({ what: 'first (MI)', computers: [computer?.id ?? ''], groups: [], busy: 'queue' });
    await one.told('ended', (event) => event.outcome === 'succeeded');
    expect(await states()).toEqual(['succeeded', 'succeeded']);
  });

  it('erases the disk that was shown, or nothing', async () => {
    const content = randomFillSync(Buffer.alloc(4 * mib));
    const take = await job('take', { type: 'capture', id: id(), disk: { kind: 'only-internal' }, imageGuid: null, imageName: 'a', note: '' });
    const source = await portal([lab.gptDisk('source.img', [content])]);
    await source.told('open');
    await source.session.commands.pick(take, 'SOURCE');
    await source.told('ended', (event) => event.outcome === 'succeeded');
    await source.end();
    const { guid } = await eventually(() => api.images.get.query({ image: 'a' }), (image) => image.versions[0]?.state === 'ready');
    const give = await job('give', { type: 'deploy', id: id(), disk: { kind: 'smallest-that-fits' }, imageGuid: guid, imageName: 'a', version: null });
    const [shown, smaller] = [lab.filled('shown.img', 9 * mib, 2), lab.filled('smaller.img', 8 * mib, 3)];
    const both = await machineOf([shown, smaller]);
    const only = await machineOf([shown]);
    let plugged = false;
    const target = new TestPortal({ machine: { identity: only.identity, inventory: () => (plugged ? both : only).inventory() } });
    await target.told('open', (event) => 'tasks' in event.open && event.open.needs.length > 0);
    plugged = true;
    await target.session.commands.pick(give, null);
    expect((await target.told('ended')).error).toMatchObject({ code: 'target-mismatch', message: expect.stringContaining('changed since') });
    expect([readFileSync(shown).every((byte) => byte === 2), readFileSync(smaller).every((byte) => byte === 3)]).toEqual([true, true]);
    plugged = false;
    target.forget();
    target.session.commands.proceed();
    // The menu is shown again with the disks as they are then.
    await target.told('machine', (event) => event.disks.length === 1);
    await target.session.commands.pick(give, null);
    await target.told('ended', (event) => event.outcome === 'succeeded');
    expect(digest(bytesAt(shown, mib, content.length))).toBe(digest(content));
  });

  it('erases nothing that the person was not shown: not where the job was changed, nor where disks came while they said yes', async () => {
    const take = await job('take', { type: 'capture', id: id(), disk: { kind: 'only-internal' }, imageGuid: null, imageName: 'a', note: '' });
    const source = await portal([lab.gptDisk('source.img', [randomFillSync(Buffer.alloc(4 * mib))])]);
    await source.told('open');
    await source.session.commands.pick(take, 'SOURCE');
    await source.told('ended', (event) => event.outcome === 'succeeded');
    await source.end();
    const { guid } = await eventually(() => api.images.get.query({ image: 'a' }), (image) => image.versions[0]?.state === 'ready');
    const [shown, other] = [lab.filled('shown.img', 9 * mib, 2), lab.filled('other.img', 8 * mib, 3)];
    const untouched = (): boolean[] => [readFileSync(shown).every((byte) => byte === 2), readFileSync(other).every((byte) => byte === 3)];
    const deploy = (disk: Extract<Task, { type: 'deploy' }>['disk']): Task => ({ type: 'deploy', id: 'd', disk, imageGuid: guid, imageName: 'a', version: null });
    const give = await job('give', deploy({ kind: 'path', path: shown }));
    const [both, only] = [await machineOf([shown, other]), await machineOf([shown])];
    const target = await portal([shown, other]);
    await target.told('open', (event) => event.open.needs.length > 0);
    await api.jobs.save.mutate({ id: give.slice(4), tasks: [deploy({ kind: 'path', path: other })] });
    await target.session.commands.pick(give, null);
    expect((await target.told('ended')).error).toMatchObject({ code: 'target-mismatch', message: expect.stringContaining('changed since') });
    await target.end();

    await api.jobs.save.mutate({ id: give.slice(4), tasks: [deploy({ kind: 'smallest-that-fits' })] });
    let plugged = false;
    const machine = { identity: only.identity, inventory: () => (plugged ? both : only).inventory() };
    const second = new TestPortal({ machine });
    await second.told('open', (event) => event.open.needs.length > 0);
    const picked = second.session.commands.pick(give, null);
    // As after a reconnect, which looks at the disks again before the pick is answered.
    plugged = true;
    (second.session as unknown as { disks: { shown: unknown } }).disks.shown = (await both.inventory()).disks;
    await picked;
    expect((await second.told('ended')).error).toMatchObject({ code: 'target-mismatch' });
    await second.end();

    plugged = false;
    const asked = new TestPortal({ machine, job: 'give (MI)', once: true, approve: async () => void (plugged = true) });
    expect((await asked.told('ended')).error).toMatchObject({ code: 'target-mismatch' });
    expect(untouched()).toEqual([true, true]);
  }, 60_000);

  it('does not begin a run again that it has ended, where the server could not write that down', async () => {
    const times = lab.path('times');
    const broken = await job('broken', script(`echo once >> ${times}; exit 1`));
    const one = await portal([lab.filled('disk.img', mib, 1)]);
    await one.told('open');
    const { control } = (one.session as unknown as { link: { control: { request(type: string, fields: object): Promise<unknown> } } }).link;
    const ask = control.request.bind(control);
    let full = true;
    control.request = (type, fields) => (type === 'taskFailed' && full ? Promise.reject(new AppError('disk-full', 'The disk is full.')) : ask(type, fields));
    await one.session.commands.pick(broken, null);
    expect((await one.told('ended')).outcome).toBe('failed');
    expect(await states()).toEqual(['running']);
    full = false;
    one.session.commands.proceed();
    await eventually(states, ([state]) => state !== 'running');
    expect([readFileSync(times, 'utf8'), await states(), (await api.runs.list.query({}))[0]?.error?.message]).toEqual(['once\n', ['failed'], expect.stringContaining('exit code 1')]);
  });

  it('asks the person about a script that was cut off, and does what they say', async () => {
    const times = lab.path('times');
    const risky = await job('risky', script(`echo once >> ${times}; [ $(wc -l < ${times}) -gt 1 ] || sleep 30`));
    const disk = lab.filled('disk.img', mib, 1);
    const first = await portal([disk]);
    await first.told('open');
    await first.session.commands.pick(risky, 'LAB-7');
    await eventually(async () => first.events.some((event) => event.type === 'task'), (yes) => yes);
    // As a kill does: the connection is gone, and nothing is said.
    const { control } = (first.session as unknown as { link: { control: { closed: boolean; socket: { terminate(): void } } } }).link;
    control.closed = true;
    control.socket.terminate();
    const second = await portal([disk]);
    const { run } = await second.told('ask');
    expect(run.title).toBe('risky (MI)');
    await first.end();
    await second.session.commands.resume(run.id, true);
    expect((await second.told('ended')).outcome).toBe('succeeded');
  });

  it('cancelled at the computer stops at once, and says so to the server', async () => {
    const long = await job('long', script('sleep 30'), script('true'));
    const one = await portal([lab.filled('disk.img', mib, 1)]);
    await one.told('open');
    await one.session.commands.pick(long, null);
    const { run } = await one.told('run');
    await one.told('task');
    const asked = performance.now();
    await one.session.commands.cancelRun(run.id);
    expect([(await one.told('ended')).outcome, performance.now() - asked < 3000, await states()]).toEqual(['cancelled', true, ['cancelled']]);
  });

  it('tells the server before it restarts the computer, and the run goes on after that', async () => {
    const item = await job('restart', { type: 'power', id: id(), action: 'restart' }, script('true'));
    const disk = lab.filled('disk.img', mib, 1);
    const before = await portal([disk]);
    await before.told('open');
    await before.session.commands.pick(item, null);
    await before.ended;
    expect(before.power).toEqual(['restart']);
    const after = await portal([disk]);
    expect((await after.told('ended')).outcome).toBe('succeeded');
    expect((await api.runs.list.query({}))[0]?.tasks.map((task) => task.state)).toEqual(['done', 'done']);
  });

  it('asks which computer this is where two fit equally, and takes work only after that', async () => {
    const made = (name: string, macs: string[]) => ({ systemUuid: '', systemSerial: '', boardSerial: '', assetTag: '', vendor: '', product: '', hostname: name, macs: macs.map((address) => ({ address, onboard: true })) });
    const machine = (name: string, macs: string[]) => ({ identity: async () => made(name, macs), inventory: async () => ({ identity: made(name, macs), disks: [] }) });
    const [left, right] = ['00:1b:21:3a:5c:01', '00:1b:21:3a:5c:02'] as const;
    for (const [name, mac] of [['left', left], ['right', right]] as const) {
      const one = new TestPortal({ machine: machine(name, [mac]) });
      await one.told('open');
      await one.end();
    }
    const both = new TestPortal({ machine: machine('both', [left, right]) });
    const { candidates } = await both.told('candidates');
    expect(candidates.map((one) => one.name).toSorted()).toEqual(['left', 'right']);
    await expect(both.session.commands.identify(randomUUID())).rejects.toMatchObject({ code: 'forbidden' });
    await both.session.commands.identify(candidates.find((one) => one.name === 'right')?.id ?? null);
    expect((await both.told('open')).open.computerName).toBe('right');
  });

  it('that another one replaces takes no more runs and says why', async () => {
    const disk = lab.filled('disk.img', mib, 1);
    const first = await portal([disk]);
    await first.told('open');
    const second = await portal([disk]);
    await second.told('open');
    expect((await first.told('fatal')).error.message).toContain('Another portal was started on this computer');
  });

  it('waits for a server that is not there yet, and finds it when it comes', async () => {
    const { httpPort } = server;
    const location = serverLocation(server.url, server.token);
    await server.close();
    const one = await portal([lab.filled('disk.img', mib, 1)], { server: location });
    expect((await one.told('server', (event) => event.nextTryAt !== null)).state).toBe('connecting');
    server = await testServer({ dataFolder: lab.path('data'), httpPort });
    expect((await one.told('server', (event) => event.state === 'open')).name).toBe('Platen');
    await one.told('open');
  });

  it('with a wrong token says so until somebody leaves', async () => {
    const one = await portal([lab.filled('disk.img', mib, 1)], { server: serverLocation(server.url, 'wrong') });
    expect((await one.told('fatal')).error.code).toBe('unauthorized');
    one.session.commands.leave('key');
    await expect(one.ended).rejects.toThrow('This token is not valid here');
  });
});

describe('switching off', () => {
  it('is for the boot environment, or where it was allowed', () => {
    expect(['root=/dev/sda1 quiet', 'quiet platen.server=https://10.0.0.1 x', 'name=platen.y'].map(isBootEnvironment)).toEqual([false, true, false]);
  });
});
