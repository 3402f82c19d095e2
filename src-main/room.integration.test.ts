// A whole room at once: the server's memory does not grow with the number of computers. PLATEN_SOAK=1 moves ten times as much.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request, type ClientRequest } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { FRAME_HEADER_BYTES } from '#shared/agent/frame.ts';
import { encodePage } from '#shared/agent/page.ts';
import { bundle, serve, stop, type Serving } from './cli/test-processes.ts';
import { blake3 } from './store/hash.ts';
import { CHUNK, testChunk, testDisk, testGraph, testInventory, type TestChunk } from './test-agent.ts';
import { MAX_STREAMS } from './agents/http.ts';
import { eventually, testAgent, testApi, testFolder, testServer } from './test-server.ts';

const soak = process.env['PLATEN_SOAK'] === '1';
const COMPUTERS = 30;
const STREAMS_EACH = 4;
const REQUEST_CHUNKS = 40;
const MAX_MB = bundle === null ? 360 : 300;

const servers: Serving[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await stop(server);
});

const peakMb = (pid: number): number => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** Reads an answer and drops it, at its own pace: what a computer does that writes to a slow disk. */
function drain(url: string, ticket: string, hashes: Uint8Array, pauseMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers: { authorization: `Bearer ${ticket}`, 'content-length': hashes.length } }, (response) => {
      let bytes = 0;
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (pauseMs === 0) return;
        response.pause();
        setTimeout(() => response.resume(), pauseMs);
      });
      response.on('end', () => (response.statusCode === 200 ? resolve(bytes) : reject(new Error(`answered ${response.statusCode}`))));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(hashes);
  });
}

it('serves the next in the line when one that holds its turn goes away', async () => {
  const server = await testServer();
  const agent = await testAgent(server);
  await agent.hello(server.token);
  const content = Array.from({ length: 32 }, () => testChunk(randomBytes(CHUNK), false));
  await agent.capture('Lab', content);
  const { ticket } = await agent.request('deployBegin', { image: 'Lab', disk: testDisk, resumeKey: 'target' });
  // More than the network's buffers take, and nobody reads it.
  const hashes = Buffer.concat(Array.from({ length: 256 }, (_, i) => content[i % 32]?.hash ?? new Uint8Array()));
  const ask = (): ClientRequest => {
    const sent = request(`${server.url}/agent/deploy/chunks`, { method: 'POST', headers: { authorization: `Bearer ${ticket}`, 'content-length': hashes.length } });
    sent.on('error', () => undefined);
    sent.end(hashes);
    return sent;
  };
  const answered = (sent: ClientRequest): Promise<void> => new Promise((resolve) => sent.once('response', () => resolve()));
  const holders = Array.from({ length: MAX_STREAMS }, ask);
  await Promise.all(holders.map(answered));
  const [leaves, waits] = [ask(), ask()];
  let served = false;
  const turn = answered(waits).then(() => {
    served = true;
  });
  leaves.destroy();
  expect((await fetch(`${server.url}/health`)).ok).toBe(true);
  expect(served).toBe(false);
  holders[0]?.destroy();
  await turn;
  for (const sent of [...holders, waits]) sent.destroy();
});

it('deploys to thirty computers at once, fast and slow ones, within the memory bound', async () => {
  const server = await serve(testFolder(), [], bundle ?? undefined);
  servers.push(server);
  const { url, token, pid } = server.ready;
  const content = Array.from({ length: 200 }, () => testChunk(randomBytes(CHUNK), false));
  const first = await testAgent({ url });
  await first.hello(token);
  await first.capture('Lab', content);
  await eventually(() => testApi(server.ready).images.get.query({ image: 'Lab' }), (image) => image.newest?.state === 'ready');
  const wanted = content.slice(0, REQUEST_CHUNKS);
  const [hashes, bytes] = [Buffer.concat(wanted.map((chunk) => chunk.hash)), wanted.length * (CHUNK + FRAME_HEADER_BYTES)];

  const computer = async (index: number): Promise<number[]> => {
    const agent = await testAgent({ url });
    await agent.hello(token, testInventory(`lab-${index}`));
    const { ticket } = await agent.request('deployBegin', { image: 'Lab', disk: testDisk, resumeKey: 'target' });
    const streams = Array.from({ length: STREAMS_EACH }, async () => {
      let received = 0;
      for (let round = 0; round < (soak ? 10 : 1); round++) received += await drain(`${url}/agent/deploy/chunks`, ticket, hashes, index % 5 === 0 ? 1 : 0);
      return received;
    });
    return Promise.all(streams);
  };
  const received = await Promise.all(Array.from({ length: COMPUTERS }, (_, index) => computer(index)));
  expect(received.flat()).toEqual(Array.from({ length: COMPUTERS * STREAMS_EACH }, () => bytes * (soak ? 10 : 1)));
  expect(peakMb(pid)).toBeLessThan(MAX_MB);
});

it('captures thirty computers at once within the memory bound', async () => {
  const server = await serve(testFolder(), [], bundle ?? undefined);
  servers.push(server);
  const { url, token, pid } = server.ready;
  const count = soak ? 200 : 40;
  const computer = async (index: number): Promise<number> => {
    const agent = await testAgent({ url });
    await agent.hello(token, testInventory(`lab-${index}`));
    const content: TestChunk[] = Array.from({ length: count }, () => testChunk(randomBytes(CHUNK), false));
    const { ticket, runId } = await agent.request('captureBegin', { image: `Lab ${index}`, note: '', disk: testDisk, graph: testGraph(count), resumeKey: 'disk' });
    const page = encodePage({ stream: 0, firstChunk: 0, runs: [{ kind: 'data', count, hashes: Buffer.concat(content.map((chunk) => chunk.hash)) }] }, blake3);
    await agent.post('/agent/capture/pages', ticket, page);
    const part = count / STREAMS_EACH;
    const answers = await Promise.all(Array.from({ length: STREAMS_EACH }, (_, i) => agent.post('/agent/capture/frames', ticket, Buffer.concat(content.slice(i * part, (i + 1) * part).map((chunk) => chunk.frame)))));
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200));
    return (await agent.request('captureCommit', { runId, result: {} })).version;
  };
  expect(await Promise.all(Array.from({ length: COMPUTERS }, (_, index) => computer(index)))).toEqual(Array.from({ length: COMPUTERS }, () => 1));
  expect(peakMb(pid)).toBeLessThan(MAX_MB);
});
