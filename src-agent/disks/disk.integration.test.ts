import { readFile, stat, symlink } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AppError } from '#shared/errors.ts';
import { inventorySchema } from '#shared/model/computer.ts';
import { assertCapturable, busyReason, isSystemDisk } from './busy.ts';
import { diskFacts, openDiskForReading, openTarget } from './disk.ts';
import { inventory, listDisks, summariseDisk } from './inventory.ts';
import { emptyFile, loopDevice, mounted, run, temporaryFolder } from './testing/images.ts';

const mib = 1024 * 1024;

async function refusal(work: Promise<unknown>): Promise<[string, boolean, string]> {
  const error = await work.then(() => null, (e: unknown) => e);
  if (!(error instanceof AppError)) throw new Error(`no refusal but ${String(error)}`);
  return [error.code, error.isRefusal, error.message];
}
const need = { neededBytes: mib, sectorSizeBytes: 512 };

test('a loop device tells its size, sector size and bus', async () => {
  const image = await emptyFile(join(temporaryFolder(), 'a.img'), 20 * mib);
  const device = loopDevice(image, '--sector-size', '4096', '--read-only');
  expect(await diskFacts(device)).toMatchObject({ kind: 'block', sizeBytes: 20 * mib, sectorSizeBytes: 4096, bus: 'loop', readOnly: true, serial: '' });
  expect(await diskFacts(image)).toMatchObject({ kind: 'file', sizeBytes: 20 * mib, sectorSizeBytes: 512, bus: 'file', serial: '' });
  expect((await listDisks()).map((disk) => disk.path)).toContain(device);
});

test('a path that is no disk is refused by name', async () => {
  const folder = temporaryFolder();
  expect(await refusal(diskFacts(join(folder, 'none')))).toMatchObject(['disk-not-recognised', true, expect.stringContaining(folder)]);
  expect(await refusal(openDiskForReading(folder))).toMatchObject(['disk-not-recognised', true, expect.any(String)]);
  expect(await refusal(openTarget({ path: '/dev/null', ...need }))).toMatchObject(['target-not-a-disk', true, expect.any(String)]);
  expect(await refusal(openTarget({ path: join(folder, 'none'), ...need }))).toMatchObject(['target-not-a-disk', true, expect.any(String)]);
});

test('a read past the end is an error, never a short buffer', async () => {
  const disk = await openDiskForReading(await emptyFile(join(temporaryFolder(), 'a.img'), mib));
  const error = await disk.read(new Uint8Array(100), mib - 50).catch((e: unknown) => e);
  await disk.close();
  expect(error).toMatchObject({ code: 'io' });
});

test('a file system mounted by way of a loop device makes the image file busy, and only writing makes it uncapturable', async () => {
  const folder = temporaryFolder();
  const image = await emptyFile(join(folder, 'a.img'), 20 * mib);
  run('mke2fs', ['-q', '-F', '-t', 'ext4', image]);
  const device = loopDevice(image);
  expect([await busyReason(device), await busyReason(image)]).toEqual([null, `in use by ${device}`]);
  await assertCapturable(image);
  const place = join(folder, 'a place');
  const unmount = await mounted(device, place);
  expect(await busyReason(device)).toBe(`mounted on ${place}`);
  expect(await busyReason(image)).toContain(`${device} is mounted on ${place}`);
  expect(await refusal(assertCapturable(image))).toMatchObject(['volume-mounted', true, expect.stringContaining(`umount ${place}`)]);
  expect((await refusal(openTarget({ path: device, ...need })))[0]).toBe('target-busy');
  expect((await refusal(openTarget({ path: image, ...need })))[0]).toBe('target-busy');
  unmount();
  await mounted(device, place, '-o', 'ro');
  expect(await busyReason(device)).toBe(`mounted on ${place} (read-only)`);
  await assertCapturable(image);
  expect((await refusal(openTarget({ path: device, ...need })))[0]).toBe('target-busy');
});

test('NTFS mounted through FUSE and a loop on a loop are found', async () => {
  const folder = temporaryFolder();
  const image = await emptyFile(join(folder, 'n.img'), 20 * mib);
  run('mkntfs', ['-q', '-F', image]);
  const unmount = await mounted(image, join(folder, 'mnt'), 'ntfs-3g');
  expect(await busyReason(image)).toBe(`mounted on ${join(folder, 'mnt')}`);
  expect((await refusal(assertCapturable(image)))[0]).toBe('volume-mounted');
  unmount();
  const outer = loopDevice(image);
  const inner = loopDevice(outer);
  expect(await busyReason(image)).toBe(`in use by ${outer}; ${outer} is in use by ${inner}`);
});

