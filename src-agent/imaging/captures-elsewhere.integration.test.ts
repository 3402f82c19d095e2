// A console, package servers and real captures by the real agent: where pages and frames go, and what becomes of them when a server goes away.
import { randomFillSync } from 'node:crypto';
import { readFileSync, openSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../../src-main/db/database.ts';
import type { RunningServer } from '../../src-main/server.ts';
import { eventually, testApi, testFolder, testServer, type TestApi } from '../../src-main/test-server.ts';
import { digest } from '../testing/fakeGateway.ts';
import { Lab, mib } from '../testing/lab.ts';
import { Line } from '../testing/line.ts';

const SIZE = 24 * mib;
let lab: Lab;
const ends: (() => void)[] = [];
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => {
  for (const end of ends.splice(0)) end();
  lab.remove();
});

type Place = { server: RunningServer; api: TestApi; id: string; folder: string };
type Console = { server: RunningServer; api: TestApi };

async function packageServer(hq: Console, name: string): Promise<Place> {
  const { token } = await hq.api.servers.add.mutate({ name });
  const folder = testFolder();
  const server = await testServer({ dataFolder: folder, host: '127.0.0.1', linkFirstPauseMs: 20, packageServer: { packageServer: true, join: { url: `https://127.0.0.1:${hq.server.httpPort}`, token } } });
  const { id } = await eventually(() => hq.api.servers.get.query({ server: name }), (found) => found.connected);
  return { server, api: testApi(server), id, folder };
}
/** Computers of this network capture at A. */
async function room(): Promise<{ hq: Console; a: Place; source: string }> {
  const server = await testServer({ host: '127.0.0.1' });
  const hq = { server, api: testApi(server) };
  const a = await packageServer(hq, 'A');
  await hq.api.servers.setRules.mutate({ rules: [{ subnet: '127.0.0.0/8', server: 'A' }] });
  return { hq, a, source: lab.gptDisk('source.img', [randomFillSync(Buffer.alloc(SIZE))]) };
}
/** Computers reach that server over this line from now on; the console and it still know each other's own address. */
async function lineTo(hq: RunningServer, to: Place): Promise<Line> {
  const line = await Line.to(to.server.httpPort);
  ends.push(() => line.close());
  const db = new Database(join(hq.dataFolder, 'platen.db'), () => undefined);
  db.run('UPDATE server SET addresses = :addresses WHERE id = :id', { addresses: JSON.stringify([line.url]), id: to.id });
  db.close();
  return line;
}
const again = (a: Place): Promise<RunningServer> => testServer({ dataFolder: a.folder, host: '127.0.0.1', httpPort: a.server.httpPort, linkFirstPauseMs: 20 });
const runOf = async (api: TestApi) => {
  const [run] = await api.runs.list.query({});
  return { run, log: (await api.runs.log.query({ id: run?.id ?? '' })).lines.map((line) => line.text).join('\n') };
};
const cells = async (api: TestApi, version: number): Promise<Record<string, string>> => {
  const image = await api.images.get.query({ image: 'Lab' });
  const guid = image.versions.find((each) => each.number === version)?.guid;
  return Object.fromEntries(image.copies.filter((copy) => copy.versionGuid === guid).map((copy) => [copy.serverName, copy.state]));
};
function change(path: string, at: number, bytes: number): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, randomFillSync(Buffer.alloc(bytes)), 0, bytes, at);
  closeSync(fd);
}
async function sameAfterDeploy(server: RunningServer, source: string, image = 'Lab'): Promise<boolean> {
  const target = lab.filled(`target-${image}.img`, readFileSync(source).length, 0xaa);
  await lab.deploy(server, target, image);
  return digest(readFileSync(target)) === digest(readFileSync(source));
}

