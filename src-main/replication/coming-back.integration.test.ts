import { randomBytes } from 'node:crypto';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CHUNK, testChunk } from '../test-agent.ts';
import { capture, headquarters, packageServer, startAgain, untilState } from '../test-handover.ts';
import { inDatabase, TestReplica } from '../test-replica.ts';
import { eventually, testAgent, testApi, testFolder, testServer } from '../test-server.ts';

const names = async (server: { url: string; token: string }): Promise<string[]> => (await testApi(server).images.list.query()).map((image) => image.name).sort();

it('a server that was put out while it was away joins at once with a new token, and what was deleted meanwhile goes there too and does not come back', async () => {
  const hq = await testServer({ host: '127.0.0.1' });
  const api = testApi(hq);
  const dataFolder = testFolder();
  const start = async () => {
    const { token } = await api.servers.add.mutate({ name: 'PS008' });
    return await testServer({ dataFolder, host: '127.0.0.1', linkFirstPauseMs: 20, packageServer: { packageServer: true, join: { url: `https://127.0.0.1:${hq.httpPort}`, token } } });
  };
  const first = await start();
  const agent = await testAgent(first);
  await agent.hello(first.token);
  for (const name of ['Deleted', 'Kept']) await agent.capture(name, [testChunk(randomBytes(CHUNK))]);
  await eventually(() => api.replication.matrix.query(), (rows) => rows.length === 2 && rows.every((row) => row.cells.every((cell) => cell.state === 'ready')));
  await first.close();
  // Nobody is joined now: the order must be kept for who comes back.
  await api.servers.revoke.mutate({ server: 'PS008', force: true });
  await api.images.delete.mutate({ image: 'Deleted' });
  await api.images.purge.mutate({ image: 'Deleted' });
  const back = await start();
  await eventually(() => api.servers.get.query({ server: 'PS008' }), (server) => server.connected && server.state === 'joined');
  await eventually(() => names(back), (found) => found.join() === 'Kept');
  expect(await names(hq)).toEqual(['Kept']);
});

it('a version that can not be told, because its manifest is damaged, holds back no other one that was captured while the console was away', async () => {
  const hq = await testServer({ host: '127.0.0.1' });
  const { token } = await testApi(hq).servers.add.mutate({ name: 'PS008' });
  const ps = await testServer({ host: '127.0.0.1', linkFirstPauseMs: 20, packageServer: { packageServer: true, join: { url: `https://127.0.0.1:${hq.httpPort}`, token } } });
  await eventually(() => testApi(hq).servers.get.query({ server: 'PS008' }), (server) => server.connected);
  await hq.close();
  const agent = await testAgent(ps);
  await agent.hello(ps.token);
  const there = testApi(ps);
  for (const name of ['First', 'Second']) {
    await agent.capture(name, [testChunk(randomBytes(CHUNK))], name);
    await eventually(() => there.images.get.query({ image: name }), (image) => image.newest?.state === 'ready');
  }
  const folder = join(ps.dataFolder, 'store', 'manifests');
  const { manifest } = (await there.images.get.query({ image: 'First' })).versions[0] ?? { manifest: '' };
  truncateSync(join(folder, readdirSync(folder, { recursive: true }).map(String).find((name) => name.endsWith(`${manifest}.plm`)) ?? ''), 5);
  const back = await testServer({ host: '127.0.0.1', dataFolder: hq.dataFolder, httpPort: hq.httpPort });
  await eventually(() => names(back), (found) => found.join() === 'Second');
});

it('a console that can not write down when it last heard of a package server goes on, and knows that it is gone', async () => {
  const hq = await testServer({ host: '127.0.0.1' });
  const api = testApi(hq);
  const replica = new TestReplica(hq);
  await replica.join((await api.servers.add.mutate({ name: 'PS008' })).token);
  await (await replica.open()).prove();
  await eventually(() => api.servers.get.query({ server: 'PS008' }), (server) => server.connected);
  inDatabase(hq, (db) => db.run("CREATE TRIGGER full BEFORE UPDATE ON server BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"));
  replica.end();
  await eventually(() => api.servers.get.query({ server: 'PS008' }), (server) => !server.connected);
});

it('a server that was retired says so where it stands, and is connected again as soon as that is taken back', async () => {
  const hq = await headquarters();
  const ps = await packageServer(hq, 'PS008');
  const begun = await hq.api.handovers.begin.mutate({ request: { kind: 'retire', from: 'PS008', to: null } });
  await untilState(hq, begun, 'ready');
  const { undo } = await hq.api.handovers.letGo.mutate({ id: begun.id });
  const { problems } = await eventually(() => ps.api.status.get.query(), (status) => status.problems.some((problem) => problem.code === 'retired'));
  expect(problems.map((problem) => problem.message)).toContainEqual(expect.stringMatching(/has retired this server: other servers have its images.* It keeps everything .* take it back at the console/));
  await hq.api.undo.run.mutate({ id: undo ?? 0 });
  await eventually(() => hq.api.servers.get.query({ server: 'PS008' }), (server) => server.connected && server.state === 'retiring');
  await eventually(() => ps.api.status.get.query(), (status) => status.console?.connected === true && !status.problems.some((problem) => problem.code === 'retired'));
});

it('a deletion that waits for a server that is away is told at that server and in the history of what was deleted, until it was carried out', async () => {
  const hq = await headquarters();
  const ps = await packageServer(hq, 'PS008');
  for (const content of ['first', 'second']) await capture(ps, 'Lab', content.length);
  // The console is told of it in its own time.
  await eventually(() => hq.api.images.get.query({ image: 'Lab' }).catch(() => null), (image) => image !== null && image.versions.length === 2 && image.versions.every((version) => version.state === 'ready'));
  await ps.server.close();
  await eventually(() => hq.api.servers.get.query({ server: 'PS008' }), (server) => !server.connected);
  expect((await hq.api.servers.get.query({ server: 'PS008' })).problems).toEqual([]);
  await hq.api.images.delete.mutate({ image: 'Lab', version: 1 });
  await hq.api.images.purge.mutate({ image: 'Lab', version: 1 });
  expect((await hq.api.servers.get.query({ server: 'PS008' })).problems).toEqual([expect.stringMatching(/^1 deletion waits for it: .* goes when it is connected again/)]);
  expect((await hq.api.images.history.query({ image: 'Lab' })).find((event) => event.kind === 'purged')?.message).toMatch(/was removed for good\. It goes from PS008 as well, as soon as that server is connected$/);
  const back = await startAgain(ps);
  await eventually(() => back.api.images.get.query({ image: 'Lab' }), (image) => image.versions.length === 1);
  await eventually(() => hq.api.servers.get.query({ server: 'PS008' }), (server) => server.connected && server.problems.length === 0);
});
