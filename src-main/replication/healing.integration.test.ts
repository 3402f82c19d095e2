import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CHUNK, testChunk } from '../test-agent.ts';
import { eventually, testAgent, testApi, testServer } from '../test-server.ts';

const SHORT = 12;

it('a copy whose manifest or signature is damaged or gone is not called ready any more once it is looked at, and is whole again from another server', async () => {
  const hq = await testServer({ host: '127.0.0.1' });
  const api = testApi(hq);
  const { token } = await api.servers.add.mutate({ name: 'PS008' });
  const ps = await testServer({ host: '127.0.0.1', linkFirstPauseMs: 20, packageServer: { packageServer: true, join: { url: `https://127.0.0.1:${hq.httpPort}`, token } } });
  const agent = await testAgent(hq);
  await agent.hello(hq.token);
  const hurts: ((manifest: string, whole: Buffer, signature: string) => void)[] = [
    (manifest, whole) => writeFileSync(manifest, Buffer.concat([whole.subarray(0, SHORT), Buffer.from('x'), whole.subarray(SHORT + 1)])),
    (manifest, whole) => writeFileSync(manifest, whole.subarray(0, SHORT)),
    (manifest) => rmSync(manifest),
    (_manifest, _whole, signature) => rmSync(signature),
  ];
  for (const name of hurts.keys()) await agent.capture(`Lab ${name}`, [testChunk(randomBytes(CHUNK))], `disk-${name}`);
  const there = testApi(ps);
  const { id } = await api.servers.get.query({ server: 'PS008' });
  const rows = () => api.replication.matrix.query();
  const readySince = (since: number) => eventually(rows, (found) => found.length === hurts.length && found.every((row) => row.cells.some((cell) => cell.serverId === id && cell.state === 'ready' && (cell.provedAt ?? 0) >= since)));
  await readySince(0);
  const folder = join(ps.dataFolder, 'store', 'manifests');
  const files = (ending: string): string[] => readdirSync(folder, { recursive: true }).map(String).filter((name) => name.endsWith(ending)).sort().map((name) => join(folder, name));
  const [manifests, signatures] = [files('.plm'), files('.sig')];
  const whole = manifests.map((path) => readFileSync(path));
  const before = Date.now();
  for (const [at, hurt] of hurts.entries()) hurt(manifests[at] ?? '', whole[at] ?? Buffer.alloc(0), signatures[at] ?? '');
  for (const { guid } of await there.images.list.query()) {
    await there.images.verify.mutate({ image: guid });
    await eventually(() => there.images.history.query({ image: guid }), (found) => found.some((event) => event.kind === 'damage-found' && event.at >= before));
  }
  await readySince(before);
  expect(manifests.map((path) => readFileSync(path))).toEqual(whole);
  expect(files('.sig')).toHaveLength(hurts.length);
});
