import { randomBytes } from 'node:crypto';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Import } from '#shared/model/import.ts';
import type { RunningServer } from '../server.ts';
import { CHUNK, testChunk } from '../test-agent.ts';
import { eventually, testAgent, testApi, testFolder, testServer, type TestApi } from '../test-server.ts';

const chunks = (count: number) => Array.from({ length: count }, () => testChunk(randomBytes(CHUNK)));
type Place = { server: RunningServer; api: TestApi };

async function start(options: Parameters<typeof testServer>[0] = {}): Promise<Place> {
  const server = await testServer({ host: '127.0.0.1', linkFirstPauseMs: 20, ...options });
  return { server, api: testApi(server) };
}
async function capture({ server, api }: Place, name: string, count: number): Promise<string> {
  const agent = await testAgent(server);
  await agent.hello(server.token);
  const { imageGuid } = await agent.capture(name, chunks(count));
  await eventually(() => api.images.get.query({ image: imageGuid }), (image) => image.newest?.state === 'ready');
  return imageGuid;
}
/** As it lies on the disk of a server that died. */
async function diskOf({ server }: Place): Promise<string> {
  await server.close();
  const disk = testFolder();
  cpSync(server.dataFolder, disk, { recursive: true });
  return disk;
}
async function imported({ api }: Place, folder: string, more: { trust?: boolean; all?: boolean } = {}): Promise<Import> {
  await api.imports.start.mutate({ folder, ...more });
  return (await eventually(() => api.imports.get.query(), (view) => view !== null && view.state !== 'running')) as Import;
}
const outcomes = (view: Import): string[] => view.versions.map((version) => `${version.imageName} v${version.number} ${version.outcome}`).sort();

describe('the disk of a server that is gone', () => {
  it('gives its images back to another console, with the same identities, re-hashed', async () => {
    const old = await start();
    const [lab, office] = [await capture(old, 'Lab', 3), await capture(old, 'Office', 2)];
    const disk = await diskOf(old);
    const fresh = await start();
    expect(outcomes(await imported(fresh, disk))).toEqual(['Lab v1 not-signed', 'Office v1 not-signed']);
    expect(await fresh.api.images.list.query()).toEqual([]);
    const view = await imported(fresh, disk, { trust: true });
    expect([view.state, outcomes(view)]).toEqual(['done', ['Lab v1 taken', 'Office v1 taken']]);
    for (const guid of [lab, office]) await eventually(() => fresh.api.images.get.query({ image: guid }), (image) => image.newest?.state === 'ready');
    expect(await fresh.api.images.get.query({ image: lab })).toMatchObject({ name: 'Lab', owner: { managed: 'locally' } });
    expect(outcomes(await imported(fresh, disk, { trust: true }))).toEqual(['Lab v1 here', 'Office v1 here']);
    expect(await fresh.api.doctor.run.mutate({ repair: false, deep: true })).toEqual([]);
  });

  it('names what is not whole, takes the rest, and does not bring back what was deleted here for good', async () => {
    const hq = await start();
    const gone = await capture(hq, 'Gone', 1);
    await capture(hq, 'Whole', 2);
    const { dataFolder } = hq.server;
    const disk = await diskOf(hq);
    rmSync(join(disk, 'store', 'packs', readdirSync(join(disk, 'store', 'packs'))[0] ?? ''));
    const back = await start({ dataFolder });
    expect(outcomes(await imported(back, disk))).toEqual(['Gone v1 here', 'Whole v1 here']);
    const other = await start();
    expect(await imported(other, disk, { trust: true })).toMatchObject({ state: 'done', versions: [{ outcome: 'incomplete' }, { outcome: 'incomplete' }] });
    expect(await other.api.images.list.query()).toEqual([]);
    // A record of a deletion is written where another server has to hear of it.
    await back.api.servers.add.mutate({ name: 'PS008' }).then(({ token }) => start({ packageServer: { packageServer: true, join: { url: `https://127.0.0.1:${back.server.httpPort}`, token } } }));
    await back.api.images.delete.mutate({ image: gone });
    await back.api.images.purge.mutate({ image: gone });
    await eventually(() => back.api.images.list.query(), (images) => images.length === 1);
    expect(outcomes(await imported(back, disk))).toEqual(['Gone v1 deleted', 'Whole v1 here']);
  });

  it('is refused where it is no store, and a second import waits its turn', async () => {
    const hq = await start();
    await capture(hq, 'Lab', 1);
    expect(await imported(hq, testFolder())).toMatchObject({ state: 'failed', problem: expect.stringMatching(/holds no packs/) as string });
    expect(await imported(hq, join(hq.server.dataFolder, 'store'))).toMatchObject({ state: 'failed', problem: expect.stringMatching(/own store/) as string });
  });
});

describe('a first copy that is brought on a disk', () => {
  it('leaves nothing for the network to carry', async () => {
    const hq = await start();
    const image = await capture(hq, 'Lab', 4);
    await capture(hq, 'Not for there', 1);
    const disk = testFolder();
    cpSync(join(hq.server.dataFolder, 'store', 'packs'), join(disk, 'packs'), { recursive: true });
    cpSync(join(hq.server.dataFolder, 'store', 'manifests'), join(disk, 'manifests'), { recursive: true });
    await hq.api.settings.set.mutate({ defaultScope: 'none' });
    // Three days from now: nothing may travel there in between.
    const windows = [{ days: [(new Date().getDay() + 3) % 7], from: '01:00', to: '02:00' }];
    await hq.api.sites.create.mutate({ name: 'Far away', description: '', subnets: [], locallyManaged: false, templateId: null, bytesPerSecond: null, windows });
    const { token } = await hq.api.servers.add.mutate({ name: 'PS008', site: 'Far away' });
    const ps = await start({ packageServer: { packageServer: true, join: { url: `https://127.0.0.1:${hq.server.httpPort}`, token } } });
    await eventually(() => hq.api.servers.get.query({ server: 'PS008' }), (server) => server.connected);
    expect(outcomes(await imported(ps, disk))).toEqual(['Lab v1 not-wanted', 'Not for there v1 not-wanted']);
    await hq.api.replication.setScope.mutate({ images: [image], scope: 'selected', servers: ['PS008'] });
    const view = await eventually(() => imported(ps, disk), (found) => found.versions.some((version) => version.outcome === 'taken'));
    expect(view.versions.find((version) => version.outcome === 'taken')).toMatchObject({ imageName: 'Lab', chunks: 4, lacking: 0 });
    await eventually(() => hq.api.servers.get.query({ server: 'PS008' }), (server) => server.copies.ready === 1);
    expect(await ps.api.images.get.query({ image })).toMatchObject({ name: 'Lab', newest: { state: 'ready' } });
    expect(await hq.api.servers.transfers.query({ server: 'PS008' })).toEqual([]);
  });
});
