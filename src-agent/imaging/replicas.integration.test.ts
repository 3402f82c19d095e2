// A console and two package servers, copies that came by themselves, and real deploys that read from whom they are told to.
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../../src-main/db/database.ts';
import type { RunningServer } from '../../src-main/server.ts';
import { eventually, testApi, testFolder, testServer, type TestApi } from '../../src-main/test-server.ts';
import { digest } from '../testing/fakeGateway.ts';
import { Lab, mib } from '../testing/lab.ts';

const SIZE = 40 * mib;
let lab: Lab;
const ends: (() => void)[] = [];
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => {
  for (const end of ends.splice(0)) end();
  lab.remove();
});

type Place = { server: RunningServer; api: TestApi; id: string };
/** Marks: called once each, when as many bytes have gone to computers. */
type Line = { marks: { bytes: number; act: (line: Line) => void }[]; passed: number; cut: () => void; hold: () => void; release: () => void };

async function packageServer(hq: Pick<Place, 'server' | 'api'>, name: string): Promise<Place> {
  const { token } = await hq.api.servers.add.mutate({ name });
  const server = await testServer({ dataFolder: testFolder(), host: '127.0.0.1', linkFirstPauseMs: 20, packageServer: { packageServer: true, join: { url: `https://127.0.0.1:${hq.server.httpPort}`, token } } });
  await eventually(() => hq.api.servers.get.query({ server: name }), (found) => found.connected);
  return { server, api: testApi(server), id: (await hq.api.servers.get.query({ server: name })).id };
}

function inDatabase(server: RunningServer, work: (db: Database) => void): void {
  const db = new Database(join(server.dataFolder, 'platen.db'), () => undefined);
  work(db);
  db.close();
}

/** A line to a server, whose address the console has from then on; other servers still use the one they know. */
async function lineTo(hq: RunningServer, to: Place): Promise<Line> {
  const sockets = new Set<Socket>();
  const answering = new Set<Socket>();
  let isHeld = false;
  const listener = createServer((socket) => {
    const there = connect(to.server.httpPort, '127.0.0.1');
    for (const each of [socket, there]) {
      sockets.add(each);
      each.on('error', () => undefined);
      each.once('close', () => {
        socket.destroy();
        there.destroy();
      });
    }
    answering.add(there);
    const goOn = (): void => void (isHeld ? there.pause() : there.resume());
    socket.on('drain', goOn);
    there.on('data', (data: Buffer) => {
      line.passed += data.length;
      if (!socket.write(data)) there.pause();
      for (let mark = line.marks[0]; mark !== undefined && line.passed >= mark.bytes; mark = line.marks[0]) {
        line.marks.shift();
        mark.act(line);
      }
      if (isHeld) there.pause();
    });
    socket.pipe(there);
  });
  const line: Line = {
    marks: [], passed: 0,
    cut: () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
    hold: () => {
      isHeld = true;
    },
    release: () => {
      isHeld = false;
      for (const there of answering) there.resume();
    },
  };
  ends.push(line.cut);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const addresses = JSON.stringify([`https://127.0.0.1:${(listener.address() as AddressInfo).port}`]);
  inDatabase(hq, (db) => void db.run('UPDATE server SET addresses = :addresses WHERE id = :id', { addresses, id: to.id }));
  return line;
}

/** Captured at the console, ready everywhere; computers of this network read from A, then from B. */
async function room() {
  const server = await testServer({ host: '127.0.0.1' });
  const hq = { server, api: testApi(server) };
  const [a, b] = [await packageServer(hq, 'A'), await packageServer(hq, 'B')];
  const source = lab.gptDisk('source.img', [randomFillSync(Buffer.alloc(SIZE))]);
  await lab.capture(server, source, 'Lab');
  await eventually(() => hq.api.replication.matrix.query(), (rows) => rows.length === 1 && rows[0]?.cells.filter((cell) => cell.state === 'ready').length === 3);
  await hq.api.servers.setRules.mutate({ rules: [{ subnet: '127.0.0.0/8', server: 'A' }, { subnet: '127.0.0.0/8', server: 'B' }] });
  const target = lab.filled('target.img', readFileSync(source).length, 0xaa);
  const isEqual = (): boolean => digest(readFileSync(target)) === digest(readFileSync(source));
  return { hq, a, b, target, isEqual };
}
const logOf = async (api: TestApi): Promise<string> => {
  const [run] = await api.runs.list.query({});
  return (await api.runs.log.query({ id: run?.id ?? '' })).lines.map((line) => line.text).join('\n');
};