describe('a capture', () => {
  it('goes to the package server that a rule names, which owns the new image; the console knows the version at once', async () => {
    const { hq, a, source } = await room();
    const line = await lineTo(hq.server, a);
    const result = await lab.capture(hq.server, source, 'Lab');
    expect(result).toMatchObject({ version: 1, image: { name: 'Lab', isNew: true } });
    expect(line.passed).toBeGreaterThan(SIZE);
    expect(await hq.api.images.get.query({ image: 'Lab' })).toMatchObject({ owner: { serverName: 'A', managed: 'externally' }, versions: [{ number: 1, pending: false }] });
    const { run, log } = await runOf(hq.api);
    expect(run).toMatchObject({ state: 'succeeded', result: { at: { name: 'A' } } });
    expect(log).toMatch(/The capture goes to A: a rule says so for the subnet 127\.0\.0\.0\/8\./);
    await eventually(() => cells(hq.api, 1), (states) => states['A'] === 'ready');
    expect(await a.api.images.get.query({ image: 'Lab' })).toMatchObject({ versions: [{ number: 1, pending: false, computerName: 'lab' }] });
    expect(await sameAfterDeploy(hq.server, source)).toBe(true);
  }, 120_000);

  it('into an image of another owner is a pending version, of which only what is missing travels, and which is distributed once it is validated', async () => {
    const { hq, a, source } = await room();
    await hq.api.servers.setRules.mutate({ rules: [] });
    await lab.capture(hq.server, source, 'Lab');
    await eventually(() => cells(hq.api, 1), (states) => states['A'] === 'ready');
    const b = await packageServer(hq, 'B');
    await hq.api.servers.setRules.mutate({ rules: [{ subnet: '127.0.0.0/8', server: 'A' }] });
    change(source, 8 * mib, 2 * mib);
    const line = await lineTo(hq.server, a);
    const result = await lab.capture(hq.server, source, 'Lab');
    expect(result).toMatchObject({ version: 2, image: { isNew: false } });
    // A has version 1, and was asked what it lacks.
    expect(line.passed).toBeLessThan(4 * mib);
    const image = await hq.api.images.get.query({ image: 'Lab' });
    expect([image.owner.managed, image.versions.map((version) => [version.number, version.pending])]).toEqual(['locally', [[2, true], [1, false]]]);
    // The console gets it to prove it, and nobody else does.
    await eventually(() => cells(hq.api, 2), (states) => Object.values(states).filter((state) => state === 'ready').length === 2);
    expect((await cells(hq.api, 2))['B'] ?? 'absent').toBe('absent');
    const transfers = await eventually(() => hq.api.servers.transfers.query({}), (list) => list.some((each) => each.number === 2));
    expect(transfers.find((each) => each.number === 2)?.wireBytes).toBeLessThan(4 * mib);
    await hq.api.images.validate.mutate({ versionGuid: image.versions[0]?.guid ?? '' });
    await eventually(() => cells(hq.api, 2), (states) => states['B'] === 'ready');
    await eventually(() => a.api.images.get.query({ image: 'Lab' }), (there) => there.versions[0]?.number === 2 && !there.versions[0].pending);
    expect([b.id === a.id, await sameAfterDeploy(hq.server, source)]).toEqual([false, true]);
  }, 120_000);

  it('waits for its package server where that dies in the middle, and goes on there', async () => {
    const { hq, a, source } = await room();
    const line = await lineTo(hq.server, a);
    let back: Promise<unknown> = Promise.resolve();
    line.marks.push({ bytes: 8 * mib, act: () => {
      line.cut();
      back = a.server.close().then(() => again(a)).then(() => line.mend());
    } });
    const result = await lab.capture(hq.server, source, 'Lab');
    await back;
    expect(result.version).toBe(1);
    // What was on its way was sent again, and no more.
    expect(line.passed).toBeLessThan(SIZE * 1.5);
    expect(lab.notes.join('\n')).toMatch(/A does not answer .* Waiting for it/);
    await eventually(() => cells(hq.api, 1), (states) => states['A'] === 'ready');
    expect(await sameAfterDeploy(hq.server, source)).toBe(true);
  }, 120_000);

  it('fails with what to do where its package server does not come back; run again it goes to the console', async () => {
    const { hq, a, source } = await room();
    const line = await lineTo(hq.server, a);
    lab.patienceMs = 1500;
    line.marks.push({ bytes: 8 * mib, act: () => {
      line.cut();
      void a.server.close();
    } });
    await expect(lab.capture(hq.server, source, 'Lab')).rejects.toThrow(/^A, which takes this capture, could not be reached for 2 seconds, so no version was made\..*run the same again/);
    expect(await hq.api.images.list.query({})).toEqual([]);
    const failed = await eventually(() => runOf(hq.api), ({ run }) => run?.state === 'failed');
    expect(failed.run?.error?.message).toMatch(/^A, which takes this capture/);
    await eventually(() => hq.api.servers.get.query({ server: 'A' }), (server) => !server.connected);
    expect(await lab.capture(hq.server, source, 'Lab')).toMatchObject({ version: 1 });
    expect((await runOf(hq.api)).log).toMatch(/The capture goes to the console: A is not connected now; the computer is at no site, so the console\./);
    expect(await hq.api.images.get.query({ image: 'Lab' })).toMatchObject({ owner: { managed: 'locally' } });
  }, 120_000);

  it('goes to the console where the computer does not reach the package server, and the log says so', async () => {
    const { hq, a, source } = await room();
    const line = await lineTo(hq.server, a);
    line.cut();
    expect(await lab.capture(hq.server, source, 'Lab')).toMatchObject({ version: 1 });
    const { run, log } = await runOf(hq.api);
    expect(run?.result).not.toHaveProperty('at');
    expect(log).toMatch(/A is not used for this capture: A can't be used from this computer: https:.*/);
    expect(log).toMatch(/The capture goes to the console: /);
    expect(await hq.api.images.get.query({ image: 'Lab' })).toMatchObject({ owner: { managed: 'locally' } });
    expect((await hq.api.runs.list.query({})).length).toBe(1);
  }, 120_000);

  it('goes on while the console is away, and becomes a version when it is back', async () => {
    const { hq, a, source } = await room();
    const line = await lineTo(hq.server, a);
    const { dataFolder, httpPort } = hq.server;
    let back: Promise<RunningServer> | null = null;
    let awayAt = 0;
    line.marks.push(
      { bytes: 4 * mib, act: () => void hq.server.close().then(() => {
        awayAt = line.passed;
      }) },
      { bytes: SIZE, act: () => {
        back = testServer({ host: '127.0.0.1', dataFolder, httpPort });
      } },
    );
    expect(await lab.capture(hq.server, source, 'Lab')).toMatchObject({ version: 1 });
    expect(awayAt).toBeLessThan(SIZE);
    const api = testApi(await (back as unknown as Promise<RunningServer>));
    expect((await runOf(api)).run).toMatchObject({ kind: 'capture', state: 'succeeded' });
    expect(await api.images.get.query({ image: 'Lab' })).toMatchObject({ owner: { serverName: 'A' }, versions: [{ number: 1 }] });
  }, 120_000);

  it('that was interrupted goes on where its chunks are', async () => {
    const { hq, a, source } = await room();
    const line = await lineTo(hq.server, a);
    line.marks.push({ bytes: 12 * mib, act: () => lab.stop() });
    await expect(lab.capture(hq.server, source, 'Lab')).rejects.toThrow(/Stopped/);
    const before = line.passed;
    const second = new Lab();
    ends.push(() => second.remove());
    expect(await second.capture(hq.server, source, 'Lab')).toMatchObject({ version: 1, resumed: true });
    expect(line.passed - before).toBeLessThan(SIZE - 4 * mib);
    expect((await runOf(hq.api)).log).toMatch(/The capture goes to A: .* What arrived there before counts\./);
  }, 120_000);
});