test('a disk whose swap is in use can be neither captured nor written', async () => {
  const image = await emptyFile(join(temporaryFolder(), 's.img'), 8 * mib);
  const device = loopDevice(image);
  run('mkswap', [device]);
  run('swapon', [device]);
  try {
    expect(await busyReason(device)).toBe('in use as swap');
    expect(await refusal(assertCapturable(device))).toMatchObject(['volume-mounted', true, expect.stringContaining(`swapoff ${device}`)]);
    expect((await refusal(openTarget({ path: device, ...need })))[0]).toBe('target-is-system-disk');
  } finally {
    run('swapoff', [device]);
  }
});

test('partitions of a disk are looked at too', async () => {
  const folder = temporaryFolder();
  const image = await emptyFile(join(folder, 'a.img'), 40 * mib);
  run('sfdisk', ['--quiet', image], 'label: gpt\nstart=2048, size=40960\n');
  const device = loopDevice(image);
  run('partx', ['--add', device]);
  try {
    const partition = `${device}p1`;
    run('mke2fs', ['-q', '-F', '-t', 'ext4', partition]);
    expect((await refusal(openTarget({ path: partition, ...need })))[0]).toBe('target-not-a-disk');
    const unmount = await mounted(partition, join(folder, 'mnt'));
    expect(await busyReason(device)).toBe(`${partition} is mounted on ${join(folder, 'mnt')}`);
    unmount();
  } finally {
    run('partx', ['--delete', device]);
  }
});

test('the disk that carries / is the system disk, an image file on it is not', async () => {
  const source = run('findmnt', ['--noheadings', '--output', 'SOURCE', '/']).trim();
  const image = await emptyFile(join(temporaryFolder(), 'a.img'), mib);
  expect([await isSystemDisk(source), await isSystemDisk(image), await isSystemDisk(loopDevice(image))]).toEqual([true, false, false]);
  expect((await refusal(openTarget({ path: source, ...need })))[0]).toBe('target-is-system-disk');
});

test('a target that is too small, of another sector size or not the one expected is refused unchanged', async () => {
  const image = await emptyFile(join(temporaryFolder(), 'a.img'), 4 * mib);
  const before = await stat(image);
  const device = loopDevice(image, '--sector-size', '4096');
  expect(await refusal(openTarget({ path: image, neededBytes: 4 * mib + 1, sectorSizeBytes: 512 }))).toMatchObject(['target-too-small', true, expect.stringContaining(String(4 * mib + 1))]);
  expect((await refusal(openTarget({ path: device, ...need })))[0]).toBe('target-sector-size');
  expect(await refusal(openTarget({ path: device, neededBytes: mib, sectorSizeBytes: 4096, expect: { serial: 'WD-1234' } }))).toMatchObject(['target-mismatch', true, expect.stringContaining('WD-1234')]);
  expect((await refusal(openTarget({ path: device, neededBytes: mib, sectorSizeBytes: 4096, expect: { sizeBytes: 5 * mib } })))[0]).toBe('target-mismatch');
  const readOnly = loopDevice(await emptyFile(join(temporaryFolder(), 'b.img'), 4 * mib), '--read-only');
  expect((await refusal(openTarget({ path: readOnly, ...need })))[0]).toBe('target-busy');
  expect((await stat(image)).mtimeMs).toBe(before.mtimeMs);
});

test('a flushed image file is read back from the disk, not from memory', async () => {
  const path = await emptyFile(join(temporaryFolder(), 'a.img'), 8 * mib);
  const target = await openTarget({ path, ...need });
  const bytes = new Uint8Array(8 * mib).fill(7);
  await target.write(bytes, 0);
  await target.flush();
  const inMemory = (): string => run('fincore', ['--bytes', '--noheadings', '--output', 'RES', path]).trim();
  expect(inMemory()).toBe(String(8 * mib));
  expect(await target.dropCache()).toBe(true);
  expect(inMemory()).toBe('0');
  await target.read(bytes, 0);
  expect(bytes.every((byte) => byte === 7)).toBe(true);
  await target.close();
});

