import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AppError } from '#shared/errors.ts';
import { openAccess } from '../access/service.ts';
import { Database } from '../db/database.ts';
import { message, Room } from '../test-room.ts';
import { CHUNK, testChunk, testDisk, testGraph, testInventory, type TestAgent } from '../test-agent.ts';
import { testAgent } from '../test-server.ts';

/** What the boot environment carries. */
function bootToken(dataFolder: string): string {
  const db = new Database(join(dataFolder, 'platen.db'), () => undefined);
  try {
    return openAccess({ db, clock: Date.now, fingerprint: '0'.repeat(64) }).mintBootToken();
  } finally {
    db.close();
  }
}
const start = async (room: Room, computerId: string): Promise<string> => {
  const what = `job/${await room.job('Hello', [message()])}`;
  return (await room.api.jobs.start.mutate({ what, computers: [computerId], groups: [], busy: 'queue' })).runs[0]?.id ?? '';
};
const taken = async (agent: TestAgent): Promise<string | null> => (await agent.request('takeRun', {})).run?.id ?? null;

describe('two records that were merged and split again', () => {
  it('are two computers to a portal that was connected all the time: it takes no run of the other', async () => {
    const room = await Room.open();
    const other = await testAgent(room.server);
    const { computerId } = await other.portal(room.server.token, testInventory('other'));
    await other.close();
    const agent = await room.agent();
    const merged = await room.api.computers.merge.mutate({ into: computerId, from: room.computerId });
    expect(await taken(agent)).toBe(null);
    await room.api.undo.run.mutate({ id: merged.undo ?? 0 });
    const [theirs, mine] = [await start(room, computerId), await start(room, room.computerId)];
    expect([await taken(agent), (await agent.request('portalOpen', {})).computerName]).toEqual([mine, (await room.run(mine)).computerName]);
    await expect(agent.request('taskStarted', { runId: theirs, index: 0 })).rejects.toMatchObject({ code: 'not-found' });
  });

  it.each(['its own token', 'the administrator\'s token'])('are two computers to one that said hello in between with %s', async (which) => {
    const room = await Room.open();
    const other = await testAgent(room.server);
    const { computerId } = await other.portal(room.server.token, testInventory('other'));
    await other.close();
    const { undo } = await room.api.computers.merge.mutate({ into: computerId, from: room.computerId });
    const agent = await testAgent(room.server);
    const hello = await agent.portal(which === 'its own token' ? room.token : room.server.token, room.inventory);
    expect(hello.computerId).toBe(computerId);
    await room.api.undo.run.mutate({ id: undo ?? 0 });
    const mine = await start(room, room.computerId);
    await start(room, computerId);
    expect(await taken(agent)).toBe(mine);
    await agent.close();
    const again = await testAgent(room.server);
    // Nothing its firmware says tells it apart now: the token alone has to know.
    expect((await again.portal(hello.computerToken, { ...room.inventory, identity: { ...room.inventory.identity, systemSerial: '' } })).computerId).toBe(room.computerId);
  });

  it('are two computers where a person had said at the computer that they are one', async () => {
    const room = await Room.open();
    const machine = (serial: string) => ({ ...testInventory('twin', serial), identity: { ...testInventory('twin', serial).identity, assetTag: 'ROOM-12-PC' } });
    const known: string[] = [];
    for (const serial of ['SERIAL-A1', 'SERIAL-B2']) {
      const agent = await testAgent(room.server);
      known.push((await agent.portal(room.server.token, machine(serial))).computerId);
      await agent.close();
    }
    const agent = await testAgent(room.server);
    const hello = await agent.portal(room.server.token, machine(''));
    const said = await agent.request('identify', { computerId: known[0] ?? '' });
    expect(said.computerId).toBe(known[0]);
    await room.api.computers.split.mutate({ merged: hello.computerId });
    const mine = await start(room, hello.computerId);
    await start(room, known[0] ?? '');
    expect(await taken(agent)).toBe(mine);
    await agent.close();
    const again = await testAgent(room.server);
    expect((await again.portal(said.computerToken, machine(''))).computerId).toBe(hello.computerId);
  });
});

describe('a portal that waits while another agent is asked whether it is still there', () => {
  it('takes nothing once it is replaced itself', async () => {
    const room = await Room.open();
    const run = await start(room, room.computerId);
    const silent = await room.agent();
    expect(await taken(silent)).toBe(run);
    silent.socket.pause();
    const second = await room.agent();
    const asked = taken(second).catch((error: AppError) => error.code);
    await new Promise<void>((resolve) => setTimeout(resolve, 200));
    const third = await room.agent();
    expect([await asked, await taken(third)]).toEqual(['conflict', run]);
  }, 15_000);
});

describe('the token of the boot environment', () => {
  it('opens a portal and nothing else, also by the computer\'s token that comes of it', async () => {
    const room = await Room.open();
    await room.image('Lab');
    const boot = bootToken(room.dataFolder);
    const inventory = testInventory('booted');
    const command = await testAgent(room.server);
    await expect(command.hello(boot, inventory)).rejects.toMatchObject({ code: 'forbidden' });
    const agent = await testAgent(room.server);
    const { computerToken, computerId } = await agent.portal(boot, inventory);
    const second = await testAgent(room.server);
    await expect(second.hello(computerToken, inventory)).rejects.toMatchObject({ code: 'forbidden' });
    const again = await testAgent(room.server);
    expect((await again.portal(computerToken, inventory)).computerId).toBe(computerId);
    for (const portal of [agent, again]) {
      await expect(portal.request('deployBegin', { image: 'Lab', disk: testDisk, resumeKey: 'k' })).rejects.toMatchObject({ code: 'forbidden' });
      await expect(portal.request('captureBegin', { image: 'Lab', note: '', disk: testDisk, graph: testGraph(1), resumeKey: 'k' })).rejects.toMatchObject({ code: 'forbidden' });
      expect((await portal.request('portalOpen', {})).computerName).toBe('booted');
    }
    // What an administrator does by hand on that computer is not the portal's either.
    const byHand = await testAgent(room.server);
    await byHand.hello(room.server.token, inventory);
    const { runId } = await byHand.send('Other', [testChunk(randomBytes(CHUNK))]);
    for (const ask of [() => again.request('renewTicket', { runId }), () => again.request('runFailed', { runId, error: { code: 'io', message: 'x' }, cancelled: true }), () => again.request('captureCommit', { runId, result: {} }), () => again.request('cancelRun', { runId })]) {
      await expect(ask()).rejects.toMatchObject({ code: 'not-found' });
    }
    expect((await byHand.request('captureCommit', { runId, result: {} })).version).toBe(1);
  });
});
