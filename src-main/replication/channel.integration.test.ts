import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunningServer } from '../server.ts';
import { eventually, testApi, testServer, type TestApi } from '../test-server.ts';
import { reportDigest } from './report.ts';
import { addImages, copy, FIGURES, inDatabase, manifestOf, TestReplica } from '../test-replica.ts';

type Setup = { server: RunningServer; api: TestApi; replica: TestReplica };
async function joined(name = 'PS008', options = {}): Promise<Setup> {
  const server = await testServer(options);
  const api = testApi(server);
  return { server, api, replica: await another({ server, api }, name) };
}
async function another({ server, api }: Pick<Setup, 'server' | 'api'>, name: string): Promise<TestReplica> {
  const replica = new TestReplica(server);
  expect((await replica.join((await api.servers.add.mutate({ name })).token)).status).toBe(200);
  return replica;
}
const cells = async (api: TestApi, replica: TestReplica) => Object.fromEntries((await api.replication.matrix.query()).map((row) => [row.versionGuid, row.cells.find((cell) => cell.serverId === replica.id)?.state]));
const shown = async (api: TestApi, replica: TestReplica) => api.servers.get.query({ server: replica.id });
const quiet = (ms = 400) => new Promise((resolve) => setTimeout(resolve, ms));

describe('who connects', () => {
  it('is known by the key it joined with, and by nothing else', async () => {
    const { replica, server } = await joined();
    const other = new TestReplica(server);
    await replica.open();
    expect(await replica.prove({ signedBy: other })).toMatchObject({ ok: false, error: { code: 'unauthorized' } });
    await eventually(() => Promise.resolve(replica.closed), (code) => code !== null);
    await other.open();
    expect(await other.prove()).toMatchObject({ ok: false, error: { code: 'not-found', message: expect.stringContaining('join again') as string } });
    await replica.open();
    expect(await replica.prove()).toMatchObject({ ok: true, reportDigest: '' });
  });

  it('may be of a protocol one newer, which then speaks the older, and of no other', async () => {
    const { replica } = await joined();
    await replica.open();
    expect(await replica.ask({ type: 'hello', protocol: 2, serverId: replica.id, version: '2', addresses: [], fingerprint: 'b'.repeat(64) })).toMatchObject({ ok: true, protocol: 1 });
    for (const protocol of [0, 3]) {
      await replica.open();
      expect(await replica.prove({ protocol })).toMatchObject({ ok: false, error: { code: 'protocol-version' } });
    }
  });

  it('has one connection: the newer one', async () => {
    const { replica, api } = await joined();
    await replica.open();
    await replica.prove();
    const first = replica.socket;
    let ended = false;
    first.once('close', () => (ended = true));
    await replica.open();
    await replica.prove();
    await eventually(() => Promise.resolve(ended), (value) => value);
    expect((await shown(api, replica)).connected).toBe(true);
  });

  it('is told nothing before the proof, may not say much, and not for long', async () => {
    const { replica } = await joined();
    await replica.open();
    expect(await replica.ask({ type: 'report', digest: '', copies: [] })).toMatchObject({ ok: false, error: { code: 'unauthorized' } });
    replica.say({ type: 'copies', digest: '', copies: [copy(randomUUID())] });
    await eventually(() => Promise.resolve(replica.closed), (code) => code !== null);
    await replica.open();
    replica.socket.send('x'.repeat(40_000));
    await eventually(() => Promise.resolve(replica.closed), (code) => code !== null);
    expect(replica.notices).toEqual([]);
  });

  it('whatever it sends ends at most its own connection', async () => {
    const { replica, api } = await joined();
    const junk = fc.oneof(fc.string(), fc.jsonValue().map((value) => JSON.stringify(value)), fc.record({ type: fc.constantFrom('hello', 'prove', 'report', 'copies', 'heartbeat', 'moving', 'captured', 'transferEnded', 'recordsDone'), id: fc.option(fc.integer()), copies: fc.anything(), digest: fc.anything(), figures: fc.anything(), version: fc.anything(), ok: fc.option(fc.boolean(), { nil: undefined }) }).map((value) => JSON.stringify(value)));
    for (const proved of [false, true]) {
      await fc.assert(fc.asyncProperty(fc.array(junk, { maxLength: 30 }), async (messages) => {
        await replica.open();
        if (proved) await replica.prove();
        for (const message of messages) if (replica.socket.readyState === replica.socket.OPEN) replica.socket.send(message ?? '');
        replica.end();
      }), { numRuns: 20 });
    }
    await replica.open();
    expect(await replica.prove()).toMatchObject({ ok: true });
    expect((await shown(api, replica)).connected).toBe(true);
  });
});

