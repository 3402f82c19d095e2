import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { message, deployTask, Room, script } from '../test-room.ts';
import { testInventory } from '../test-agent.ts';
import { testAgent } from '../test-server.ts';

const publish = async (room: Room, id: string) => room.api.jobs.save.mutate({ id, showInPortal: true });

describe('the portal of a computer', () => {
  it('shows the menu that the console previews, with what each item would do', async () => {
    const room = await Room.open();
    const guid = await room.image('Lab');
    const { id: folder } = await room.api.jobs.createFolder.mutate({ parent: null, name: 'Room 12 (MI)' });
    await room.job('1 deploy', [deployTask(guid)], folder);
    await room.job('2 script', [{ ...script(), text: 'x'.repeat(50_000) } as ReturnType<typeof script>], folder);
    const empty = await room.job('Nothing yet (MI)', []);
    await room.job('Hidden', [message()]);
    const agent = await room.agent();
    const open = await agent.request('portalOpen', {});
    expect(open.menu).toEqual((await room.api.portal.preview.query()).menu);
    expect(open).toMatchObject({
      settings: { portalTitle: 'Platen' }, named: false, pending: [],
      menu: [{ id: `job/${empty}`, label: 'Nothing yet', problem: 'It has no tasks yet' }, { id: `folder/${folder}`, label: 'Room 12', jobs: 2, erases: true, problem: null }],
      tasks: { [`folder/${folder}`]: [{ type: 'deploy', imageGuid: guid }, { type: 'script' }] }, needs: [{ imageGuid: guid, version: null, imageName: 'Lab', problem: null }],
    });
    expect(JSON.stringify(open).length).toBeLessThan(20_000);
    await expect(agent.request('portalPick', { item: `job/${empty}`, name: null })).rejects.toMatchObject({ code: 'conflict' });
    await expect(agent.request('portalPick', { item: `job/${randomUUID()}`, name: null })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('hears of a menu that changed once for many changes, and of nothing that does not show', async () => {
    const room = await Room.open();
    const agent = await room.agent();
    const hidden = await room.job('Hidden', [message()]);
    for (let i = 0; i < 5; i++) await publish(room, await room.job(`Job ${i}`, [message()]));
    await agent.until((notice) => notice['type'] === 'menuChanged');
    expect((await agent.request('portalOpen', {})).menu).toHaveLength(5);
    await room.api.jobs.save.mutate({ id: hidden, tasks: [script()] });
    await room.api.settings.set.mutate({ portalTitle: 'Room 12' });
    await agent.until(() => agent.notices.filter((notice) => notice['type'] === 'menuChanged').length === 2);
    expect((await agent.request('portalOpen', {})).settings.portalTitle).toBe('Room 12');
  });

  it('schedules a pick for itself, names the computer, and replaces what waited', async () => {
    const room = await Room.open();
    const { id: folder } = await room.api.jobs.createFolder.mutate({ parent: null, name: 'Room (MI)' });
    for (const name of ['1 first', '2 second']) await room.job(name, [message()], folder);
    const [waiting = ''] = await room.begin(`job/${await room.job('Earlier', [message()])}`);
    const agent = await room.agent();
    expect((await agent.request('portalOpen', {})).pending).toMatchObject([{ id: waiting, title: 'Earlier', by: 'admin' }]);
    const started = performance.now();
    const picked = await agent.request('portalPick', { item: `folder/${folder}`, name: 'LAB-01' });
    expect(performance.now() - started).toBeLessThan(200);
    expect(picked).toMatchObject({ runs: [{ title: '1 first' }, { title: '2 second' }], replaced: [{ id: waiting, title: 'Earlier' }], computerName: 'LAB-01' });
    expect(await room.run(waiting)).toMatchObject({ state: 'cancelled', error: { message: expect.stringContaining('replaced by “Room”') as string } });
    expect(await room.states(picked.runs.map((run) => run.id))).toEqual(['waiting computer', 'queued']);
    expect(await room.run(picked.runs[0]?.id ?? '')).toMatchObject({ computerName: 'LAB-01', computerId: room.computerId, actor: expect.stringMatching(/^computer /) as string });
    expect(await room.api.computers.get.query({ computer: room.computerId })).toMatchObject({ name: 'LAB-01', named: true });
    const again = await agent.request('portalPick', { item: `folder/${folder}`, name: null });
    expect(again.replaced.map((run) => run.id)).toEqual(picked.runs.map((run) => run.id));
  });

  it('never replaces what runs, and then changes nothing at all', async () => {
    const room = await Room.open();
    const job = await room.job('Hello (MI)', [message()]);
    const agent = await room.agent();
    const { runs: [first] } = await agent.request('portalPick', { item: `job/${job}`, name: null });
    await agent.request('takeRun', {});
    const [pending = ''] = await room.begin(`job/${job}`);
    await expect(agent.request('portalPick', { item: `job/${job}`, name: 'LAB-01' })).rejects.toMatchObject({ code: 'conflict', data: { run: first?.id } });
    expect(await room.states([first?.id ?? '', pending])).toEqual(['running', 'queued']);
    expect((await room.api.computers.get.query({ computer: room.computerId })).named).toBe(false);
  });

  it('accepts only names that computers can have, that nobody has, and that the settings allow', async () => {
    const room = await Room.open();
    const other = await testAgent(room.server);
    const { computerId } = await other.portal(room.server.token, testInventory('other'));
    await room.api.computers.rename.mutate({ computer: computerId, name: 'LAB-02' });
    const item = `job/${await room.job('Hello (MI)', [message()])}`;
    const agent = await room.agent();
    expect([(await agent.request('portalName', { name: 'lab-02' })).problem === null, (await agent.request('portalName', { name: 'has space' })).problem, (await agent.request('portalName', { name: 'LAB-01' })).problem])
      .toEqual([false, 'A name has no spaces. Use a hyphen.', null]);
    for (const name of ['LAB-02', 'a b', 'x'.repeat(16)]) await expect(agent.request('portalPick', { item, name })).rejects.toMatchObject({ code: 'invalid-input' });
    expect(await room.api.runs.list.query()).toEqual([]);
    await agent.request('portalPick', { item, name: 'LAB-01' });
    await room.api.settings.set.mutate({ portalRenameKnown: false });
    await expect(agent.request('portalPick', { item, name: 'LAB-03' })).rejects.toMatchObject({ code: 'forbidden' });
    expect(await agent.request('portalPick', { item, name: 'LAB-01' })).toMatchObject({ computerName: 'LAB-01' });
  });

  it('starts a job by its name: what is published by the computer\'s token, anything by an administrator\'s', async () => {
    const room = await Room.open();
    const hidden = await room.job('Hidden', [message()]);
    await room.job('Win11 (MI) lab', [message()]);
    const agent = await room.agent();
    for (const job of ['Win11 lab', 'win11 (mi) lab']) expect(await agent.request('pickByName', { job })).toMatchObject({ runs: [{ title: 'Win11 (MI) lab' }] });
    for (const job of ['Hidden', `job/${hidden}`, 'No such job']) await expect(agent.request('pickByName', { job })).rejects.toMatchObject({ code: 'not-found' });
    const admin = await testAgent(room.server);
    await admin.portal(room.server.token, room.inventory);
    expect(await admin.request('pickByName', { job: 'Hidden' })).toMatchObject({ runs: [{ title: 'Hidden' }], replaced: [{ title: 'Win11 (MI) lab' }] });
    await room.job('Empty', []);
    await expect(admin.request('pickByName', { job: 'Empty' })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('proposes a name for a new computer', async () => {
    const room = await Room.open();
    await room.api.settings.set.mutate({ portalNamePattern: 'LAB-{n:2}' });
    const agent = await room.agent();
    expect(await agent.request('portalOpen', {})).toMatchObject({ named: false, proposedName: 'LAB-01' });
  });
});

describe('twenty computers at once', () => {
  it('pick, take and do their runs, each its own and all of them once', async () => {
    const room = await Room.open();
    const { id: folder } = await room.api.jobs.createFolder.mutate({ parent: null, name: 'Room (MI)' });
    for (const name of ['1 first', '2 second', '3 third']) await room.job(name, [message(), script()], folder);
    const one = async (index: number): Promise<string[]> => {
      const agent = await testAgent(room.server);
      await agent.portal(room.server.token, testInventory(`lab-${index}`));
      const { runs } = await agent.request('portalPick', { item: `folder/${folder}`, name: `LAB-${index}` });
      const done: string[] = [];
      for (let { run } = await agent.request('takeRun', {}); run !== null; { run } = await agent.request('takeRun', {})) {
        for (const task of run.tasks.keys()) {
          await agent.request('taskStarted', { runId: run.id, index: task });
          await agent.request('taskDone', { runId: run.id, index: task, result: {} });
        }
        done.push(run.id);
      }
      expect(done).toEqual(runs.map((run) => run.id));
      return done;
    };
    const all = (await Promise.all(Array.from({ length: 20 }, (_, index) => one(index + 1)))).flat();
    expect(new Set(all).size).toBe(60);
    expect((await room.api.runs.list.query({ states: ['succeeded'] })).map((run) => run.id).toSorted()).toEqual(all.toSorted());
  });
});
