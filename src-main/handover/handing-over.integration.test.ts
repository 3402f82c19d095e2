import { describe, expect, it } from 'vitest';
import { addImages, inDatabase, type TestReplica } from '../test-replica.ts';
import { eventually } from '../test-server.ts';
import { headquarters, ownerOf, replica, report, untilHandover, untilState, type Place } from '../test-handover.ts';

/** The console with PS008, which owns `count` images and has proved them, and PS010, which is empty. */
async function world(count = 1) {
  const hq = await headquarters();
  const [ps8, ps10] = [await replica(hq, 'PS008'), await replica(hq, 'PS010')];
  const images = addImages(hq.server, count);
  inDatabase(hq.server, (db) => {
    db.run("UPDATE owner SET server_id = (SELECT id FROM server WHERE name = 'PS008')");
    db.run('DELETE FROM copy');
  });
  for (const { versions } of images) report(ps8, versions, { provedAt: 5 });
  await eventually(() => hq.api.replication.matrix.query({ server: 'PS008' }), (rows) => rows.every((row) => row.cells[0]?.state === 'ready'));
  return { hq, ps8, ps10, images, versions: images.flatMap((image) => image.versions), guids: images.map((image) => image.image) };
}
const take = (hq: Place, images: string[], to = 'PS010') => hq.api.handovers.begin.mutate({ request: { kind: 'take-ownership', images, to } });
const asked = (by: TestReplica, guid: string) => eventually(() => Promise.resolve(by.notices.some((notice) => notice.type === 'verify' && notice.versionGuid === guid)), (found) => found);
const records = (hq: Place): number => inDatabase(hq.server, (db) => db.get<{ count: number }>('SELECT count(*) AS count FROM signed_record')?.count ?? -1);

