import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ComputerRow, ComputerView, Group } from '#shared/model/computer.ts';
import { TestAgent, testInventory } from '../test-agent.ts';
import { platen, serve, stop, type Result, type Serving } from './test-processes.ts';

let folder = '';
let server: Serving;
const agents: TestAgent[] = [];

const here = (...args: string[]): Promise<Result> => platen([...args, '--data', join(folder, 'data')]);
async function json<T>(...args: string[]): Promise<T> {
  const result = await here(...args, '--json');
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return JSON.parse(result.stdout) as T;
}
const names = async (...args: string[]): Promise<string[]> => (await json<ComputerRow[]>('computer', 'list', ...args)).map((computer) => computer.name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platen-cli-computers-'));
  server = await serve(join(folder, 'data'));
  for (const name of ['lab-10', 'lab-2', 'spare']) {
    const agent = await new TestAgent(server.ready.url).open();
    await agent.hello(server.ready.token, testInventory(name, `SN-${name}`));
    agents.push(agent);
  }
  await agents[2]?.close();
}, 60_000);
afterAll(async () => {
  for (const agent of agents) agent.socket.terminate();
  await stop(server);
  await rm(folder, { recursive: true, force: true });
});

describe('computers and groups on the command line', () => {
  it('are listed in the order people count, of a group, connected, found', async () => {
    expect(await names()).toEqual(['lab-2', 'lab-10', 'spare']);
    expect((await here('computer', 'list')).stdout).toMatch(/^NAME +STATE +MODEL +SERIAL +DISKS +ADDRESS +LAST SEEN\nlab-2 +connected +Test Machine +SN-lab-2 +0 +127\.0\.0\.1 +now/);
    await json('group', 'create', 'Building A');
    await json('group', 'create', 'Room 12', '--parent', 'Building A');
    expect(await here('computer', 'move', 'lab-2', 'SPARE', '--group', 'Building A/Room 12')).toMatchObject({ code: 0, stdout: 'lab-2, SPARE are in Building A/Room 12 now.\n' });
    expect([await names('--group', 'Building A'), await names('--group', 'Room 12', '--online'), await names('--group', 'new'), await names('--find', 'sn-lab-1')]).toEqual([['lab-2', 'spare'], ['lab-2'], ['lab-10'], ['lab-10']]);
    expect((await here('group', 'list')).stdout).toBe('GROUP       COMPUTERS  CONNECTED  DESCRIPTION\nBuilding A          2          1\n  Room 12           2          1\n');
  });

  it('are renamed, merged and split', async () => {
    await json('computer', 'rename', 'lab-2', 'ROOM12-01');
    expect(await here('computer', 'rename', 'lab-10', 'room12-01')).toMatchObject({ code: 3, stderr: 'Another computer is called "ROOM12-01" already. Rename that one first, or choose another name. (PL-1007)\n' });
    expect(await here('computer', 'rename', 'lab-10', 'room 12')).toMatchObject({ code: 2, stderr: 'A name has no spaces. Use a hyphen. (PL-1002)\n' });
    await json('computer', 'merge', 'spare', 'ROOM12-01');
    const merged = await json<ComputerView>('computer', 'show', 'ROOM12-01');
    expect([await names(), merged.merged.map((each) => each.name), merged.evidence.map((each) => each.value)]).toEqual([['lab-10', 'ROOM12-01'], ['spare'], ['sn-lab-2', 'sn-spare']]);
    expect((await here('computer', 'show', 'ROOM12-01')).stdout).toMatch(/Group +Building A\/Room 12\n[^]*RECOGNISED BY +VALUE +COUNTS\nserial number +sn-lab-2 +45\n[^]*MERGED INTO IT +WHEN +ID\nspare +20/);
    expect(await here('computer', 'split', 'ROOM12-01', 'nobody')).toMatchObject({ code: 3 });
    await json('computer', 'split', 'ROOM12-01');
    expect(await names()).toEqual(['lab-10', 'ROOM12-01', 'spare']);
    expect((await here('computer', 'history', 'spare')).stdout).toContain('Split off "ROOM12-01": a computer of its own again');
  });

  it('go to the trash and come back', async () => {
    await json('computer', 'delete', 'spare');
    expect([await names(), await names('--trash')]).toEqual([['lab-10', 'ROOM12-01'], ['spare']]);
    await json('computer', 'undelete', 'spare');
    await json('group', 'rename', 'Room 12', 'Room 14');
    await json('group', 'move', 'Room 14', '--top');
    expect(await here('group', 'move', 'Room 14')).toMatchObject({ code: 2 });
    expect(await here('group', 'delete', 'Room 14')).toMatchObject({ code: 0, stdout: 'The group Room 14 is deleted. Its 2 computers are in New computers.\n' });
    expect([(await json<Group[]>('group', 'list')).map((group) => group.name), await names('--group', 'new')]).toEqual([['Building A'], ['lab-10', 'ROOM12-01', 'spare']]);
  });
});
