import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeBackup, restoreInto } from '../backup/test-backup.ts';
import type { RunningServer } from '../server.ts';
import { CHUNK, testChunk } from '../test-agent.ts';
import { inDatabase } from '../test-replica.ts';
import { eventually, testAgent, testApi, testFolder, testServer, type TestApi } from '../test-server.ts';

type Place = { server: RunningServer; api: TestApi };
async function start(options: Parameters<typeof testServer>[0] = {}): Promise<Place> {
  const server = await testServer({ host: '127.0.0.1', linkFirstPauseMs: 20, ...options });
  return { server, api: testApi(server) };
}
async function packageServer(hq: Place, name: string): Promise<Place> {
  const { token } = await hq.api.servers.add.mutate({ name });
  const place = await start({ packageServer: { packageServer: true, join: { url: `https://127.0.0.1:${hq.server.httpPort}`, token } } });
  await eventually(() => hq.api.servers.get.query({ server: name }), (found) => found.connected);
  return place;
}
async function capture({ server, api }: Place, name: string): Promise<string> {
  const agent = await testAgent(server);
  await agent.hello(server.token);
  const { imageGuid } = await agent.capture(name, [testChunk(randomBytes(CHUNK)), testChunk(randomBytes(CHUNK))]);
  await eventually(() => api.images.get.query({ image: imageGuid }), (image) => image.newest?.state === 'ready');
  return imageGuid;
}
const doctor = async ({ api }: Place, repair = false): Promise<string[]> => (await api.doctor.run.mutate({ repair, deep: false })).map((finding) => `${finding.kind}${finding.repair === null ? '' : finding.repaired ? ', repaired' : ', can be repaired'}`).sort();
/** A server that joined once and is out, as its row says. */
function addServer(place: Place, state: 'revoked' | 'retired' | 'joined', name = 'PS007'): string {
  const id = randomUUID();
  inDatabase(place.server, (db) => db.run("INSERT INTO server (id, name, role, is_self, created_at, state) VALUES (:id, :name, 'package-server', 0, 0, :state)", { id, name, state }));
  return id;
}

