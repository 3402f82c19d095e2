import { describe, expect, it } from 'vitest';
import { testApi, testFolder, testServer } from '../test-server.ts';

const DAY_MS = 86_400_000;

describe('the trash of jobs', () => {
  it('lets go of what lies there longer than the setting says, a folder with all that is in it, and of nothing else', async () => {
    let now = Date.now();
    const dataFolder = testFolder();
    const first = await testServer({ dataFolder, clock: () => now });
    const api = testApi(first);
    const folder = async (name: string, parent: string | null = null) => (await api.jobs.createFolder.mutate({ name, parent })).id;
    const job = async (name: string, at: string | null) => (await api.jobs.create.mutate({ name, folder: at, tasks: [{ type: 'power', id: 'a', action: 'restart' }] })).id;
    const old = await folder('Old');
    const inner = await folder('Inner', old);
    const kept = await folder('Kept');
    const later = await folder('Later');
    const [inOld, inInner, alone, inKept, inLater] = [await job('In old', old), await job('In inner', inner), await job('Alone', null), await job('In kept', kept), await job('In later', later)];
    await api.jobs.trash.mutate({ items: [`folder/${old}`, `job/${alone}`] });
    await api.jobs.trash.mutate({ items: [`folder/${later}`] });
    await api.jobs.untrash.mutate({ items: [`folder/${later}`] });
    now += 10 * DAY_MS;
    await api.jobs.trash.mutate({ items: [`job/${inLater}`] });
    await api.settings.set.mutate({ trashDays: 14 });
    await first.close();

    now += 5 * DAY_MS;
    const again = testApi(await testServer({ dataFolder, clock: () => now }));
    const trash = await again.jobs.inTrash.query();
    expect([trash.folders.map((each) => each.name), trash.jobs.map((each) => each.name), (await again.jobs.list.query()).map((each) => each.name), (await again.jobs.folders.query()).map((each) => each.name).sort()])
      .toEqual([[], ['In later'], ['In kept'], ['Kept', 'Later']]);
    for (const gone of [inOld, inInner, alone]) await expect(again.jobs.get.query({ job: gone })).rejects.toThrow('any more');
    await again.jobs.untrash.mutate({ items: [`job/${inLater}`] });
    expect((await again.jobs.get.query({ job: inKept })).name).toBe('In kept');
  });
});
