import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageDetail, ImageSummary } from '#shared/model/image.ts';
import type { RunView } from '#shared/model/run.ts';
import { makeDisk, platen, platenAgent, serve, stop } from './test-processes.ts';
import type { Result, Serving } from './test-processes.ts';

let folder = '';
let data = '';
let server: Serving;
let guid = '';

const here = (...args: string[]): Promise<Result> => platen([...args, '--data', data]);
async function json<T>(...args: string[]): Promise<T> {
  const result = await here(...args, '--json');
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return JSON.parse(result.stdout) as T;
}
const capture = (name: string): Promise<Result> => platenAgent(['capture', '--disk', join(folder, 'disk.img'), '--image', name, '--server', server.ready.url, '--token', server.ready.token, '--json']);
/** For setting up: an agent that failed says why here, not in the first test that lacks its image. */
async function captured(name: string): Promise<void> {
  const result = await capture(name);
  if (result.code !== 0) throw new Error(`the capture of ${name} ended with ${result.code}: ${result.stdout}${result.stderr}`);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platen-cli-images-'));
  data = join(folder, 'data');
  server = await serve(data);
  await makeDisk(join(folder, 'disk.img'));
  for (const name of ['Lab Linux', 'Lab Linux', 'Other']) await captured(name);
  guid = (await json<ImageDetail>('image', 'show', 'Lab Linux')).guid;
}, 120_000);
afterAll(async () => {
  await stop(server);
  await rm(folder, { recursive: true, force: true });
});

describe('channels of an image', () => {
  it('name a version, are promoted and rolled back', async () => {
    for (const version of ['1', '2']) expect((await here('image', 'channel', guid, 'test', '--version', version)).stdout).toContain(`test is now`);
    expect((await here('image', 'promote', guid)).stdout).toContain('live of Lab Linux is now v2');
    await here('image', 'channel', guid, 'live', '--version', '1');
    expect((await here('image', 'channel', guid, 'live')).stdout).toContain('live of Lab Linux: v1');
    expect((await here('image', 'roll-back', guid, 'live')).stdout).toContain('live of Lab Linux is v2 again');
    for (const channel of ['live', 'test']) expect(await here('image', 'channel', guid, channel, '--none')).toMatchObject({ code: 0 });
    expect(await here('image', 'channel', guid, 'beta')).toMatchObject({ code: 2 });
    expect(await here('image', 'validate', guid)).toMatchObject({ code: 2 });
  });

  it('a backup stays where it was captured, until it is an image again', async () => {
    expect((await here('image', 'kind', guid, 'backup')).stdout).toContain('stays where it was captured');
    expect((await json<ImageDetail>('image', 'show', guid)).kind).toBe('backup');
    await here('image', 'kind', guid, 'image');
  });
});

describe('looking at images', () => {
  it('lists them as an aligned table, and as JSON', async () => {
    await here('image', 'verify', 'Lab Linux');
    const { stdout } = await here('image', 'list');
    const [head = '', ...rows] = stdout.trimEnd().split('\n');
    expect(head).toMatch(/^NAME +VERSION +STATE +USED +VERSIONS +CAPTURED$/);
    expect(rows.sort()).toEqual([expect.stringMatching(/^Lab Linux +v2 +ready +\d/), expect.stringMatching(/^Other +v1 +(ready|verifying)/)]);
    expect((await json<ImageSummary[]>('image', 'list')).map((image) => image.name).sort()).toEqual(['Lab Linux', 'Other']);
  });

  it('shows the schema with file systems and the smallest target', async () => {
    const { stdout } = await here('image', 'show', 'Lab Linux', '--version', '1');
    expect(stdout).toContain('Schema of v1');
    expect(stdout).toMatch(/Smallest target +\d+\.\d MB \(\d+ bytes\)/);
    expect(stdout).toMatch(/1 +Linux filesystem +root +ext4 +root +50\.3 MB/);
  });

  it('tells the history, the runs and the computer', async () => {
    expect((await here('image', 'history', guid)).stdout).toContain('Version 2 was captured from');
    const runs = await json<RunView[]>('run', 'list', '--image', 'Lab Linux');
    expect(runs.map((run) => [run.kind, run.state, run.versionNumber])).toEqual([['capture', 'succeeded', 2], ['capture', 'succeeded', 1]]);
    const [run] = runs;
    expect((await here('run', 'show', run?.id.slice(0, 12) ?? '')).stdout).toContain(run?.id);
    expect(await here('run', 'watch', run?.id ?? '')).toMatchObject({ code: 0 });
    expect(await here('run', 'cancel', run?.id ?? '')).toMatchObject({ code: 3, stderr: expect.stringContaining('ended already') });
    expect((await here('computer', 'show', run?.computerName ?? '')).stdout).toContain(run?.computerId);
  });
});

