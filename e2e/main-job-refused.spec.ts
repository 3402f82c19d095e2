// What must be refused is refused before anything is written: exit code 3, the reason named, the target's every byte as it was.
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { platen, runAgent, startAgent, succeeded, type AgentEnd } from './agent.ts';
import { Host, isRoot, run } from './disks/host.ts';
import { makeDirtyTarget, makeGptDisk, makeMbrDisk } from './disks/make.ts';
import { sha256Of } from './disks/prove.ts';
import { expect, test } from './fixtures.ts';

test.skip(!isRoot(), 'loop devices and mounts need root');
test.describe.configure({ timeout: 600_000 });

const MiB = 1024 * 1024;
let host: Host;
test.beforeEach(async () => {
  host = await Host.open();
});
test.afterEach(async () => {
  await host.close();
});

function expectRefusal(end: AgentEnd, code: string): void {
  expect({ exit: end.code, code: end.answer.error?.code, says: (end.answer.error?.message.length ?? 0) > 20 }).toEqual({ exit: 3, code, says: true });
}

test('a disk with a volume mounted for writing is not captured, however it was mounted', { tag: '@windowless' }, async ({ server }) => {
  const disk = await makeGptDisk(host, 'source.img');
  const linux = disk.volumes.find((volume) => volume.fsType === 'ext4');
  if (linux === undefined) throw new Error('the disk has no ext4');
  const capture = (path: string): Promise<AgentEnd> => runAgent(server, ['capture', '--disk', path, '--image', 'Lab']);

  await test.step('the partition of a disk', async () => {
    const device = await host.attach(disk.file);
    // A test that was killed may have left its partitions on the device.
    await run('partx', ['--delete', device], { okCodes: [0, 1] });
    await run('partx', ['--add', device]);
    host.own(`${device} partitions`, async () => void (await run('partx', ['--delete', device])));
    const point = await host.mount(`${device}p${linux.number}`, 'ext4', 'rw');
    expectRefusal(await capture(device), 'volume-mounted');
    await host.release(point);
    await host.release(`${device} partitions`);
    await host.release(device);
  });
  await test.step('a region of an image file', async () => {
    const device = await host.attach(disk.file, linux);
    const point = await host.mount(device, 'ext4', 'rw');
    expectRefusal(await capture(disk.file), 'volume-mounted');
    await host.release(point);
    await host.release(device);
  });
  expect(await succeeded(platen(server, ['image', 'list']))).toEqual([]);
});

test('a disk that is too small, not the expected one, or in use is not written to', { tag: '@windowless' }, async ({ server }) => {
  const disk = await makeMbrDisk(host, 'source.img');
  await succeeded(startAgent(server, ['capture', '--disk', disk.file, '--image', 'Lab']).ended);
  const deploy = (path: string, ...more: string[]): Promise<AgentEnd> => runAgent(server, ['deploy', '--disk', path, '--image', 'Lab', '--yes', ...more]);

  const small = await makeDirtyTarget(host, 'small.img', disk.sizeBytes - 100 * MiB, { ...disk, volumes: [] });
  const large = await makeDirtyTarget(host, 'large.img', disk.sizeBytes + 64 * MiB, disk);
  const before = [await sha256Of(small), await sha256Of(large)];

  const tooSmall = await deploy(small);
  expectRefusal(tooSmall, 'target-too-small');
  expect(tooSmall.answer.error?.message).toMatch(/\d+(\.\d+)? [MG]B/);
  expectRefusal(await deploy(large, '--expect', `size=${disk.sizeBytes}`), 'target-mismatch');
  expectRefusal(await deploy(large, '--expect', 'serial=S64ANX0R'), 'target-mismatch');

  const other = host.path('other.img');
  await run('truncate', ['--size', String(disk.sizeBytes + 64 * MiB), other]);
  await run('mkfs.ext4', ['-q', '-F', other]);
  const device = await host.attach(other);
  const point = await host.mount(device, 'ext4', 'rw');
  expectRefusal(await deploy(device), 'target-busy');
  await host.release(point);
  await host.release(device);
  await run('e2fsck', ['-fn', other]);

  expect([await sha256Of(small), await sha256Of(large)]).toEqual(before);
  await succeeded(deploy(large, '--expect', `size=${disk.sizeBytes + 64 * MiB}`));
});

test('one flipped bit in a pack makes the version damaged, the console says so, and it is not deployed', async ({ ui, server }) => {
  const disk = await makeMbrDisk(host, 'source.img');
  await succeeded(startAgent(server, ['capture', '--disk', disk.file, '--image', 'Lab']).ended);
  await ui.goto(`${server.url}/images`);
  await ui.getByRole('link', { name: 'Lab' }).first().click();
  const version = ui.getByRole('group', { name: 'Version 1' });
  await expect(version).toContainText('Ready', { timeout: 60_000 });

  await flipBit(await largestFile(server.dataFolder));
  const target = await makeDirtyTarget(host, 'target.img', disk.sizeBytes + 64 * MiB, disk);
  const before = await sha256Of(target);
  await version.getByRole('button', { name: 'Verify version 1' }).click();
  await expect(version).toContainText('Damaged', { timeout: 60_000 });
  await expect(ui.getByRole('heading', { level: 1 }).locator('..')).toContainText('Damaged');
  expect((await platen(server, ['image', 'verify', 'Lab'])).code).toBe(1);
  expectRefusal(await runAgent(server, ['deploy', '--disk', target, '--image', 'Lab', '--yes']), 'image-damaged');
  expect(await sha256Of(target)).toBe(before);
});

test('a disabled image and one in the trash are not deployed', { tag: '@windowless' }, async ({ server }) => {
  const disk = await makeMbrDisk(host, 'source.img');
  await succeeded(startAgent(server, ['capture', '--disk', disk.file, '--image', 'Lab']).ended);
  const target = await makeDirtyTarget(host, 'target.img', disk.sizeBytes + 64 * MiB, disk);
  const before = await sha256Of(target);
  const deploy = (): Promise<AgentEnd> => runAgent(server, ['deploy', '--disk', target, '--image', 'Lab', '--yes']);
  await succeeded(platen(server, ['image', 'disable', 'Lab']));
  expectRefusal(await deploy(), 'image-disabled');
  await succeeded(platen(server, ['image', 'enable', 'Lab']));
  await succeeded(platen(server, ['image', 'delete', 'Lab', '--yes']));
  expectRefusal(await deploy(), 'image-in-trash');
  expect(await sha256Of(target)).toBe(before);
  await succeeded(platen(server, ['image', 'undelete', 'Lab']));
  await succeeded(deploy());
});

async function largestFile(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = await Promise.all(entries.filter((entry) => entry.isFile()).map(async (entry) => ({ path: join(entry.parentPath, entry.name), size: (await stat(join(entry.parentPath, entry.name))).size })));
  const [largest] = files.sort((a, b) => b.size - a.size);
  if (largest === undefined) throw new Error(`${folder} is empty`);
  return largest.path;
}

/** As a failing disk does: in the middle of the file, behind everyone's back. */
async function flipBit(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const at = Math.floor((await handle.stat()).size / 2);
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, at);
    byte.writeUInt8(byte.readUInt8(0) ^ 0x10);
    await handle.write(byte, 0, 1, at);
  } finally {
    await handle.close();
  }
}
