import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrameHeader, HASH_BYTES } from '#shared/agent/frame.ts';
import type { ReadSource } from '#shared/agent/messages.ts';
import type { TicketBody } from '#shared/replication/record.ts';
import { Database } from '../db/database.ts';
import { signTicket } from '../servers/tickets.ts';
import type { RunningServer } from '../server.ts';
import { CHUNK, testChunk, testDisk, type TestAgent } from '../test-agent.ts';
import { eventually, testAgent, testApi, testServer } from '../test-server.ts';

type Answer = { status: number; body: Buffer };
function ask(server: RunningServer, method: string, path: string, { ticket, body, range }: { ticket: string; body?: Uint8Array; range?: string }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${ticket}`, ...(body === undefined ? {} : { 'content-length': body.length }), ...(range === undefined ? {} : { range }) };
    const outgoing = request(`https://127.0.0.1:${server.httpPort}${path}`, { method, rejectUnauthorized: false, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (data: Buffer) => pieces.push(data));
      response.on('error', () => resolve({ status: 0, body: Buffer.concat(pieces) }));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces) }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** A console, a package server with a proved copy, and a computer that begins to deploy it. */
async function room() {
  const server = await testServer({ host: '127.0.0.1' });
  const api = testApi(server);
  const { token } = await api.servers.add.mutate({ name: 'PS008' });
  const ps = await testServer({ host: '127.0.0.1', linkFirstPauseMs: 20, packageServer: { packageServer: true, join: { url: `https://127.0.0.1:${server.httpPort}`, token } } });
  await eventually(() => api.servers.get.query({ server: 'PS008' }), (found) => found.connected);
  const chunks = Array.from({ length: 3 }, () => testChunk(randomBytes(CHUNK)));
  const other = testChunk(randomBytes(CHUNK));
  const agent: TestAgent = await testAgent(server);
  await agent.hello(server.token);
  await agent.capture('Lab', chunks);
  await agent.capture('Other', [other], 'disk-2');
  const states = async (image: string) => (await api.replication.matrix.query()).filter((row) => row.imageName === image).flatMap((row) => row.cells.map((cell) => cell.state));
  for (const image of ['Lab', 'Other']) await eventually(() => states(image), (cells) => cells.length === 2 && cells.every((state) => state === 'ready'));
  await api.servers.setRules.mutate({ rules: [{ subnet: '127.0.0.0/8', server: 'PS008' }] });
  const begun = await agent.request('deployBegin', { image: 'Lab', disk: { ...testDisk, sizeBytes: 3 * CHUNK }, resumeKey: 'k' });
  return { server, api, ps, chunks, other, agent, begun, states };
}
function inDatabase(server: RunningServer, work: (db: Database) => void): void {
  const db = new Database(join(server.dataFolder, 'platen.db'), () => undefined);
  work(db);
  db.close();
}
const first = (sources: ReadSource[] | undefined): ReadSource => sources?.[0] as ReadSource;
const hashesOf = (chunks: readonly { hash: Uint8Array }[]): Buffer => Buffer.concat(chunks.map((chunk) => chunk.hash));
const code = ({ status, body }: Answer): string => `${status} ${status === 200 ? '' : (JSON.parse(body.toString()) as { error: { code: string } }).error.code}`.trim();

