// The proof itself on trial: it accepts a true copy and names each single thing that a false one got wrong.
import { truncate } from 'node:fs/promises';
import { expect, test } from '../fixtures.ts';
import { mixed, writeAt } from './content.ts';
import { Host, isRoot, run } from './host.ts';
import { makeDirtyTarget, makeGptDisk, makeMbrDisk, type Disk, type DiskVolume } from './make.ts';
import { differences, signatures } from './prove.ts';

test.skip(!isRoot(), 'loop devices and mounts need root');
test.describe.configure({ timeout: 600_000 });

let host: Host;
test.beforeEach(async () => {
  host = await Host.open();
});
test.afterEach(async () => {
  await host.close();
});

/** A larger true copy, made by other means than Platen. */
async function copyOf(disk: Disk): Promise<string> {
  const target = `${disk.file}.copy`;
  await run('cp', ['--sparse=always', disk.file, target]);
  await truncate(target, disk.sizeBytes + 100 * 1024 * 1024);
  if (disk.table === 'dos') return target;
  const device = await host.attach(target, { sectorSizeBytes: disk.sectorSizeBytes });
  await run('sfdisk', ['--relocate', 'gpt-bak-std', '--no-reread', '--no-tell-kernel', device]);
  await host.release(device);
  return target;
}

function volumeOf(disk: Disk, fsType: DiskVolume['fsType']): DiskVolume {
  const found = disk.volumes.find((volume) => volume.fsType === fsType);
  if (found === undefined) throw new Error(`no ${fsType} on ${disk.file}`);
  return found;
}

test('a true copy of a GPT disk is proved, and each thing wrong with a false one is named', async () => {
  const disk = await makeGptDisk(host, 'gpt');
  const target = await copyOf(disk);
  expect(await differences(host, disk, target)).toEqual([]);

  const linux = volumeOf(disk, 'ext4');
  const device = await host.attach(target, linux);
  const block = Number((await run('debugfs', ['-R', 'bmap big.bin 700', device])).stdout);
  await run('debugfs', ['-w', '-R', 'set_inode_field attributes/plain mtime 1', device]);
  await run('debugfs', ['-w', '-R', 'ea_rm attributes/large user.large', device]);
  await host.release(device);
  await writeAt(target, linux.offsetBytes + block * 4096 + 77, Buffer.from('one changed word'));
  await writeAt(target, 1024 * 1024 - 5, Buffer.from('x'));
  await writeAt(target, disk.sizeBytes + 100 * 1024 * 1024 - 512, Buffer.alloc(512));
  await writeAt(target, volumeOf(disk, 'swap').offsetBytes + 4086, Buffer.from('SWAP-SPACE'));
  const found = (await differences(host, disk, target)).join('\n');
  for (const problem of [
    'partition table: no backup GPT header', 'boot areas: gap before partition 1', 'partition 3 (ext4), blocks', './big.bin: sha256', './attributes/plain: mtimeNs',
    './attributes/large: SCHILY.xattr.user.large is absent', 'partition 7 (swap), signatures',
  ]) expect(found).toContain(problem);
});

test('a true copy of an MBR disk is proved, and each thing wrong with a false one is named', async () => {
  const disk = await makeMbrDisk(host, 'mbr');
  const target = await copyOf(disk);
  expect(await differences(host, disk, target)).toEqual([]);

  const device = await host.attach(target, volumeOf(disk, 'ntfs'));
  const point = await host.mount(device, 'ntfs-3g', 'streams_interface=windows,efs_raw');
  await run('sh', ['-c', 'printf 4 > "$1/downloaded.zip:Zone.Identifier"; rm "$1/second name.zip"', 'sh', point]);
  await host.release(point);
  await host.release(device);
  await run('mdel', ['-i', `${target}@@${volumeOf(disk, 'fat').offsetBytes}`, '::/folder 3/file 3.txt']);
  await writeAt(target, 100, Buffer.from('boot?'));
  await writeAt(target, 304 * 1024 * 1024 - 2 * 512, mixed('gap', 100));
  const found = (await differences(host, disk, target)).join('\n');
  for (const problem of ['boot areas: boot code differs at byte 100', 'boot areas: gap before partition 5', './downloaded.zip: SCHILY.xattr.user.Zone.Identifier', './second name.zip: missing', 'partition 1 (ntfs), blocks', 'file 3.txt: missing']) expect(found).toContain(problem);
});

test('a disk with sectors of 4096 bytes is made and proved', async () => {
  const disk = await makeGptDisk(host, 'gpt4k', { sectorSizeBytes: 4096 });
  expect(await differences(host, disk, await copyOf(disk))).toEqual([]);
});

test('the dirt on a used target is what blkid reports, so its absence afterwards says something', async () => {
  const disk = await makeMbrDisk(host, 'mbr');
  const dirty = await makeDirtyTarget(host, 'dirty', disk.sizeBytes + 100 * 1024 * 1024, disk);
  const types = async (region: DiskVolume | null): Promise<string[]> => [...new Set((await signatures(host, dirty, region)).map((line) => line.replace(/@.*/, '')))].sort();
  expect(await types(null)).toEqual(['PMBR', 'btrfs', 'gpt', 'iso9660', 'isw_raid_member', 'linux_raid_member', 'zfs_member']);
  expect(await types(volumeOf(disk, 'ntfs'))).toEqual(['LVM2_member', 'btrfs', 'iso9660', 'isw_raid_member', 'linux_raid_member', 'zfs_member']);
});
