import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunningServer } from '../server.ts';
import { CHUNK, testChunk } from '../test-agent.ts';
import { inDatabase } from '../test-replica.ts';
import { eventually, testAgent, testApi, testFolder, testServer, type TestApi } from '../test-server.ts';
import { makeBackup, restoreInto } from './test-backup.ts';

const chunks = (count: number) => Array.from({ length: count }, () => testChunk(randomBytes(CHUNK)));
type Place = { server: RunningServer; api: TestApi };

async function start(options: Parameters<typeof testServer>[0] = {}): Promise<Place> {
  const server = await testServer({ host: '127.0.0.1', linkFirstPauseMs: 20, ...options });
  return { server, api: testApi(server) };
}
async function packageServer(hq: Place, name: string, dataFolder = testFolder()): Promise<Place> {
  const { token } = await hq.api.servers.add.mutate({ name });
  const place = await start({ dataFolder, packageServer: { packageServer: true, join: { url: `https://127.0.0.1:${hq.server.httpPort}`, token } } });
  await eventually(() => hq.api.servers.get.query({ server: name }), (found) => found.connected);
  return place;
}
async function capture({ server }: Place, name: string, content = chunks(3)): Promise<string> {
  const agent = await testAgent(server);
  await agent.hello(server.token);
  return (await agent.capture(name, content)).imageGuid;
}
const states = async (hq: Place): Promise<string[]> => {
  const servers = new Map((await hq.api.servers.list.query()).map((each) => [each.id, each.isSelf ? 'hq' : each.name]));
  return (await hq.api.replication.matrix.query()).flatMap((row) => row.cells.map((cell) => `${row.imageName} v${row.number} ${servers.get(cell.serverId) ?? ''} ${cell.state}`)).sort();
};
const settled = (hq: Place, wanted: string[]) => eventually(() => states(hq), (found) => found.join() === wanted.join());