describe('taking ownership', () => {
  it('believes no proof from before: the new owner re-hashes first, and nothing is deleted anywhere', async () => {
    const { hq, ps10, versions: [version = ''], guids: [image = ''] } = await world();
    report(ps10, [version], { provedAt: Date.now() - 60_000 });
    await eventually(() => hq.api.replication.matrix.query({ server: 'PS010' }), (rows) => rows[0]?.cells[0]?.state === 'ready');
    const begun = await take(hq, [image]);
    expect(begun).toMatchObject({ state: 'proving', images: [{ state: 'proving' }] });
    await asked(ps10, version);
    expect(await ownerOf(hq, image)).toBe('PS008');
    report(ps10, [version]);
    const done = await untilState(hq, begun, 'done');
    expect(done).toMatchObject({ problem: null, images: [{ state: 'switched', undo: expect.any(Number) as number }] });
    expect(await ownerOf(hq, image)).toBe('PS010');
    expect((await hq.api.images.history.query({ image })).map((event) => event.message)).toContain('It belongs to PS010 now, and not to PS008 any more: every version was proved there before');
    expect((await hq.api.images.get.query({ image })).copies.map((copy) => `${copy.serverName} ${copy.state}`)).toContain('PS008 ready');
    expect(records(hq)).toBe(0);
  });

  it('waits where the new owner has nothing, or damaged copies, and lets the other images go on', async () => {
    const { hq, ps8, ps10, versions: [a = '', b = '', c = ''], guids } = await world(3);
    report(ps10, [b], { state: 'damaged', provedAt: null, damagedChunks: 2 });
    await eventually(() => hq.api.replication.matrix.query({ server: 'PS010' }), (rows) => rows[1]?.cells[0]?.state === 'damaged');
    const begun = await take(hq, guids);
    report(ps10, [c]);
    const halfway = await untilHandover(hq, begun, (found) => found.images[2]?.state === 'switched');
    expect(halfway.images.map((image) => image.state)).toEqual(['copying', 'proving', 'switched']);
    expect(halfway.images[1]?.problem).toMatch(/v1 of Image 0001 is damaged on PS010\. .*Look at the disk/);
    ps8.end();
    const stuck = await untilHandover(hq, begun, (found) => found.images[0]?.problem !== null);
    expect(stuck.images[0]?.problem).toBe('Only PS008 has a proved copy of v1 of Image 0000, and is not connected now. Start it; this goes on then. If PS008 is gone for good, recover its images instead: platen server recover "PS008"');
    report(ps10, [a, b]);
    await untilState(hq, begun, 'done');
  });

  it('brings an image to a new owner that it is not assigned to, and the old assignment deletes nothing there', async () => {
    const { hq, ps10, versions: [version = ''], guids: [image = ''] } = await world();
    await hq.api.replication.setScope.mutate({ images: [image], scope: 'selected', servers: ['PS008'] });
    const preview = await hq.api.handovers.preview.query({ kind: 'take-ownership', images: [image], to: 'PS010' });
    expect(preview.consequences.map((each) => `${each.kind}: ${each.text}`)).toEqual(expect.arrayContaining([
      'gain: Image 0000 belongs to PS010 then, and not to PS008 any more; its version is proved there first.', 'note: PS010 copies 1 version of Image 0000 first, at most 500 B.',
      'note: Image 0000 is not assigned to PS010: as owner it holds it whatever the scope says. The scope stays as it is.', 'note: PS008 goes on holding Image 0000, as its scope says.',
    ]));
    await take(hq, [image]);
    await eventually(() => Promise.resolve(ps10.notices), (notices) => notices.some((notice) => notice.type === 'plan' && notice.plan.wanted.some((wanted) => wanted.guid === version)));
    report(ps10, [version]);
    await eventually(() => ownerOf(hq, image), (owner) => owner === 'PS010');
    await eventually(() => hq.api.replication.matrix.query({ server: 'PS010' }), (rows) => rows[0]?.cells[0]?.assigned === true);
    expect(ps10.notices.filter((notice) => notice.type === 'records')).toEqual([]);
    expect(await hq.api.replication.matrix.query({})).toMatchObject([{ scope: 'selected' }]);
  });

  it('reads the time of a proof by the clock of the server that proved', async () => {
    const { hq, versions: [version = ''], guids: [image = ''] } = await world();
    const HOUR_MS = 3_600_000;
    const ahead = await replica(hq, 'Ahead');
    await ahead.ask({ type: 'report', digest: 'x', copies: [] });
    ahead.say({ type: 'heartbeat', figures: { freeBytes: 1e12, totalBytes: 2e12, now: Date.now() + HOUR_MS } });
    await eventually(() => hq.api.servers.get.query({ server: 'Ahead' }), (found) => (found.clockSkewMs ?? 0) > HOUR_MS / 2);
    const begun = await take(hq, [image], 'Ahead');
    // By its clock an hour ago: before it was asked.
    report(ahead, [version], { provedAt: Date.now() });
    await untilHandover(hq, begun, (found) => found.images[0]?.state === 'proving');
    await asked(ahead, version);
    expect(await ownerOf(hq, image)).toBe('PS008');
    report(ahead, [version], { provedAt: Date.now() + HOUR_MS });
    await untilState(hq, begun, 'done');
  });

  it('is taken back, each image or all, where the old owner still has a proved copy', async () => {
    const { hq, ps8, ps10, versions, guids } = await world(2);
    const begun = await take(hq, guids);
    report(ps10, versions);
    const done = await untilState(hq, begun, 'done');
    await hq.api.undo.run.mutate({ id: done.images[0]?.undo ?? 0 });
    expect(await Promise.all(guids.map((guid) => ownerOf(hq, guid)))).toEqual(['PS008', 'PS010']);
    report(ps8, [versions[1] ?? ''], { state: 'damaged', provedAt: null, damagedChunks: 1 });
    await eventually(() => hq.api.replication.matrix.query({ server: 'PS008' }), (rows) => rows[1]?.cells[0]?.state === 'damaged');
    await expect(hq.api.undo.run.mutate({ id: done.undo ?? 0 })).rejects.toThrow(/PS008 has no proved copy of Image 0001 v1\. Take ownership there instead/);
    report(ps8, [versions[1] ?? '']);
    await eventually(() => hq.api.replication.matrix.query({ server: 'PS008' }), (rows) => rows[1]?.cells[0]?.state === 'ready');
    await hq.api.undo.run.mutate({ id: done.undo ?? 0 });
    expect(await ownerOf(hq, guids[1] ?? '')).toBe('PS008');
    expect(await hq.api.handovers.get.query({ id: begun.id })).toMatchObject({ state: 'done', undo: null, images: [{ undo: null, problem: 'admin gave it back to PS008.' }, { undo: null }] });
  });

  it('is refused where something is other than what was shown, where there is nothing to do, and twice at once', async () => {
    const { hq, guids: [image = ''] } = await world();
    const request = { kind: 'take-ownership' as const, images: [image], to: 'PS010' };
    const { digest } = await hq.api.handovers.preview.query(request);
    expect((await hq.api.handovers.preview.query(request)).digest).toBe(digest);
    await hq.api.images.setProtected.mutate({ image, protected: true });
    await expect(hq.api.handovers.begin.mutate({ request, digest })).rejects.toThrow(/not what was shown any more/);
    await expect(take(hq, [image], 'PS008')).rejects.toThrow(/there is nothing to do/);
    await expect(take(hq, [image], 'PS011')).rejects.toThrow(/no server "PS011"/);
    const begun = await take(hq, [image]);
    await expect(take(hq, [image], 'Platen')).rejects.toThrow(/being handed over already/);
    expect(await hq.api.handovers.cancel.mutate({ id: begun.id })).toMatchObject({ state: 'cancelled', problem: null });
    await expect(hq.api.handovers.letGo.mutate({ id: begun.id })).rejects.toThrow(/ended already/);
  });
});

