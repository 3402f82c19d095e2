// Two servers with stores and databases of their own, and what the channel would carry between them: who has what, what follows from it,
// how versions come and go. The channel itself is tested in replication/.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { versionStateOf } from '#shared/model/image.ts';
import type { CopyEvent, CopyState } from '#shared/model/replication.ts';
import { recordBodySchema, signedPurposes } from '#shared/replication/record.ts';
import { isSignedBy } from '../store/signing.ts';
import { TestImages } from './test-images.ts';

let hq: TestImages;
let site: TestImages;
beforeEach(async () => {
  hq = await TestImages.open('hq');
  site = await TestImages.open('site', 'package-server');
  await hq.knows(site);
});
afterEach(async () => {
  await hq.close();
  await site.close();
});
const app = (code: string): unknown => expect.objectContaining({ code }) as unknown;

/** The site has it, proved, and has said so. */
async function atBoth(name: string): Promise<string> {
  const guid = await hq.capture(name);
  hq.images.copies.assign(guid, site.selfId);
  await site.bring(hq, hq.wanted(guid));
  for (const event of ['arrived', 'verified'] as const) hq.images.copies.move(guid, site.selfId, event, { provedAt: 1 });
  return guid;
}
function records(): { seq: number; body: ReturnType<typeof recordBodySchema.parse>; valid: boolean }[] {
  return hq.db.all<{ seq: number; body: string; signature: string }>('SELECT seq, body, signature FROM signed_record ORDER BY seq')
    .map(({ seq, body, signature }) => ({ seq, body: recordBodySchema.parse(JSON.parse(body)), valid: isSignedBy(hq.store.publicKey, signedPurposes.record, body, signature) }));
}

describe('a version\'s state', () => {
  it.each<[CopyState[], string]>([
    [['ready'], 'ready'], [['damaged', 'ready'], 'ready'], [['verifying', 'ready'], 'ready'], [['verifying', 'damaged'], 'verifying'], [['damaged'], 'damaged'], [['damaged', 'copying', 'absent'], 'damaged'],
    [['absent'], 'verifying'], [['copying'], 'verifying'], [['removing'], 'verifying'], [[], 'verifying'],
  ])('with copies %j is %s', (copies, state) => expect(versionStateOf(copies)).toBe(state));

  it('follows from its copies after whatever happens to them, on whichever server', async () => {
    const guid = await hq.capture('Lab');
    const events: CopyEvent[] = ['assigned', 'arrived', 'verified', 'damage-found', 'lost', 'gone'];
    fc.assert(fc.property(fc.array(fc.tuple(fc.boolean(), fc.constantFrom(...events)), { maxLength: 30 }), (moves) => {
      for (const [isHere, event] of moves) {
        hq.images.copies.move(guid, isHere ? hq.selfId : site.selfId, event, { provedAt: event === 'verified' ? 5 : null });
        expect(hq.row(guid)?.state).toBe(versionStateOf(hq.images.copies.of(guid).map((copy) => copy.state)));
      }
    }), { numRuns: 40 });
  });

  it('stays ready where another server has proved it, and says what is wrong here', async () => {
    const guid = await atBoth('Lab');
    hq.images.reportDamage(guid, 'a read failed');
    expect([hq.row(guid)?.state, hq.copies(guid), hq.images.readyAt(guid)]).toEqual(['ready', { hq: 'damaged', site: 'ready' }, [site.selfId]]);
    const chosen = hq.images.forDeploy('Lab');
    expect(() => hq.images.requireHere(chosen)).toThrow(app('image-damaged'));
    hq.images.copies.move(guid, site.selfId, 'damage-found', { damagedChunks: 3 });
    expect(hq.row(guid)?.state).toBe('damaged');
    expect(() => hq.images.forDeploy('Lab')).toThrow(app('image-damaged'));
  });
});