describe('the plan', () => {
  it('travels when it is another one, and not when nothing changed', async () => {
    const setup = await joined();
    const { replica, api, server } = setup;
    const [first] = addImages(server, 1);
    await api.settings.set.mutate({ trashDays: 15 }); // a change of anything lets the plan be looked at again
    await replica.open();
    await replica.prove();
    const { digest, plan } = await replica.notice('plan');
    expect(plan).toMatchObject({ server: { id: replica.id, name: 'PS008' }, console: { fingerprint: server.fingerprint }, wanted: [{ guid: first?.versions[0], image: { name: 'Image 0000' } }], peers: [{ isConsole: true, isSource: true }] });
    replica.end();
    const from = replica.notices.length;
    await replica.open();
    await replica.prove({ planDigest: digest });
    await api.images.rename.mutate({ image: first?.image ?? '', name: 'Lab' });
    const next = await replica.notice('plan', from);
    expect([next.digest === digest, next.plan.wanted[0]?.image.name]).toEqual([false, 'Lab']);
    expect(replica.notices.length).toBe(from + 1);
    replica.say({ type: 'heartbeat', figures: FIGURES });
    await quiet();
    expect(replica.notices.length).toBe(from + 1);
  });

  it('follows scope, templates, site and limit, and names what is assigned as on its way', async () => {
    const { replica, api, server } = await joined();
    const [a, b] = addImages(server, 2);
    await replica.open();
    await replica.prove();
    const wanted = (names: string[]) => eventually(() => Promise.resolve(replica.notices.findLast((notice) => notice.type === 'plan')?.plan.wanted.map((each) => each.image.name).sort()), (found) => JSON.stringify(found) === JSON.stringify(names));
    await api.settings.set.mutate({ defaultScope: 'none' });
    await wanted([]);
    await api.replication.setScope.mutate({ images: [a?.image ?? ''], scope: 'selected', servers: ['PS008'] });
    await wanted(['Image 0000']);
    expect(await cells(api, replica)).toMatchObject({ [a?.versions[0] ?? '']: 'copying', [b?.versions[0] ?? '']: 'absent' });
    const template = await api.sites.createTemplate.mutate({ name: 'Schools' });
    await api.sites.saveDraft.mutate({ template: 'Schools', draft: { images: [b?.image ?? ''], bytesPerSecond: 1_000_000, windows: [] } });
    await api.sites.create.mutate({ name: 'Rome', description: '', subnets: ['10.9.0.0/16'], locallyManaged: false, templateId: template.id, bytesPerSecond: null, windows: [] });
    await api.servers.setSite.mutate({ server: 'PS008', site: 'Rome', parent: null });
    await quiet();
    await wanted(['Image 0000']); // a draft moves nothing
    const consequences = await api.sites.previewTemplate.query({ template: 'Schools' });
    expect(consequences).toMatchObject([{ kind: 'gain', serverId: replica.id, text: expect.stringMatching(/Image 0001 is copied to PS008: 1 version, at most 500 B/) as string }]);
    const { undo } = await api.sites.publishTemplate.mutate({ template: 'Schools' });
    await wanted(['Image 0000', 'Image 0001']);
    expect(replica.notices.findLast((notice) => notice.type === 'plan')?.plan.bytesPerSecond).toBe(1_000_000);
    await api.undo.run.mutate({ id: undo ?? 0 });
    await wanted(['Image 0000']);
  });
});