describe('a server that is lost', () => {
  it('leaves its images to whoever has proved copies; what is proved nowhere is named, and stays listed where that is accepted', async () => {
    const { hq, ps8, ps10, versions: [a = '', b = ''], guids } = await world(2);
    report(ps10, [a]);
    await eventually(() => hq.api.replication.matrix.query({ server: 'PS010' }), (rows) => rows[0]?.cells[0]?.state === 'ready');
    ps8.end();
    await eventually(() => hq.api.servers.get.query({ server: 'PS008' }), (found) => !found.connected);
    const stuck = await hq.api.handovers.begin.mutate({ request: { kind: 'retire', from: 'PS008', to: 'PS010' } });
    await untilHandover(hq, stuck, (found) => found.images[1]?.problem?.includes('platen server recover "PS008"') === true);
    const request = { kind: 'recover', from: 'PS008', to: null } as const;
    const preview = await hq.api.handovers.preview.query(request);
    expect(preview).toMatchObject({ blocked: true });
    expect(preview.consequences.filter((each) => each.kind === 'refusal').map((each) => each.text)).toEqual(['Image 0001 v1 is proved nowhere but on PS008. Bring that server back, or its disk to a package server; to give it up and recover the rest: --accept-loss.']);
    await expect(hq.api.handovers.begin.mutate({ request })).rejects.toThrow(/proved nowhere but on PS008/);
    const begun = await hq.api.handovers.begin.mutate({ request: { ...request, acceptLoss: true } });
    expect(await hq.api.handovers.get.query({ id: stuck.id })).toMatchObject({ state: 'cancelled', problem: 'admin recovers its images instead.' });
    await asked(ps10, a);
    report(ps10, [a]);
    const done = await untilState(hq, begun, 'done');
    expect(done.images.map((image) => [image.state, image.problem])).toEqual([['switched', null], ['switched', 'v1 of Image 0001 is proved nowhere: lost, unless a server comes back with it.']]);
    expect(await Promise.all(guids.map((guid) => ownerOf(hq, guid)))).toEqual(['PS010', 'Platen']);
    expect((await hq.api.images.get.query({ image: guids[1] ?? '' })).versions.map((version) => version.guid)).toEqual([b]);
    expect((await hq.api.servers.get.query({ server: 'PS008' })).state).toBe('joined');
    expect(records(hq)).toBe(0);
  });
});
