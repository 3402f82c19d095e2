import { randomBytes, randomUUID, X509Certificate } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { AppError } from '#shared/errors.ts';
import { captureTask, failure, message, Room, script } from './test-room.ts';
import { startServer, type RunningServer } from './server.ts';
import { CHUNK, testChunk, testDisk, testGraph, testInventory } from './test-agent.ts';
import { testAgent, testApi, testFolder, testServer } from './test-server.ts';

const healthy = async (server: RunningServer): Promise<boolean> => (await fetch(`${server.url}/health`)).ok;

function upgradeStatus(server: RunningServer, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${server.url}${path}`, { headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': randomBytes(16).toString('base64'), ...headers } });
    sent.on('response', (response) => resolve(response.statusCode ?? 0));
    sent.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end();
  });
}

function get(url: string, options: RequestOptions): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    request(url, options, (response) => {
      let body = '';
      response.on('data', (part: Buffer) => (body += part.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    }).on('error', reject).end();
  });
}

describe('the door', () => {
  it('lets nobody in without a valid token, and a computer token not into the API', async () => {
    const server = await testServer();
    for (const token of ['', 'platen1.x.y', `platen1.${'A'.repeat(43)}.${server.fingerprint}`]) {
      await expect(testApi(server, token).images.list.query()).rejects.toMatchObject({ data: { app: { code: 'unauthorized' } } });
    }
    const agent = await testAgent(server);
    const { computerToken } = await agent.hello(server.token);
    await expect(testApi(server, computerToken).images.list.query()).rejects.toMatchObject({ data: { app: { code: 'forbidden' } } });
    const stranger = await testAgent(server);
    await expect(stranger.hello('platen1.nope.nope')).rejects.toMatchObject({ code: 'unauthorized' });
    await stranger.untilClosed();
    expect(await testApi(server).session.whoami.query()).toMatchObject({ actor: 'admin' });
  });

  it('checks where a browser comes from, and under which name it calls', async () => {
    const server = await testServer();
    const host = new URL(server.url).host;
    expect(await upgradeStatus(server, '/api?connectionParams=1', { origin: 'http://evil.example' })).toBe(403);
    expect(await upgradeStatus(server, '/api?connectionParams=1', { origin: `http://${host}` })).toBe(101);
    expect(await upgradeStatus(server, '/api?connectionParams=1', { host: 'evil.example', origin: 'http://evil.example' })).toBe(403);
    expect(await upgradeStatus(server, '/elsewhere', {})).toBe(404);
    expect((await get(`${server.url}/health`, { headers: { host: 'evil.example' } })).status).toBe(403);
  });

  it('speaks TLS on the same port, with the certificate the token is pinned to', async () => {
    const server = await testServer();
    const { hostname, port } = new URL(server.url);
    const seen = await new Promise<{ fingerprint: string; body: string }>((resolve, reject) => {
      secureRequest({ hostname, port, path: '/health', rejectUnauthorized: false }, (response) => {
        const { raw } = (response.socket as TLSSocket).getPeerCertificate();
        const certificate = new X509Certificate(raw);
        expect(certificate.verify(certificate.publicKey)).toBe(true);
        let body = '';
        response.on('data', (part: Buffer) => (body += part.toString()));
        response.on('end', () => resolve({ fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(), body }));
      }).on('error', reject).end();
    });
    expect(seen).toMatchObject({ fingerprint: server.fingerprint, body: expect.stringContaining('"ok":true') as string });
    expect(server.token.endsWith(server.fingerprint)).toBe(true);
    const pem = join(server.dataFolder, 'tls', 'certificate.pem');
    expect(execFileSync('openssl', ['verify', '-x509_strict', '-CAfile', pem, pem], { encoding: 'utf8' })).toContain('OK');
  });

  it('refuses plain HTTP to other machines, but speaks TLS with them', async () => {
    const server = await testServer({ host: '0.0.0.0' });
    const address = server.addresses.map((url) => new URL(url)).find((url) => !url.hostname.startsWith('['));
    if (address === undefined) return expect(server.addresses).toEqual([]); // this machine has no address but loopback
    const plain = await new Promise<string>((resolve) => {
      const socket = connect(server.httpPort, address.hostname, () => socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n'));
      let text = '';
      socket.on('data', (part: Buffer) => (text += part.toString()));
      socket.on('close', () => resolve(text));
    });
    expect(plain).toContain('400');
    await new Promise<void>((resolve, reject) => {
      const socket = connectTls({ port: server.httpPort, host: address.hostname, rejectUnauthorized: false }, () => {
        socket.end();
        resolve();
      }).on('error', reject);
    });
  });

  it('listens for this machine only unless told otherwise', async () => {
    expect((await testServer()).addresses).toEqual([]);
  });

  it('names the port and the process that has it', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(startServer({ dataFolder: testFolder(), httpPort: port })).rejects.toMatchObject({ code: 'port-in-use', data: { port, pid: process.pid } });
    other.close();
  });

  it('refuses a second server on the same data folder and leaves the first one alone', async () => {
    const server = await testServer();
    await expect(startServer({ dataFolder: server.dataFolder, httpPort: 0 })).rejects.toMatchObject({ code: 'data-folder-in-use', data: { pid: process.pid, url: server.url } });
    expect(await healthy(server)).toBe(true);
    expect(readdirSync(server.dataFolder)).toContain('server.json');
  });
});

