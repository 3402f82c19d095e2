import { describe, expect, it } from 'vitest';
import { AppError } from '#shared/errors.ts';
import { message, Room, script, captureTask } from '../test-room.ts';
import { testDisk, testGraph, type TestAgent } from '../test-agent.ts';

const code = (work: Promise<unknown>): Promise<string> => work.then(() => 'taken', (error: unknown) => (error instanceof AppError ? error.code : String(error)));
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
/** Text that no serializer would make. */
function raw(agent: TestAgent, text: string): void {
  agent.socket.send(text);
}

describe('an agent that says too much', () => {
  it('fills neither the database nor the lists of runs with the figures of a task or the data of an error', async () => {
    const room = await Room.open();
    const [id = ''] = await room.begin(`job/${await room.job('Two', [script('a', true), script('b')])}`);
    const agent = await room.agent();
    await agent.request('takeRun', {});
    await agent.request('taskStarted', { runId: id, index: 0 });
    const huge = { text: 'x'.repeat(4_000_000) };
    expect([await code(agent.request('taskDone', { runId: id, index: 0, result: huge })), await code(agent.request('taskFailed', { runId: id, index: 0, cancelled: false, error: { code: 'io', message: 'x', data: huge } }))]).toEqual(['protocol', 'protocol']);
    raw(agent, `{"id":900,"type":"taskDone","runId":"${id}","index":0,"result":{"a":${nested(500_000)}}}`);
    raw(agent, `{"id":901,"type":"taskFailed","runId":"${id}","index":0,"cancelled":false,"error":{"code":"io","message":"x","data":{"a":${nested(500_000)}}}}`);
    await agent.until((notice) => notice['id'] === 901);
    expect(agent.notices.filter((notice) => typeof notice['id'] === 'number').map((notice) => notice['ok'])).toEqual([false, false]);
    expect(await agent.request('taskDone', { runId: id, index: 0, result: { lines: 3 } })).toMatchObject({ ended: false });
  });

  it('and reads no answers is let go before they fill the memory', async () => {
    const room = await Room.open();
    for (let at = 0; at < 40; at++) await room.job(`Job ${at} (MI)`, Array.from({ length: 40 }, (_, task) => ({ ...script(`s${task}`), text: 'x'.repeat(2000) }) as ReturnType<typeof script>));
    const agent = await room.agent();
    expect(JSON.stringify(await agent.request('portalOpen', {})).length).toBeGreaterThan(3_000_000);
    agent.socket.pause();
    let closed = false;
    for (let at = 0; at < 60 && !closed; at++) {
      raw(agent, JSON.stringify({ id: 1000 + at, type: 'portalOpen' }));
      await new Promise<void>((resolve) => setTimeout(resolve, 20));
      closed = !(await room.api.computers.get.query({ computer: room.computerId })).online;
    }
    expect(closed).toBe(true);
  }, 30_000);

  it('picks no faster than a person can', async () => {
    const room = await Room.open();
    const job = await room.job('Hello (MI)', [message()]);
    const agent = await room.agent();
    const picks = [];
    for (let at = 0; at < 40; at++) picks.push(await code(agent.request('portalPick', { item: `job/${job}`, name: null })));
    expect([picks.slice(0, 5), picks.at(-1)]).toEqual([Array.from({ length: 5 }, () => 'taken'), 'too-many-requests']);
    const again = await room.agent();
    expect(await code(again.request('pickByName', { job: 'Hello' }))).toBe('too-many-requests');
    expect((await room.api.runs.list.query({})).length).toBeLessThan(25);
  });

  it('captures a task\'s image by the name that the task gives it, and into no other', async () => {
    const room = await Room.open();
    const guid = await room.image('Precious');
    const capture = (agent: TestAgent, runId: string, image: string) => code(agent.request('captureBegin', { image, note: '', disk: testDisk, graph: testGraph(1), resumeKey: 'k', task: { runId, index: 0 } }));
    const agent = await room.agent();
    const [plain = '', filled = ''] = [...await room.begin(`job/${await room.job('Plain', [captureTask('Fresh')])}`), ...await room.begin(`job/${await room.job('Filled', [captureTask('Lab {serial} of {date}')])}`)];
    await agent.request('takeRun', {});
    expect([await capture(agent, plain, 'Precious'), await capture(agent, plain, guid), await capture(agent, plain, 'Fresh')]).toEqual(['forbidden', 'forbidden', 'taken']);
    await agent.request('taskFailed', { runId: plain, index: 0, cancelled: false, error: { code: 'io', message: 'x' } });
    await agent.request('takeRun', {});
    expect([await capture(agent, filled, 'Precious'), await capture(agent, filled, 'Lab  of '), await capture(agent, filled, 'Lab SN1 of 2026-07-04')]).toEqual(['forbidden', 'taken', 'taken']);
    expect((await room.run(filled)).imageName).toBe('Lab SN1 of 2026-07-04');
  });
});
