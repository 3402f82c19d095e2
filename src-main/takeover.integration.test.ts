import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CHUNK, testChunk, testDisk, testInventory } from './test-agent.ts';
import { eventually, testAgent, testApi, testServer } from './test-server.ts';

describe('a run that another agent continues', () => {
  it('is not ended by the farewell of the first, nor committed by it', async () => {
    const server = await testServer();
    const inventory = testInventory();
    const chunks = [testChunk(randomBytes(CHUNK))];
    const first = await testAgent(server);
    await first.hello(server.token, inventory);
    const begun = await first.send('Lab', chunks);
    const second = await testAgent(server);
    await second.hello(server.token, inventory);
    const continued = await second.send('Lab', chunks);
    expect(continued).toMatchObject({ runId: begun.runId, resumed: true, sent: 0 });
    await first.until((notice) => notice['type'] === 'cancel');
    await first.request('runFailed', { runId: begun.runId, error: { code: 'internal', message: 'Cancelled.' }, cancelled: true });
    await expect(first.request('captureCommit', { runId: begun.runId, result: {} })).rejects.toMatchObject({ code: 'lease-lost' });
    expect(await second.request('captureCommit', { runId: continued.runId, result: {} })).toMatchObject({ version: 1 });
    expect(await testApi(server).runs.get.query({ id: begun.runId })).toMatchObject({ state: 'succeeded' });
  });
});

describe('a deploy', () => {
  it('that was called lost and worked on in silence is believed when it says that it is done', async () => {
    const server = await testServer({ runLeaseMs: 50 });
    const agent = await testAgent(server);
    await agent.hello(server.token);
    await agent.capture('Lab', [testChunk(randomBytes(CHUNK))]);
    const { runId } = await agent.request('deployBegin', { image: 'Lab', disk: testDisk, resumeKey: 'target' });
    await agent.request('deployStarted', { runId });
    const api = testApi(server);
    await eventually(() => api.runs.get.query({ id: runId }), (run) => run.state === 'lost');
    await agent.request('deployDone', { runId, result: { writtenBytes: CHUNK } });
    expect(await api.runs.get.query({ id: runId })).toMatchObject({ state: 'succeeded', error: null });
    await agent.request('deployDone', { runId, result: {} });
  });

  it('that was cancelled is not called done afterwards', async () => {
    const server = await testServer();
    const agent = await testAgent(server);
    await agent.hello(server.token);
    await agent.capture('Lab', [testChunk(randomBytes(CHUNK))]);
    const { runId } = await agent.request('deployBegin', { image: 'Lab', disk: testDisk, resumeKey: 'target' });
    await agent.request('runFailed', { runId, error: { code: 'internal', message: 'Cancelled.' }, cancelled: true });
    await expect(agent.request('deployDone', { runId, result: {} })).rejects.toMatchObject({ code: 'lease-lost' });
  });
});
