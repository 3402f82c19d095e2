import { describe, expect, it, onTestFinished } from 'vitest';
import { serve, stop, type Serving } from '../cli/test-processes.ts';
import { addImages, TestReplica } from '../test-replica.ts';
import type { RunningServer } from '../server.ts';
import { eventually, testApi, testFolder } from '../test-server.ts';
import { capture, headquarters, ownerOf, packageServer, readyAt, report, startAgain, untilHandover, untilState, type Place } from '../test-handover.ts';

describe('a package server that is replaced', () => {
  it('leaves nothing behind: PS008 goes by way of PS009 to PS010, everything is proved, and deploys without it', async () => {
    const hq = await headquarters();
    const [ps8, ps9] = [await packageServer(hq, 'PS008'), await packageServer(hq, 'PS009')];
    const lab = await capture(ps8, 'Lab');
    await eventually(() => readyAt(hq, lab), (found) => found.length === 3);
    // The trap of the seed: only PS009 is assigned, so the new server gets nothing by itself.
    await hq.api.replication.setScope.mutate({ images: [lab], scope: 'selected', servers: ['PS009'] });
    const ps10 = await packageServer(hq, 'PS010');
    const request = { kind: 'retire', from: 'PS008', to: 'PS010' } as const;
    const preview = await hq.api.handovers.preview.query(request);
    expect(preview).toMatchObject({ blocked: false, images: [{ imageName: 'Lab', fromServerId: ps8.id, toServerId: ps10.id, versions: 1 }] });
    expect(preview.consequences.map((each) => each.text)).toContain('Lab is not assigned to PS010: as owner it holds it whatever the scope says. The scope stays as it is.');
    const begun = await hq.api.handovers.begin.mutate({ request, digest: preview.digest });
    await untilState(hq, begun, 'ready');
    expect(await ownerOf(hq, lab)).toBe('PS010');
    expect(await readyAt(hq, lab)).toContain('PS010');
    // Each says at itself who manages it: the new owner locally, the old one externally.
    await eventually(async () => (await ps10.api.images.get.query({ image: lab })).owner, (owner) => owner.serverName === 'PS010' && owner.managed === 'locally');
    await eventually(async () => (await ps8.api.images.get.query({ image: lab })).owner, (owner) => owner.serverName === 'PS010' && owner.managed === 'externally');
    expect(await hq.api.handovers.letGo.mutate({ id: begun.id })).toMatchObject({ state: 'done', undo: expect.any(Number) as number });
    await eventually(() => hq.api.servers.get.query({ server: 'PS008' }), (found) => !found.connected && found.state === 'retired');
    await ps8.server.close();
    const next = await hq.api.handovers.begin.mutate({ request: { kind: 'retire', from: 'PS009', to: 'PS010' } });
    await untilState(hq, next, 'ready');
    await hq.api.handovers.letGo.mutate({ id: next.id });
    await ps9.server.close();
    expect(await ownerOf(hq, lab)).toBe('PS010');
    const { sources } = await hq.api.servers.sources.query({ address: '10.9.9.9', version: (await hq.api.images.get.query({ image: lab })).versions[0]?.guid ?? '' });
    expect(sources.map((source) => source.name)).toEqual(expect.arrayContaining(['PS010']));
    expect(sources.map((source) => source.name)).not.toContain('PS008');
  });

  it('takes along what is captured at it in the middle, waits for it while it is off, and goes on after the console was restarted', async () => {
    const hq = await headquarters();
    const [ps8, ps10] = [await packageServer(hq, 'PS008'), await packageServer(hq, 'PS010')];
    await hq.api.settings.set.mutate({ defaultScope: 'none' });
    const first = await capture(ps8, 'First');
    await eventually(() => readyAt(hq, first), (found) => found.join() === 'PS008');
    const begun = await hq.api.handovers.begin.mutate({ request: { kind: 'retire', from: 'PS008', to: 'PS010' } });
    const second = await capture(ps8, 'Second');
    await untilHandover(hq, begun, (found) => found.images.some((image) => image.imageGuid === second));
    await ps8.server.close();
    await hq.server.close();
    const again = await headquarters(hq.dataFolder, hq.server.httpPort);
    await eventually(() => again.api.servers.get.query({ server: 'PS010' }), (found) => found.connected);
    const back = await startAgain(ps8);
    const ready = await untilState(again, begun, 'ready');
    expect(ready.images.map((image) => image.imageName).toSorted()).toEqual(['First', 'Second']);
    expect([await ownerOf(again, first), await ownerOf(again, second)]).toEqual(['PS010', 'PS010']);
    await again.api.handovers.letGo.mutate({ id: begun.id });
    await back.server.close();
    expect((await ps10.api.images.list.query()).map((image) => image.newest?.state)).toEqual(['ready', 'ready']);
  });
});