describe('a report', () => {
  it('moves the rows of that server alone, is remembered by its digest, and is followed by increments', async () => {
    const setup = await joined();
    const { replica, api, server } = setup;
    const [a, b] = addImages(server, 2).map((each) => each.versions[0] ?? '') as [string, string];
    await replica.open();
    await replica.prove();
    const copies = [copy(a), copy(b, { state: 'copying', provedAt: null })];
    expect(await replica.ask({ type: 'report', digest: reportDigest(copies), copies })).toMatchObject({ ok: true });
    expect(await cells(api, replica)).toEqual({ [a]: 'ready', [b]: 'copying' });
    const after = [copy(a), copy(b, { provedAt: 7 })];
    replica.say({ type: 'copies', digest: reportDigest(after), copies: [copy(b, { provedAt: 7 })] });
    await eventually(() => cells(api, replica), (found) => found[b] === 'ready');
    const view = await shown(api, replica);
    expect(view).toMatchObject({ copies: { ready: 2, copying: 0 }, lastProofAt: 7, problems: [] });
    replica.end();
    await replica.open();
    expect(await replica.prove()).toMatchObject({ reportDigest: reportDigest(after) });
    const own = (await api.replication.matrix.query()).flatMap((row) => row.cells.filter((cell) => cell.serverId !== replica.id).map((cell) => cell.state));
    expect(own).toEqual(['ready', 'ready']);
  });

  it('of less than was proved raises an alarm and deletes nothing anywhere, whether it is empty, misses one or names other content', async () => {
    const setup = await joined();
    const { replica, api, server } = setup;
    const other = await another(setup, 'PS009');
    const guids = addImages(server, 3).map((each) => each.versions[0] ?? '') as [string, string, string];
    for (const each of [replica, other]) {
      await each.open();
      await each.prove();
      await each.ask({ type: 'report', digest: 'full', copies: guids.map((guid) => copy(guid)) });
    }
    const [a, b, c] = guids;
    await replica.ask({ type: 'report', digest: 'less', copies: [copy(a), copy(b, { manifest: 'e'.repeat(64) })] });
    const view = await shown(api, replica);
    expect(view.problems).toEqual([expect.stringMatching(/2 versions that it had proved are not there any more.*Nothing was deleted anywhere else/)]);
    const matrix = await api.replication.matrix.query();
    const problem = (guid: string) => matrix.find((row) => row.versionGuid === guid)?.cells.find((cell) => cell.serverId === replica.id)?.problem;
    expect([problem(a), problem(b), problem(c)]).toEqual([null, expect.stringContaining('something else under the identity'), expect.stringContaining('was proved there, and is not there any more')]);
    expect((await api.servers.history.query({ server: 'PS008' })).map((event) => event.kind)).toContain('copies-lost');
    await replica.ask({ type: 'report', digest: 'nothing', copies: [] });
    expect((await shown(api, replica)).problems).toEqual([expect.stringMatching(/3 versions that it had proved are not there any more/)]);
    // Neither the console's copies nor the other server's moved, and nobody was told to delete anything.
    expect(await cells(api, other)).toEqual(Object.fromEntries(guids.map((guid) => [guid, 'ready'])));
    expect([...replica.notices, ...other.notices].filter((notice) => notice.type === 'records')).toEqual([]);
    expect(inDatabase(server, (db) => db.get<{ count: number }>('SELECT count(*) AS count FROM image_version')?.count)).toBe(3);
    // Copied again and proved, the alarm is over by itself.
    await replica.ask({ type: 'report', digest: 'again', copies: guids.map((guid) => copy(guid, { provedAt: 9 })) });
    expect((await shown(api, replica)).problems).toEqual([]);
  });

  it('of versions that the console does not know changes nothing', async () => {
    const { replica, api } = await joined();
    await replica.open();
    await replica.prove();
    expect(await replica.ask({ type: 'report', digest: 'x', copies: [copy(randomUUID())] })).toMatchObject({ ok: true });
    expect(await api.replication.matrix.query()).toEqual([]);
  });
});