describe("the console's files", () => {
  it('are served with their type, cached by etag, and nothing outside their folder is', async () => {
    const rendererFolder = testFolder();
    const outside = testFolder();
    writeFileSync(join(outside, 'secret.txt'), 'secret');
    mkdirSync(join(rendererFolder, 'assets'));
    writeFileSync(join(rendererFolder, 'index.html'), '<html>console</html>');
    writeFileSync(join(rendererFolder, 'assets', 'a.js'), 'code');
    symlinkSync(join(outside, 'secret.txt'), join(rendererFolder, 'secret.txt'));
    const server = await testServer({ rendererFolder });
    const page = await fetch(`${server.url}/image/some-guid`);
    expect([page.status, page.headers.get('cache-control'), page.headers.get('content-type'), await page.text()]).toEqual([200, 'no-cache', 'text/html; charset=utf-8', '<html>console</html>']);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    const script = await fetch(`${server.url}/assets/a.js`);
    expect([script.headers.get('cache-control'), await script.text()]).toEqual(['public, max-age=31536000, immutable', 'code']);
    expect((await fetch(`${server.url}/assets/a.js`, { headers: { 'if-none-match': script.headers.get('etag') ?? '' } })).status).toBe(304);
    for (const path of ['/secret.txt', '/%2e%2e/secret.txt', '/assets/..%2f..%2fsecret.txt', '/missing.js']) {
      const answer = await get(server.url, { path, host: '127.0.0.1', port: server.httpPort });
      expect([path, [400, 404].includes(answer.status), answer.body.includes('secret')]).toEqual([path, true, false]);
    }
    expect((await fetch(`${server.url}/`, { method: 'DELETE' })).status).toBe(405);
  });
});