describe('a computer that the console sent', () => {
  it('is told whom to read from and why, and reads there the manifest and its chunks, with the console away', async () => {
    const { server, ps, chunks, begun, agent } = await room();
    expect(begun.sources).toMatchObject([{ name: 'PS008', url: `https://127.0.0.1:${ps.httpPort}`, fingerprint: ps.fingerprint, reason: 'a rule says so for the subnet 127.0.0.0/8' }, { url: '', ticket: '', fingerprint: '' }]);
    const again = await agent.request('renewTicket', { runId: begun.runId });
    expect(again.sources?.map((source) => source.name)).toEqual(begun.sources?.map((source) => source.name));
    await server.close();
    const { ticket } = first(again.sources);
    const manifest = await ask(ps, 'GET', '/agent/deploy/manifest', { ticket });
    expect([manifest.status, manifest.body.length]).toEqual([200, begun.manifestBytes]);
    const part = await ask(ps, 'GET', '/agent/deploy/manifest', { ticket, range: 'bytes=4-9' });
    expect([part.status, part.body.equals(manifest.body.subarray(4, 10))]).toEqual([206, true]);
    const answer = await ask(ps, 'POST', '/agent/deploy/chunks', { ticket, body: hashesOf(chunks) });
    expect([answer.status, answer.body.equals(Buffer.concat(chunks.map((chunk) => chunk.frame)))]).toEqual([200, true]);
    expect(Buffer.compare(decodeFrameHeader(answer.body).hash, chunks[0]?.hash ?? Buffer.alloc(0))).toBe(0);
  });

  it('gets nothing else: another version\'s chunk, a capture, another path, a body that is none', async () => {
    const { ps, chunks, other, begun } = await room();
    const { ticket } = first(begun.sources);
    const chunk = (body: Uint8Array) => ask(ps, 'POST', '/agent/deploy/chunks', { ticket, body }).then(code);
    expect([
      await chunk(other.hash), await chunk(hashesOf([...chunks, other])), await chunk(randomBytes(HASH_BYTES)), await chunk(Buffer.alloc(0)), await chunk(randomBytes(33)),
      code(await ask(ps, 'POST', '/agent/capture/pages', { ticket, body: randomBytes(64) })), code(await ask(ps, 'POST', '/agent/capture/frames', { ticket, body: randomBytes(64) })), code(await ask(ps, 'GET', '/agent/deploy/nothing', { ticket })),
    ]).toEqual(['403 forbidden', '403 forbidden', '403 forbidden', '400 protocol', '400 protocol', '403 forbidden', '403 forbidden', '404 not-found']);
    await expect(chunk(randomBytes(257 * HASH_BYTES)).catch(() => '400 protocol')).resolves.toBe('400 protocol');
  });

  it('is refused with any ticket that is not this console\'s for this server, this manifest and this time', async () => {
    const { server, ps, begun } = await room();
    const { ticket, serverId } = first(begun.sources);
    const read = (given: string, at = ps) => ask(at, 'GET', '/agent/deploy/manifest', { ticket: given }).then(code);
    // As a console would make them, with another key.
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const stranger = { publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(), sign: (purpose: string, message: string) => sign(null, Buffer.from(purpose + message), privateKey).toString('base64') };
    const body: TicketBody = { aud: serverId, run: begun.runId, exp: Date.now() + 60_000, may: { kind: 'read', manifest: begun.manifest } };
    const forged = signTicket(body, stranger);
    const payload = (change: Partial<TicketBody>): string => Buffer.from(JSON.stringify({ ...body, ...change })).toString('base64url');
    const [, , signature = ''] = ticket.split('.');
    const hostile: [string, string][] = [
      [forged, '401 unauthorized'], [`ticket2.${payload({ exp: Date.now() + 1e12 })}.${signature}`, '401 unauthorized'], [`ticket2.${payload({ may: { kind: 'read', manifest: 'a'.repeat(64) } })}.${signature}`, '401 unauthorized'],
      [ticket.replace('ticket2', 'ticket1'), '401 unauthorized'], [ticket.replace('ticket2', 'ticket3'), '401 unauthorized'], [begun.ticket, '401 unauthorized'], [`${ticket}.`, '401 unauthorized'], ['ticket2..', '401 unauthorized'], [`ticket2.${'A'.repeat(5000)}.A`, '401 unauthorized'], ['', '401 unauthorized'],
    ];
    for (const [given, answer] of hostile) expect([given.slice(0, 40), await read(given)]).toEqual([given.slice(0, 40), answer]);
    // The console itself gives such tickets out; it takes none.
    expect(await read(ticket, server)).toBe('401 unauthorized');
    await fc.assert(fc.asyncProperty(fc.nat(ticket.length - 2), fc.constantFrom(...'ABCabc019-_.'), async (index, letter) => {
      const changed = ticket.slice(0, index) + letter + ticket.slice(index + 1);
      expect(await read(changed)).toBe(changed === ticket ? '200' : '401 unauthorized');
    }), { numRuns: 40 });
    await fc.assert(fc.asyncProperty(fc.string({ unit: fc.constantFrom(...'ABCabc019-_. =/+') }), async (text) => {
      expect(await read(`ticket2.${text}`)).toBe('401 unauthorized');
    }), { numRuns: 20 });
    expect(await read(ticket)).toBe('200');
  });

  it('is sent away where the copy is not proved now, and where the console has put this server out', async () => {
    const { api, ps, begun } = await room();
    const { ticket } = first(begun.sources);
    const read = () => ask(ps, 'GET', '/agent/deploy/manifest', { ticket }).then(code);
    const set = (state: string): void => inDatabase(ps, (db) => void db.run('UPDATE copy SET state = :state WHERE version_guid = (SELECT guid FROM image_version WHERE manifest = :manifest)', { state, manifest: begun.manifest }));
    const seen = [];
    for (const state of ['verifying', 'damaged', 'removing', 'copying', 'ready']) {
      set(state);
      seen.push(await read());
    }
    expect(seen).toEqual(['404 not-found', '404 not-found', '404 not-found', '404 not-found', '200']);
    await api.servers.revoke.mutate({ server: 'PS008' });
    expect(await eventually(read, (answer) => answer !== '200')).toBe('401 unauthorized');
  });

  it('that meets a damaged chunk makes it known: the copy is damaged there, the console knows, and the next computer is sent elsewhere', async () => {
    const { api, ps, chunks, begun, agent, states } = await room();
    const folder = join(ps.dataFolder, 'store', 'packs');
    for (const name of await readdir(folder)) {
      const file = await open(join(folder, name), 'r+');
      const { size } = await file.stat();
      for (let at = 5000; at < size; at += CHUNK / 4) await file.write(randomBytes(16), 0, 16, at);
      await file.close();
    }
    const answer = await ask(ps, 'POST', '/agent/deploy/chunks', { ticket: first(begun.sources).ticket, body: hashesOf(chunks) }).catch(() => ({ status: 0, body: Buffer.alloc(0) }));
    expect(answer.status === 200 && answer.body.equals(Buffer.concat(chunks.map((chunk) => chunk.frame)))).toBe(false);
    await eventually(() => testApi(ps).images.get.query({ image: 'Lab' }), (image) => image.versions[0]?.state === 'damaged');
    await eventually(() => states('Lab'), (cells) => cells.some((state) => state !== 'ready'));
    const now = await agent.request('renewTicket', { runId: begun.runId });
    expect((now.sources ?? []).filter((source) => source.ticket !== '')).toEqual([]);
    expect((await api.images.get.query({ image: 'Lab' })).versions[0]?.state).toBe('ready');
  });
});