describe('what else is said', () => {
  it('heartbeats carry room and clock, and a clock that is wrong is a problem in words', async () => {
    const { replica, api } = await joined();
    await replica.open();
    await replica.prove({ now: Date.now() });
    expect((await shown(api, replica)).problems).toEqual([]);
    replica.say({ type: 'heartbeat', figures: { freeBytes: 123e9, totalBytes: 456e9, now: Date.now() + 300_000 } });
    const view = await eventually(() => shown(api, replica), (found) => found.freeBytes === 123e9);
    expect(view).toMatchObject({ totalBytes: 456e9, problems: [expect.stringMatching(/Its clock is 5 min.* ahead/)] });
  });

  it('what is moving shows with the image it is of; the end of a transfer becomes history with its sources', async () => {
    const { replica, api, server } = await joined();
    const [image] = addImages(server, 1);
    const guid = image?.versions[0] ?? '';
    await replica.open();
    await replica.prove();
    replica.say({ type: 'moving', problems: ['The disk is slow.'], moving: [{ versionGuid: guid, state: 'copying', doneBytes: 5, totalBytes: 10, rateBytesPerSecond: 1, etaSeconds: 5, waitingFor: null, sources: [] }] });
    const view = await eventually(() => shown(api, replica), (found) => found.moving.length > 0);
    expect(view).toMatchObject({ moving: [{ imageName: 'Image 0000', number: 1, doneBytes: 5 }], problems: ['The disk is slow.'] });
    const self = (await api.servers.list.query()).find((each) => each.isSelf)?.id ?? '';
    const transfer = { versionGuid: guid, startedAt: 1, endedAt: 2, outcome: 'done', problem: null, chunksHere: 1, chunksWhole: 2, chunksDelta: 3, wireBytes: 4, sources: [{ serverId: self, bytes: 4 }] };
    expect(await replica.ask({ type: 'transferEnded', transfer })).toMatchObject({ ok: true });
    expect(await api.servers.transfers.query({ server: 'PS008' })).toMatchObject([{ ...transfer, serverName: 'PS008', imageName: 'Image 0000', sources: [{ serverName: 'Platen', bytes: 4 }] }]);
  });

  it('records that were not carried out are sent until they are, and their numbers never come again', async () => {
    const { replica, server } = await joined();
    const insert = (body: string, to: string | null) => inDatabase(server, (db) => db.run("INSERT INTO signed_record (at, kind, server_id, image_guid, body, signature) VALUES (1, 'release-copy', :to, 'i', :body, 's')", { to, body }));
    insert('for all', null);
    insert('for another', randomUUID());
    insert('for it', replica.id);
    await replica.open();
    await replica.prove();
    expect((await replica.notice('records')).records.map((record) => [record.seq, record.body])).toEqual([[1, 'for all'], [3, 'for it']]);
    expect(await replica.ask({ type: 'recordsDone', seq: 3 })).toMatchObject({ ok: true });
    replica.end();
    const from = replica.notices.length;
    await replica.open();
    await replica.prove({ recordsDone: 41 });
    await quiet();
    expect(replica.notices.slice(from).filter((notice) => notice.type === 'records')).toEqual([]);
    insert('new', null);
    expect(inDatabase(server, (db) => db.get<{ seq: number }>('SELECT max(seq) AS seq FROM signed_record')?.seq)).toBe(42);
  });

  it('a revoked server hears that it is, and why, and nothing else', async () => {
    const { replica, api } = await joined();
    await replica.open();
    await replica.prove();
    await api.servers.revoke.mutate({ server: 'PS008' });
    expect(await replica.notice('revoked')).toMatchObject({ reason: expect.stringContaining('admin revoked it') as string });
    const from = replica.notices.length;
    await replica.open();
    await replica.prove();
    await replica.notice('revoked', from);
    expect(replica.notices.slice(from).map((notice) => notice.type)).toEqual(['revoked']);
    expect(manifestOf(replica.id)).toHaveLength(64);
  });
});

describe('a thousand images', () => {
  it('cost next to nothing where nothing is to do', async () => {
    const setup = await joined();
    const { server, api } = setup;
    const replicas = [setup.replica, ...(await Promise.all(['PS009', 'PS010', 'PS011', 'PS012'].map((name) => another(setup, name))))];
    const guids = addImages(server, 1000).map((each) => each.versions[0] ?? '');
    const digests = new Map<TestReplica, string>();
    for (const replica of replicas) {
      await replica.open();
      await replica.prove();
      await replica.ask({ type: 'report', digest: 'all', copies: guids.map((guid) => copy(guid)) });
    }
    await api.settings.set.mutate({ trashDays: 15 });
    await quiet(1000);
    for (const replica of replicas) {
      const last = replica.notices.findLast((notice) => notice.type === 'plan');
      expect(last?.plan.wanted).toHaveLength(1000);
      digests.set(replica, last?.digest ?? '');
      replica.end();
    }
    const started = performance.now();
    let bytes = 0;
    for (const replica of replicas) {
      await replica.open();
      expect(await replica.prove({ planDigest: digests.get(replica) ?? '' })).toMatchObject({ reportDigest: 'all' });
      bytes += replica.bytes;
    }
    expect([performance.now() - started < 2000, bytes < 10_000]).toEqual([true, true]);
  }, 60_000);
});