test('a block device opened as target is held exclusively, written, zeroed, flushed and let go', async () => {
  const folder = temporaryFolder();
  const image = await emptyFile(join(folder, 'a.img'), 8 * mib);
  const device = loopDevice(image);
  const target = await openTarget({ path: device, ...need, expect: { sizeBytes: 8 * mib } });
  expect(() => run('mke2fs', ['-q', '-F', device])).toThrow('in use');
  await target.write(new Uint8Array(8 * mib).fill(7), 0);
  await target.zeroRange(700, 5 * mib);
  const bytes = new Uint8Array(8 * mib);
  await target.read(bytes, 0);
  const expected = new Uint8Array(8 * mib).fill(7).fill(0, 700, 700 + 5 * mib);
  expect(Buffer.compare(bytes, expected)).toBe(0);
  await target.flush();
  expect(await target.dropCache()).toBe(true);
  await expect(target.write(new Uint8Array(2), 8 * mib - 1)).rejects.toThrow('pass the end');
  const note = await target.rereadTable();
  expect(note === null || note.includes(device)).toBe(true);
  await target.close();
  expect(Buffer.compare(await readFile(device), expected)).toBe(0);
});

test('an image file is created at the size asked for, reads zero, and is zeroed by punching holes', async () => {
  const path = join(temporaryFolder(), 'new.img');
  expect(await refusal(openTarget({ path, neededBytes: 10 * mib, sectorSizeBytes: 4096, createSizeBytes: 8 * mib }))).toMatchObject(['target-too-small', true, expect.any(String)]);
  await expect(stat(path)).rejects.toThrow('ENOENT');
  const target = await openTarget({ path, neededBytes: mib, sectorSizeBytes: 4096, createSizeBytes: 8 * mib });
  expect(target).toMatchObject({ knownZero: true, sizeBytes: 8 * mib, facts: { sectorSizeBytes: 4096 } });
  await target.write(new Uint8Array(8 * mib).fill(1), 0);
  await target.flush();
  await target.zeroRange(0, 8 * mib);
  await target.close();
  expect((await readFile(path)).every((byte) => byte === 0)).toBe(true);
  expect((await stat(path)).blocks * 512).toBeLessThan(mib);
  const again = await openTarget({ path, neededBytes: mib, sectorSizeBytes: 512, createSizeBytes: 99 * mib });
  expect([again.knownZero, again.sizeBytes]).toEqual([false, 8 * mib]);
  await again.close();
});

test('a link to a disk is the disk', async () => {
  const folder = temporaryFolder();
  const device = loopDevice(await emptyFile(join(folder, 'a.img'), 20 * mib));
  run('mke2fs', ['-q', '-F', device]);
  await symlink(device, join(folder, 'by-name'));
  await mounted(device, join(folder, 'mnt'));
  expect((await refusal(openTarget({ path: join(folder, 'by-name'), ...need })))[0]).toBe('target-busy');
});

test('the inventory follows its schema and shows what is on a disk, readable or not', async () => {
  const folder = temporaryFolder();
  const image = await emptyFile(join(folder, 'a.img'), 64 * mib);
  run('sfdisk', ['--quiet', image], 'label: gpt\nstart=2048, size=40960, type=L\nstart=45056, size=2048, type=S\n');
  const volume = await emptyFile(join(folder, 'v.img'), 20 * mib);
  run('mke2fs', ['-q', '-F', '-t', 'ext4', '-L', 'root', volume]);
  run('dd', [`if=${volume}`, `of=${image}`, 'bs=1M', 'seek=1', 'conv=notrunc', 'status=none']);
  const device = loopDevice(image);
  const broken = loopDevice(await emptyFile(join(folder, 'b.img'), mib));
  writeFileSync(broken, Buffer.concat([Buffer.alloc(446), Buffer.from([0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0]), Buffer.alloc(48), Buffer.from([0x55, 0xaa])]));
  const all = inventorySchema.parse(await inventory());
  expect(all.disks.find((disk) => disk.path === device)).toMatchObject({
    tableKind: 'gpt', busy: null, systemDisk: false,
    partitions: [{ number: 1, fsType: 'ext4', label: 'root', typeName: 'Linux filesystem', usedBytes: expect.any(Number) }, { number: 2, fsType: '', typeName: 'Linux swap', usedBytes: null }],
  });
  expect(all.disks.find((disk) => disk.path === broken)).toMatchObject({ tableKind: 'unreadable', partitions: [] });
  expect(await summariseDisk(await diskFacts(volume))).toMatchObject({ tableKind: 'none', partitions: [{ number: 0, fsType: 'ext4', label: 'root' }] });
});
