import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CHUNK, testChunk, type TestAgent } from '../test-agent.ts';
import { eventually, testAgent } from '../test-server.ts';
import { beginDeploy, captureTask, deployTask, failure, message, power, Room, script } from '../test-room.ts';

const where = { read: 0, hash: 0, compress: 0, network: 1, decompress: 1, write: 1 };
const progress = { stage: 'write', doneBytes: 1, totalBytes: 2, sentBytes: 1, rateBytesPerSecond: 1, etaSeconds: 1, where };
const how = async (agent: TestAgent) => (await agent.request('takeRun', {})).run?.how ?? null;

describe('a server that ends between any two steps of a run', () => {
  it('goes on with the same agent where it was, by itself', async () => {
    const room = await Room.open();
    const guid = await room.image('Lab');
    const ids = [...await room.begin(`job/${await room.job('Win11', [message(), captureTask('Fresh'), deployTask(guid), script()])}`), ...await room.begin(`job/${await room.job('After', [power()])}`)];
    const [id = '', after = ''] = ids;
    const chunk = testChunk(randomBytes(CHUNK));
    let ticket = '';
    let agent = await room.agent('same-start');
    const steps: (() => Promise<unknown>)[] = [
      async () => expect(await how(agent)).toBe('fresh'),
      () => agent.request('taskStarted', { runId: id, index: 0 }),
      () => agent.request('taskDone', { runId: id, index: 0, result: {} }),
      () => agent.request('taskStarted', { runId: id, index: 1 }),
      () => agent.send('Fresh', [chunk], 'capture-1', { runId: id, index: 1 }),
      async () => ({ ticket } = await agent.request('renewTicket', { runId: id })),
      () => agent.request('captureCommit', { runId: id, result: {} }),
      () => beginDeploy(agent, id, 2),
      () => agent.request('deployStarted', { runId: id }),
      async () => {
        ({ ticket } = await agent.request('renewTicket', { runId: id }));
        expect((await agent.post('/agent/deploy/chunks', ticket, randomBytes(32))).status).toBe(403);
      },
      () => agent.request('deployDone', { runId: id, result: {} }),
      () => agent.request('taskStarted', { runId: id, index: 3 }),
      () => agent.request('taskDone', { runId: id, index: 3, result: {} }),
    ];
    for (const [index, step] of steps.entries()) {
      await step();
      await room.restart();
      expect(await room.states(ids)).toEqual(index < steps.length - 1 ? ['running', 'queued'] : ['succeeded', 'waiting computer']);
      agent = await room.agent('same-start');
      const { run } = await agent.request('takeRun', {});
      expect([index, run?.id, run?.taskIndex, run?.how]).toEqual(index < steps.length - 1
        ? [index, id, index < 2 ? 0 : index < 6 ? 1 : index < 10 ? 2 : 3, index === 0 ? 'fresh' : 'continue'] : [index, after, 0, 'fresh']);
    }
    expect((await room.run(id)).tasks.map((task) => task.state)).toEqual(['done', 'done', 'done', 'done']);
    expect((await room.api.images.get.query({ image: 'Fresh' })).versionCount).toBe(1);
  });

  it('still cancels what was cancelled before it ended', async () => {
    const room = await Room.open();
    const [id = ''] = await room.begin(`job/${await room.job('Two', [script('a'), script('b')])}`);
    const agent = await room.agent();
    await agent.request('takeRun', {});
    await agent.request('taskStarted', { runId: id, index: 0 });
    await room.api.runs.cancel.mutate({ id });
    expect(await agent.until((notice) => notice['type'] === 'cancel')).toMatchObject({ runId: id, reason: 'cancelled by admin' });
    await room.restart();
    expect(await how(await room.agent())).toBe(null);
    expect(await room.states([id])).toEqual(['cancelled']);
  });
});

