import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Database } from '../db/database.ts';
import { CHUNK, testChunk } from '../test-agent.ts';
import { eventually, testAgent, testApi, testFolder, testServer, type TestApi } from '../test-server.ts';

function inDatabase<T>(folder: string, work: (db: Database) => T): T {
  const db = new Database(join(folder, 'platen.db'), () => undefined);
  const result = work(db);
  db.close();
  return result;
}
const acknowledged = (folder: string): number => inDatabase(folder, (db) => db.get<{ acked: number }>("SELECT records_acked AS acked FROM server WHERE name = 'A'")?.acked ?? -1);
const namesAt = async (api: TestApi): Promise<string[]> => (await api.images.list.query({})).map((image) => image.name).sort();

describe('a deletion record that a package server refuses', () => {
  it('deletes nothing, is not said to be done, is shown at both ends, holds no other one back, and is carried out once it is in order', async () => {
    const hq = await testServer({ host: '127.0.0.1' });
    const api = testApi(hq);
    const { token } = await api.servers.add.mutate({ name: 'A' });
    const folder = testFolder();
    const choice = { packageServer: true, join: { url: `https://127.0.0.1:${hq.httpPort}`, token } };
    const first = await testServer({ dataFolder: folder, host: '127.0.0.1', linkFirstPauseMs: 20, packageServer: choice });
    const agent = await testAgent(hq);
    await agent.hello(hq.token);
    const made = [];
    for (const name of ['One', 'Two', 'Three']) made.push((await agent.capture(name, [testChunk(randomBytes(CHUNK))])).imageGuid);
    await eventually(() => api.replication.matrix.query(), (rows) => rows.length === 3 && rows.every((row) => row.cells.filter((cell) => cell.state === 'ready').length === 2));
    await first.close();

    for (const image of made.slice(0, 2)) {
      await api.images.delete.mutate({ image: image ?? '' });
      await api.images.purge.mutate({ image: image ?? '' });
    }
    let good = '';
    inDatabase(hq.dataFolder, (db) => {
      const row = db.get<{ seq: number; signature: string }>('SELECT seq, signature FROM signed_record ORDER BY seq LIMIT 1');
      good = row?.signature ?? '';
      db.run('UPDATE signed_record SET signature = :bad WHERE seq = :seq', { bad: `${good.startsWith('A') ? 'B' : 'A'}${good.slice(1)}`, seq: row?.seq ?? 0 });
    });
    const second = await testServer({ dataFolder: folder, host: '127.0.0.1', linkFirstPauseMs: 20 });
    const there = testApi(second);
    // The one behind it was carried out.
    await eventually(() => namesAt(there), (names) => names.join() === 'One,Three');
    const said = await eventually(() => there.status.get.query(), ({ problems }) => problems.some((each) => each.code === 'record-refused'));
    expect(said.problems.find((each) => each.code === 'record-refused')?.message).toMatch(/^A deletion that the console ordered \(record \d+\) was not carried out here: its signature is not the console's\. Nothing was deleted for it\. If the console/);
    await eventually(() => api.servers.get.query({ server: 'A' }), ({ problems }) => problems.some((each) => each.startsWith('A deletion that the console ordered')));
    expect(acknowledged(hq.dataFolder)).toBe(0);
    inDatabase(hq.dataFolder, (db) => {
      db.run('UPDATE signed_record SET signature = :good WHERE seq = (SELECT min(seq) FROM signed_record)', { good });
    });

    await second.close();
    const third = testApi(await testServer({ dataFolder: folder, host: '127.0.0.1', linkFirstPauseMs: 20 }));
    await eventually(() => namesAt(third), (names) => names.join() === 'Three');
    await eventually(() => api.servers.get.query({ server: 'A' }), ({ connected, problems }) => connected && problems.length === 0);
    await eventually(() => Promise.resolve(acknowledged(hq.dataFolder)), (seq) => seq >= 2);
  }, 60_000);
});
