// The main job on real disks: a disk goes in while the console shows it live, is kept, and comes out on another, larger and dirty
// disk. What came out is proved with the field's own tools.
import type { Page } from '@playwright/test';
import { startAgent, succeeded } from './agent.ts';
import { makeDirtyTarget, makeGptDisk, makeMbrDisk, type Disk } from './disks/make.ts';
import { Host, isRoot } from './disks/host.ts';
import { differences, sha256Of, signatures } from './disks/prove.ts';
import { expect, test } from './fixtures.ts';
import { Relay } from './relay.ts';
import type { TestServer } from './server.ts';

test.skip(!isRoot(), 'loop devices and mounts need root');
test.describe.configure({ timeout: 600_000 });

const MiB = 1024 * 1024;
let host: Host;
let relay: Relay | undefined;
test.beforeEach(async () => {
  host = await Host.open();
});
test.afterEach(async () => {
  await relay?.close();
  relay = undefined;
  await host.close();
});

/** A larger disk that had other lives: without dirt on it a deploy that writes too little would pass unseen. */
async function dirtyTarget(disk: Disk, name: string, moreMiB: number): Promise<string> {
  const target = await makeDirtyTarget(host, name, disk.sizeBytes + moreMiB * MiB, disk);
  for (const region of [null, ...disk.volumes]) expect((await signatures(host, target, region, disk.sectorSizeBytes)).join()).toContain('linux_raid_member');
  return target;
}

/** MB/s of the line: slow enough for a person, and a browser, to see progress. */
type Watched = { path: string; image: string; lineSpeed: number };

/** Captures a disk over a slow line, watching the console; ends when the console says that the version is ready. */
async function captureUnderWatch(ui: Page, server: TestServer, { path, image, lineSpeed }: Watched): Promise<void> {
  relay = await Relay.open(server.url);
  relay.slowTo(lineSpeed);
  const agent = startAgent({ url: relay.url, token: server.token }, ['capture', '--disk', path, '--image', image]);
  const strip = ui.getByRole('contentinfo', { name: 'Status' });
  await expect(strip).toContainText('1 running');
  await expect(strip).toContainText(/capturing [1-9]\d? %/);
  await strip.getByRole('link', { name: /capturing/ }).click();
  await expect(ui.getByRole('heading', { level: 1 })).toContainText(`Capture of ${image}`);
  await expect(ui.getByText(/\d+(\.\d+)? MB\/s/).first()).toBeVisible();
  await succeeded(agent.ended);
  await expect(strip).toContainText('Nothing is running');
  await ui.getByRole('main').getByRole('link', { name: image }).first().click();
  await expect(ui.getByRole('heading', { level: 1 })).toContainText(image);
  await expect(ui.getByRole('group', { name: 'Version 1' })).toContainText('Ready', { timeout: 60_000 });
  await relay.close();
}

/** Deploys over a slow line, watching the console. */
async function deployUnderWatch(ui: Page, server: TestServer, { path, image, lineSpeed }: Watched): Promise<void> {
  relay = await Relay.open(server.url);
  relay.slowTo(lineSpeed);
  const agent = startAgent({ url: relay.url, token: server.token }, ['deploy', '--disk', path, '--image', image, '--yes']);
  await expect(ui.getByRole('contentinfo', { name: 'Status' })).toContainText(/deploying [1-9]\d? %/);
  await expect(ui.getByRole('region', { name: 'In progress' })).toContainText(/Deploying \d+ %/);
  await succeeded(agent.ended);
  await expect(ui.getByRole('contentinfo', { name: 'Status' })).toContainText('Nothing is running');
  await relay.close();
}

test('a GPT disk with an EFI partition, ext4 and swap comes out equal on a larger used disk, and the console shows it live', async ({ ui, server }) => {
  const disk = await makeGptDisk(host, 'source.img');
  const before = await sha256Of(disk.file);
  await captureUnderWatch(ui, server, { path: await host.attach(disk.file), image: 'Linux lab', lineSpeed: 20 });
  expect(await sha256Of(disk.file)).toBe(before);

  const target = await dirtyTarget(disk, 'target.img', 300);
  const device = await host.attach(target);
  await deployUnderWatch(ui, server, { path: device, image: 'Linux lab', lineSpeed: 20 });
  await host.release(device);
  expect(await differences(host, disk, target)).toEqual([]);
  expect(await sha256Of(disk.file)).toBe(before);
});

test('an MBR disk with NTFS and two logical partitions comes out equal, from a plain image file to a plain image file', async ({ ui, server }) => {
  const disk = await makeMbrDisk(host, 'source.img');
  const before = await sha256Of(disk.file);
  await captureUnderWatch(ui, server, { path: disk.file, image: 'Windows lab', lineSpeed: 5 });
  expect(await sha256Of(disk.file)).toBe(before);

  const target = await dirtyTarget(disk, 'target.img', 200);
  await deployUnderWatch(ui, server, { path: target, image: 'Windows lab', lineSpeed: 5 });
  expect(await differences(host, disk, target)).toEqual([]);
  expect(await sha256Of(disk.file)).toBe(before);
});

test('a disk with sectors of 4096 bytes comes out on another one', { tag: '@windowless' }, async ({ server }) => {
  const disk = await makeGptDisk(host, 'source.img', { sectorSizeBytes: 4096 });
  const source = await host.attach(disk.file, { sectorSizeBytes: 4096, readOnly: true });
  await succeeded(startAgent(server, ['capture', '--disk', source, '--image', 'Advanced format']).ended);
  const target = await dirtyTarget(disk, 'target.img', 100);
  const device = await host.attach(target, { sectorSizeBytes: 4096 });
  await succeeded(startAgent(server, ['deploy', '--disk', device, '--image', 'Advanced format', '--yes']).ended);
  await host.release(device);
  expect(await differences(host, disk, target)).toEqual([]);
});
