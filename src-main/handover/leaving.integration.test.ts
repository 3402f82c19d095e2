import { describe, expect, it } from 'vitest';
import { addImages, inDatabase, type TestReplica } from '../test-replica.ts';
import { eventually } from '../test-server.ts';
import { headquarters, ownerOf, replica, report, untilHandover, untilState, type Place } from '../test-handover.ts';

/** The console, and servers that are channels alone; each image belongs to the server that is named. */
async function world(names: readonly string[], owners: readonly string[]) {
  const hq = await headquarters();
  const servers: Record<string, TestReplica> = {};
  for (const name of names) servers[name] = await replica(hq, name);
  const images = addImages(hq.server, owners.length);
  inDatabase(hq.server, (db) => {
    db.run('DELETE FROM copy');
    owners.forEach((name, at) => db.run('UPDATE owner SET server_id = (SELECT id FROM server WHERE name = :name) WHERE image_guid = :guid', { name, guid: images[at]?.image ?? '' }));
  });
  for (const [at, name] of owners.entries()) report(servers[name] as TestReplica, images[at]?.versions ?? [], { provedAt: 5 });
  await eventually(() => hq.api.replication.matrix.query(), (rows) => rows.every((row, at) => row.cells.find((cell) => cell.serverId === servers[owners[at] ?? '']?.id)?.state === 'ready'));
  return { hq, of: (name: string) => servers[name] as TestReplica, guids: images.map((image) => image.image), versions: images.map((image) => image.versions[0] ?? '') };
}
const retire = (hq: Place, from: string, to: string | null) => hq.api.handovers.begin.mutate({ request: { kind: 'retire', from, to } });
const stateOf = async (hq: Place, server: string): Promise<string> => (await hq.api.servers.get.query({ server })).state;
const assigned = ({ server }: Place): string[] => inDatabase(server, (db) => db.all<{ name: string }>('SELECT name FROM assignment JOIN server ON server.id = server_id ORDER BY name')).map((row) => row.name);

