// Capturing a disk again adds a version and sends only what changed; each version comes out as it went in.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { platen, startAgent, succeeded } from './agent.ts';
import { mixed, noise } from './disks/content.ts';
import { Host, isRoot, run } from './disks/host.ts';
import { makeGptDisk, type Disk } from './disks/make.ts';
import { differences } from './disks/prove.ts';
import { expect, test } from './fixtures.ts';
import { Relay } from './relay.ts';

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

/** What an update does to the Linux partition: some files changed, some new, some gone. About 6 MiB. */
async function update(disk: Disk): Promise<void> {
  const linux = disk.volumes.find((volume) => volume.fsType === 'ext4');
  if (linux === undefined) throw new Error('the disk has no ext4');
  const device = await host.attach(disk.file, linux);
  const point = await host.mount(device, 'ext4', 'rw');
  for (let i = 0; i < 10; i++) await writeFile(join(point, `folder ${i}`, `file ${i}.txt`), mixed(`second:${i}`, 100_000));
  await writeFile(join(point, 'added.bin'), noise('added', 5 * MiB));
  await rm(join(point, 'wide'), { recursive: true });
  await host.release(point);
  await host.release(device);
}

test('a second capture adds a version that carries only the change, and both versions can be deployed', async ({ ui, server }) => {
  const disk = await makeGptDisk(host, 'source.img');
  await succeeded(startAgent(server, ['capture', '--disk', disk.file, '--image', 'Linux lab']).ended);
  const first = host.path('first.img');
  await run('cp', ['--sparse=always', disk.file, first]);
  await update(disk);

  const relay = await Relay.open(server.url);
  await succeeded(startAgent({ url: relay.url, token: server.token }, ['capture', '--disk', disk.file, '--image', 'Linux lab']).ended);
  expect(relay.movedBytes).toBeLessThan(30 * MiB);
  await relay.close();
  const shown = await succeeded(platen(server, ['image', 'show', 'Linux lab']));
  const versions = shown['versions'] as { number: number; newBytes: number }[];
  expect(versions.map((version) => version.number).sort((a, b) => a - b)).toEqual([1, 2]);
  expect(versions.find((version) => version.number === 2)?.newBytes).toBeLessThan(60 * MiB);

  await ui.goto(`${server.url}/images`);
  await ui.getByRole('link', { name: 'Linux lab' }).first().click();
  for (const number of [1, 2]) await expect(ui.getByRole('group', { name: `Version ${number}`, exact: true })).toContainText('Ready', { timeout: 60_000 });

  const target = host.path('target.img');
  await run('truncate', ['--size', String(disk.sizeBytes + 64 * MiB), target]);
  await succeeded(startAgent(server, ['deploy', '--disk', target, '--image', 'Linux lab', '--yes']).ended);
  expect(await differences(host, disk, target)).toEqual([]);
  await succeeded(startAgent(server, ['deploy', '--disk', target, '--image', 'Linux lab', '--version', '1', '--yes']).ended);
  expect(await differences(host, { ...disk, file: first }, target)).toEqual([]);
});

test('an unchanged disk captured again brings nothing new', { tag: '@windowless' }, async ({ server }) => {
  const disk = await makeGptDisk(host, 'source.img');
  await succeeded(startAgent(server, ['capture', '--disk', disk.file, '--image', 'Linux lab']).ended);
  const relay = await Relay.open(server.url);
  await succeeded(startAgent({ url: relay.url, token: server.token }, ['capture', '--disk', disk.file, '--image', 'Linux lab']).ended);
  expect(relay.movedBytes).toBeLessThan(2 * MiB);
  await relay.close();
  const versions = (await succeeded(platen(server, ['image', 'show', 'Linux lab'])))['versions'] as { number: number; newBytes: number }[];
  expect(versions.find((version) => version.number === 2)?.newBytes).toBe(0);
});
