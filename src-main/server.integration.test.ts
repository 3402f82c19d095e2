import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHUNK, testChunk, testDisk, testInventory } from './test-agent.ts';
import { eventually, testAgent, testApi, testFolder, testServer } from './test-server.ts';

const chunks = (count: number) => Array.from({ length: count }, () => testChunk(randomBytes(CHUNK)));

describe('a server', () => {
  it('is ready in under a second, says so in server.json for its owner only, and removes it when it closes', async () => {
    const dataFolder = testFolder();
    // The best of three, first starts all of them: other work on the machine is not what is measured.
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      const started = performance.now();
      await testServer();
      times.push(performance.now() - started);
    }
    expect(Math.min(...times)).toBeLessThan(1000);
    const server = await testServer({ dataFolder });
    const record = join(dataFolder, 'server.json');
    expect(JSON.parse(readFileSync(record, 'utf8'))).toMatchObject({ url: server.url, token: server.token, pid: process.pid });
    expect(statSync(record).mode & 0o777).toBe(0o600);
    await server.close();
    expect(readdirSync(dataFolder)).not.toContain('server.json');
  });

  it('captures, verifies and deploys what was captured, byte for byte', async () => {
    const server = await testServer();
    const api = testApi(server);
    const agent = await testAgent(server);
    const { computerId } = await agent.hello(server.token);
    const content = [...chunks(3), testChunk(Buffer.alloc(CHUNK, 'platen'))];
    const commit = await agent.capture('Lab Windows', content);
    expect(commit).toMatchObject({ version: 1, newBytes: 4 * CHUNK });
    const ready = await eventually(() => api.images.get.query({ image: 'Lab Windows' }), (image) => image.newest?.state === 'ready');
    expect(ready).toMatchObject({ current: 1, versionCount: 1, copies: [{ state: 'ready' }], newest: { computerName: 'lab-01', capturedBy: 'admin', damagedChunks: 0 } });

    const deploy = await agent.request('deployBegin', { image: 'lab windows'.replace('lab w', 'Lab W'), disk: testDisk, resumeKey: 'target' });
    expect(deploy).toMatchObject({ version: 1, watermarks: [], manifest: commit.manifest });
    const manifest = Buffer.from(await (await agent.get('/agent/deploy/manifest', deploy.ticket)).arrayBuffer());
    expect(manifest.length).toBe(deploy.manifestBytes);
    const part = await agent.get('/agent/deploy/manifest', deploy.ticket, { range: 'bytes=8-15' });
    expect([part.status, Buffer.from(await part.arrayBuffer())]).toEqual([206, manifest.subarray(8, 16)]);
    const wanted = [2, 0, 3, 2].map((i) => content[i]);
    const answer = await agent.post('/agent/deploy/chunks', deploy.ticket, Buffer.concat(wanted.map((chunk) => chunk?.hash ?? Buffer.alloc(0))));
    expect(Buffer.from(await answer.arrayBuffer()).equals(Buffer.concat(wanted.map((chunk) => chunk?.frame ?? Buffer.alloc(0))))).toBe(true);
    await agent.request('deployStarted', { runId: deploy.runId });
    await agent.request('deployDone', { runId: deploy.runId, result: { bytes: 7 } });
    expect(await api.runs.get.query({ id: deploy.runId })).toMatchObject({ state: 'succeeded', result: { bytes: 7 }, computerId, error: null });
    expect((await api.runs.log.query({ id: deploy.runId })).lines).toHaveLength(1);
    expect((await agent.post('/agent/deploy/chunks', deploy.ticket, Buffer.alloc(32))).status).toBe(401);
  });

  it('takes only what it lacks when an image is captured again', async () => {
    const server = await testServer();
    const agent = await testAgent(server);
    await agent.hello(server.token);
    const content = chunks(4);
    await agent.capture('Lab', content);
    await eventually(() => testApi(server).images.get.query({ image: 'Lab' }), (image) => image.newest?.state === 'ready');
    const changed = [...content.slice(0, 3), ...chunks(1)];
    const second = await agent.send('Lab', changed);
    expect(second).toMatchObject({ sent: 1, newImage: false });
    expect(await agent.request('captureCommit', { runId: second.runId, result: {} })).toMatchObject({ version: 2, newBytes: CHUNK });
  });

  it('takes up an interrupted capture after a restart: what arrived is not sent again', async () => {
    const dataFolder = testFolder();
    const first = await testServer({ dataFolder });
    const agent = await testAgent(first);
    const inventory = testInventory();
    const { computerToken } = await agent.hello(first.token, inventory);
    const content = chunks(4);
    const begun = await agent.send('Lab', content);
    await first.close();
    expect(agent.notices).toContainEqual({ type: 'closing' });

    const second = await testServer({ dataFolder });
    const again = await testAgent(second);
    await again.hello(computerToken, inventory);
    const resumed = await again.send('Lab', content);
    expect(resumed).toMatchObject({ sent: 0, resumed: true, runId: begun.runId, imageGuid: begun.imageGuid });
    const commit = await again.request('captureCommit', { runId: resumed.runId, result: {} });
    expect(commit.version).toBe(1);
    // The answer may be lost; asked again it is the same.
    expect(await again.request('captureCommit', { runId: resumed.runId, result: {} })).toMatchObject({ version: 1, manifest: commit.manifest, imageGuid: commit.imageGuid });
  });

  it('goes on within one agent process after a restart, with a renewed ticket', async () => {
    const dataFolder = testFolder();
    const first = await testServer({ dataFolder });
    const agent = await testAgent(first);
    const inventory = testInventory();
    const { computerToken } = await agent.hello(first.token, inventory);
    const { runId } = await agent.send('Lab', chunks(2));
    await first.close();
    const second = await testServer({ dataFolder });
    const again = await testAgent(second);
    await again.hello(computerToken, inventory);
    await again.request('renewTicket', { runId });
    expect(await again.request('captureCommit', { runId, result: {} })).toMatchObject({ version: 1 });
  });

  it('verifies at the next start what it had not verified when it ended', async () => {
    const dataFolder = testFolder();
    const first = await testServer({ dataFolder });
    const agent = await testAgent(first);
    await agent.hello(first.token);
    await agent.capture('Lab', chunks(2));
    await first.close();
    const second = await testServer({ dataFolder });
    const image = await eventually(() => testApi(second).images.get.query({ image: 'Lab' }), (value) => value.newest?.state === 'ready');
    expect(image.newest?.verifiedAt).toBeTypeOf('number');
  });

  it('gives back the watermarks of an interrupted deploy of the same version', async () => {
    const dataFolder = testFolder();
    const first = await testServer({ dataFolder });
    const agent = await testAgent(first);
    const inventory = testInventory();
    const { computerToken } = await agent.hello(first.token, inventory);
    await agent.capture('Lab', chunks(2));
    const deploy = await agent.request('deployBegin', { image: 'Lab', disk: testDisk, resumeKey: 'target' });
    const where = { read: 0, hash: 0, compress: 0, network: 1, decompress: 1, write: 1 };
    agent.notice({ type: 'progress', runId: deploy.runId, progress: { stage: 'write', doneBytes: 1, totalBytes: 2, sentBytes: 1, rateBytesPerSecond: 1, etaSeconds: 1, where }, watermarks: [{ stream: 0, chunks: 1 }] });
    await eventually(() => testApi(first).runs.get.query({ id: deploy.runId }), (run) => run.progress !== null);
    await first.close();
    const second = await testServer({ dataFolder });
    const again = await testAgent(second);
    await again.hello(computerToken, inventory);
    expect(await again.request('deployBegin', { image: 'Lab', disk: testDisk, resumeKey: 'target' })).toMatchObject({ runId: deploy.runId, watermarks: [{ stream: 0, chunks: 1 }] });
  });

  it('lets a cancel reach the agent, and ends a run whose agent fell silent as lost', async () => {
    let now = Date.now();
    const server = await testServer({ clock: () => now, runLeaseMs: 60_000 });
    const api = testApi(server);
    const agent = await testAgent(server);
    await agent.hello(server.token);
    const { runId } = await agent.send('Lab', chunks(1));
    await api.runs.cancel.mutate({ id: runId });
    expect(await agent.until((notice) => notice['type'] === 'cancel')).toMatchObject({ runId });
    await agent.request('runFailed', { runId, cancelled: true, error: { code: 'internal', message: 'cancelled' } });
    expect((await api.runs.get.query({ id: runId })).state).toBe('cancelled');

    const other = await agent.send('Lab', chunks(1), 'disk-2');
    now += 61_000;
    const lost = await eventually(() => api.runs.get.query({ id: other.runId }), (run) => run.state === 'lost');
    expect(lost.error?.code).toBe('cut-off');
    const resumed = await agent.request('captureBegin', { image: 'Lab', note: '', disk: testDisk, graph: { chunkSizeBytes: CHUNK, nodes: [{ type: 'disk', id: 'd', sizeBytes: 1, sectorSizeBytes: 512, model: '', serial: '', bus: '', table: { kind: 'none' } }], streams: [] }, resumeKey: 'disk-2' });
    expect(resumed).toMatchObject({ runId: other.runId, resumed: true });
    expect((await api.runs.get.query({ id: other.runId })).state).toBe('running');
  });

  it('answers a whole request of chunks in the order asked for', async () => {
    const server = await testServer();
    const agent = await testAgent(server);
    await agent.hello(server.token);
    const content = chunks(100);
    await agent.capture('Big', content);
    const deploy = await agent.request('deployBegin', { image: 'Big', disk: testDisk, resumeKey: 'target' });
    const wanted = [...content, ...content].toReversed();
    const answer = await agent.post('/agent/deploy/chunks', deploy.ticket, Buffer.concat(wanted.map((chunk) => chunk.hash)));
    expect(Buffer.from(await answer.arrayBuffer()).equals(Buffer.concat(wanted.map((chunk) => chunk.frame)))).toBe(true);
  });

  it('does not wait for connections that never said anything when it closes', async () => {
    const server = await testServer();
    const socket = connect(server.httpPort, '127.0.0.1');
    await once(socket, 'connect');
    // A request that is answered proves that the earlier connection was taken, too.
    await fetch(`${server.url}/health`, { headers: { connection: 'close' } });
    const startedAt = performance.now();
    await server.close();
    expect(performance.now() - startedAt).toBeLessThan(2000);
    socket.destroy();
  });

  it('lets frames under way arrive before it closes', async () => {
    const server = await testServer();
    const agent = await testAgent(server);
    await agent.hello(server.token);
    const content = chunks(40);
    await agent.capture('Big', content);
    const deploy = await agent.request('deployBegin', { image: 'Big', disk: testDisk, resumeKey: 'target' });
    const answer = await agent.post('/agent/deploy/chunks', deploy.ticket, Buffer.concat(content.map((chunk) => chunk.hash)));
    const [, body] = await Promise.all([server.close(), answer.arrayBuffer()]);
    expect(Buffer.from(body).equals(Buffer.concat(content.map((chunk) => chunk.frame)))).toBe(true);
  });
});
