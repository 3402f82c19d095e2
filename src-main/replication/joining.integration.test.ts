import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Database } from '../db/database.ts';
import { loadTlsIdentity } from '../net/tls/certificate.ts';
import { startServer, type RunningServer } from '../server.ts';
import { eventually, testApi, testFolder, testServer } from '../test-server.ts';

const HOUR = 3_600_000;
const refusal = (code: string, text: RegExp) => expect.objectContaining({ code, message: expect.stringMatching(text) }) as Error;
const local = (server: RunningServer): string => `https://127.0.0.1:${server.httpPort}`;
const packageServer = (url: string, token: string, dataFolder = testFolder()) => testServer({ dataFolder, host: '127.0.0.1', linkFirstPauseMs: 20, version: '1.2.3', packageServer: { packageServer: true, join: { url, token } } });
const again = (dataFolder: string, options = {}) => testServer({ dataFolder, host: '127.0.0.1', linkFirstPauseMs: 20, ...options });

async function console(options = {}) {
  const server = await testServer(options);
  const api = testApi(server);
  const list = () => api.servers.list.query();
  const connected = (name: string) => eventually(list, (servers) => servers.some((each) => each.name === name && each.connected));
  return { server, api, list, connected };
}

describe('a package server', () => {
  it('joins with a one-time token, is connected, and after that needs no token to come back', async () => {
    const hq = await console();
    const { token, command, url, note } = await hq.api.servers.add.mutate({ name: 'PS008' });
    expect([command, note]).toEqual([`platen serve --package-server --join ${url} --join-token ${token}`, expect.stringContaining('--host 0.0.0.0')]);
    const dataFolder = testFolder();
    const first = await packageServer(local(hq.server), token, dataFolder);
    const [self, ps] = await hq.connected('PS008');
    expect(self).toMatchObject({ role: 'console', isSelf: true, state: 'joined', connected: true });
    expect(ps).toMatchObject({ name: 'PS008', role: 'package-server', isSelf: false, state: 'joined', connected: true, fingerprint: first.fingerprint, version: '1.2.3', problems: [], ownedImages: 0 });
    expect(ps?.freeBytes).toBeGreaterThan(0);
    expect((await testApi(first).status.get.query()).name).toBe('PS008');
    await first.close();
    await eventually(hq.list, (servers) => servers.every((each) => each.isSelf || !each.connected));
    await again(dataFolder);
    await hq.connected('PS008');
    expect(readFileSync(join(hq.server.dataFolder, 'platen.db')).includes(token.split('.')[1] ?? '')).toBe(false);
    const history = await hq.api.servers.history.query({ server: 'PS008' });
    expect(history.map((event) => event.kind)).toContain('joined');
  });

  it('started with the same command again goes on, and does not join twice', async () => {
    const hq = await console();
    const { token } = await hq.api.servers.add.mutate({ name: 'PS008' });
    const dataFolder = testFolder();
    await (await packageServer(local(hq.server), token, dataFolder)).close();
    await packageServer(local(hq.server), token, dataFolder);
    expect((await hq.connected('PS008')).length).toBe(2);
  });

  it('is refused with a token that was used, has ended or is no token, and says what to do', async () => {
    let now = Date.now();
    const hq = await console({ clock: () => now });
    const { token } = await hq.api.servers.add.mutate({ name: 'PS008' });
    const { token: late } = await hq.api.servers.add.mutate({ name: 'PS009' });
    await packageServer(local(hq.server), token);
    await expect(packageServer(local(hq.server), token)).rejects.toEqual(refusal('unauthorized', /used already, by "PS008".*platen server add/));
    now += 25 * HOUR;
    await expect(packageServer(local(hq.server), late)).rejects.toEqual(refusal('unauthorized', /ended/));
    await expect(packageServer(local(hq.server), `join1.${'A'.repeat(43)}.${hq.server.fingerprint}`)).rejects.toEqual(refusal('unauthorized', /not known/));
    await expect(packageServer(local(hq.server), hq.server.token)).rejects.toEqual(refusal('usage', /no join token/));
  });

  it('sends nothing to a machine that is not the console the token names', async () => {
    const other = loadTlsIdentity(testFolder(), 'other', Date.now());
    const seen: Buffer[] = [];
    const impostor = createServer({ key: other.keyPem, cert: other.certificatePem }, (socket) => socket.on('data', (data: Buffer) => seen.push(data)).on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(impostor, 'listening');
    const hq = await console();
    const { token } = await hq.api.servers.add.mutate({ name: 'PS008' });
    await expect(packageServer(`https://127.0.0.1:${(impostor.address() as AddressInfo).port}`, token)).rejects.toEqual(refusal('pin-mismatch', /another certificate/));
    expect(seen).toEqual([]);
    impostor.close();
  });

  it('of one console does not become one of another, and a console does not become a package server', async () => {
    const [hq, other] = [await console(), await console()];
    const { token } = await hq.api.servers.add.mutate({ name: 'PS008' });
    const dataFolder = testFolder();
    await (await packageServer(local(hq.server), token, dataFolder)).close();
    const { token: foreign } = await other.api.servers.add.mutate({ name: 'PS008' });
    await expect(packageServer(local(other.server), foreign, dataFolder)).rejects.toEqual(refusal('conflict', /belongs to another console.*--data/));
    await hq.server.close();
    await expect(packageServer(local(other.server), foreign, hq.server.dataFolder)).rejects.toEqual(refusal('conflict', /is a console/));
    await expect(startServer({ dataFolder: testFolder(), host: '127.0.0.1', httpPort: 0, packageServer: { packageServer: true, join: null } })).rejects.toEqual(refusal('usage', /has not joined/));
  });

  it('whose folder is a copy of another one that is connected is refused', async () => {
    const hq = await console();
    const { token } = await hq.api.servers.add.mutate({ name: 'PS008' });
    const first = await packageServer(local(hq.server), token);
    await hq.connected('PS008');
    const copy = testFolder();
    const { cpSync } = await import('node:fs');
    cpSync(join(first.dataFolder, 'store', 'key.pem'), join(copy, 'store', 'key.pem'), { recursive: true });
    const { token: second } = await hq.api.servers.add.mutate({ name: 'PS009' });
    await expect(packageServer(local(hq.server), second, copy)).rejects.toEqual(refusal('conflict', /copy of the one of "PS008"/));
  });

  it('that was revoked hears so, keeps everything, asks no more, and comes back with a new token', async () => {
    const hq = await console();
    const { token } = await hq.api.servers.add.mutate({ name: 'PS008' });
    const dataFolder = testFolder();
    const ps = await packageServer(local(hq.server), token, dataFolder);
    await hq.connected('PS008');
    await hq.api.servers.revoke.mutate({ server: 'PS008' });
    const revoked = (folder: string) => {
      const db = new Database(join(folder, 'platen.db'), () => undefined);
      const row = db.get<{ value: string }>("SELECT value FROM replica WHERE key = 'revoked'");
      db.close();
      return row?.value ?? '';
    };
    await eventually(() => Promise.resolve(revoked(dataFolder)), (value) => value.includes('admin revoked it'));
    expect(await hq.list()).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'PS008', state: 'revoked', connected: false })]));
    await ps.close();
    const back = await again(dataFolder);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await hq.list()).find((each) => each.name === 'PS008')?.connected).toBe(false);
    await back.close();
    const { token: second } = await hq.api.servers.add.mutate({ name: 'PS008' });
    await packageServer(local(hq.server), second, dataFolder);
    const servers = await hq.connected('PS008');
    expect(servers.filter((each) => each.name === 'PS008')).toMatchObject([{ state: 'joined', connected: true }]);
  });

  it('finds its console again after an outage, also at another address', async () => {
    const hq = await console({ host: '127.0.0.1' });
    const { token } = await hq.api.servers.add.mutate({ name: 'PS008' });
    await packageServer(local(hq.server), token);
    await hq.connected('PS008');
    const { dataFolder, httpPort } = hq.server;
    await hq.server.close();
    const restarted = await testServer({ dataFolder, httpPort });
    const list = () => testApi(restarted).servers.list.query();
    expect(await eventually(list, (servers) => servers.some((each) => each.name === 'PS008' && each.connected))).toHaveLength(2);
  });
});

describe('POST /replica/join', () => {
  const post = (server: RunningServer, body: string): Promise<{ status: number; text: string }> => new Promise((resolve, reject) => {
    const outgoing = request(`${local(server)}/replica/join`, { method: 'POST', rejectUnauthorized: false, headers: { 'content-length': Buffer.byteLength(body) } }, (response) => {
      let text = '';
      response.on('data', (data: Buffer) => (text += data.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });

  it('is bounded and limited, whatever is sent', async () => {
    const { server } = await console();
    const answers = [await post(server, ''), await post(server, '{'), await post(server, '[]'), await post(server, JSON.stringify({ joinToken: 'x' }))];
    expect(answers.map((answer) => answer.status)).toEqual([400, 400, 400, 400]);
    await expect(post(server, 'x'.repeat(1_000_000)).then((answer) => answer.status, () => 400)).resolves.toBe(400);
    const tries = await Promise.all(Array.from({ length: 10 }, () => post(server, '{}')));
    expect(tries.map((answer) => answer.status)).toContain(429);
  });
});
