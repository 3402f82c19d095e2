import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FRAME_HEADER_BYTES } from '#shared/agent/frame.ts';
import { Database } from '../db/database.ts';
import type { RunningServer } from '../server.ts';
import { CHUNK, testChunk, testDisk, type TestAgent, type TestChunk } from '../test-agent.ts';
import { eventually, testAgent, testApi, testFolder, testServer, type TestApi } from '../test-server.ts';

const chunks = (count: number) => Array.from({ length: count }, () => testChunk(randomBytes(CHUNK)));
/** As they lie in the store, without their headers. */
const storedBytes = (content: readonly TestChunk[]) => content.reduce((sum, chunk) => sum + chunk.frame.length - FRAME_HEADER_BYTES, 0);
const day = 86_400_000;
type Setup = { server: RunningServer; api: TestApi; agent: TestAgent };

async function setUp(options: Parameters<typeof testServer>[0] = {}): Promise<Setup> {
  const server = await testServer(options);
  const agent = await testAgent(server);
  await agent.hello(server.token);
  return { server, api: testApi(server), agent };
}
async function captured({ api, agent }: Setup, name: string, content: readonly TestChunk[]): Promise<string> {
  const { imageGuid, version } = await agent.capture(name, content);
  await eventually(() => api.images.version.query({ image: imageGuid, version }), (found) => found.state === 'ready');
  return imageGuid;
}
const deploy = (agent: TestAgent, image: string, version?: number) => agent.request('deployBegin', { image, disk: testDisk, resumeKey: `target-${Math.random()}`, ...(version === undefined ? {} : { version }) });
const app = (code: string) => ({ data: { app: { code } } });

/** Flips one bit of a chunk's stored bytes in its pack. */
function damage(dataFolder: string, chunk: TestChunk): () => void {
  const folder = join(dataFolder, 'store', 'packs');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    const fd = openSync(path, 'r+');
    try {
      const bytes = Buffer.alloc(16 * 1024 * 1024);
      const length = readSync(fd, bytes, 0, bytes.length, 0);
      const at = bytes.subarray(0, length).indexOf(chunk.frame.subarray(112, 176));
      if (at < 0) continue;
      const flip = (): void => {
        const again = openSync(path, 'r+');
        writeSync(again, Buffer.from([(bytes[at] ?? 0) ^ 4]), 0, 1, at);
        closeSync(again);
      };
      flip();
      return () => {
        const again = openSync(path, 'r+');
        writeSync(again, Buffer.from([bytes[at] ?? 0]), 0, 1, at);
        closeSync(again);
      };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EISDIR')) throw error;
    } finally {
      closeSync(fd);
    }
  }
  throw new Error('the chunk is in no pack');
}