describe('a version that is not here', () => {
  it('stops no sweep, no check and no measuring, and is not deployed from here', async () => {
    await hq.capture('Own');
    const there = await site.capture('There');
    expect(hq.images.captured(await site.told(there), site.selfId)).toBe(1);
    hq.images.copies.move(there, site.selfId, 'verified', { provedAt: 1 });
    hq.clock.now += 40 * 86_400_000;
    await hq.images.upkeep();
    hq.images.sweepSoon();
    await hq.images.idle();
    expect([hq.images.liveManifests().length, hq.images.verifyProgress(there), hq.images.verifyHere(there, 'admin')]).toEqual([1, null, false]);
    expect(() => hq.images.verify({ image: 'There' }, 'admin')).toThrow(app('not-found'));
    expect(() => hq.images.requireHere(hq.images.forDeploy('There'))).toThrow(/ready on site/);
    expect(await hq.store.doctor({ repair: false, deep: false, live: hq.images.liveManifests() })).toEqual([]);
    expect(hq.images.get('There')).toMatchObject({ owner: { serverName: 'site', managed: 'externally' }, newest: { state: 'ready', originServerId: site.selfId, pending: false }, copies: [{ serverName: 'site', state: 'ready' }] });
  });
});

describe('a package server', () => {
  it('takes a version over: ready only once it was re-hashed, said twice is once', async () => {
    const guid = await hq.capture('Lab');
    const wanted = hq.wanted(guid);
    await site.bring(hq, wanted);
    await site.images.adopt(wanted);
    expect([site.row(guid), site.copies(guid)]).toEqual([{ number: 1, state: 'ready', pending: 0 }, { site: 'ready' }]);
    expect(site.images.history('Lab').map((event) => event.kind)).toEqual(['verified', 'arrived', 'created']);
    site.images.sweepSoon();
    await site.images.idle();
    expect(await site.store.verify(wanted.manifest, 'all')).toMatchObject({ damaged: [], missing: [] });
  });

  it('sweeps again where a version was let go of while the store was swept, and calls that no failure', async () => {
    const [a, b] = [await hq.capture('Lab'), await hq.capture('Lab')];
    for (const guid of [a, b]) await site.bring(hq, hq.wanted(guid));
    const sweep = site.store.sweep.bind(site.store);
    const asked: number[] = [];
    site.store.sweep = async (live, signal) => {
      asked.push([...live].length);
      // The list was made, and then the record comes.
      if (asked.length === 1) await site.store.deleteManifest(hq.wanted(a).manifest);
      if (asked.length === 1) site.db.run('DELETE FROM copy WHERE version_guid = :a', { a });
      return await sweep(live, signal);
    };
    site.images.sweepSoon();
    await site.images.idle();
    expect(asked).toEqual([2, 1]);
    expect(await site.store.verify(hq.wanted(b).manifest, 'all')).toMatchObject({ damaged: [], missing: [] });
  });

  it('refuses a plan whose identity and content are of two versions', async () => {
    const [a, b] = [await hq.capture('Lab'), await hq.capture('Lab')];
    await site.bring(hq, hq.wanted(a));
    await expect(site.bring(hq, { ...hq.wanted(b), guid: a })).rejects.toMatchObject({ code: 'proof-failed' });
    expect(site.row(a)).toMatchObject({ number: 1, state: 'ready' });
  });

  it('follows names, notes, switches and numbers of the console, also where they change places', async () => {
    const [a, b] = [await hq.capture('Lab'), await hq.capture('Lab')];
    for (const guid of [a, b]) await site.bring(hq, hq.wanted(guid));
    const own = await site.capture('Lab');
    expect(site.row(own)?.number).toBe(3);
    hq.images.rename('Lab', 'Room', 'admin');
    hq.images.setNote({ image: 'Room', version: 1 }, 'first', 'admin');
    site.images.takeOver([hq.wanted(a, { number: 2, enabled: false }), hq.wanted(b, { number: 3 })]);
    expect([a, b].map((guid) => site.row(guid)?.number)).toEqual([2, 3]);
    expect(site.images.get('Room')).toMatchObject({ name: 'Room', versions: expect.arrayContaining([expect.objectContaining({ guid: a, enabled: false, note: 'first' })]) as unknown });
    expect(site.row(own)?.number).toBeGreaterThan(3);
    site.images.takeOver([hq.wanted(a), hq.wanted(b)]);
    expect([a, b].map((guid) => site.row(guid)?.number)).toEqual([1, 2]);
  });

  it('lets go of exactly what a record names; a run that reads it reads on', async () => {
    const [a, b] = [await atBoth('Lab'), await atBoth('Lab')];
    const wanted = hq.wanted(a);
    await site.images.letGo({ guid: a, manifest: 'ab'.repeat(32) });
    expect(site.row(a)).toBeDefined();
    site.inUse.add(a);
    await site.images.letGo({ guid: a, manifest: wanted.manifest });
    expect([site.images.findVersion(a), site.images.readable(a)?.manifest]).toEqual([undefined, wanted.manifest]);
    await site.images.idle();
    expect(await site.store.manifests()).toContain(wanted.manifest);
    site.inUse.clear();
    await site.images.upkeep();
    await site.images.letGo({ guid: a, manifest: wanted.manifest });
    await site.images.idle();
    expect([site.row(a), await site.store.manifests()]).toEqual([undefined, [hq.wanted(b).manifest]]);
    await site.images.letGo({ guid: b, manifest: hq.wanted(b).manifest });
    expect(site.images.list()).toEqual([]);
    await site.bring(hq, hq.wanted(b));
    expect(site.copies(b)).toEqual({ site: 'ready' });
  });
});