describe('the doctor', () => {
  it('makes the records of a version again whose manifest is here, instead of letting a sweep take it', async () => {
    const hq = await start();
    const image = await capture(hq, 'Lab');
    const { dataFolder } = hq.server;
    await hq.server.close();
    inDatabase({ dataFolder }, (db) => db.transaction(() => {
      for (const table of ['assignment', 'copy', 'channel', 'image_version', 'owner', 'image']) db.run(`DELETE FROM ${table}`);
    }));
    const now = Date.now() + 2 * 3_600_000;
    const back = await start({ dataFolder, clock: () => now });
    expect(await back.api.images.list.query()).toEqual([]);
    // Asking for a removal has the store swept; what has no record is kept.
    const passing = await capture(back, 'Passing');
    await back.api.images.delete.mutate({ image: passing });
    await back.api.images.purge.mutate({ image: passing });
    expect(await doctor(back)).toEqual(['orphan-manifest, can be repaired']);
    expect(await doctor(back, true)).toEqual(['orphan-manifest, repaired']);
    expect(await eventually(() => back.api.images.get.query({ image }), (found) => found.newest?.state === 'ready')).toMatchObject({ name: 'Lab', owner: { managed: 'locally' } });
    expect(await doctor(back)).toEqual([]);
  });

  it('leaves a manifest to the sweep that was deleted for good', async () => {
    const hq = await start();
    const image = await capture(hq, 'Lab');
    const ps = await packageServer(hq, 'PS008');
    await eventually(() => ps.api.images.list.query(), (images) => images[0]?.newest?.state === 'ready');
    const manifests = join(hq.server.dataFolder, 'store', 'manifests');
    const kept = testFolder();
    const { cpSync } = await import('node:fs');
    cpSync(manifests, kept, { recursive: true });
    await hq.api.images.delete.mutate({ image });
    await hq.api.images.purge.mutate({ image });
    await eventually(() => ps.api.images.list.query(), (images) => images.length === 0);
    const { dataFolder } = hq.server;
    await hq.server.close();
    cpSync(kept, manifests, { recursive: true });
    const back = await start({ dataFolder });
    expect(await back.api.doctor.run.mutate({ repair: true, deep: false })).toMatchObject([{ kind: 'orphan-manifest', repaired: false, repair: null, message: expect.stringMatching(/deleted for good/) as string }]);
    expect(await back.api.images.list.query()).toEqual([]);
  });

  it('takes a copy as gone whose manifest is gone, and says where the version still is', async () => {
    const hq = await start();
    const image = await capture(hq, 'Lab');
    const { dataFolder } = hq.server;
    await hq.server.close();
    for (const shard of readdirSync(join(dataFolder, 'store', 'manifests'))) rmSync(join(dataFolder, 'store', 'manifests', shard), { recursive: true });
    const back = await start({ dataFolder });
    expect(await doctor(back)).toEqual(['missing-manifest, can be repaired']);
    expect(await doctor(back, true)).toEqual(['missing-manifest, repaired', 'version-nowhere']);
    expect((await back.api.images.get.query({ image })).newest?.state).not.toBe('ready');
  });

  it('finds what servers that are out still own, hold or are to get', async () => {
    const hq = await start();
    const image = await capture(hq, 'Lab');
    const [out, retired] = [addServer(hq, 'revoked'), addServer(hq, 'retired', 'PS006')];
    inDatabase(hq.server, (db) => {
      const version = db.get<{ guid: string }>('SELECT guid FROM image_version')?.guid ?? '';
      db.run('UPDATE owner SET server_id = :out', { out });
      db.run("UPDATE image SET scope = 'selected'");
      db.run('INSERT INTO assignment (image_guid, server_id) VALUES (:image, :retired)', { image, retired });
      db.run("UPDATE copy SET state = 'absent'");
      db.run("INSERT INTO copy (version_guid, server_id, state, proved_at) VALUES (:version, :retired, 'ready', 1)", { version, retired });
    });
    expect(await doctor(hq)).toEqual(expect.arrayContaining(['assignment-out, can be repaired', 'copy-of-server-out, can be repaired', 'owner-out', 'version-nowhere']));
    const repaired = await doctor(hq, true);
    expect(repaired).toEqual(expect.arrayContaining(['assignment-out, repaired', 'copy-of-server-out, repaired', 'owner-out', 'version-nowhere']));
    expect(await doctor(hq)).toEqual(expect.not.arrayContaining(['assignment-out, can be repaired', 'copy-of-server-out, can be repaired']));
    expect((await hq.api.images.get.query({ image })).newest?.state).not.toBe('ready');
    expect((await hq.api.doctor.run.mutate({ repair: false, deep: false })).find((finding) => finding.kind === 'owner-out')?.message).toMatch(/platen server recover "PS007"/);
  });

  it('gives an image of nobody an owner, and names deletions that a server has not carried out for a month', async () => {
    let now = Date.now();
    const hq = await start({ clock: () => now });
    const ps = await packageServer(hq, 'PS008');
    const [image, gone] = [await capture(hq, 'Lab'), await capture(hq, 'Gone')];
    await ps.server.close();
    inDatabase(hq.server, (db) => db.run('DELETE FROM owner WHERE image_guid = :image', { image }));
    await hq.api.images.delete.mutate({ image: gone });
    await hq.api.images.purge.mutate({ image: gone });
    expect(await doctor(hq, true)).toEqual(['owner-missing, repaired']);
    expect((await hq.api.images.get.query({ image })).owner).toMatchObject({ managed: 'locally' });
    now += 40 * 86_400_000;
    expect(await hq.api.doctor.run.mutate({ repair: false, deep: false })).toMatchObject([{ kind: 'record-waiting', repair: null, message: expect.stringMatching(/"PS008" has not carried out 1 deletion for 40 days/) as string }]);
  });

  it('takes up what a package server has and a restored console does not know', async () => {
    const hq = await start();
    const ps = await packageServer(hq, 'PS008');
    const backup = await makeBackup(hq);
    const image = await capture(hq, 'Captured after the backup');
    await eventually(() => ps.api.images.list.query(), (images) => images[0]?.newest?.state === 'ready');
    const { httpPort } = hq.server;
    await hq.server.close();
    const dataFolder = testFolder();
    await restoreInto(dataFolder, backup);
    const restored = await start({ dataFolder, httpPort });
    await eventually(() => doctor(restored), (found) => found.join() === 'unknown-copy, can be repaired');
    expect(await restored.api.images.list.query()).toEqual([]);
    expect(await doctor(restored, true)).toEqual(['unknown-copy, repaired']);
    await eventually(() => restored.api.images.get.query({ image }), (found) => found.newest?.state === 'ready');
    expect((await restored.api.images.get.query({ image })).owner).toMatchObject({ serverName: 'PS008' });
    await eventually(() => restored.api.servers.list.query(), (servers) => servers.every((each) => each.copies.ready === 1));
    expect(await doctor(restored)).toEqual([]);
  });
});