describe('a server that retires', () => {
  it('is not let go before everything deploys without it; then it is neither asked nor let in, until that is undone', async () => {
    const { hq, of, guids: [image = ''], versions: [version = ''] } = await world(['PS008', 'PS010'], ['PS008']);
    const begun = await retire(hq, 'PS008', 'PS010');
    expect(await stateOf(hq, 'PS008')).toBe('retiring');
    await expect(hq.api.handovers.letGo.mutate({ id: begun.id })).rejects.toThrow(/PS008 can't be let go yet\. 1 image still belongs to it/);
    report(of('PS010'), [version]);
    expect((await untilState(hq, begun, 'ready')).images).toMatchObject([{ state: 'switched', undo: null }]);
    const kept = inDatabase(hq.server, (db) => db.get<{ id: number }>("SELECT id FROM undo WHERE kind = 'handover.owner'")?.id ?? 0);
    await expect(hq.api.undo.run.mutate({ id: kept })).rejects.toThrow(/PS008 is still being handed over, so the image would go at once again\. Cancel the hand-over instead/);
    // Nothing else is connected that has it: not now.
    of('PS010').end();
    await eventually(() => hq.api.servers.get.query({ server: 'PS010' }), (found) => !found.connected);
    await expect(hq.api.handovers.letGo.mutate({ id: begun.id })).rejects.toThrow(/v1 of Image 0000 is ready on PS010 alone, and that server is not connected now/);
    await (await of('PS010').open()).prove();
    await untilState(hq, begun, 'ready');
    await hq.api.replication.setScope.mutate({ images: [image], scope: 'selected', servers: ['PS008', 'PS010'] });
    await untilState(hq, begun, 'ready');
    const done = await hq.api.handovers.letGo.mutate({ id: begun.id });
    expect(await stateOf(hq, 'PS008')).toBe('retired');
    expect([assigned(hq), (await hq.api.doctor.run.mutate({ repair: false, deep: false })).map((finding) => finding.kind).filter((kind) => kind === 'assignment-out')]).toEqual([['PS010'], []]);
    await eventually(() => Promise.resolve(of('PS008').closed), (code) => code !== null);
    expect((await (await of('PS008').open()).prove()).error?.message).toMatch(/^This server was retired at the console/);
    expect((await hq.api.servers.sources.query({ address: '10.1.1.1', version })).sources.map((source) => source.name)).toEqual(['PS010']);
    expect((await hq.api.replication.matrix.query())[0]?.cells.length).toBe(2);
    await hq.api.undo.run.mutate({ id: done.undo ?? 0 });
    expect(await untilState(hq, begun, 'ready')).toMatchObject({ endedAt: null, undo: null });
    expect(assigned(hq)).toEqual(['PS008', 'PS010']);
    expect((await (await of('PS008').open()).prove()).ok).toBe(true);
    expect(await hq.api.handovers.cancel.mutate({ id: begun.id })).toMatchObject({ state: 'cancelled', problem: null });
    expect([await stateOf(hq, 'PS008'), await ownerOf(hq, image)]).toEqual(['joined', 'PS008']);
  });

  it('gives its images to whoever holds most of them where nobody was named, and to another one where that leaves too', async () => {
    const { hq, of, guids: [image = ''], versions: [version = ''] } = await world(['PS008', 'PS009', 'PS010'], ['PS008']);
    report(of('PS009'), [version], { provedAt: 7 });
    await eventually(() => hq.api.replication.matrix.query({ server: 'PS009' }), (rows) => rows[0]?.cells[0]?.state === 'ready');
    const begun = await retire(hq, 'PS008', null);
    expect(begun).toMatchObject({ toServerId: of('PS009').id });
    await hq.api.servers.revoke.mutate({ server: 'PS009', force: true });
    const again = await untilHandover(hq, begun, (found) => found.toServerId !== of('PS009').id);
    expect(again.images[0]?.toServerId).toBe((await hq.api.servers.list.query())[0]?.id);
    await hq.api.handovers.cancel.mutate({ id: begun.id });
    const named = await retire(hq, 'PS008', 'PS010');
    await hq.api.servers.revoke.mutate({ server: 'PS010', force: true });
    await untilHandover(hq, named, (found) => found.images[0]?.problem === 'PS010 was revoked, so it can\'t take over. Cancel this, and choose another server.');
    expect(await ownerOf(hq, image)).toBe('PS008');
  });

  it('waits for servers that it takes over from itself, and takes those images along', async () => {
    const { hq, of, guids: [image = ''], versions: [version = ''] } = await world(['PS008', 'PS009', 'PS010'], ['PS008']);
    const first = await retire(hq, 'PS008', 'PS009');
    const preview = await hq.api.handovers.preview.query({ kind: 'retire', from: 'PS009', to: 'PS010' });
    expect(preview).toMatchObject({ blocked: false });
    expect(preview.consequences.map((each) => each.text)).toContainEqual(expect.stringMatching(/PS009 is taking over images itself .* This waits until that is through/));
    const second = await retire(hq, 'PS009', 'PS010');
    expect(second).toMatchObject({ state: 'preparing', problem: expect.stringMatching(/PS009 is still taking over images of PS008/) as string });
    expect(await stateOf(hq, 'PS009')).toBe('joined');
    report(of('PS009'), [version]);
    await untilState(hq, first, 'ready');
    await untilHandover(hq, second, (found) => found.images.length === 1 && found.state === 'copying');
    report(of('PS010'), [version]);
    await untilState(hq, second, 'ready');
    expect(await ownerOf(hq, image)).toBe('PS010');
    await hq.api.handovers.letGo.mutate({ id: first.id });
    await hq.api.handovers.letGo.mutate({ id: second.id });
    expect([await stateOf(hq, 'PS008'), await stateOf(hq, 'PS009'), await ownerOf(hq, image)]).toEqual(['retired', 'retired', 'PS010']);
    // With a new token it comes in as any other: with its copies, and without what it owned.
    expect((await of('PS008').join((await hq.api.servers.add.mutate({ name: 'PS008' })).token)).status).toBe(200);
    expect((await (await of('PS008').open()).prove()).ok).toBe(true);
    expect([await stateOf(hq, 'PS008'), await ownerOf(hq, image)]).toEqual(['joined', 'PS010']);
  });

  it('takes nothing over: two people who retire two servers to each other strand nothing', async () => {
    const { hq, of, guids, versions } = await world(['A', 'B'], ['A', 'B']);
    const [one, other] = await Promise.allSettled([retire(hq, 'A', 'B'), retire(hq, 'B', 'A')]);
    const won = one.status === 'fulfilled' ? one : other;
    const lost = one.status === 'fulfilled' ? other : one;
    if (won.status !== 'fulfilled' || lost.status !== 'rejected') throw new Error('one of them is to be refused');
    expect(String(lost.reason)).toMatch(/is being handed over itself .* so it takes over nothing\. Choose a server that stays, or cancel that first/);
    // Without naming each other both go: one after the other, and the console is left.
    const stays = won.value.fromServerId === of('A').id ? 'B' : 'A';
    const second = await retire(hq, stays, null);
    expect(second).toMatchObject({ state: 'preparing', problem: expect.stringMatching(/is still taking over images/) as string });
    report(of(stays), versions);
    await untilState(hq, won.value, 'ready');
    await untilHandover(hq, second, (found) => found.images.length === 2);
    const owners = await Promise.all(guids.map((guid) => ownerOf(hq, guid)));
    expect(owners).toEqual([stays, stays]);
    await expect(hq.api.handovers.letGo.mutate({ id: second.id })).rejects.toThrow(/can't be let go yet/);
    // The first goes only while the other is still there.
    await hq.api.handovers.letGo.mutate({ id: won.value.id });
    await expect(hq.api.handovers.letGo.mutate({ id: second.id })).rejects.toThrow(/can't be let go yet/);
  });

  it('that is revoked in the middle is not let go by that: what it owned is recovered', async () => {
    const { hq, of, guids: [image = ''], versions: [version = ''] } = await world(['PS008', 'PS010'], ['PS008']);
    const begun = await retire(hq, 'PS008', 'PS010');
    await hq.api.servers.revoke.mutate({ server: 'PS008', force: true });
    await untilHandover(hq, begun, (found) => found.problem?.startsWith('PS008 was revoked meanwhile, so nothing can be asked of it. Recover what it still owns') === true);
    report(of('PS010'), [version]);
    await eventually(() => hq.api.replication.matrix.query({ server: 'PS010' }), (rows) => rows[0]?.cells[0]?.state === 'ready');
    await expect(hq.api.handovers.letGo.mutate({ id: begun.id })).rejects.toThrow(/can't be let go yet/);
    const recovered = await hq.api.handovers.begin.mutate({ request: { kind: 'recover', from: 'PS008', to: null } });
    report(of('PS010'), [version]);
    await untilState(hq, recovered, 'done');
    expect([await ownerOf(hq, image), await stateOf(hq, 'PS008')]).toEqual(['PS010', 'revoked']);
  });

  it('is kept while somebody captures to it', async () => {
    const { hq, of } = await world(['PS008', 'PS010'], []);
    const run = (state: string): void => inDatabase(hq.server, (db) => void db.run(`INSERT INTO run (id, kind, state, computer_id, computer_name, image_name, resume_key, capture_id, request, actor, started_at)
      VALUES ('capture-1', 'capture', :state, 'c', 'LAB-01', 'Lab', 'k', 'cap', :request, 'anna', 1) ON CONFLICT (id) DO UPDATE SET state = :state`, { state, request: JSON.stringify({ at: { serverId: of('PS008').id, name: 'PS008', reason: '' } }) }));
    run('running');
    const begun = await retire(hq, 'PS008', 'PS010');
    expect(begun).toMatchObject({ state: 'proving', problem: 'Not everything deploys without it yet. 1 capture goes to it right now: what is captured is taken along when that is done.' });
    await expect(hq.api.handovers.letGo.mutate({ id: begun.id })).rejects.toThrow(/1 capture goes to it right now/);
    run('succeeded');
    await untilState(hq, begun, 'ready');
  });

  it('leaves what waits to be validated proved elsewhere, and what nobody has proved holds it back', async () => {
    const { hq, versions: [version = ''] } = await world(['PS008', 'PS010'], ['PS008']);
    inDatabase(hq.server, (db) => void db.run('UPDATE image_version SET pending = 1, origin_server_id = (SELECT server_id FROM owner)'));
    const begun = await retire(hq, 'PS008', 'PS010');
    const waiting = await untilHandover(hq, begun, (found) => found.images[0]?.state === 'switched');
    expect(waiting).toMatchObject({ state: 'proving', problem: expect.stringMatching(/^Not everything deploys without it yet\. v1 of Image 0000 waits to be validated, and no other server has proved it yet/) as string });
    // The console's copy, as it would come by itself where there was content.
    inDatabase(hq.server, (db) => void db.run("INSERT INTO copy (version_guid, server_id, state, proved_at) SELECT :version, id, 'ready', 9 FROM server WHERE is_self = 1 ON CONFLICT DO UPDATE SET state = 'ready', proved_at = 9", { version }));
    await untilState(hq, begun, 'ready');
  });
});

describe('a server that is replaced', () => {
  it('gives its successor its place: site, limit, assignments at once, rules and edge servers when it is let go; all of it comes back', async () => {
    const { hq, of, guids: [image = ''], versions: [version = ''] } = await world(['PS008', 'PS010', 'Edge'], ['PS008']);
    const site = await hq.api.sites.create.mutate({ name: 'Rome', description: '', subnets: ['10.1.0.0/16'], locallyManaged: false, templateId: null, bytesPerSecond: null, windows: [] });
    await hq.api.servers.setSite.mutate({ server: 'PS008', site: 'Rome', parent: null });
    await hq.api.servers.setSite.mutate({ server: 'Edge', site: 'Rome', parent: 'PS008' });
    await hq.api.servers.setLimit.mutate({ server: 'PS008', bytesPerSecond: 1_000_000 });
    await hq.api.servers.setRules.mutate({ rules: [{ subnet: '10.1.7.0/24', server: 'PS008' }] });
    await hq.api.replication.setScope.mutate({ images: [image], scope: 'selected', servers: ['PS008'] });
    const request = { kind: 'replace', from: 'PS008', to: 'PS010' } as const;
    expect((await hq.api.handovers.preview.query(request)).consequences.map((each) => each.text)).toContain('PS010 takes the place of PS008: the site Rome, what is assigned to it, its limit, its rules (10.1.7.0/24), its edge servers (Edge).');
    const place = async (): Promise<unknown[]> => {
      const [server, edge, rules] = [await hq.api.servers.get.query({ server: 'PS010' }), await hq.api.servers.get.query({ server: 'Edge' }), await hq.api.servers.rules.query()];
      return [server.siteId, server.bytesPerSecond, edge.parentId === of('PS010').id, rules[0]?.serverId === of('PS010').id];
    };
    const begun = await hq.api.handovers.begin.mutate({ request });
    expect(await place()).toEqual([site.id, 1_000_000, false, false]);
    await hq.api.handovers.cancel.mutate({ id: begun.id });
    expect(await place()).toEqual([null, null, false, false]);
    const again = await hq.api.handovers.begin.mutate({ request });
    report(of('PS010'), [version]);
    await untilState(hq, again, 'ready');
    const done = await hq.api.handovers.letGo.mutate({ id: again.id });
    expect(await place()).toEqual([site.id, 1_000_000, true, true]);
    await hq.api.undo.run.mutate({ id: done.undo ?? 0 });
    expect(await place()).toEqual([site.id, 1_000_000, false, false]);
  });
});