describe('an agent at work that falls silent', () => {
  it('is told as silent before its run is lost, and no longer once it is heard of; what waits for a person says nothing of it', async () => {
    let now = Date.now();
    const room = await Room.open({ clock: () => now });
    const [id = ''] = await room.begin(`job/${await room.job('Script', [script()])}`);
    const agent = await room.agent();
    await agent.request('takeRun', {});
    await agent.request('taskStarted', { runId: id, index: 0 });
    expect((await room.run(id)).silentSince).toBe(null);
    const seen: (number | null | undefined)[] = [];
    const watching = room.api.runs.watch.subscribe(undefined, { onData: (run) => seen.push(run.silentSince) });
    const heardAt = now;
    now += 20_000;
    await eventually(async () => seen, (all) => all.includes(heardAt));
    expect(await room.run(id)).toMatchObject({ state: 'running', silentSince: heardAt });
    agent.notice({ type: 'heartbeat' });
    await eventually(async () => seen, (all) => all.at(-1) === null);
    watching.unsubscribe();
    await agent.close();
    now += 60_000;
    expect(await eventually(() => room.run(id), (run) => run.state === 'lost')).toMatchObject({ error: { code: 'cut-off' }, silentSince: null });
    expect(await how(await room.agent())).toBe('ask');
    expect(await room.run(id)).toMatchObject({ state: 'waiting', waitingFor: 'person', error: null });
  });
});

describe('a computer that restarts in the middle of a run', () => {
  it('asks a person before a script or a deploy that had begun goes on, and goes on when they say so', async () => {
    const room = await Room.open();
    const guid = await room.image('Lab');
    const [id = ''] = await room.begin(`job/${await room.job('Win11', [deployTask(guid), script()])}`);
    const first = await room.agent();
    await first.request('takeRun', {});
    await beginDeploy(first, id, 0);
    await first.request('deployStarted', { runId: id });
    first.notice({ type: 'progress', runId: id, progress, watermarks: [{ stream: 0, chunks: 1 }] });
    await eventually(() => room.run(id), (run) => run.progress !== null);
    await first.close();

    const second = await room.agent();
    expect(await how(second)).toBe('ask');
    expect(await how(second)).toBe('ask');
    expect(await room.states([id])).toEqual(['waiting person']);
    for (const early of [() => second.request('taskStarted', { runId: id, index: 0 }), () => beginDeploy(second, id, 0), () => second.request('renewTicket', { runId: id })]) {
      await expect(early()).rejects.toMatchObject({ code: 'lease-lost' });
    }
    await second.request('resumeRun', { runId: id, go: true });
    expect(await room.states([id])).toEqual(['running']);
    expect(await how(second)).toBe('continue');
    expect(await beginDeploy(second, id, 0)).toMatchObject({ runId: id, watermarks: [{ stream: 0, chunks: 1 }] });
    await second.request('deployStarted', { runId: id });
    await second.request('deployDone', { runId: id, result: {} });
    await second.request('taskStarted', { runId: id, index: 1 });
    await second.close();

    const third = await room.agent();
    expect(await how(third)).toBe('ask');
    await room.api.runs.resume.mutate({ id, go: true });
    expect(await room.states([id])).toEqual(['waiting computer']);
    await third.until((notice) => notice['type'] === 'work');
    expect(await how(third)).toBe('continue');
    await third.close();
    expect(await how(await room.agent())).toBe('ask');
    await room.api.runs.resume.mutate({ id, go: false });
    const run = await room.run(id);
    expect([run.state, run.error?.code, run.tasks.map((task) => task.state)]).toEqual(['failed', 'cut-off', ['done', 'failed']]);
  });

  it('goes on by itself where nothing can have been harmed', async () => {
    const room = await Room.open();
    const guid = await room.image('Lab');
    const chunk = testChunk(randomBytes(CHUNK));
    const [id = ''] = await room.begin(`job/${await room.job('Win11', [message(), captureTask('Fresh'), power(), deployTask(guid), power('p2')])}`);
    const expected: [number, (agent: TestAgent) => Promise<unknown>][] = [
      [0, (agent) => agent.request('taskStarted', { runId: id, index: 0 })],
      [0, (agent) => agent.request('taskDone', { runId: id, index: 0, result: {} })],
      [1, (agent) => agent.send('Fresh', [chunk], 'capture-1', { runId: id, index: 1 })],
      [1, async (agent) => {
        expect(await agent.send('Fresh', [chunk], 'capture-1', { runId: id, index: 1 })).toMatchObject({ resumed: true, sent: 0 });
        await agent.request('captureCommit', { runId: id, result: {} });
        await agent.request('taskStarted', { runId: id, index: 2 });
      }],
      // It restarted: that is what the task was for.
      [3, (agent) => beginDeploy(agent, id, 3)],
      [3, async (agent) => {
        await beginDeploy(agent, id, 3);
        await agent.request('deployStarted', { runId: id });
        await agent.request('deployDone', { runId: id, result: {} });
        await agent.request('taskStarted', { runId: id, index: 4 });
      }],
    ];
    for (const [taskIndex, work] of expected) {
      const agent = await room.agent();
      expect((await agent.request('takeRun', {})).run).toMatchObject({ id, taskIndex, how: taskIndex === 0 && (await room.run(id)).tasks[0]?.state === 'pending' ? 'fresh' : 'continue' });
      await work(agent);
      await agent.close();
    }
    expect(await how(await room.agent())).toBe(null);
    expect(await room.states([id])).toEqual(['succeeded']);
  });

  it('is left to the first agent while that still answers, and taken from it when it does not', async () => {
    const room = await Room.open();
    const [id = ''] = await room.begin(`job/${await room.job('Script', [script()])}`);
    const first = await room.agent();
    await first.request('takeRun', {});
    await first.request('taskStarted', { runId: id, index: 0 });
    const second = await room.agent();
    expect(await how(second)).toBe(null);
    expect(await room.states([id])).toEqual(['running']);
    // Switched off: nothing is said any more, not even that the line is closed.
    first.socket.pause();
    expect(await how(second)).toBe('ask');
    first.socket.terminate();
  });
});