describe('a version captured at a package server', () => {
  it('is its own where the image is, and has the number it has there while that is free', async () => {
    const first = await site.capture('Local');
    const second = await site.capture('Local');
    expect([hq.images.captured(await site.told(second), site.selfId), hq.images.captured(await site.told(first), site.selfId), hq.images.captured(await site.told(first), site.selfId)]).toEqual([2, 3, 3]);
    expect(hq.images.get('Local')).toMatchObject({ owner: { serverName: 'site' }, versions: [{ guid: first, pending: false, state: 'verifying' }, { guid: second }] });
    site.images.takeOver([hq.wanted(first), hq.wanted(second)]);
    expect([first, second].map((guid) => site.row(guid)?.number)).toEqual([3, 2]);
  });

  it('waits to be validated where the image has another owner: nobody else gets it, and the console proves it first', async () => {
    const base = await atBoth('Lab');
    const patch = await site.capture('Lab');
    expect(site.row(patch)?.number).toBe(2);
    await hq.capture('Lab');
    expect(hq.images.captured(await site.told(patch), site.selfId)).toBe(3);
    expect(hq.row(patch)).toMatchObject({ pending: 1 });
    expect(hq.images.pendingVersions()).toEqual([{ imageGuid: hq.images.get('Lab').guid, imageName: 'Lab', number: 3, origin: 'site' }]);
    site.images.takeOver([hq.wanted(base), hq.wanted(patch)]);
    hq.images.copies.move(patch, site.selfId, 'verified', { provedAt: 1 });
    expect([hq.images.forDeploy('Lab').version.number, hq.images.get('Lab').current]).toEqual([2, 2]);
    expect(() => hq.images.forDeploy('Lab', 3)).toThrow(/validate/);
    expect(hq.images.readiness().deploy(hq.images.get('Lab').guid, 3)).toMatchObject({ version: 3, problem: null, waitsAt: site.selfId });
    expect([hq.images.forDeploy('Lab', 3, { near: new Set([site.selfId]) }).version.guid, hq.images.forDeploy('Lab', undefined, { near: new Set([site.selfId]) }).version.number]).toEqual([patch, 2]);
    expect(hq.images.forDeploy('Lab', undefined, { origins: new Set([site.selfId]) }).version.number).toBe(3);
    expect([site.images.forDeploy('Lab', 3).version.guid, site.row(patch)]).toEqual([patch, { number: 3, state: 'ready', pending: 1 }]);
    expect(() => hq.images.setChannel('Lab', { channel: 'live', version: 3 }, 'admin')).toThrow(app('conflict'));
    expect(() => hq.images.validate(patch, 'admin')).toThrow(/has not arrived/);
    await hq.bring(site, hq.wanted(patch));
    hq.images.validate(patch, 'admin');
    hq.images.validate(patch, 'admin');
    expect(hq.images.forDeploy('Lab').version.guid).toBe(patch);
    expect(hq.images.pendingVersions()).toEqual([]);
    expect(hq.images.history('Lab').filter((event) => event.kind === 'validated')).toHaveLength(1);
  });

  it('that is rejected goes to the trash, and is pending again when it is taken out', async () => {
    await atBoth('Lab');
    const patch = await site.capture('Lab');
    hq.images.captured(await site.told(patch), site.selfId);
    hq.images.reject(patch, 'wrong drivers', 'admin');
    expect(hq.images.get('Lab').versions.find((version) => version.guid === patch)).toMatchObject({ pending: true, trashedAt: hq.clock.now });
    expect(hq.images.pendingVersions()).toEqual([]);
    hq.images.undelete({ image: 'Lab', version: 2 }, 'admin');
    expect(hq.images.pendingVersions()).toHaveLength(1);
    expect(() => hq.images.forDeploy('Lab', 2)).toThrow(/validate/);
    expect(hq.images.history('Lab').map((event) => event.kind)).toEqual(expect.arrayContaining(['rejected']));
  });

  it('is refused without that server\'s signature, with another content, and after it was deleted for good', async () => {
    const guid = await site.capture('Local');
    const told = await site.told(guid);
    expect(() => hq.images.captured({ ...told, signature: { ...told.signature, signature: Buffer.alloc(64).toString('base64') } }, site.selfId)).toThrow(app('proof-failed'));
    expect(() => hq.images.captured(told, hq.selfId)).toThrow(app('proof-failed'));
    expect(() => hq.images.captured({ ...told, manifest: 'ab'.repeat(32) }, site.selfId)).toThrow(app('proof-failed'));
    hq.images.captured(told, site.selfId);
    hq.images.delete({ image: 'Local' }, 'admin');
    await hq.images.purge({ image: 'Local' }, 'admin');
    expect(() => hq.images.captured(told, site.selfId)).toThrow(app('conflict'));
    hq.images.copies.move(guid, site.selfId, 'gone');
    await hq.images.idle();
    expect(() => hq.images.captured(told, site.selfId)).toThrow(/deleted here for good/);
  });
});