describe('the life of an image', () => {
  it('goes to the trash, comes back, and leaves for good with its space', async () => {
    const setup = await setUp();
    const { api, agent } = setup;
    const guid = await captured(setup, 'Lab', chunks(3));
    const { deleteAfter, trashed } = await api.images.delete.mutate({ image: 'Lab' });
    expect(trashed).toEqual({ image: guid });
    expect(deleteAfter).toBeGreaterThan(Date.now() + 13 * day);
    expect([await api.images.list.query(), (await api.images.list.query({ trash: true })).map((image) => image.name)]).toEqual([[], ['Lab']]);
    await expect(deploy(agent, 'Lab')).rejects.toMatchObject({ code: 'image-in-trash' });
    await api.images.undelete.mutate({ image: guid });
    expect(await deploy(agent, 'Lab')).toMatchObject({ version: 1 });
    await expect(api.images.purge.mutate({ image: guid })).rejects.toMatchObject(app('conflict'));

    const [run] = await api.runs.list.query({ active: true });
    await api.images.delete.mutate({ image: guid });
    await expect(api.images.purge.mutate({ image: guid })).rejects.toMatchObject(app('conflict'));
    await agent.request('runFailed', { runId: run?.id ?? '', cancelled: true, error: { code: 'io', message: 'stopped' } });
    await api.images.purge.mutate({ image: guid });
    await expect(api.images.get.query({ image: guid })).rejects.toMatchObject(app('not-found'));
    expect(await api.images.list.query({ trash: true })).toEqual([]);
    // The store keeps what was committed within the last hour; its own tests show the space coming back.
    expect((await api.doctor.run.mutate({ repair: false, deep: false })).filter((finding) => finding.kind === 'missing-manifest')).toEqual([]);
  });

  it('loses one version without the others', async () => {
    const setup = await setUp();
    const { api, agent } = setup;
    const content = chunks(2);
    const changed = [...content.slice(1), ...chunks(1)];
    await captured(setup, 'Lab', content);
    await captured(setup, 'Lab', changed);
    await eventually(() => api.images.get.query({ image: 'Lab' }), (image) => image.storedBytes === storedBytes([...content, ...changed.slice(1)]));
    await api.images.delete.mutate({ image: 'Lab', version: 2 });
    expect(await api.images.get.query({ image: 'Lab' })).toMatchObject({ current: 1, versionCount: 1 });
    await api.images.purge.mutate({ image: 'Lab', version: 2 });
    await eventually(() => api.images.get.query({ image: 'Lab' }), (image) => image.storedBytes === storedBytes(content));
    expect((await api.images.get.query({ image: 'Lab' })).versions.map((version) => version.number)).toEqual([1]);
    expect(await deploy(agent, 'Lab')).toMatchObject({ version: 1 });
    expect(await agent.capture('Lab', chunks(1), 'other')).toMatchObject({ version: 3 });
    expect((await api.images.history.query({ image: 'Lab' })).map((event) => event.kind)).toEqual(expect.arrayContaining(['created', 'captured', 'verified', 'deleted', 'purged']));
  });

  it('leaves the trash by itself when its time is over, also over a restart', async () => {
    let now = Date.now();
    const dataFolder = testFolder();
    const setup = await setUp({ dataFolder, clock: () => now });
    await captured(setup, 'Lab', chunks(1));
    await setup.api.settings.set.mutate({ trashDays: 1 });
    await setup.api.images.delete.mutate({ image: 'Lab' });
    await setup.server.close();
    now += 2 * day;
    const again = await testServer({ dataFolder, clock: () => now });
    const images = await eventually(() => testApi(again).images.list.query({ trash: true }), (list) => list.length === 0);
    expect(images).toEqual([]);
  });

  it('is gone after a restart when the server ended in the middle of its removal', async () => {
    const dataFolder = testFolder();
    const setup = await setUp({ dataFolder });
    const guid = await captured(setup, 'Lab', chunks(1));
    await setup.api.images.delete.mutate({ image: guid });
    await setup.server.close();
    const db = new Database(join(dataFolder, 'platen.db'), () => undefined);
    db.run('UPDATE image_version SET removing_at = 1');
    db.run('UPDATE image SET removing_at = 1');
    db.close();
    const again = await testServer({ dataFolder });
    expect(await testApi(again).images.list.query({ trash: true })).toEqual([]);
    await again.close();
    const after = new Database(join(dataFolder, 'platen.db'), () => undefined);
    expect(['image', 'image_version', 'copy', 'owner', 'assignment'].map((table) => after.all(`SELECT * FROM ${table}`).length)).toEqual([0, 0, 0, 0, 0]);
    after.close();
    expect(readdirSync(join(dataFolder, 'store', 'manifests'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.plm'))).toEqual([]);
  });

  it('takes what its versions name, also what an older version or another image brought', async () => {
    const dataFolder = testFolder();
    const setup = await setUp({ dataFolder });
    const { api } = setup;
    const content = chunks(3);
    await captured(setup, 'Lab', content);
    await captured(setup, 'Twin', content);
    await captured(setup, 'Lab', content);
    const size = async (of: TestApi) => (await of.images.list.query()).map((image) => image.storedBytes);
    await eventually(() => size(api), (sizes) => sizes.every((bytes) => bytes === storedBytes(content)));
    await api.images.delete.mutate({ image: 'Lab', version: 1 });
    await api.images.purge.mutate({ image: 'Lab', version: 1 });
    await eventually(() => size(api), (sizes) => sizes.every((bytes) => bytes === storedBytes(content)));
    await setup.server.close();
    const db = new Database(join(dataFolder, 'platen.db'), () => undefined);
    expect(db.all('SELECT stored_bytes AS bytes FROM image')).toEqual([{ bytes: storedBytes(content) }, { bytes: storedBytes(content) }]);
    db.run("UPDATE image SET stored_bytes = 0, stored_bytes_stale = 1 WHERE name = 'Twin'");
    db.close();
    const again = await testServer({ dataFolder });
    await eventually(() => size(testApi(again)), (sizes) => sizes.every((bytes) => bytes === storedBytes(content)));
  });

  it('is not deleted while it is protected', async () => {
    const setup = await setUp();
    const { api } = setup;
    await captured(setup, 'Lab', chunks(1));
    await api.images.setProtected.mutate({ image: 'Lab', protected: true });
    await expect(api.images.delete.mutate({ image: 'Lab' })).rejects.toMatchObject({ ...app('image-protected'), message: expect.stringContaining('platen image unprotect ') as string });
    await expect(api.images.delete.mutate({ image: 'Lab', version: 1 })).rejects.toMatchObject(app('image-protected'));
    await api.images.setProtected.mutate({ image: 'Lab', protected: false });
    await api.images.delete.mutate({ image: 'Lab' });
  });

  it('is edited with every change in its history, by whom', async () => {
    const setup = await setUp();
    const { api, agent } = setup;
    const guid = await captured(setup, 'Lab', chunks(1));
    await captured(setup, 'Other', chunks(1));
    await expect(api.images.rename.mutate({ image: guid, name: 'Other' })).rejects.toMatchObject(app('conflict'));
    await api.images.rename.mutate({ image: guid, name: 'Lab 2' });
    await api.images.describe.mutate({ image: guid, description: 'For room 204' });
    await api.images.setNote.mutate({ image: guid, version: 1, note: 'first' });
    await api.images.setEnabled.mutate({ image: guid, version: 1, enabled: false });
    await expect(deploy(agent, 'Lab 2')).rejects.toMatchObject({ code: 'image-disabled' });
    await api.images.setEnabled.mutate({ image: guid, version: 1, enabled: true });
    await api.images.setEnabled.mutate({ image: guid, enabled: false });
    await expect(deploy(agent, 'Lab 2')).rejects.toMatchObject({ code: 'image-disabled' });
    expect(await api.images.get.query({ image: guid })).toMatchObject({ name: 'Lab 2', description: 'For room 204', enabled: false, versions: [{ note: 'first', enabled: true }] });
    const history = await api.images.history.query({ image: guid });
    expect(new Set(history.filter((event) => event.kind !== 'verified').map((event) => event.actor))).toEqual(new Set(['admin']));
    expect(history.map((event) => event.kind).slice(0, 5)).toEqual(['disabled', 'enabled', 'disabled', 'noted', 'described']);
  });

  it('is refused by a name that two have, and found by its GUID', async () => {
    const setup = await setUp();
    const { api, agent } = setup;
    const first = await captured(setup, 'Lab', chunks(1));
    const second = await captured(setup, 'Lab 2', chunks(1));
    await api.images.delete.mutate({ image: first });
    await api.images.rename.mutate({ image: second, name: 'Lab' });
    await api.images.undelete.mutate({ image: first });
    await expect(deploy(agent, 'Lab')).rejects.toMatchObject({ code: 'ambiguous-name', data: { images: [{ guid: first }, { guid: second }] } });
    await expect(agent.send('Lab', chunks(1))).rejects.toMatchObject({ code: 'ambiguous-name' });
    expect(await deploy(agent, first)).toMatchObject({ imageGuid: first });
  });

  it('takes no capture while it is in the trash, and keeps what one under way has sent', async () => {
    const setup = await setUp();
    const { api, agent } = setup;
    const guid = await captured(setup, 'Lab', chunks(1));
    const content = chunks(2);
    const begun = await agent.send('Lab', content);
    await api.images.delete.mutate({ image: guid });
    for (const name of ['Lab', guid]) await expect(agent.send(name, content, 'other')).rejects.toMatchObject({ code: 'image-in-trash', message: expect.stringContaining('choose another name') as string });
    await expect(agent.request('captureCommit', { runId: begun.runId, result: {} })).rejects.toMatchObject({ code: 'image-in-trash', message: expect.stringContaining(`platen image undelete ${guid}`) as string });
    expect((await api.images.get.query({ image: guid })).versions.map((version) => version.number)).toEqual([1]);
    expect((await api.images.list.query({ trash: true })).map((image) => image.guid)).toEqual([guid]);
    const failed = { state: 'failed', imageGuid: guid, error: { code: 'image-in-trash' } };
    expect(await api.runs.list.query()).toMatchObject([failed, failed, failed, { state: 'succeeded' }]);
    await api.images.undelete.mutate({ image: guid });
    const again = await agent.send('Lab', content);
    expect(again).toMatchObject({ sent: 0, resumed: true, newImage: false });
    expect(await agent.request('captureCommit', { runId: again.runId, result: {} })).toMatchObject({ imageGuid: guid, version: 2 });
  });

  it('is one image when two computers capture the same new name at once', async () => {
    const setup = await setUp();
    const other = await testAgent(setup.server);
    await other.hello(setup.server.token);
    const [a, b] = [await setup.agent.send('Lab', chunks(1)), await other.send('Lab', chunks(1))];
    const commits = await Promise.all([setup.agent.request('captureCommit', { runId: a.runId, result: {} }), other.request('captureCommit', { runId: b.runId, result: {} })]);
    expect(commits.map((commit) => commit.version).sort((x, y) => x - y)).toEqual([1, 2]);
    expect(await setup.api.images.list.query()).toHaveLength(1);
  });
});

describe('damage', () => {
  it('found by a verify makes the version damaged, refuses its deploy naming an older one, and heals when it is whole again', async () => {
    const setup = await setUp();
    const { api, agent, server } = setup;
    await captured(setup, 'Lab', chunks(2));
    const content = chunks(2);
    await captured(setup, 'Lab', content);
    const mend = damage(server.dataFolder, content[1] as TestChunk);
    expect(await api.images.verify.mutate({ image: 'Lab' })).toEqual({ started: [2, 1] });
    const image = await eventually(() => api.images.get.query({ image: 'Lab' }), (found) => found.newest?.state === 'damaged');
    expect(image).toMatchObject({ current: 2, newest: { damagedChunks: 1 }, copies: [{ state: 'damaged' }, { state: 'ready' }] });
    await expect(deploy(agent, 'Lab')).rejects.toMatchObject({ code: 'image-damaged', data: { ready: [1] } });
    expect(await deploy(agent, 'Lab', 1)).toMatchObject({ version: 1 });
    expect((await api.status.get.query()).problems).toMatchObject([{ code: 'image-damaged' }]);
    mend();
    await api.images.verify.mutate({ image: 'Lab', version: 2 });
    await eventually(() => api.images.get.query({ image: 'Lab' }), (found) => found.newest?.state === 'ready');
    expect(await deploy(agent, 'Lab')).toMatchObject({ version: 2 });
  });

  it('met while a deploy reads damages every version that names the chunk, and a new capture heals them', async () => {
    const setup = await setUp();
    const { api, agent, server } = setup;
    const content = chunks(3);
    await captured(setup, 'Lab', content);
    await captured(setup, 'Twin', content);
    const begun = await deploy(agent, 'Lab');
    damage(server.dataFolder, content[0] as TestChunk);
    const answer = await agent.post('/agent/deploy/chunks', begun.ticket, (content[0] as TestChunk).hash);
    expect([answer.status, (await answer.json() as { error: { code: string } }).error.code]).toEqual([422, 'chunk-damaged']);
    for (const name of ['Lab', 'Twin']) await eventually(() => api.images.get.query({ image: name }), (found) => found.newest?.state === 'damaged');
    const again = await agent.send('Lab', content, 'again');
    expect(again.sent).toBe(1);
    await agent.request('captureCommit', { runId: again.runId, result: {} });
    for (const name of ['Lab', 'Twin']) await eventually(() => api.images.get.query({ image: name }), (found) => found.versions.every((version) => version.state === 'ready'));
  });
});

describe('a refusal', () => {
  it('shows among the runs as failed with its code, though no run began', async () => {
    const setup = await setUp();
    const { api, agent } = setup;
    const guid = await captured(setup, 'Lab', chunks(1));
    await api.images.setEnabled.mutate({ image: 'Lab', version: 1, enabled: false });
    await expect(deploy(agent, 'Lab', 1)).rejects.toMatchObject({ code: 'image-disabled' });
    const [run] = await api.runs.list.query({ image: guid });
    expect(run).toMatchObject({ kind: 'deploy', state: 'failed', imageName: 'Lab', versionNumber: 1, computerName: 'lab-01', disk: testDisk, error: { code: 'image-disabled' }, actor: 'admin' });
    await expect(deploy(agent, 'Nothing')).rejects.toMatchObject({ code: 'not-found' });
    expect(await api.runs.list.query({ active: true })).toEqual([]);
    await api.images.setEnabled.mutate({ image: 'Lab', version: 1, enabled: true });
    expect(await deploy(agent, 'Lab', 1)).toMatchObject({ version: 1, watermarks: [] });
  });
});

describe('what clients are told', () => {
  it('is the new name of the server at once, as owner and on copies', async () => {
    const setup = await setUp();
    const guid = await captured(setup, 'Lab', chunks(1));
    const seen: string[] = [];
    const changes = setup.api.changes.watch.subscribe(undefined, { onData: (batch) => void seen.push(...batch.map((change) => change.entity)) });
    await eventually(async () => {
      await setup.api.settings.set.mutate({ serverName: `Room ${seen.length}` });
      return seen;
    }, (list) => list.includes('server') && list.includes('settings'));
    await setup.api.settings.set.mutate({ serverName: 'Room 204' });
    changes.unsubscribe();
    const image = await setup.api.images.get.query({ image: guid });
    expect([image.owner.serverName, image.copies[0]?.serverName, (await setup.api.status.get.query()).name]).toEqual(['Room 204', 'Room 204', 'Room 204']);
  });

  it('is that an image changed, and how a run goes on, until they leave', async () => {
    const setup = await setUp();
    const seen: string[] = [];
    const states: string[] = [];
    const changes = setup.api.changes.watch.subscribe(undefined, { onData: (batch) => void seen.push(...batch.map((change) => change.entity)) });
    const runs = setup.api.runs.watch.subscribe(undefined, { onData: (run) => void states.push(run.state) });
    await captured(setup, 'Lab', chunks(1));
    await eventually(async () => states, (list) => list.includes('succeeded'));
    await eventually(async () => seen, (list) => list.includes('image') && list.includes('run'));
    changes.unsubscribe();
    runs.unsubscribe();
    expect((await setup.api.tree.children.query({ parent: 'images' })).map((node) => [node.name, node.state])).toEqual([['Lab', 'ready']]);
    expect((await setup.api.tree.children.query({ parent: null })).map((node) => node.id)).toEqual(['computers', 'jobs', 'images', 'servers', 'boot', 'activity']);
  });
});