describe('a run whose computer falls silent', () => {
  it('is lost while a task runs, and comes back when the agent does', async () => {
    let now = Date.now();
    const room = await Room.open({ clock: () => now, runLeaseMs: 60_000 });
    const [id = '', next = ''] = [...await room.begin(`job/${await room.job('One', [script()])}`), ...await room.begin(`job/${await room.job('Two', [script()])}`)];
    const agent = await room.agent('same-start');
    await agent.request('takeRun', {});
    await agent.request('taskStarted', { runId: id, index: 0 });
    await agent.close();
    now += 61_000;
    await eventually(() => room.states([id]), ([state]) => state === 'lost');
    expect(await room.states([id, next])).toEqual(['lost', 'queued']);
    const back = await room.agent('same-start');
    expect(await how(back)).toBe('continue');
    expect(await room.run(id)).toMatchObject({ state: 'running', error: null });
    expect(await back.request('taskDone', { runId: id, index: 0, result: {} })).toMatchObject({ ended: true });
    expect(await room.states([id, next])).toEqual(['succeeded', 'waiting computer']);
  });

  it('is never lost while it waits for the computer, for a person, or switches the computer off', async () => {
    let now = Date.now();
    const room = await Room.open({ clock: () => now, runLeaseMs: 60_000 });
    const [asks = '', powers = '', waits = ''] = [
      ...await room.begin(`job/${await room.job('One', [script()])}`), ...await room.begin(`job/${await room.job('Two', [power('p', 'shut-down'), message()])}`), ...await room.begin(`job/${await room.job('Three', [script()])}`),
    ];
    const first = await room.agent();
    await first.request('takeRun', {});
    await first.request('taskStarted', { runId: asks, index: 0 });
    await first.close();
    const second = await room.agent();
    expect(await how(second)).toBe('ask');
    // A capture by hand elsewhere is lost by the same look at the leases.
    const elsewhere = await testAgent(room.server);
    await elsewhere.hello(room.server.token);
    const witness = await elsewhere.send('Witness', [testChunk(randomBytes(CHUNK))]);
    now += 3_600_000;
    await eventually(() => room.states([witness.runId]), ([state]) => state === 'lost');
    expect(await room.states([asks, waits])).toEqual(['waiting person', 'queued']);
    await second.request('resumeRun', { runId: asks, go: true });
    await second.request('taskDone', { runId: asks, index: 0, result: {} });
    await second.request('takeRun', {});
    await second.request('taskStarted', { runId: powers, index: 0 });
    await second.close();
    now += 3_600_000;
    await eventually(() => room.states([powers]), ([state]) => state === 'waiting computer');
    expect(await room.run(powers)).toMatchObject({ taskIndex: 1, tasks: [{ state: 'done' }, { state: 'pending' }] });
    expect((await (await room.agent()).request('takeRun', {})).run).toMatchObject({ id: powers, taskIndex: 1, how: 'continue' });
    expect(await room.states([waits])).toEqual(['queued']);
  });
});