describe('deleting for good', () => {
  it('orders it everywhere with one signed record, and keeps the row until every server has let go', async () => {
    const [a, b] = [await atBoth('Lab'), await atBoth('Lab')];
    const { guid: image } = hq.images.get('Lab');
    const wanted = [a, b].map((guid) => ({ guid, manifest: hq.wanted(guid).manifest }));
    let ordered = 0;
    hq.images.onOrdered(() => ordered++);
    hq.images.delete({ image: 'Lab', version: 1 }, 'anna');
    expect(records()).toEqual([]);
    await hq.images.purge({ image: 'Lab', version: 1 }, 'anna');
    const common = { purpose: 'record', console: hq.selfId, at: hq.clock.now, by: 'anna', server: null, image };
    expect([ordered, records()]).toEqual([1, [{ seq: 1, valid: true, body: { ...common, seq: 1, kind: 'delete-version', versions: [wanted[0]] } }]]);
    expect([hq.row(a) !== undefined, hq.copies(a), await hq.store.manifests()]).toEqual([true, { site: 'removing' }, [wanted[1]?.manifest]]);
    hq.images.delete({ image: 'Lab' }, 'anna');
    await hq.images.purge({ image: 'Lab' }, 'anna');
    expect(records()[1]).toEqual({ seq: 2, valid: true, body: { ...common, seq: 2, kind: 'delete-image', versions: [wanted[1]] } });
    expect(hq.images.list()).toEqual([]);
    for (const version of records().flatMap((record) => record.body.versions)) await site.images.letGo(version);
    expect([site.images.list(), await site.store.manifests()]).toEqual([[], []]);
    for (const guid of [a, b]) expect(hq.images.copies.move(guid, site.selfId, 'gone')).toBe('absent');
    await hq.images.idle();
    await hq.images.upkeep();
    expect(hq.db.all('SELECT guid FROM image_version UNION SELECT guid FROM image')).toEqual([]);
  });

  it('takes a record that was carried out for the answer, and does not wait for a server that is out', async () => {
    const [a, b] = [await atBoth('Lab'), await atBoth('Other')];
    for (const name of ['Lab', 'Other']) {
      hq.images.delete({ image: name }, 'anna');
      await hq.images.purge({ image: name }, 'anna');
    }
    hq.db.run('UPDATE server SET records_acked = 1 WHERE id = :id', { id: site.selfId });
    await hq.images.upkeep();
    await hq.images.idle();
    expect([hq.row(a), hq.copies(b)]).toEqual([undefined, { site: 'removing' }]);
    hq.db.run("UPDATE server SET state = 'retired' WHERE id = :id", { id: site.selfId });
    await hq.images.upkeep();
    expect(hq.db.all('SELECT guid FROM image')).toEqual([]);
  });

  it('splits what does not fit one record, and writes none where nobody else is there', async () => {
    for (let i = 0; i < 22; i++) await hq.capture('Many');
    hq.images.delete({ image: 'Many' }, 'anna');
    await hq.images.purge({ image: 'Many' }, 'anna');
    expect(records().map((record) => [record.valid, record.body.kind, record.body.versions.length])).toEqual([[true, 'delete-image', 20], [true, 'delete-image', 2]]);
    expect(Math.max(...records().map((record) => JSON.stringify(record.body).length))).toBeLessThan(4000);
    expect(hq.images.list()).toEqual([]);
    const alone = await TestImages.open('alone');
    try {
      await alone.capture('Lab');
      alone.images.delete({ image: 'Lab' }, 'anna');
      await alone.images.purge({ image: 'Lab' }, 'anna');
      expect(alone.db.all('SELECT seq FROM signed_record')).toEqual([]);
    } finally {
      await alone.close();
    }
  });

  it('in bulk passes over what is protected, and says so', async () => {
    for (const name of ['A', 'B', 'C']) await hq.capture(name);
    hq.images.setProtected('B', true, 'admin');
    const { trashed, skipped } = hq.images.deleteMany([{ image: 'A' }, { image: 'B' }, { image: 'C', version: 1 }, { image: 'D' }], 'anna');
    expect([trashed.map((each) => [each.name, each.version]), skipped.map((each) => each.image)]).toEqual([[['A', null], ['C', 1]], ['B', 'D']]);
    expect(skipped[0]?.reason).toContain('protected');
  });
});

