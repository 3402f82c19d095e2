import { describe, expect, it } from 'vitest';
import { testInventory } from '../test-agent.ts';
import { testAgent, testApi, testServer } from '../test-server.ts';

describe('the console\'s tree', () => {
  it('has its roots from the beginning, and hangs computers below their groups and jobs below their folders', async () => {
    const server = await testServer();
    const api = testApi(server);
    const level = async (parent: string | null) => (await api.tree.children.query({ parent })).map(({ id, name, badge, state, hasChildren, published }) => [id.replace(/[0-9a-f-]{36}/, '#'), name, badge, state, hasChildren, ...(published === undefined ? [] : [published])]);
    expect(await level(null)).toEqual([
      ['computers', 'Computers', null, null, true], ['jobs', 'Jobs', null, null, false], ['images', 'Images', null, null, false], ['servers', 'Package servers', null, null, true], ['boot', 'Network boot', null, null, false], ['activity', 'Activity', null, null, false],
    ]);
    expect(await level('computers')).toEqual([['group/new', 'New computers', null, null, false]]);

    for (const name of ['LAB-10', 'LAB-2']) await (await testAgent(server)).hello(server.token, testInventory(name));
    const room = await api.computers.createGroup.mutate({ parent: null, name: 'Room 12' });
    await api.computers.createGroup.mutate({ parent: room.id, name: 'Row 1' });
    await api.computers.move.mutate({ computers: ['LAB-10'], group: room.id });
    const folder = await api.jobs.createFolder.mutate({ parent: null, name: 'Imaging (MI)' });
    await api.jobs.create.mutate({ folder: folder.id, name: 'Restart', tasks: [{ type: 'power', id: 'a', action: 'restart' }] });
    await api.jobs.create.mutate({ folder: folder.id, name: 'Empty' });
    expect([await level(null), await level('computers'), await level('group/new'), await level(`group/${room.id}`), await level('jobs'), await level(`folder/${folder.id}`)]).toEqual([
      [['computers', 'Computers', '2', null, true], ['jobs', 'Jobs', '2', null, true], ['images', 'Images', null, null, false], ['servers', 'Package servers', null, null, true], ['boot', 'Network boot', null, null, false], ['activity', 'Activity', null, null, false]],
      [['group/new', 'New computers', '1', null, true], ['group/#', 'Room 12', '1', null, true]],
      [['computer/#', 'LAB-2', null, 'online', false]],
      [['group/#', 'Row 1', null, null, false], ['computer/#', 'LAB-10', null, 'online', false]],
      [['folder/#', 'Imaging (MI)', null, null, true, true]],
      [['job/#', 'Empty', null, 'attention', false, false], ['job/#', 'Restart', null, null, false, false]],
    ]);
    expect([await level('group/00000000-0000-4000-8000-000000000000'), await level('toString'), await level('group/nonsense')]).toEqual([[], [], []]);
    expect((await api.search.find.query({ text: 'room' })).map(({ kind, name }) => [kind, name])).toEqual([['group', 'Room 12']]);
    expect((await api.search.find.query({ text: 'lab-' })).map(({ kind, name, detail }) => [kind, name, detail.split(' · ')[0]])).toEqual([['computer', 'LAB-2', 'New computers'], ['computer', 'LAB-10', 'Room 12']]);
  });

  it('shows what goes on at a computer', async () => {
    const server = await testServer();
    const api = testApi(server);
    const agent = await testAgent(server);
    const { computerId } = await agent.hello(server.token, testInventory('LAB-1'));
    const job = await api.jobs.create.mutate({ folder: null, name: 'Restart', tasks: [{ type: 'power', id: 'a', action: 'restart' }] });
    await api.jobs.start.mutate({ what: `job/${job.id}`, computers: [computerId], groups: [], busy: 'queue' });
    expect(await api.tree.children.query({ parent: 'group/new' })).toMatchObject([{ name: 'LAB-1', state: 'queued' }]);
    const { run } = await agent.request('takeRun', {});
    await agent.request('taskStarted', { runId: run?.id ?? '', index: 0 });
    expect([await api.tree.children.query({ parent: 'group/new' }), await api.tree.children.query({ parent: 'activity' })]).toMatchObject([[{ state: 'running' }], [{ name: 'Restart on LAB-1', state: 'running' }]]);
  });
});