describe('cancelling', () => {
  it('ends at once what no agent works on: queued, waiting for the computer, for a person, lost', async () => {
    let now = Date.now();
    const room = await Room.open({ clock: () => now, runLeaseMs: 60_000 });
    const job = `job/${await room.job('One', [script()])}`;
    const [lost = '', queued = ''] = [...await room.begin(job), ...await room.begin(job)];
    await room.api.runs.cancel.mutate({ id: queued });
    const agent = await room.agent();
    await agent.request('takeRun', {});
    await agent.request('taskStarted', { runId: lost, index: 0 });
    await agent.close();
    now += 61_000;
    await eventually(() => room.states([lost]), ([state]) => state === 'lost');
    await room.api.runs.cancel.mutate({ id: lost });
    const [waits = ''] = await room.begin(job);
    await room.api.runs.cancel.mutate({ id: waits });
    const [asks = ''] = await room.begin(job);
    const first = await room.agent();
    await first.request('takeRun', {});
    await first.request('taskStarted', { runId: asks, index: 0 });
    await first.close();
    const second = await room.agent();
    expect(await how(second)).toBe('ask');
    await room.api.runs.cancel.mutate({ id: asks });
    // Its portal asks a person about it, and is told.
    await second.until((notice) => notice['type'] === 'cancel' && notice['runId'] === asks);
    expect(await room.states([lost, queued, waits, asks])).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled']);
    await expect(room.api.runs.cancel.mutate({ id: asks })).rejects.toMatchObject({ data: { app: { code: 'lease-lost' } } });
  });

  it('reaches the agent of a running run, which ends it; one that finishes its task meanwhile begins no other', async () => {
    const room = await Room.open();
    const job = `job/${await room.job('Two', [script('a'), script('b')])}`;
    const [first = '', second = ''] = [...await room.begin(job), ...await room.begin(job)];
    const agent = await room.agent();
    await agent.request('takeRun', {});
    await agent.request('taskStarted', { runId: first, index: 0 });
    await room.api.runs.cancel.mutate({ id: first });
    await agent.until((notice) => notice['type'] === 'cancel');
    expect(await room.states([first])).toEqual(['running']);
    await agent.request('taskFailed', { runId: first, index: 0, error: failure, cancelled: true });
    expect((await room.run(first)).tasks.map((task) => task.state)).toEqual(['cancelled', 'cancelled']);
    await agent.request('takeRun', {});
    await agent.request('taskStarted', { runId: second, index: 0 });
    await agent.request('cancelRun', { runId: second });
    expect(await agent.request('taskDone', { runId: second, index: 0, result: {} })).toEqual(expect.objectContaining({ ended: true }));
    expect([await room.states([first, second]), (await room.run(second)).tasks.map((task) => task.state)]).toEqual([['cancelled', 'cancelled'], ['done', 'cancelled']]);
    await expect(agent.request('taskStarted', { runId: second, index: 1 })).rejects.toMatchObject({ code: 'lease-lost', data: { state: 'cancelled' } });
  });

  it('takes effect without the agent\'s word when that does not answer', async () => {
    let now = Date.now();
    const room = await Room.open({ clock: () => now });
    const [id = ''] = await room.begin(`job/${await room.job('One', [script()])}`);
    const agent = await room.agent();
    await agent.request('takeRun', {});
    await room.api.runs.cancel.mutate({ id });
    now += 16_000;
    await eventually(() => room.states([id]), ([state]) => state === 'cancelled');
  });

  it('of a deploy by hand whose disk gets another version reaches the agent that works on it', async () => {
    const room = await Room.open();
    const guid = await room.image('Lab');
    const [old, now] = [await testAgent(room.server), await testAgent(room.server)];
    for (const agent of [old, now]) await agent.hello(room.server.token, room.inventory);
    const disk = { path: '/dev/x', model: '', serial: 'X', sizeBytes: 9 * CHUNK };
    const { runId } = await old.request('deployBegin', { image: guid, version: 1, disk, resumeKey: 'k' });
    await now.capture('Lab', [testChunk(randomBytes(CHUNK))], 'again');
    const other = await now.request('deployBegin', { image: guid, version: 2, disk, resumeKey: 'k' });
    expect(await old.until((notice) => notice['type'] === 'cancel')).toMatchObject({ runId, reason: expect.stringContaining('another version') as string });
    expect(await room.states([runId, other.runId])).toEqual(['cancelled', 'running']);
  });
});
