// A data folder on a small file system of its own that fills up: what arrived stays, the server stays usable, and with room the work goes on.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { platenAgent, type Result } from './cli/test-processes.ts';
import { eventually, testApi, testServer } from './test-server.ts';

const MIB = 1024 * 1024;
/** Kept free by the store, docs/formats/store.md. */
const RESERVE = 256 * MIB;
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0).reverse()) clean();
});

function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'platen-full-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An ext4 of this size, mounted; gone after the test. */
function smallFileSystem(sizeBytes: number): string {
  const folder = tempFolder();
  const [file, at] = [join(folder, 'disk'), join(folder, 'mounted')];
  writeFileSync(file, '');
  truncateSync(file, sizeBytes);
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-m', '0', file]);
  mkdirSync(at);
  execFileSync('mount', ['-o', 'loop', file, at]);
  cleanups.push(() => execFileSync('umount', ['--lazy', at]));
  return at;
}

/** A disk in a file: one ext4 that holds so much that no compression makes smaller. */
function sampleDisk(path: string, contentMib: number): void {
  const content = tempFolder();
  writeFileSync(join(content, 'data'), randomBytes(contentMib * MIB));
  writeFileSync(path, '');
  truncateSync(path, (contentMib * 2 + 16) * MIB);
  execFileSync('sfdisk', ['-q', path], { input: 'label: gpt\nstart=2048,type=L\n' });
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', content, '-E', 'offset=1048576', path, `${contentMib * 2}M`]);
}

/** Takes what the reserve had kept, as another program on that disk would. */
function fillUp(folder: string): () => void {
  const path = join(folder, 'filler');
  const fd = openSync(path, 'w');
  try {
    for (let size = MIB; size >= 4096; size /= 2) {
      try {
        for (;;) writeSync(fd, Buffer.alloc(size, 1));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      }
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return () => rmSync(path);
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

const app = (code: string) => ({ data: { app: { code } } });

it('refuses what does not fit in clear words, goes on serving, and takes the capture up again when there is room', async () => {
  const at = smallFileSystem(480 * MIB);
  const disks = tempFolder();
  const server = await testServer({ dataFolder: join(at, 'data') });
  const api = testApi(server);
  const capture = (image: string, disk: string): Promise<Result> => platenAgent(['capture', '--json', '--disk', join(disks, disk), '--image', image], { PLATEN_SERVER: server.url, PLATEN_TOKEN: server.token });
  // Either of them fits alone, not both.
  const roomMib = Math.floor((freeBytes(at) - RESERVE) / MIB);
  sampleDisk(join(disks, 'small'), 70);
  sampleDisk(join(disks, 'large'), roomMib - 50);
  expect(await capture('Small', 'small')).toMatchObject({ code: 0 });
  await eventually(() => api.images.get.query({ image: 'Small' }), (image) => image.newest?.state === 'ready');

  const refused = await capture('Large', 'large');
  expect({ code: refused.code, answer: JSON.parse(refused.stdout) as unknown }).toMatchObject({ code: 1, answer: { error: { code: 'disk-full', shortCode: 'PL-3002', message: expect.stringContaining('empty the trash') as string } } });
  expect(await api.images.list.query()).toMatchObject([{ name: 'Small' }]);
  const [failed] = await api.runs.list.query();
  expect(failed).toMatchObject({ kind: 'capture', imageName: 'Large', state: 'failed', error: { code: 'disk-full' } });
  await api.images.describe.mutate({ image: 'Small', description: 'written on a full disk' });
  expect((await api.images.get.query({ image: 'Small' })).description).toBe('written on a full disk');
  expect(freeBytes(at)).toBeGreaterThan(RESERVE - 8 * MIB);

  const makeRoom = fillUp(at);
  await expect(api.images.describe.mutate({ image: 'Small', description: 'x'.repeat(5000) })).rejects.toMatchObject(app('disk-full'));
  await expect(api.images.verify.mutate({ image: 'Small' })).resolves.toEqual({ started: [1] });
  expect((await capture('Large', 'large')).code).not.toBe(0);
  expect((await api.images.get.query({ image: 'Small' })).description).toBe('written on a full disk');
  expect((await fetch(`${server.url}/health`)).ok).toBe(true);
  makeRoom();

  await api.settings.set.mutate({ logLevel: 'debug' });
  expect((await api.log.tail.query({ limit: 100 })).length).toBeGreaterThan(0);
  await eventually(() => api.images.get.query({ image: 'Small' }), (image) => image.newest?.verifying === null && image.newest.state === 'ready');
  const tight = (await api.status.get.query()).store.freeBytes;
  await api.images.delete.mutate({ image: 'Small' });
  await api.images.purge.mutate({ image: 'Small' });
  await eventually(() => api.status.get.query(), (status) => status.store.freeBytes > tight + 40 * MIB);
  const done = await capture('Large', 'large');
  expect(done).toMatchObject({ code: 0 });
  const { sentBytes, newBytes } = JSON.parse(done.stdout) as { sentBytes: number; newBytes: number };
  expect(sentBytes).toBeLessThan(newBytes * 0.8);
  const image = await eventually(() => api.images.get.query({ image: 'Large' }), (found) => found.newest?.state === 'ready');
  expect(image).toMatchObject({ versionCount: 1 });
  await server.close();
}, 120_000);
