import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { RunningServer } from '../server.ts';
import { CHUNK, testChunk } from '../test-agent.ts';
import { eventually, testAgent, testApi, testFolder, testServer, type TestApi } from '../test-server.ts';

const chunks = (count: number) => Array.from({ length: count }, () => testChunk(randomBytes(CHUNK)));
type Place = { server: RunningServer; api: TestApi };

async function headquarters(): Promise<Place> {
  const server = await testServer({ host: '127.0.0.1' });
  return { server, api: testApi(server) };
}
async function packageServer(hq: Place, name: string, dataFolder = testFolder()): Promise<Place & { id: string }> {
  const { token } = await hq.api.servers.add.mutate({ name });
  const server = await testServer({ dataFolder, host: '127.0.0.1', linkFirstPauseMs: 20, packageServer: { packageServer: true, join: { url: `https://127.0.0.1:${hq.server.httpPort}`, token } } });
  await eventually(() => hq.api.servers.get.query({ server: name }), (found) => found.connected);
  return { server, api: testApi(server), id: (await hq.api.servers.get.query({ server: name })).id };
}
async function capture({ server }: Place, name: string, content: ReturnType<typeof chunks>): Promise<string> {
  const agent = await testAgent(server);
  await agent.hello(server.token);
  return (await agent.capture(name, content)).imageGuid;
}
const states = async (hq: Place): Promise<string[]> => {
  const servers = new Map((await hq.api.servers.list.query()).map((each) => [each.id, each.isSelf ? 'hq' : each.name]));
  return (await hq.api.replication.matrix.query()).flatMap((row) => row.cells.map((cell) => `${row.imageName} v${row.number} ${servers.get(cell.serverId) ?? ''} ${cell.state}`)).sort();
};

describe('a version', () => {
  it('captured at the console comes to a package server, is re-hashed there, and only then ready', async () => {
    const hq = await headquarters();
    const ps = await packageServer(hq, 'PS008');
    await capture(hq, 'Lab', chunks(5));
    await eventually(() => states(hq), (found) => found.join() === 'Lab v1 PS008 ready,Lab v1 hq ready');
    expect(await ps.api.images.get.query({ image: 'Lab' })).toMatchObject({ newest: { number: 1, state: 'ready' } });
    const [transfer] = await hq.api.servers.transfers.query({ server: 'PS008' });
    expect(transfer).toMatchObject({ imageName: 'Lab', outcome: 'done', chunksWhole: 5, chunksHere: 0 });
    expect((await hq.api.servers.get.query({ server: 'PS008' })).lastProofAt).toBeGreaterThan(0);
  });

  it('captured at a package server becomes the console\'s too, and the other servers\'; who captured it owns it', async () => {
    const hq = await headquarters();
    const [a] = [await packageServer(hq, 'A'), await packageServer(hq, 'B')];
    await capture(a, 'Made at A', chunks(3));
    await eventually(() => states(hq), (found) => found.join() === 'Made at A v1 A ready,Made at A v1 B ready,Made at A v1 hq ready');
    expect((await hq.api.images.get.query({ image: 'Made at A' })).owner).toMatchObject({ serverName: 'A', managed: 'externally' });
  });

  it('captured while the console was away is told of when it is back', async () => {
    const hq = await headquarters();
    const ps = await packageServer(hq, 'PS008');
    const { dataFolder, httpPort } = hq.server;
    await hq.server.close();
    await capture(ps, 'Offline', chunks(2));
    const server = await testServer({ host: '127.0.0.1', dataFolder, httpPort });
    const back = { server, api: testApi(server) };
    await eventually(() => states(back), (found) => found.join() === 'Offline v1 PS008 ready,Offline v1 hq ready');
  });

  it('is copied by a server that comes back after a restart, from what it was told last', async () => {
    const hq = await headquarters();
    const dataFolder = testFolder();
    const ps = await packageServer(hq, 'PS008', dataFolder);
    await ps.server.close();
    await capture(hq, 'Later', chunks(2));
    await testServer({ dataFolder, host: '127.0.0.1', linkFirstPauseMs: 20 });
    await eventually(() => states(hq), (found) => found.join() === 'Later v1 PS008 ready,Later v1 hq ready');
  });
});