describe('changing images', () => {
  it('deletes to the trash, tells until when, and takes back', async () => {
    const deleted = await here('image', 'delete', 'Lab Linux', '--version', '1');
    expect(deleted).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^Lab Linux v1 is in the trash until \d{4}-\d\d-\d\d \d\d:\d\d\. To take it back:\n {2}platen image undelete 'Lab Linux' --version 1\n$/) });
    expect((await here('image', 'list', '--trash')).stdout).toMatch(/Lab Linux +v1 /);
    expect(await here('image', 'undelete', 'Lab Linux', '--version', '1')).toMatchObject({ code: 0 });
    expect((await here('image', 'list', '--trash')).stdout).toBe('The trash is empty.\n');
  });

  it('refuses to delete a protected image with 3', async () => {
    await here('image', 'protect', 'Other');
    expect(await here('image', 'delete', 'Other')).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('(PL-2034)') });
    expect(await here('image', 'purge', 'Other', '--yes')).toMatchObject({ code: 3 });
    expect(await here('image', 'unprotect', 'Other')).toMatchObject({ code: 0 });
  });

  it('disables and enables, and says what would be deployed instead', async () => {
    await here('image', 'disable', 'Lab Linux', '--version', '2');
    expect((await here('image', 'list')).stdout).toMatch(/ready, disabled, deploys v1/);
    await here('image', 'enable', 'Lab Linux', '--version', '2');
    expect((await json<ImageDetail>('image', 'show', guid)).current).toBe(2);
  });

  it('renames and notes', async () => {
    await here('image', 'rename', 'Other', 'Another');
    await here('image', 'note', 'Another', 'for room 12');
    await here('image', 'note', 'Another', 'first try', '--version', '1');
    expect(await json<ImageDetail>('image', 'show', 'Another')).toMatchObject({ description: 'for room 12', versions: [{ note: 'first try' }] });
    expect(await here('image', 'rename', 'Another', 'Lab Linux')).toMatchObject({ code: 3, stderr: expect.stringContaining('(PL-1007)') });
    expect(await here('image', 'rename', 'Another', 'a/b')).toMatchObject({ code: 2 });
  });

  it('deletes for good only when it was told so twice', async () => {
    expect(await here('image', 'purge', 'Another')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--yes') });
    expect(await here('image', 'delete', 'Another', '--purge', '--yes')).toMatchObject({ code: 0, stdout: 'Another is deleted for good.\n' });
    expect(await here('image', 'show', 'Another')).toMatchObject({ code: 3, stderr: expect.stringContaining('(PL-1005)') });
  });

  it('asks for the GUID where a name is ambiguous', async () => {
    await here('image', 'delete', 'Lab Linux');
    expect(await capture('Lab Linux')).toMatchObject({ code: 3, stdout: expect.stringContaining('image-in-trash') });
    expect((await here('run', 'list', '--limit', '1')).stdout).toMatch(/capture +refused +Lab Linux/);
    await captured('Twin');
    expect(await here('image', 'rename', 'Twin', 'Lab Linux')).toMatchObject({ code: 0 });
    await here('image', 'undelete', guid);
    const ambiguous = await here('image', 'show', 'Lab Linux');
    expect(ambiguous).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining(guid) });
    expect((await here('image', 'list')).stdout).toContain(`Lab Linux (${guid})`);
  });
});

describe('verifying', () => {
  it('says that every chunk is whole, with progress as JSON lines on standard error', async () => {
    const result = await here('image', 'verify', guid, '--json');
    expect({ code: result.code, document: JSON.parse(result.stdout) as unknown }).toMatchObject({ code: 0, document: { image: guid, versions: [{ outcome: 'whole' }, { outcome: 'whole' }] } });
    for (const line of result.stderr.split('\n').filter((text) => text !== '')) expect(JSON.parse(line)).toHaveProperty('progress.label');
  });

  it('ends with 1 after one bit of the pack has flipped, and then the image is not deployed', async () => {
    const packs = join(data, 'store/packs');
    for (const name of await readdir(packs)) await flipBits(join(packs, name));
    const result = await here('image', 'verify', guid, '--version', '1');
    expect(result).toMatchObject({ code: 1, stdout: expect.stringMatching(/Lab Linux v1 is damaged: .*\(PL-2031\)/) });
    expect((await here('image', 'list')).stdout).toMatch(/damaged \(\d+ chunks?\)/);
    expect((await here('status')).stdout).toMatch(/Needs a person +.*damaged/s);
    const deploy = await platenAgent(['deploy', '--disk', join(folder, 'disk.img'), '--image', guid, '--version', '1', '--yes', '--server', server.ready.url, '--token', server.ready.token]);
    expect(deploy).toMatchObject({ code: 3, stderr: expect.stringContaining('PL-2031') });
  });
});

/** One bit in the middle of every fourth of the file, so that frames are hit wherever they lie. */
async function flipBits(path: string): Promise<void> {
  const file = await open(path, 'r+');
  const { size } = await file.stat();
  for (const share of [1, 3, 5, 7]) {
    const at = Math.floor((size * share) / 8);
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
    buffer[0] = (buffer[0] ?? 0) ^ 1;
    await file.write(buffer, 0, 1, at);
  }
  await file.close();
}
