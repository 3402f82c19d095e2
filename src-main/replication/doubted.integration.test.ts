import { describe, expect, it } from 'vitest';
import { addImages, copy, TestReplica } from '../test-replica.ts';
import { eventually, testApi, testServer } from '../test-server.ts';

async function setUp() {
  const server = await testServer();
  const api = testApi(server);
  const [made] = addImages(server, 1);
  const guid = made?.versions[0] ?? '';
  const replica = new TestReplica(server);
  expect((await replica.join((await api.servers.add.mutate({ name: 'PS008' })).token)).status).toBe(200);
  await replica.open();
  await replica.prove();
  let digests = 0;
  const says = (more: Parameters<typeof copy>[1]) => replica.ask({ type: 'report', digest: `${++digests}`, copies: [copy(guid, more)] });
  const cell = async () => (await api.replication.matrix.query()).find((row) => row.versionGuid === guid)?.cells.find((each) => each.serverId === replica.id);
  const toldToVerify = () => replica.notices.filter((notice) => notice.type === 'verify').length;
  const isSource = async () => (await api.servers.sources.query({ address: '10.0.0.9', version: guid })).sources.some((source) => source.serverId === replica.id);
  return { server, api, guid, replica, says, cell, toldToVerify, isSource };
}

describe('a source that became smaller, or holds something else', () => {
  it('is no source until it has proved the version again: the proof from before does not count', async () => {
    const { says, cell, toldToVerify, isSource, replica, guid } = await setUp();
    await says({ provedAt: 5 });
    expect([(await cell())?.state, await isSource()]).toEqual(['ready', true]);
    await says({ manifest: 'e'.repeat(64), provedAt: 6 });
    expect([await cell(), await isSource()]).toMatchObject([{ state: expect.stringMatching(/absent|copying/) as string, problem: expect.stringMatching(/something else/) as string }, false]);
    // Its old content is back, with the proof it had: a disk that came back, or a machine that was set back.
    await says({ provedAt: 5 });
    await eventually(() => Promise.resolve(toldToVerify()), (count) => count === 1);
    expect([await cell(), await isSource()]).toMatchObject([{ state: 'verifying', problem: expect.stringMatching(/something else/) as string }, false]);
    expect(replica.notices.find((notice) => notice.type === 'verify')).toEqual({ type: 'verify', versionGuid: guid });
    await says({ state: 'verifying', provedAt: 5 });
    await says({ provedAt: 7 });
    expect([await cell(), await isSource()]).toMatchObject([{ state: 'ready', problem: null, provedAt: 7 }, true]);
    expect(toldToVerify()).toBe(1);
  });

  it('with many versions is asked to prove them bit by bit, and again by the next connection what it was not asked by this one', async () => {
    const { server, api, replica, toldToVerify } = await setUp();
    const many = addImages(server, 250).map((image) => image.versions[0] ?? '');
    const saysAll = (digest: string) => replica.ask({ type: 'report', digest, copies: many.map((each) => copy(each, { provedAt: 5 })) });
    await saysAll('there');
    await replica.ask({ type: 'report', digest: 'nothing', copies: [] });
    await saysAll('there');
    expect(toldToVerify()).toBeLessThan(250);
    replica.end();
    await eventually(() => api.servers.get.query({ server: 'PS008' }), (shown) => !shown.connected);
    replica.notices.length = 0;
    await replica.open();
    expect(await replica.prove()).toMatchObject({ reportDigest: '' });
    await saysAll('there');
    expect(await eventually(() => Promise.resolve(new Set(replica.notices.flatMap((notice) => (notice.type === 'verify' ? [notice.versionGuid] : []))).size), (count) => count === 250)).toBe(250);
  });

  it('with a clock that was set back proves it again once, and then counts', async () => {
    const { says, cell, toldToVerify, replica } = await setUp();
    await says({ provedAt: 100 });
    await replica.ask({ type: 'report', digest: 'nothing', copies: [] });
    await says({ provedAt: 40 });
    await eventually(() => Promise.resolve(toldToVerify()), (count) => count === 1);
    expect((await cell())?.state).toBe('verifying');
    await says({ provedAt: 41 });
    expect(await cell()).toMatchObject({ state: 'ready', problem: null });
    expect(toldToVerify()).toBe(1);
  });

  it('that was emptied and copied anew is a source with its new proof', async () => {
    const { says, cell, toldToVerify, replica } = await setUp();
    await says({ provedAt: 5 });
    await replica.ask({ type: 'report', digest: 'nothing', copies: [] });
    await says({ state: 'copying', provedAt: null });
    await says({ state: 'verifying', provedAt: null });
    await says({ provedAt: 9 });
    expect([await cell(), toldToVerify()]).toMatchObject([{ state: 'ready', problem: null }, 0]);
  });
});
