import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CHUNK, testChunk } from '../test-agent.ts';
import { eventually } from '../test-server.ts';
import { beginDeploy, captureTask, deployTask, failure, message, power, Room, script } from '../test-room.ts';

describe('a run of a job', () => {
  it('waits for its computer, is taken, done task by task, and succeeds with the last', async () => {
    const room = await Room.open();
    const guid = await room.image('Lab');
    const [id = ''] = await room.begin(`job/${await room.job('Win11', [message(), captureTask('Fresh'), deployTask(guid), script('s1'), power()])}`);
    expect(await room.run(id)).toMatchObject({ kind: 'job', state: 'waiting', waitingFor: 'computer', jobName: 'Win11', taskIndex: 0, imageGuid: null, imageName: '', disk: null });
    const agent = await room.agent();
    const { run } = await agent.request('takeRun', {});
    expect(run).toMatchObject({ id, title: 'Win11', by: 'admin', taskIndex: 0, how: 'fresh', position: 1, of: 1, tasks: [{ type: 'message' }, { type: 'capture' }, { type: 'deploy' }, { type: 'script' }, { type: 'power' }] });
    await agent.request('taskStarted', { runId: id, index: 0 });
    expect(await agent.request('taskDone', { runId: id, index: 0, result: {} })).toMatchObject({ ended: false });

    const begun = await agent.send('Fresh', [testChunk(randomBytes(CHUNK))], 'capture-1', { runId: id, index: 1 });
    expect(begun).toMatchObject({ runId: id, imageName: 'Fresh', newImage: true });
    expect(await room.run(id)).toMatchObject({ state: 'running', taskIndex: 1, imageName: 'Fresh', disk: { serial: 'T-1' } });
    const commit = await agent.request('captureCommit', { runId: id, result: { readBytes: 7 } });
    expect(await agent.request('captureCommit', { runId: id, result: {} })).toMatchObject({ version: commit.version, manifest: commit.manifest });
    expect((await agent.post('/agent/capture/frames', begun.ticket, Buffer.alloc(1))).status).toBe(401);

    const deploy = await beginDeploy(agent, id, 2);
    expect(deploy).toMatchObject({ runId: id, imageGuid: guid, version: 1, watermarks: [] });
    await agent.request('deployStarted', { runId: id });
    await agent.request('deployDone', { runId: id, result: { writtenBytes: 5 } });
    await agent.request('deployDone', { runId: id, result: {} });
    expect((await agent.get('/agent/deploy/manifest', deploy.ticket)).status).toBe(401);

    await agent.request('taskStarted', { runId: id, index: 3 });
    await agent.request('taskDone', { runId: id, index: 3, result: { exitCode: 0 } });
    expect(await agent.request('taskDone', { runId: id, index: 4, result: {}, skipped: 'a running system' })).toMatchObject({ ended: true });
    expect(await agent.request('taskDone', { runId: id, index: 4, result: {}, skipped: 'a running system' })).toMatchObject({ ended: true });
    const done = await room.run(id);
    expect(done).toMatchObject({ state: 'succeeded', taskIndex: 5, error: null, imageGuid: guid, imageName: 'Lab', versionNumber: 1 });
    expect(done.tasks.map((task) => [task.state, task.result === null ? null : Object.keys(task.result)])).toEqual([['done', []], ['done', ['readBytes', 'commit']], ['done', ['writtenBytes']], ['done', ['exitCode']], ['skipped', ['skipped']]]);
    expect(await agent.request('takeRun', {})).toMatchObject({ run: null });
  });

  it('shows the progress of the task under way, and keeps it with the task when it has ended', async () => {
    const room = await Room.open();
    const [id = ''] = await room.begin(`job/${await room.job('Two', [script('a'), script('b')])}`);
    const agent = await room.agent();
    await agent.request('takeRun', {});
    await agent.request('taskStarted', { runId: id, index: 0 });
    const where = { read: 0, hash: 0, compress: 0, network: 0, decompress: 0, write: 0 };
    agent.notice({ type: 'progress', runId: id, progress: { stage: 'run', doneBytes: 3, totalBytes: 4, sentBytes: 0, rateBytesPerSecond: 0, etaSeconds: null, where } });
    const running = await eventually(() => room.run(id), (run) => run.progress !== null);
    expect(running.tasks[0]?.progress?.doneBytes).toBe(3);
    await agent.request('taskDone', { runId: id, index: 0, result: {} });
    const next = await room.run(id);
    expect([next.progress, next.tasks[0]?.progress?.doneBytes, next.tasks[1]?.progress]).toEqual([null, 3, null]);
  });

  it('ends with a task that fails; the rest of what was started together is cancelled and says why', async () => {
    const room = await Room.open();
    const { id: folder } = await room.api.jobs.createFolder.mutate({ parent: null, name: 'Room' });
    for (const name of ['1 first', '2 second', '3 third']) await room.job(name, [script('a'), script('b')], folder);
    const ids = await room.begin(`folder/${folder}`);
    const [other = ''] = await room.begin(`job/${await room.job('Other', [script()])}`);
    expect(await room.states([...ids, other])).toEqual(['waiting computer', 'queued', 'queued', 'queued']);
    const agent = await room.agent();
    const [first = '', second = '', third = ''] = ids;
    expect(await agent.request('takeRun', {})).toMatchObject({ run: { id: first, position: 1, of: 3 } });
    expect(await room.states([first, second])).toEqual(['running', 'queued']);
    await agent.request('taskStarted', { runId: first, index: 0 });
    expect(await agent.request('taskFailed', { runId: first, index: 0, error: failure, cancelled: false })).toMatchObject({ ended: true });
    expect(await agent.request('taskFailed', { runId: first, index: 0, error: failure, cancelled: false })).toMatchObject({ ended: true });
    expect(await room.states([...ids, other])).toEqual(['failed', 'cancelled', 'cancelled', 'waiting computer']);
    const failed = await room.run(first);
    expect([failed.error, failed.tasks.map((task) => task.state)]).toEqual([{ ...failure, data: {} }, ['failed', 'cancelled']]);
    expect((await room.run(third)).error?.message).toContain('“1 first”');
    await agent.until((notice) => notice['type'] === 'work');
    expect(await agent.request('takeRun', {})).toMatchObject({ run: { id: other } });
  });

  it('goes on after a script that may fail', async () => {
    const room = await Room.open();
    const [id = ''] = await room.begin(`job/${await room.job('Try', [script('a', true), message()])}`);
    const agent = await room.agent();
    await agent.request('takeRun', {});
    await agent.request('taskStarted', { runId: id, index: 0 });
    expect(await agent.request('taskFailed', { runId: id, index: 0, error: failure, cancelled: false })).toMatchObject({ ended: false });
    await agent.request('taskStarted', { runId: id, index: 1 });
    expect(await agent.request('taskDone', { runId: id, index: 1, result: {} })).toMatchObject({ ended: true });
    const run = await room.run(id);
    expect([run.state, run.tasks.map((task) => task.state)]).toEqual(['succeeded', ['failed', 'done']]);
  });

  it('is refused with its task when an image can\'t be deployed any more', async () => {
    const room = await Room.open();
    const guid = await room.image('Lab');
    const [id = ''] = await room.begin(`job/${await room.job('Win11', [deployTask(guid), script()])}`);
    await room.api.images.delete.mutate({ image: guid });
    const agent = await room.agent();
    await agent.request('takeRun', {});
    await expect(beginDeploy(agent, id, 0)).rejects.toMatchObject({ code: 'image-in-trash' });
    const run = await room.run(id);
    expect([run.state, run.error?.code, run.tasks.map((task) => task.state)]).toEqual(['failed', 'image-in-trash', ['failed', 'cancelled']]);
  });

  it('tells its portal that there is work, and nobody else', async () => {
    const room = await Room.open();
    const [mine, command] = [await room.agent(), await room.agent()];
    const other = await Room.open({});
    const stranger = await other.agent();
    await mine.until((notice) => notice['type'] === 'replaced');
    await room.begin(`job/${await room.job('Hello', [message()])}`);
    await command.until((notice) => notice['type'] === 'work');
    expect([...mine.notices, ...stranger.notices].filter((notice) => notice['type'] === 'work')).toEqual([]);
    await expect(mine.request('takeRun', {})).rejects.toMatchObject({ code: 'conflict' });
    expect((await command.request('takeRun', {})).run?.title).toBe('Hello');
    await command.close();
    expect((await mine.request('takeRun', {})).run?.title).toBe('Hello');
  });

  it('can be started again once it has ended, and is refused while it has not', async () => {
    const room = await Room.open();
    const [id = ''] = await room.begin(`job/${await room.job('Hello', [message()])}`);
    await expect(room.api.runs.again.mutate({ id })).rejects.toMatchObject({ data: { app: { code: 'conflict' } } });
    await room.api.runs.cancel.mutate({ id });
    const again = await room.api.runs.again.mutate({ id });
    expect(await room.run(again.id)).toMatchObject({ state: 'waiting', jobName: 'Hello', tasks: [{ state: 'pending' }] });
  });

  it('ends when its computer is deleted before it has begun', async () => {
    const room = await Room.open();
    const [id = ''] = await room.begin(`job/${await room.job('Hello', [message()])}`);
    await room.api.computers.trash.mutate({ computers: [room.computerId] });
    expect(await room.run(id)).toMatchObject({ state: 'cancelled', error: { message: 'Not run: its computer was deleted.' } });
    // It is back by its hello, and nothing happens to it.
    expect(await (await room.agent()).request('takeRun', {})).toMatchObject({ run: null });
  });

  it('is listed by job, batch, state and time, with its tasks', async () => {
    const room = await Room.open();
    const job = await room.job('Hello', [message(), script()]);
    const [first = '', second = ''] = [...await room.begin(`job/${job}`), ...await room.begin(`job/${job}`)];
    await room.begin(`job/${await room.job('Other', [message()])}`);
    await room.api.runs.cancel.mutate({ id: second });
    const ids = async (filter: Parameters<typeof room.api.runs.list.query>[0]) => (await room.api.runs.list.query(filter)).map((run) => run.id);
    const { batchId, startedAt, tasks } = await room.run(first);
    expect(await ids({ job })).toEqual([second, first]);
    expect(await ids({ job, states: ['cancelled'] })).toEqual([second]);
    expect(await ids({ batch: batchId ?? '' })).toEqual([first]);
    expect(await ids({ job, before: startedAt })).toEqual([]);
    // In the same moment: page after page brings each once.
    const { id: folder } = await room.api.jobs.createFolder.mutate({ parent: null, name: 'Three' });
    for (const name of ['One', 'Two', 'Three']) await room.job(name, [message()], folder);
    const together = await room.begin(`folder/${folder}`);
    const pages: string[] = [];
    for (let last: { startedAt: number; id: string } | undefined, page = 0; page < together.length; page++) {
      const [run] = await room.api.runs.list.query({ batch: (await room.run(together[0] ?? '')).batchId ?? '', limit: 1, ...(last === undefined ? {} : { before: last.startedAt, beforeId: last.id }) });
      if (run === undefined) break;
      pages.push(run.id);
      last = run;
    }
    expect(pages).toEqual([...together].reverse());
    expect((await room.api.runs.list.query({ job }))[1]?.tasks).toEqual(tasks);
    expect(await room.api.runs.cancelMany.mutate({ ids: [first, second] })).toEqual({ cancelled: 1 });
  });

  it('has a bundle that tells all of it and no secret', async () => {
    const room = await Room.open();
    const [id = ''] = await room.begin(`job/${await room.job('Win11 lab', [captureTask('Fresh'), { ...script(), type: 'script', title: '', text: 'PASSWORD=hunter2', timeoutSeconds: 9, continueOnError: false }])}`);
    const agent = await room.agent();
    await agent.request('takeRun', {});
    const begun = await agent.send('Fresh', [testChunk(randomBytes(CHUNK))], 'k', { runId: id, index: 0 });
    agent.notice({ type: 'log', runId: id, lines: [`reading with ${begun.ticket}`, `Authorization: Bearer ${room.token}`, `${room.server.token} is known`] });
    await agent.request('captureCommit', { runId: id, result: {} });
    await agent.request('taskStarted', { runId: id, index: 1 });
    await agent.request('taskFailed', { runId: id, index: 1, error: failure, cancelled: false });
    const { fileName, text } = await room.api.runs.bundle.query({ id });
    expect(fileName).toMatch(/^platen-run-Win11-lab-pc-.*\.txt$/);
    for (const part of [id, '1. Capture the internal disk into Fresh: done', '2. Run a script (1 line): failed', 'PL-3001 io: It broke.', 'reading with ticket1.(left out)', 'SN-', `node: ${process.version}`, 'was taken by the computer']) expect(text).toContain(part);
    for (const secret of [begun.ticket, room.token, room.server.token]) expect(text).not.toContain(secret.split('.')[1]);
    expect(text).not.toContain('hunter2');
  });
});
