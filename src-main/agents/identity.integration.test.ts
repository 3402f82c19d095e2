import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { message, Room } from '../test-room.ts';
import { CHUNK, testChunk, testInventory } from '../test-agent.ts';
import { eventually, testAgent, testServer } from '../test-server.ts';
import type { Inventory } from '#shared/model/computer.ts';

/** Two machines of one series: the asset tag was given to both. */
function twins(): [Inventory, Inventory, Inventory] {
  const machine = (serial: string): Inventory => {
    const inventory = testInventory('twin', serial);
    return { ...inventory, identity: { ...inventory.identity, systemSerial: serial, assetTag: 'ROOM-12-PC' } };
  };
  return [machine('SERIAL-A1'), machine('SERIAL-B2'), { ...machine(''), identity: { ...machine('').identity, systemSerial: '' } }];
}

describe('a computer that could be several known ones', () => {
  it('says which it is, only of those offered, and speaks for that one from then on', async () => {
    const room = await Room.open();
    const [a, b, unclear] = twins();
    const first = await testAgent(room.server);
    const known = await first.portal(room.server.token, a);
    const second = await testAgent(room.server);
    const other = await second.portal(room.server.token, b);
    await first.close();
    await second.close();
    const agent = await testAgent(room.server);
    const hello = await agent.portal(room.server.token, unclear);
    expect(hello.candidates?.map((candidate) => candidate.id).toSorted()).toEqual([known.computerId, other.computerId].toSorted());
    const [run] = (await room.api.jobs.start.mutate({ what: `job/${await room.job('Hello (MI)', [message()])}`, computers: [known.computerId], groups: [], busy: 'queue' })).runs;
    expect(await agent.request('takeRun', {})).toMatchObject({ run: null });
    await expect(agent.request('pickByName', { job: 'Hello (MI)' })).rejects.toMatchObject({ code: 'conflict' });
    await expect(agent.request('identify', { computerId: room.computerId })).rejects.toMatchObject({ code: 'forbidden' });
    const answer = await agent.request('identify', { computerId: known.computerId });
    expect(answer).toMatchObject({ computerId: known.computerId, computerName: known.computerName });
    await expect(agent.request('identify', { computerId: other.computerId })).rejects.toMatchObject({ code: 'conflict' });
    expect((await agent.request('takeRun', {})).run?.id).toBe(run?.id);
    expect(await room.api.computers.get.query({ computer: known.computerId })).toMatchObject({ online: true });
    const again = await testAgent(room.server);
    expect(await again.portal(answer.computerToken, unclear)).toMatchObject({ computerId: known.computerId, candidates: [] });
  });
});

describe('a computer whose record is merged into another while it is connected', () => {
  it('gets the runs of the one it became', async () => {
    const room = await Room.open();
    const agent = await room.agent();
    const other = await testAgent(room.server);
    const { computerId } = await other.portal(room.server.token, testInventory('other'));
    await other.close();
    const [run] = (await room.api.jobs.start.mutate({ what: `job/${await room.job('Hello', [message()])}`, computers: [computerId], groups: [], busy: 'queue' })).runs;
    expect(await agent.request('takeRun', {})).toMatchObject({ run: null });
    await room.api.computers.merge.mutate({ into: computerId, from: room.computerId });
    expect((await agent.request('takeRun', {})).run?.id).toBe(run?.id);
    expect((await agent.request('portalOpen', {})).computerName).toBe((await room.api.computers.get.query({ computer: computerId })).name);
  });
});

describe('an agent of protocol 1', () => {
  it('captures and deploys as before, and its hello is answered as before', async () => {
    const server = await testServer();
    const agent = await testAgent(server);
    const hello = await agent.request('hello', { protocol: 1, agentVersion: 'old', token: server.token, inventory: testInventory() });
    expect(Object.keys(hello).toSorted()).toEqual(['computerId', 'computerName', 'computerToken', 'id', 'ok', 'protocol', 'serverId', 'serverName']);
    await agent.capture('Lab', [testChunk(randomBytes(CHUNK))]);
    const deploy = await agent.request('deployBegin', { image: 'Lab', disk: { path: '/dev/x', model: '', serial: '', sizeBytes: CHUNK }, resumeKey: 'k' });
    await agent.request('deployStarted', { runId: deploy.runId });
    await agent.request('deployDone', { runId: deploy.runId, result: {} });
    expect(agent.notices.filter((notice) => notice['type'] !== 'deployWait')).toEqual([]);
  });
});

describe('a job on a computer where somebody captures by hand', () => {
  it('waits until that has ended', async () => {
    const room = await Room.open();
    const hand = await testAgent(room.server);
    await hand.hello(room.server.token, room.inventory);
    const capture = await hand.send('Lab', [testChunk(randomBytes(CHUNK))]);
    const agent = await room.agent();
    const [id = ''] = await room.begin(`job/${await room.job('Hello', [message()])}`);
    expect(await room.states([id])).toEqual(['queued']);
    expect(await agent.request('takeRun', {})).toMatchObject({ run: null });
    await hand.request('captureCommit', { runId: capture.runId, result: {} });
    await agent.until((notice) => notice['type'] === 'work');
    expect((await agent.request('takeRun', {})).run?.id).toBe(id);
    await eventually(() => room.states([id]), ([state]) => state === 'running');
  });
});
