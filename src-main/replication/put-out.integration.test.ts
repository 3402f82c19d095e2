import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { CHUNK, testChunk } from '../test-agent.ts';
import { eventually, testAgent, testApi, testFolder, testServer } from '../test-server.ts';

it('what a server captured before it was put out still comes to one that joins afterwards, on the word of those who proved it', async () => {
  const hq = await testServer({ host: '127.0.0.1' });
  const api = testApi(hq);
  const join = async (name: string) => {
    const { token } = await api.servers.add.mutate({ name });
    const server = await testServer({ dataFolder: testFolder(), host: '127.0.0.1', linkFirstPauseMs: 20, packageServer: { packageServer: true, join: { url: `https://127.0.0.1:${hq.httpPort}`, token } } });
    await eventually(() => api.servers.get.query({ server: name }), (found) => found.connected);
    return server;
  };
  const readyAt = async (): Promise<string> => (await api.images.list.query({}).then(([image]) => (image === undefined ? null : api.images.get.query({ image: image.guid }))))?.copies.filter((copy) => copy.state === 'ready').map((copy) => copy.serverName).sort().join() ?? '';
  const a = await join('A');
  const agent = await testAgent(a);
  await agent.hello(a.token);
  await agent.capture('Made at A', [testChunk(randomBytes(CHUNK)), testChunk(randomBytes(CHUNK))]);
  await eventually(readyAt, (names) => names.split(',').length === 2);
  await a.close();
  await api.servers.revoke.mutate({ server: 'A', force: true });
  await join('B');
  await eventually(readyAt, (names) => names.split(',').includes('B'));
  expect((await api.images.get.query({ image: 'Made at A' })).versions[0]?.pending).toBe(false);
}, 60_000);
