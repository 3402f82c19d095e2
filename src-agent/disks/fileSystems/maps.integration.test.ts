import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { writeFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDiskForReading } from '../disk.ts';
import { copyOfUsed, emptyFile, mounted, run, temporaryFolder } from '../testing/images.ts';
import { recogniseVolume } from './recognise.ts';

const mib = 1024 * 1024;

async function recognised(path: string) {
  const disk = await openDiskForReading(path, { sectorSizeBytes: 512 });
  try {
    return await recogniseVolume(disk, 512);
  } finally {
    await disk.close();
  }
}
/** Recognises the volume and writes what a deploy would make of it to `<path>.copy`. */
async function copied(path: string) {
  const disk = await openDiskForReading(path, { sectorSizeBytes: 512 });
  try {
    const volume = await recogniseVolume(disk, 512);
    await copyOfUsed(disk, volume.map, `${path}.copy`);
    return { ...volume, usedBytes: volume.map === 'all' ? disk.sizeBytes : volume.map.usedBytes };
  } finally {
    await disk.close();
  }
}
function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:?\\s+(\\d+)`, 'm').exec(text)?.[1]);
}
/** Files of several sizes, some deleted again: holes everywhere. */
function fill(folder: string): void {
  mkdirSync(join(folder, 'deep'));
  for (let i = 0; i < 60; i++) writeFileSync(join(folder, i % 3 === 0 ? `f${i}` : `deep/f${i}`), Buffer.alloc(i * 7919, i));
  for (let i = 0; i < 60; i += 4) rmSync(join(folder, i % 3 === 0 ? `f${i}` : `deep/f${i}`));
}
async function hashes(folder: string): Promise<string> {
  const list = run('find', [folder, '-type', 'f', '-printf', '%P\\n']).split('\n').filter((name) => name !== '').toSorted();
  const lines = await Promise.all(list.map(async (name) => `${name} ${createHash('sha256').update(await readFile(join(folder, name))).digest('hex')}`));
  return lines.join('\n');
}

test.each<[string, string, number, string[]]>([
  ['ext2 with blocks of 1 KiB', 'ext2', 60, ['-t', 'ext2', '-b', '1024']],
  ['ext2 without any feature', 'ext2', 60, ['-t', 'ext2', '-O', 'none,filetype', '-b', '1024']],
  ['ext3 with blocks of 2 KiB', 'ext3', 100, ['-t', 'ext3', '-b', '2048']],
  ['ext4 as usual', 'ext4', 300, ['-t', 'ext4', '-b', '4096']],
  ['ext4 of many groups', 'ext4', 3000, ['-t', 'ext4']],
  ['ext4 with blocks of 1 KiB', 'ext4', 300, ['-t', 'ext4', '-b', '1024']],
  ['ext4 with 32-bit descriptors and uninit_bg', 'ext4', 300, ['-t', 'ext4', '-b', '1024', '-O', '^64bit,^metadata_csum,uninit_bg']],
  ['ext4 without checksums', 'ext4', 300, ['-t', 'ext4', '-O', '^metadata_csum,^uninit_bg']],
  ['ext4 with meta_bg', 'ext4', 600, ['-t', 'ext4', '-b', '1024', '-O', 'meta_bg,^resize_inode,^flex_bg']],
  ['ext4 with sparse_super2', 'ext4', 600, ['-t', 'ext4', '-O', 'sparse_super2', '-b', '1024']],
  ['ext4 with bigalloc', 'ext4', 600, ['-t', 'ext4', '-O', 'bigalloc', '-C', '65536']],
  ['ext4 with bigalloc and blocks of 1 KiB', 'ext4', 300, ['-t', 'ext4', '-b', '1024', '-O', 'bigalloc', '-C', '16384']],
  ['ext4 with a checksum seed and no flex_bg', 'ext4', 300, ['-t', 'ext4', '-O', 'metadata_csum_seed,^flex_bg']],
])('%s: the used blocks are those of dumpe2fs, and are a whole file system', async (_what, fsType, sizeMib, options) => {
  const folder = temporaryFolder();
  const image = await emptyFile(join(folder, 'volume'), sizeMib * mib);
  run('mke2fs', ['-q', '-F', '-L', 'my label', ...options, image]);
  const unmount = await mounted(image, join(folder, 'mnt'), '-o', 'loop');
  fill(join(folder, 'mnt'));
  const before = await hashes(join(folder, 'mnt'));
  unmount();
  const volume = await copied(image);
  const header = run('dumpe2fs', ['-h', image]);
  const size = field(header, 'Block size');
  const tail = sizeMib * mib - field(header, 'Block count') * size;
  expect(volume).toMatchObject({ fsType, label: 'my label', blockSizeBytes: size, usedBytes: (field(header, 'Block count') - field(header, 'Free blocks')) * size + tail });
  run('e2fsck', ['-f', '-n', `${image}.copy`]);
  await mounted(`${image}.copy`, join(folder, 'copy'), '-o', 'loop,ro');
  expect(await hashes(join(folder, 'copy'))).toBe(before);
});

test('a file system smaller than its partition leaves the rest as used', async () => {
  const image = await emptyFile(join(temporaryFolder(), 'volume'), 40 * mib);
  run('mke2fs', ['-q', '-F', '-t', 'ext4', '-b', '4096', image, '5000']);
  const { map } = await recognised(image);
  expect(map === 'all' ? map : [map.coverage(5000 * 4096, 40 * mib - 5000 * 4096), map.lengthBytes]).toEqual(['used', 40 * mib]);
});

test.each<[string, string, number, string[]]>([
  ['FAT12', 'fat12', 4, ['-F', '12']],
  ['FAT16', 'fat16', 40, ['-F', '16']],
  ['FAT32', 'fat32', 100, ['-F', '32']],
  ['FAT32 with one FAT and large clusters', 'fat32', 600, ['-F', '32', '-f', '1', '-s', '8']],
  ['FAT32 with sectors of 4096 bytes', 'fat32', 300, ['-F', '32', '-S', '4096']],
  ['FAT16 with sectors of 4096 bytes', 'fat16', 100, ['-F', '16', '-S', '4096', '-s', '1']],
])('%s: the used clusters are those of fsck.vfat, and are a whole file system', async (_what, fsType, sizeMib, options) => {
  const folder = temporaryFolder();
  const image = await emptyFile(join(folder, 'volume'), sizeMib * mib);
  run('mkfs.vfat', ['-n', 'MY LABEL', ...options, image]);
  const sectors4k = options.includes('4096');
  const content = join(folder, 'content');
  mkdirSync(content);
  fill(content);
  // mtools knows only sectors of 512 bytes where it can't ask the disk.
  if (!sectors4k) {
    run('mcopy', ['-i', image, '-s', ...(sizeMib < 10 ? [] : [join(content, 'deep')]), ...['f3', 'f9', 'f21'].map((name) => join(content, name)), '::']);
    run('mdel', ['-i', image, '::f9']);
  }
  const volume = await copied(image);
  const report = run('fsck.vfat', ['-n', '-v', image]);
  const clusterBytes = field(report.replaceAll(/^ +(\d+) bytes per cluster/gm, 'cluster $1'), 'cluster');
  const used = Number(/(\d+)\/(\d+) clusters/.exec(report)?.[1]);
  const clusters = Number(/(\d+)\/(\d+) clusters/.exec(report)?.[2]);
  expect(volume).toMatchObject({ fsType, label: 'MY LABEL', blockSizeBytes: clusterBytes, usedBytes: sizeMib * mib - (clusters - used) * clusterBytes });
  run('fsck.vfat', ['-n', `${image}.copy`]);
  const content21 = (path: string): string => (sectors4k ? '' : run('mtype', ['-i', path, '::f21']));
  expect(content21(`${image}.copy`)).toBe(content21(image));
});

test.each<[string, string[]]>([
  ['usual clusters', []], ['clusters of 512 bytes', ['-c', '512']], ['clusters of 64 KiB', ['-c', '65536']], ['sectors of 4096 bytes', ['-s', '4096']],
])('NTFS with %s: the used clusters are those of ntfscluster, and are a whole file system', async (_what, options) => {
  const folder = temporaryFolder();
  const image = await emptyFile(join(folder, 'volume'), 120 * mib);
  run('mkntfs', ['-q', '-F', '-L', 'Wïndows', ...options, image]);
  const unmount = await mounted(image, join(folder, 'mnt'), 'ntfs-3g');
  fill(join(folder, 'mnt'));
  // Enough names for a root directory of several index blocks.
  for (let i = 0; i < 400; i++) writeFileSync(join(folder, 'mnt', `a rather long file name, number ${i}`), 'x');
  const before = await hashes(join(folder, 'mnt'));
  unmount();
  const volume = await copied(image);
  const report = run('ntfscluster', ['-i', '-f', image]);
  const clusterBytes = Number(/bytes per cluster\s*:\s*(\d+)/.exec(report)?.[1]);
  const free = Number(/clusters of free space\s*:\s*(\d+)/.exec(report)?.[1]);
  expect(volume).toMatchObject({ fsType: 'ntfs', label: 'Wïndows', blockSizeBytes: clusterBytes, usedBytes: 120 * mib - free * clusterBytes });
  run('ntfsfix', ['-n', `${image}.copy`]);
  await mounted(`${image}.copy`, join(folder, 'copy'), 'ntfs-3g');
  expect(await hashes(join(folder, 'copy'))).toBe(before);
});

test('NTFS whose MFT is in so many pieces that it needs an attribute list is read all the same', async () => {
  const folder = temporaryFolder();
  const image = await emptyFile(join(folder, 'volume'), 12 * mib);
  run('mkntfs', ['-q', '-F', '-c', '512', image]);
  const place = join(folder, 'mnt');
  const unmount = await mounted(image, place, 'ntfs-3g');
  // Filled, every other file removed, filled with empty files: the MFT grows into the holes.
  const until = (prefix: string, content: Uint8Array): number => {
    for (let i = 0; ; i++) {
      try {
        writeFileSync(join(place, `${prefix}${i}`), content);
      } catch {
        return i;
      }
    }
  };
  const files = until('a', new Uint8Array(1500));
  for (let i = 0; i < files; i += 2) rmSync(join(place, `a${i}`));
  until('b', new Uint8Array(0));
  unmount();
  expect(run('ntfsinfo', ['-f', '-i', '0', image])).toContain('$ATTRIBUTE_LIST');
  const free = Number(/bytes of free space\s*:\s*(\d+)/.exec(run('ntfscluster', ['-i', '-f', image]))?.[1]);
  expect(await copied(image)).toMatchObject({ fsType: 'ntfs', usedBytes: 12 * mib - free });
  run('ntfsfix', ['-n', `${image}.copy`]);
});

test.each([4096, 16384, 65536])('swap with pages of %i bytes is its first page', async (pageSize) => {
  const image = await emptyFile(join(temporaryFolder(), 'swap'), 8 * mib);
  run('mkswap', ['-L', 'my swap', '-U', '0f2f0c9e-7a3c-4e4c-9bd8-5f0e8c0a1b2c', '-p', String(pageSize), image]);
  const volume = await recognised(image);
  expect(volume).toMatchObject({ fsType: 'swap', label: 'my swap', uuid: '0f2f0c9e-7a3c-4e4c-9bd8-5f0e8c0a1b2c', blockSizeBytes: pageSize });
  expect(volume.map === 'all' ? [] : volume.map.usedRanges(0, 8 * mib)).toEqual([0, pageSize]);
});

test.each<[string, string, string[], number]>([
  ['exfat', 'mkfs.exfat', [], 30], ['btrfs', 'mkfs.btrfs', ['-q', '-L', 'b'], 130], ['xfs', 'mkfs.xfs', ['-q', '-L', 'x'], 320],
  ['LVM2_member', 'pvcreate', ['-qq', '--force', '--yes', '--zero', 'n'], 30], ['crypto_LUKS', 'cryptsetup', ['luksFormat', '-q', '--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000'], 30],
])('%s is named and taken as raw', async (detected, command, options, sizeMib) => {
  const image = await emptyFile(join(temporaryFolder(), 'volume'), sizeMib * mib);
  // pvcreate takes only devices, and cryptsetup its key from standard input.
  if (command === 'pvcreate') {
    const label = Buffer.alloc(1024);
    label.write('LABELONE', 512);
    label.write('LVM2 001', 536);
    writeFileSync(image, Buffer.concat([label, Buffer.alloc(sizeMib * mib - 1024)]));
  } else if (command === 'cryptsetup') {
    const header = Buffer.alloc(sizeMib * mib);
    header.write('LUKS\xba\xbe\x00\x02', 'latin1');
    writeFileSync(image, header);
  } else {
    const present = run('sh', ['-c', `command -v ${command} || true`]).trim() !== '';
    if (!present && detected === 'btrfs') writeFileSync(image, Buffer.concat([Buffer.alloc(0x10040), Buffer.from('_BHRfS_M'), Buffer.alloc(mib)]));
    else if (!present && detected === 'xfs') writeFileSync(image, Buffer.concat([Buffer.from('XFSB'), Buffer.alloc(mib)]));
    else run(command, [...options, image]);
  }
  expect(await recognised(image)).toMatchObject({ fsType: 'raw', detected, map: 'all' });
});
