import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CHUNK, testChunk, testDisk, testGraph } from '../test-agent.ts';
import { TestComputers } from '../computers/test-computers.ts';
import { testAgent } from '../test-server.ts';
import { beginDeploy, captureTask, deployTask, message, power, Room, script } from '../test-room.ts';

describe('what an agent says twice, because its connection broke before the answer', () => {
  it('a commit is answered twice, and the task after it stays as it was', async () => {
    const room = await Room.open();
    const [id = ''] = await room.begin(`job/${await room.job('Take', [captureTask('Fresh'), script(), message()])}`);
    const agent = await room.agent('same-start');
    await agent.request('takeRun', {});
    await agent.send('Fresh', [testChunk(randomBytes(CHUNK))], 'capture-1', { runId: id, index: 0 });
    const [first, second] = await Promise.all([agent.request('captureCommit', { runId: id, result: {} }), agent.request('captureCommit', { runId: id, result: {} })]);
    expect(second).toMatchObject({ version: first.version, manifest: first.manifest });
    const run = await room.run(id);
    expect([run.state, run.taskIndex, run.tasks.map((task) => task.state)]).toEqual(['running', 1, ['done', 'pending', 'pending']]);
  });
});

describe('a run whose end was asked for', () => {
  it('writes nothing that was not begun: neither the deploy nor the next task starts any more', async () => {
    const room = await Room.open();
    const guid = await room.image('Lab');
    const ids = [...await room.begin(`job/${await room.job('Win11', [deployTask(guid)])}`)];
    const [id = ''] = ids;
    const agent = await room.agent();
    await agent.request('takeRun', {});
    await beginDeploy(agent, id, 0);
    await room.api.runs.cancel.mutate({ id });
    await expect(agent.request('deployStarted', { runId: id })).rejects.toMatchObject({ code: 'lease-lost', data: { state: 'cancelled' } });
    expect(await room.states([id])).toEqual(['cancelled']);

    const [next = ''] = await room.begin(`job/${await room.job('Script', [script()])}`);
    await agent.request('takeRun', {});
    await room.api.runs.cancel.mutate({ id: next });
    await expect(agent.request('taskStarted', { runId: next, index: 0 })).rejects.toMatchObject({ code: 'lease-lost', data: { state: 'cancelled' } });
    const run = await room.run(next);
    expect([run.state, run.tasks.map((task) => task.state), run.error]).toEqual(['cancelled', ['cancelled'], null]);
  });

  it('leaves nothing behind that keeps time, when the agent begins in the same moment', async () => {
    const room = await Room.open();
    const [id = ''] = await room.begin(`job/${await room.job('Take', [captureTask('Fresh')])}`);
    const agent = await room.agent();
    await agent.request('takeRun', {});
    const begun = agent.request('captureBegin', { image: 'Fresh', note: '', disk: testDisk, graph: testGraph(1), resumeKey: 'k', task: { runId: id, index: 0 } });
    const failed = agent.request('taskFailed', { runId: id, index: 0, error: { code: 'io', message: 'It broke.' }, cancelled: false });
    await expect(begun).rejects.toMatchObject({ code: 'lease-lost' });
    await failed;
    expect((await room.run(id)).imageName).toBe('');
  });
});

describe('a run whose computer is switched off by its own task', () => {
  it('waits for it without a lease, and goes on with the next task when it is back', async () => {
    const room = await Room.open();
    const [id = ''] = await room.begin(`job/${await room.job('Off', [power('p', 'shut-down'), script()])}`);
    const agent = await room.agent();
    await agent.request('takeRun', {});
    await agent.request('taskStarted', { runId: id, index: 0 });
    expect(await agent.request('taskDone', { runId: id, index: 0, result: {} })).toMatchObject({ ended: false });
    expect(await room.states([id])).toEqual(['waiting computer']);
    await agent.close();
    expect((await (await room.agent()).request('takeRun', {})).run).toMatchObject({ id, taskIndex: 1, how: 'continue' });
  });
});

describe('several runs that are cancelled at once', () => {
  it('end, also where the end of one is the end of another', async () => {
    const room = await Room.open();
    const { id: folder } = await room.api.jobs.createFolder.mutate({ parent: null, name: 'Both' });
    for (const name of ['1', '2']) await room.job(name, [message()], folder);
    const other = await testAgent(room.server);
    const { computerId } = await other.portal(room.server.token);
    const { runs } = await room.api.jobs.start.mutate({ what: `folder/${folder}`, computers: [room.computerId, computerId], groups: [], busy: 'queue' });
    await room.api.computers.merge.mutate({ into: room.computerId, from: computerId });
    const ids = runs.map((run) => run.id);
    await room.api.runs.cancelMany.mutate({ ids });
    expect(await room.states(ids)).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled']);
  });
});

describe('a computer in the trash', () => {
  it('gets no run started again on it, and takes none along that was asked for before it came back there', async () => {
    const room = await Room.open();
    const [done = ''] = await room.begin(`job/${await room.job('Hello', [message()])}`);
    await room.api.runs.cancel.mutate({ id: done });
    await room.api.computers.trash.mutate({ computers: [room.computerId] });
    await expect(room.api.runs.again.mutate({ id: done })).rejects.toMatchObject({ data: { app: { code: 'conflict' } } });
    const { undo } = await room.api.computers.untrash.mutate({ computers: [room.computerId] });
    const { id } = await room.api.runs.again.mutate({ id: done });
    await room.api.undo.run.mutate({ id: undo ?? 0 });
    expect(await room.states([id])).toEqual(['cancelled']);
    const agent = await room.agent();
    expect((await agent.request('takeRun', {})).run).toBe(null);
  });
});

describe('runs that leave the history', () => {
  it('take with them what happened in them', () => {
    const lab = new TestComputers();
    const computer = lab.make('LAB-1');
    const [old, young] = [lab.run(computer, 'succeeded'), lab.run(computer, 'succeeded')];
    for (const [id, at] of [[old, 1], [young, lab.clock()]] as const) {
      lab.db.run('UPDATE run SET ended_at = :at WHERE id = :id', { id, at });
      lab.db.run("INSERT INTO event (at, actor, entity, entity_id, kind, message, data) VALUES (1, 'anna', 'run', :id, 'running', 'x', '{}')", { id });
    }
    lab.runs.upkeep({ lostAfterMs: 1, retentionDays: 1 });
    expect([lab.runs.idsOf(computer), lab.db.all("SELECT entity_id AS id FROM event WHERE entity = 'run'")]).toEqual([[young], [{ id: young }]]);
  });
});
