import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { eventually, testAgent, testApi, testServer } from '../test-server.ts';
import { testInventory } from '../test-agent.ts';

it('what is on a computer\'s disks is what its agent said last, and nothing else of it changes', async () => {
  const server = await testServer();
  const api = testApi(server);
  const inventory = testInventory('pc');
  const agent = await testAgent(server);
  const { computerId } = await agent.portal(server.token, inventory, randomUUID());
  const disk = { path: '/dev/sda', model: 'Disk', serial: 'S1', bus: 'sata', sizeBytes: 1e9, sectorSizeBytes: 512, removable: false, readOnly: false, busy: null, systemDisk: false, tableKind: 'gpt', partitions: [] } as const;
  agent.notice({ type: 'inventory', inventory: { ...inventory, disks: [disk] } });
  const known = await eventually(() => api.computers.get.query({ computer: computerId }), (computer) => computer.disks.length === 1);
  // A second one at once is one too many, and is no reason to end the connection.
  agent.notice({ type: 'inventory', inventory: { ...inventory, disks: [disk, { ...disk, path: '/dev/sdb' }] } });
  const { run } = await agent.request('takeRun', {});
  expect([known.name, known.disks[0]?.serial, run, (await api.computers.get.query({ computer: computerId })).disks.length]).toEqual(['pc', 'S1', null, 1]);
});

it('a run is done under the name that the computer has when it begins', async () => {
  const server = await testServer();
  const api = testApi(server);
  const agent = await testAgent(server);
  const { computerId } = await agent.portal(server.token, testInventory('pc-1'), randomUUID());
  await api.computers.rename.mutate({ computer: computerId, name: 'LAB-21' });
  const { id } = await api.jobs.create.mutate({ folder: null, name: 'Greet', tasks: [{ type: 'message', id: 'm', text: '{name}', seconds: 1 }] });
  await api.jobs.start.mutate({ what: `job/${id}`, computers: [computerId], groups: [], busy: 'queue' });
  expect((await agent.request('takeRun', {})).computerName).toBe('LAB-21');
});