describe('an agent that lies', () => {
  it('is answered or turned away, whatever it says on the control channel', async () => {
    const server = await testServer();
    await fc.assert(fc.asyncProperty(fc.oneof(fc.json(), fc.string(), fc.uint8Array({ maxLength: 2000 }), fc.record({ id: fc.integer(), type: fc.constantFrom('hello', 'captureBegin', 'captureCommit', 'deployBegin', 'progress', 'renewTicket'), runId: fc.uuid(), image: fc.string(), token: fc.string() }).map((value) => JSON.stringify(value))), async (message) => {
      const agent = await testAgent(server);
      agent.socket.send(message);
      await agent.untilClosed();
    }), { numRuns: 60 });
    expect(await healthy(server)).toBe(true);
  });

  it('stays connected after a few mistakes once it said hello, and reaches no run but its own', async () => {
    const server = await testServer();
    const [honest, liar] = [await testAgent(server), await testAgent(server)];
    await honest.hello(server.token, testInventory('honest'));
    await liar.hello(server.token, testInventory('liar'));
    const begun = await honest.send('Lab', [testChunk(randomBytes(CHUNK))]);
    for (const work of [
      () => liar.request('captureCommit', { runId: begun.runId, result: {} }),
      () => liar.request('renewTicket', { runId: begun.runId }),
      () => liar.request('runFailed', { runId: begun.runId, cancelled: true, error: { code: 'io', message: 'ha' } }),
      () => liar.request('deployDone', { runId: begun.runId, result: {} }),
    ]) await expect(work()).rejects.toMatchObject({ code: 'not-found' });
    liar.notice({ type: 'progress', runId: begun.runId, progress: { stage: 'read', doneBytes: 1e9, totalBytes: 1, sentBytes: 0, rateBytesPerSecond: 0, etaSeconds: 0, where: { read: 0, hash: 0, compress: 0, network: 0, decompress: 0, write: 0 } } });
    liar.notice({ nonsense: true });
    await expect(liar.request('deployBegin', { image: 'Nothing', disk: testDisk, resumeKey: 'k' })).rejects.toMatchObject({ code: 'not-found' });
    expect((await testApi(server).runs.get.query({ id: begun.runId })).progress).toBeNull();
    expect(await honest.request('captureCommit', { runId: begun.runId, result: {} })).toMatchObject({ version: 1 });
  });

  it('reaches no task, pick or menu of another computer with its own token, and the log says that it tried', async () => {
    const room = await Room.open();
    const [id = ''] = await room.begin(`job/${await room.job('Hello (MI)', [message(), captureTask('Fresh'), script()])}`);
    const honest = await room.agent();
    const { run } = await honest.request('takeRun', {});
    const stranger = await testAgent(room.server);
    const { computerToken } = await stranger.hello(room.server.token, testInventory('liar', 'SN-LIAR-1'));
    const liar = await testAgent(room.server);
    await liar.portal(computerToken, testInventory('liar', 'SN-LIAR-1'));
    const task = { runId: id, index: 0 };
    for (const work of [
      () => liar.request('taskStarted', task), () => liar.request('taskDone', { ...task, result: {} }), () => liar.request('taskFailed', { ...task, error: failure, cancelled: true }),
      () => liar.request('resumeRun', { runId: id, go: true }), () => liar.request('cancelRun', { runId: id }), () => liar.request('deployStarted', { runId: id }),
      () => liar.request('captureBegin', { image: 'Fresh', note: '', disk: testDisk, graph: testGraph(1), resumeKey: 'k', task: { runId: id, index: 1 } }),
      () => liar.request('deployBegin', { image: 'Fresh', disk: testDisk, resumeKey: 'k', task: { runId: id, index: 1 } }),
      () => liar.request('taskStarted', { runId: randomUUID(), index: 0 }),
    ]) await expect(work()).rejects.toMatchObject({ code: 'not-found' });
    liar.notice({ type: 'log', runId: id, lines: ['I was here'] });
    expect(await liar.request('takeRun', {})).toMatchObject({ run: null });
    await expect(liar.request('identify', { computerId: room.computerId })).rejects.toMatchObject({ code: 'conflict' });
    // What it may do it does to itself.
    expect((await liar.request('pickByName', { job: 'Hello' })).computerName).toBe('liar');
    expect(await room.run(id)).toMatchObject({ state: 'running', computerId: room.computerId, taskIndex: 0, tasks: [{ state: 'pending' }, { state: 'pending' }, { state: 'pending' }] });
    expect((await room.api.runs.log.query({ id })).lines.filter((line) => line.text.includes('I was here'))).toEqual([]);
    expect((await room.api.log.tail.query({ limit: 200 })).filter((entry) => entry.message.includes("another computer's run"))).toHaveLength(1);
    expect(run?.id).toBe(id);
  });

  it('gets nowhere with tasks out of order, of another kind, or of a run it has not taken', async () => {
    const room = await Room.open();
    const [id = ''] = await room.begin(`job/${await room.job('Hello', [script(), captureTask('Fresh')])}`);
    const agent = await room.agent();
    const task = (index: number) => ({ runId: id, index });
    const code = (work: Promise<unknown>) => work.then(() => 'taken', (error: AppError) => error.code);
    const capture = (index: number) => agent.request('captureBegin', { image: 'Fresh', note: '', disk: testDisk, graph: testGraph(1), resumeKey: 'k', task: task(index) });
    expect([await code(agent.request('taskStarted', task(0))), await code(agent.request('taskDone', { ...task(0), result: {} })), await code(capture(1)), await code(agent.request('renewTicket', { runId: id }))])
      .toEqual(['lease-lost', 'lease-lost', 'lease-lost', 'lease-lost']);
    await agent.request('takeRun', {});
    expect([await code(agent.request('taskStarted', task(1))), await code(agent.request('taskStarted', task(7))), await code(capture(0)), await code(capture(1)), await code(agent.request('captureCommit', { runId: id, result: {} })), await code(agent.request('deployDone', { runId: id, result: {} }))])
      .toEqual(['conflict', 'not-found', 'protocol', 'conflict', 'conflict', 'conflict']);
    expect(await room.run(id)).toMatchObject({ state: 'running', taskIndex: 0, tasks: [{ state: 'pending' }, { state: 'pending' }] });
  });

  it('is told of an older or newer protocol instead of being misunderstood', async () => {
    const server = await testServer();
    const agent = await testAgent(server);
    await expect(agent.request('hello', { protocol: 99, agentVersion: 'x', token: server.token, inventory: testInventory() })).rejects.toMatchObject({ code: 'protocol-version', data: { newest: 2 } });
  });

  it('may not use the token of another computer', async () => {
    const server = await testServer();
    const first = await testAgent(server);
    const { computerToken, computerId } = await first.hello(server.token, testInventory('a', 'SERIAL-A1'));
    const second = await testAgent(server);
    await expect(second.hello(computerToken, testInventory('b', 'SERIAL-B2'))).rejects.toMatchObject({ code: 'forbidden' });
    const again = await testAgent(server);
    expect(await again.hello(computerToken, testInventory('renamed', 'SERIAL-A1'))).toMatchObject({ computerId, computerName: 'a' });
  });

  it('gets no byte stored that is not a whole frame it was asked for', async () => {
    const server = await testServer();
    const agent = await testAgent(server);
    await agent.hello(server.token);
    const good = testChunk(randomBytes(CHUNK));
    const begun = await agent.request('captureBegin', { image: 'Lab', note: '', disk: testDisk, graph: testGraph(1), resumeKey: 'k' });
    const before = (await testApi(server).status.get.query()).store.chunks;
    const flipped = Buffer.from(good.frame);
    flipped[500] = (flipped[500] ?? 0) ^ 1;
    const bodies: [Uint8Array, number][] = [[good.frame, 400], [flipped, 422], [good.frame.subarray(0, 5000), 400], [Buffer.from('nonsense'.repeat(100)), 400], [testChunk(randomBytes(2 * CHUNK), false).frame, 400]];
    for (const [body, status] of bodies) expect((await agent.post('/agent/capture/frames', begun.ticket, body)).status).toBe(status);
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.constantFrom('/agent/capture/frames', '/agent/capture/pages', '/agent/deploy/chunks', '/agent/nothing'), async (body, path) => {
      const answer = await agent.post(path, begun.ticket, body);
      expect(answer.status === 200 ? body.length : 0).toBe(0);
    }), { numRuns: 40 });
    expect((await agent.post('/agent/capture/frames', 'ticket1.invalid-ticket-text-here', good.frame)).status).toBe(401);
    expect((await agent.get('/agent/deploy/manifest', begun.ticket)).status).toBe(403);
    await expect(agent.request('captureCommit', { runId: begun.runId, result: {} })).rejects.toThrow();
    expect((await testApi(server).status.get.query()).store.chunks).toBe(before);
    expect(await testApi(server).images.list.query()).toEqual([]);
  });

  it('gets no chunk of another version, whatever hash it knows', async () => {
    const server = await testServer();
    const agent = await testAgent(server);
    await agent.hello(server.token);
    const [own, other] = [testChunk(randomBytes(CHUNK)), testChunk(randomBytes(CHUNK))];
    await agent.capture('Lab', [own]);
    await agent.capture('Secret', [other]);
    const { ticket } = await agent.request('deployBegin', { image: 'Lab', disk: testDisk, resumeKey: 'k' });
    const answers = await Promise.all([other.hash, Buffer.concat([own.hash, other.hash]), randomBytes(32)].map((hashes) => agent.post('/agent/deploy/chunks', ticket, hashes)));
    for (const answer of answers) expect([answer.status, (await answer.json() as { error: { code: string } }).error.code]).toEqual([403, 'forbidden']);
    expect((await testApi(server).log.tail.query({ limit: 200 })).filter((entry) => entry.message.includes('asked for a chunk'))).toHaveLength(3);
    expect(Buffer.from(await (await agent.post('/agent/deploy/chunks', ticket, own.hash)).arrayBuffer()).equals(own.frame)).toBe(true);
  });

  it('gets no endless number of runs', async () => {
    const server = await testServer();
    const agent = await testAgent(server);
    await agent.hello(server.token);
    const begin = (key: number) => agent.request('captureBegin', { image: 'Lab', note: '', disk: testDisk, graph: testGraph(1), resumeKey: String(key) });
    for (let i = 0; i < 64; i++) await begin(i);
    await expect(begin(64)).rejects.toMatchObject({ code: 'too-many-requests' });
    expect(await begin(3)).toMatchObject({ resumed: true });
  });

  it('is ended when it floods, without a word to the others', async () => {
    const server = await testServer();
    const agent = await testAgent(server);
    await agent.hello(server.token);
    for (let i = 0; i < 2000; i++) agent.notice({ type: 'heartbeat' });
    await agent.untilClosed();
    expect(await healthy(server)).toBe(true);
  });
});