describe('letting go of one copy', () => {
  it('is refused for the last proved one, and else ordered by a record for that server alone', async () => {
    const guid = await atBoth('Lab');
    expect(hq.images.copies.release(guid, site.selfId, 'anna')).toBe(1);
    expect(records()).toMatchObject([{ valid: true, body: { kind: 'release-copy', server: site.selfId, versions: [{ guid }] } }]);
    expect(hq.copies(guid)).toEqual({ hq: 'ready', site: 'removing' });
    expect(() => hq.images.copies.release(guid, hq.selfId, 'anna')).toThrow(app('last-copy'));
    expect(hq.images.copies.release(guid, site.selfId, 'anna')).toBeNull();
    hq.db.run('UPDATE server SET records_acked = 1 WHERE id = :id', { id: site.selfId });
    hq.images.copies.settleAcknowledged();
    expect(hq.copies(guid)).toEqual({ hq: 'ready', site: 'absent' });
    // Assigned again, it is on its way again, whatever was carried out before.
    hq.images.copies.assign(guid, site.selfId);
    hq.images.copies.settleAcknowledged();
    expect(hq.copies(guid)).toEqual({ hq: 'ready', site: 'copying' });
  });

  it('of one\'s own takes the content from this store, and keeps the version', async () => {
    const guid = await atBoth('Lab');
    expect(hq.images.copies.release(guid, hq.selfId, 'anna')).toBeNull();
    await hq.images.idle();
    expect([hq.copies(guid), hq.row(guid)?.state, await hq.store.manifests(), (await hq.store.figures()).chunks]).toEqual([{ site: 'ready' }, 'ready', [], 0]);
    expect(() => hq.images.copies.release(guid, site.selfId, 'anna')).toThrow(app('last-copy'));
    await hq.bring(site, hq.wanted(guid));
    expect(hq.copies(guid)).toEqual({ hq: 'ready', site: 'ready' });
  });
});