describe('a deploy', () => {
  it('reads from the package server that a rule names, finishes from another when that one dies in the middle, and gives the same bytes', async () => {
    const { hq, a, target, isEqual } = await room();
    const line = await lineTo(hq.server, a);
    line.marks.push({ bytes: 8 * mib, act: () => {
      line.cut();
      void a.server.close();
    } });
    const result = await lab.deploy(hq.server, target, 'Lab');
    expect(isEqual()).toBe(true);
    expect(result.sources.map((source) => [source.name, source.receivedBytes > mib])).toEqual([['A', true], ['B', true]]);
    const [fromA = 0, fromB = 0] = result.sources.map((source) => source.receivedBytes);
    // What A had sent was not fetched again; only what was cut off under way was.
    expect(fromA + fromB).toBeLessThan(SIZE * 1.3);
    const log = await logOf(hq.api);
    expect(log).toMatch(/Reads from A \(https:.*\): a rule says so for the subnet 127\.0\.0\.0\/8\. If it fails: B, then/);
    expect(log).toMatch(/Reads from B \(https:.*\) now: A does not answer\./);
    const [run] = await hq.api.runs.list.query({});
    expect(run?.result).toMatchObject({ sources: [{ serverId: a.id, name: 'A' }, { name: 'B' }] });
  }, 180_000);

  it('takes nothing damaged: from there on it reads from another server, and the copy counts as damaged', async () => {
    const { hq, a, target, isEqual } = await room();
    const folder = join(a.server.dataFolder, 'store', 'packs');
    for (const name of await readdir(folder)) {
      const file = await open(join(folder, name), 'r+');
      const { size } = await file.stat();
      // The first half is whole: it happens in the middle.
      for (let at = Math.floor(size / 2); at < size - 64 * 1024; at += mib) await file.write(randomFillSync(Buffer.alloc(16)), 0, 16, at);
      await file.close();
    }
    const result = await lab.deploy(hq.server, target, 'Lab');
    expect([isEqual(), result.sources.map((source) => source.name)]).toEqual([true, ['A', 'B']]);
    const here = await eventually(() => hq.api.replication.matrix.query(), (rows) => rows[0]?.cells.find((cell) => cell.serverId === a.id)?.state !== 'ready');
    expect(here[0]?.cells.filter((cell) => cell.serverId !== a.id).map((cell) => cell.state)).toEqual(['ready', 'ready']);
  }, 180_000);

  it('goes on from a package server while the console is away, and is told of when it is back', async () => {
    const { hq, a, target, isEqual } = await room();
    const line = await lineTo(hq.server, a);
    const { dataFolder, httpPort } = hq.server;
    let back: Promise<RunningServer> | null = null;
    const awayAt: number[] = [];
    line.marks.push(
      { bytes: 4 * mib, act: () => {
        line.hold();
        void hq.server.close().then(() => {
          awayAt.push(line.passed);
          line.release();
        });
      } },
      { bytes: SIZE - 2 * mib, act: () => {
        awayAt.push(line.passed);
        back = testServer({ host: '127.0.0.1', dataFolder, httpPort });
      } },
    );
    const result = await lab.deploy(hq.server, target, 'Lab');
    expect([isEqual(), result.sources.map((source) => source.name)]).toEqual([true, ['A']]);
    const [from = SIZE, to = 0] = awayAt;
    expect(to - from).toBeGreaterThan(8 * mib);
    const server = await (back as unknown as Promise<RunningServer>);
    const [run] = await testApi(server).runs.list.query({});
    expect(run).toMatchObject({ kind: 'deploy', state: 'succeeded' });
  }, 180_000);

  it('is possible where the console has no proved copy itself, and the console\'s facts are its rows', async () => {
    const { hq, target, isEqual } = await room();
    inDatabase(hq.server, (db) => void db.run("UPDATE copy SET state = 'damaged' WHERE server_id = (SELECT id FROM server WHERE is_self = 1)"));
    const result = await lab.deploy(hq.server, target, 'Lab');
    expect([isEqual(), result.sources.map((source) => source.name)]).toEqual([true, ['A']]);
  }, 180_000);
});