describe('an image', () => {
  it('is re-homed to the console, which proves it by itself, and is managed there from then on', async () => {
    const hq = await headquarters();
    const ps8 = await packageServer(hq, 'PS008');
    const lab = await capture(ps8, 'Lab');
    await eventually(() => readyAt(hq, lab), (found) => found.length === 2);
    expect((await hq.api.images.get.query({ image: lab })).owner.managed).toBe('externally');
    const before = (await hq.api.images.get.query({ image: lab })).copies.find((copy) => copy.serverName === 'Platen')?.provedAt ?? 0;
    const begun = await hq.api.handovers.begin.mutate({ request: { kind: 'take-ownership', images: ['Lab'], to: 'Platen' } });
    await untilState(hq, begun, 'done');
    const now = await hq.api.images.get.query({ image: lab });
    expect(now.owner).toMatchObject({ serverName: 'Platen', managed: 'locally' });
    expect(now.copies.find((copy) => copy.serverName === 'Platen')?.provedAt).toBeGreaterThan(before);
    await eventually(async () => (await ps8.api.images.get.query({ image: lab })).owner, (owner) => owner.serverName === 'Platen' && owner.managed === 'externally');
    expect((await ps8.api.servers.list.query()).map((server) => server.name)).toEqual(['PS008']);
    await expect(ps8.api.handovers.preview.query({ kind: 'take-ownership', images: [lab], to: 'PS008' })).rejects.toThrow(/handed over at its console/);
  });
});

describe('a console that is killed', () => {
  it('is where it was: what changed hands has, what had not does when it is proved', async () => {
    const dataFolder = testFolder();
    const start = async (): Promise<Place & { serving: Serving }> => {
      const serving = await serve(dataFolder);
      onTestFinished(() => void serving.child.kill('SIGKILL'));
      const server = { ...serving.ready, httpPort: Number(new URL(serving.ready.url).port), close: () => Promise.resolve() } satisfies RunningServer;
      return { serving, server, api: testApi(serving.ready), dataFolder };
    };
    const hq = await start();
    const ps = new TestReplica(hq.server);
    await ps.join((await hq.api.servers.add.mutate({ name: 'PS010' })).token);
    await (await ps.open()).prove();
    const images = addImages(hq.server, 3);
    const versions = images.map((image) => image.versions[0] ?? '');
    const begun = await hq.api.handovers.begin.mutate({ request: { kind: 'take-ownership', images: images.map((image) => image.image), to: 'PS010' } });
    report(ps, versions.slice(0, 1));
    await untilHandover(hq, begun, (found) => found.images[0]?.state === 'switched');
    expect(await stop(hq.serving, 'SIGKILL')).toBe('SIGKILL');
    const again = await start();
    const owners = async (): Promise<string[]> => (await again.api.images.list.query()).map((image) => image.owner.serverName);
    expect(await owners()).toEqual(['PS010', 'Platen', 'Platen']);
    Object.assign(ps, { server: again.server });
    await (await ps.open()).prove();
    report(ps, versions.slice(1));
    expect((await untilState(again, begun, 'done')).images.map((image) => image.state)).toEqual(['switched', 'switched', 'switched']);
    expect(await owners()).toEqual(['PS010', 'PS010', 'PS010']);
    await stop(again.serving);
  });
});