describe('a console restored from a backup', () => {
  it('is the same server: its package server finds it, hands its images back, and what was captured meanwhile is told again', async () => {
    const hq = await start();
    const ps = await packageServer(hq, 'PS008');
    await capture(hq, 'Before');
    await settled(hq, ['Before v1 PS008 ready', 'Before v1 hq ready']);
    const backup = await makeBackup(hq, { passphrase: 'correct horse' });
    await capture(ps, 'After');
    await settled(hq, ['After v1 PS008 ready', 'After v1 hq ready', 'Before v1 PS008 ready', 'Before v1 hq ready']);
    const { httpPort, fingerprint } = hq.server;
    await hq.server.close();

    const dataFolder = join(testFolder(), 'new');
    const { lost } = await restoreInto(dataFolder, backup, { passphrase: 'correct horse' });
    expect(lost).toEqual([]);
    expect(statSync(join(dataFolder, 'platen.db')).mode & 0o777).toBe(0o600);
    const known = inDatabase({ dataFolder }, (db) => db.all<{ state: string }>('SELECT state FROM copy ORDER BY state').map((row) => row.state));
    expect(known).toEqual(['absent', 'verifying']);

    const restored = await start({ dataFolder, httpPort });
    expect(restored.server.fingerprint).toBe(fingerprint);
    await settled(restored, ['After v1 PS008 ready', 'After v1 hq ready', 'Before v1 PS008 ready', 'Before v1 hq ready']);
    expect((await restored.api.images.get.query({ image: 'Before' })).versions[0]?.state).toBe('ready');
  });

  it('with its images has them re-hashed before they are called ready', async () => {
    const hq = await start();
    await capture(hq, 'Lab');
    await eventually(() => hq.api.images.get.query({ image: 'Lab' }), (image) => image.newest?.state === 'ready');
    const backup = await makeBackup(hq, { images: true });
    await hq.server.close();
    const dataFolder = testFolder();
    await restoreInto(dataFolder, backup);
    expect(inDatabase({ dataFolder }, (db) => db.all('SELECT state, proved_at IS NULL AS never FROM copy'))).toEqual([{ state: 'verifying', never: 0 }]);
    const restored = await start({ dataFolder });
    await eventually(() => restored.api.images.get.query({ image: 'Lab' }), (image) => image.newest?.state === 'ready');
    expect(await restored.api.doctor.run.mutate({ repair: false, deep: true })).toEqual([]);
  });

  it('deletes for good what is deleted after the restore, also at a server that had carried out later records than the backup knows', async () => {
    const hq = await start();
    const ps = await packageServer(hq, 'PS008');
    await capture(hq, 'Old');
    await capture(hq, 'Kept');
    await settled(hq, ['Kept v1 PS008 ready', 'Kept v1 hq ready', 'Old v1 PS008 ready', 'Old v1 hq ready']);
    const backup = await makeBackup(hq, { images: true });
    const purge = async ({ api }: Place, image: string): Promise<void> => {
      await api.images.delete.mutate({ image });
      await api.images.purge.mutate({ image });
    };
    await purge(hq, 'Old');
    await eventually(() => ps.api.images.list.query(), (images) => images.map((image) => image.name).join() === 'Kept');
    const { httpPort } = hq.server;
    await hq.server.close();

    const dataFolder = testFolder();
    await restoreInto(dataFolder, backup);
    const restored = await start({ dataFolder, httpPort });
    // Deleted after the backup was made: its row is back, and so is the copy that the backup held. The record was carried out there all the same.
    await purge(restored, 'Kept');
    await eventually(() => ps.api.images.list.query(), (images) => !images.some((image) => image.name === 'Kept'));
    await settled(restored, ['Old v1 PS008 ready', 'Old v1 hq ready']);
  });

  it('tells of what was on it alone as lost, and calls nothing ready', async () => {
    const hq = await start();
    await capture(hq, 'Only here');
    await eventually(() => hq.api.images.get.query({ image: 'Only here' }), (image) => image.newest?.state === 'ready');
    const backup = await makeBackup(hq);
    await hq.server.close();
    const dataFolder = testFolder();
    expect((await restoreInto(dataFolder, backup)).lost).toMatchObject([{ imageName: 'Only here', number: 1, here: true }]);
    const restored = await start({ dataFolder });
    expect((await restored.api.images.get.query({ image: 'Only here' })).versions[0]?.state).not.toBe('ready');
    expect(await states(restored)).toEqual([expect.stringMatching(/^Only here v1 hq (absent|copying)$/)]);
  });

  it('at another address is found by a package server that is told so, which believes nobody else there', async () => {
    const hq = await start();
    const ps = await packageServer(hq, 'PS008');
    const backup = await makeBackup(hq);
    await hq.server.close();
    const dataFolder = testFolder();
    await restoreInto(dataFolder, backup);
    const [restored, other] = [await start({ dataFolder }), await start()];
    expect(restored.server.httpPort).not.toBe(hq.server.httpPort);
    const at = ({ server }: Place): string => `https://127.0.0.1:${server.httpPort}`;
    await expect(ps.api.link.moveTo.mutate({ url: at(other) })).rejects.toThrow(/another certificate/);
    await expect(ps.api.link.moveTo.mutate({ url: 'http://127.0.0.1:1' })).rejects.toThrow(/no.* the address of a console/);
    await expect(restored.api.link.get.query()).rejects.toThrow(/is a console/);
    await ps.api.link.moveTo.mutate({ url: at(restored) });
    expect(await eventually(() => ps.api.link.get.query(), (about) => about.connected)).toMatchObject({ fingerprint: hq.server.fingerprint, problem: null });
    expect((await ps.api.link.get.query()).addresses[0]).toBe(at(restored));
    await eventually(() => restored.api.servers.get.query({ server: 'PS008' }), (server) => server.connected);
  });

  it('at another address says so to its package servers, which come by themselves', async () => {
    const hq = await start();
    const ps = await packageServer(hq, 'PS008');
    const backup = await makeBackup(hq);
    await hq.server.close();
    const dataFolder = testFolder();
    await restoreInto(dataFolder, backup);
    inDatabase({ dataFolder }, (db) => db.run('UPDATE server SET addresses = :addresses WHERE is_self = 0', { addresses: JSON.stringify([`https://127.0.0.1:${ps.server.httpPort}`]) }));
    const restored = await start({ dataFolder });
    await eventually(() => restored.api.servers.get.query({ server: 'PS008' }), (server) => server.connected);
    await eventually(() => ps.api.link.get.query(), (about) => about.connected && about.addresses[0] === `https://127.0.0.1:${restored.server.httpPort}`);
    // Nobody else moves it anywhere.
    const url = `${ps.server.url}/replica/console`;
    for (const body of ['{}', JSON.stringify({ body: JSON.stringify({ purpose: 'moved', console: randomUUID(), addresses: ['https://10.0.0.1:1'], at: 1 }), signature: 'AAAA' })]) {
      expect((await fetch(url, { method: 'POST', body })).status).toBe(401);
    }
    expect((await ps.api.link.get.query()).addresses).not.toContain('https://10.0.0.1:1');
  });

  it('is refused into a folder that is not empty, and leaves nothing behind where the backup is not whole', async () => {
    const hq = await start();
    const backup = await makeBackup(hq);
    await expect(restoreInto(hq.server.dataFolder, backup)).rejects.toMatchObject({ code: 'conflict' });
    const dataFolder = testFolder();
    await expect(restoreInto(dataFolder, backup.subarray(0, -40))).rejects.toMatchObject({ code: 'proof-failed' });
    expect(readdirSync(dataFolder)).toEqual([]);
    await restoreInto(dataFolder, backup);
    expect(readFileSync(join(dataFolder, 'tls/certificate.pem'), 'utf8')).toBe(readFileSync(join(hq.server.dataFolder, 'tls/certificate.pem'), 'utf8'));
    expect(existsSync(join(dataFolder, 'platen.db.restoring'))).toBe(false);
  });

  it('is fetched once, by whoever has the ticket', async () => {
    const hq = await start();
    const { path } = await hq.api.backup.prepare.mutate({ images: false });
    expect((await fetch(`${hq.server.url}/download/backup?ticket=x`)).status).toBe(401);
    const answer = await fetch(`${hq.server.url}${path}`);
    expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(10_000);
    expect((await fetch(`${hq.server.url}${path}`)).status).toBe(401);
  });
});

describe('a package server restored from an old backup', () => {
  it('says what it has, and comes to what its console wants again', async () => {
    const hq = await start();
    const ps = await packageServer(hq, 'PS008');
    await capture(hq, 'One');
    await settled(hq, ['One v1 PS008 ready', 'One v1 hq ready']);
    const backup = await makeBackup(ps, { images: true });
    await capture(hq, 'Two');
    await settled(hq, ['One v1 PS008 ready', 'One v1 hq ready', 'Two v1 PS008 ready', 'Two v1 hq ready']);
    await hq.api.images.delete.mutate({ image: 'One' });
    await hq.api.images.purge.mutate({ image: 'One' });
    await settled(hq, ['Two v1 PS008 ready', 'Two v1 hq ready']);
    await ps.server.close();

    const dataFolder = testFolder();
    await restoreInto(dataFolder, backup);
    const restored = await start({ dataFolder });
    await eventually(() => restored.api.images.list.query(), (images) => images.map((image) => `${image.name} ${image.newest?.state ?? ''}`).join() === 'Two ready');
    await settled(hq, ['Two v1 PS008 ready', 'Two v1 hq ready']);
  });
});