describe('an API client that lies', () => {
  it('gets an error for anything that is not understood, and the server goes on', async () => {
    const server = await testServer();
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api?connectionParams=1`);
    await new Promise<void>((resolve) => socket.once('open', () => resolve()));
    socket.on('error', () => undefined);
    socket.send(JSON.stringify({ method: 'connectionParams', data: { token: server.token } }));
    const paths = fc.constantFrom('images.list', 'images.get', 'images.delete', 'images.purge', 'runs.cancel', 'runs.log', 'settings.set', 'tree.children', 'log.tail', 'changes.watch', '__proto__', 'images.constructor', 'nothing');
    const message = fc.oneof(
      fc.json(),
      fc.record({ id: fc.integer({ min: 1, max: 1000 }), method: fc.constantFrom('query', 'mutation', 'subscription', 'subscription.stop', 'nonsense'), params: fc.record({ path: paths, input: fc.jsonValue() }) }).map((value) => JSON.stringify(value)),
    );
    await fc.assert(fc.asyncProperty(message, async (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    }), { numRuns: 300 });
    socket.terminate();
    expect(await testApi(server).images.list.query()).toEqual([]);
    expect(await healthy(server)).toBe(true);
  });

  it('is told what is wrong with its input in one sentence, and nothing of the inside', async () => {
    const api = testApi(await testServer());
    await expect(api.images.get.query({ image: '' })).rejects.toMatchObject({ data: { app: { code: 'invalid-input' } } });
    await expect(api.images.get.query({ image: 'nothing' })).rejects.toMatchObject({ message: expect.stringContaining('platen image list') as string, data: { app: { code: 'not-found', data: { image: 'nothing' } } } });
    const error = await api.images.get.query({ image: '' }).catch((caught: unknown) => JSON.stringify(caught));
    expect(error).not.toContain('stack');
  });

  it('leaves no secret in log or database', async () => {
    const server = await testServer();
    const agent = await testAgent(server);
    const { computerToken } = await agent.hello(server.token);
    const { ticket } = await agent.send('Lab', [testChunk(randomBytes(CHUNK))]);
    await agent.post('/agent/nothing', ticket, Buffer.alloc(1));
    await server.close();
    const secrets = [server.token.split('.')[1], computerToken.split('.')[1], ticket.split('.')[1]];
    const files = [...readdirSync(join(server.dataFolder, 'logs')).map((name) => join('logs', name)), ...readdirSync(server.dataFolder).filter((name) => name.startsWith('platen.db'))];
    for (const name of files) {
      const text = readFileSync(join(server.dataFolder, name), 'latin1');
      for (const secret of secrets) expect([name, secret === undefined || text.includes(secret)]).toEqual([name, false]);
    }
  });
});
