import fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { AppError } from '#shared/errors.ts';
import { volumeAt } from '../inspect.ts';
import { emptyFile, memoryDisk, mounted, run, temporaryFolder } from '../testing/images.ts';

const mib = 1024 * 1024;

async function outcome(bytes: Uint8Array): Promise<string> {
  try {
    const volume = await volumeAt(memoryDisk(bytes), { start: 0, end: bytes.length }, { sectorSizeBytes: 512, what: 'Partition 2' });
    return volume.fsType;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // Every refusal names the volume, says what is wrong and what to do.
    return /^Partition 2: .+\. .+/s.test(error.message) ? error.code : `without remedy: ${error.message}`;
  }
}
async function made(sizeMib: number, command: string, ...args: string[]): Promise<Buffer> {
  const image = await emptyFile(join(temporaryFolder(), 'volume'), sizeMib * mib);
  run(command, [...args, image]);
  return readFile(image);
}
const changed = (bytes: Buffer, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
};
/** Ext without metadata checksums, so that a test can change single fields. */
const plainExt = ['-q', '-F', '-t', 'ext4', '-O', '^metadata_csum,^uninit_bg', '-b', '1024'];

test('ext that needs its journal, has errors or was not unmounted is refused as unclean', async () => {
  const ext = await made(8, 'mke2fs', ...plainExt);
  expect(await outcome(ext)).toBe('ext4');
  expect(await outcome(changed(ext, (b) => b.writeUInt32LE(b.readUInt32LE(1024 + 96) | 4, 1024 + 96)))).toBe('volume-unclean');
  expect(await outcome(changed(ext, (b) => b.writeUInt16LE(3, 1024 + 58)))).toBe('volume-unclean');
  expect(await outcome(changed(ext, (b) => b.writeUInt16LE(0, 1024 + 58)))).toBe('volume-unclean');
});

test('ext that is mounted for writing is refused as unclean', async () => {
  const folder = temporaryFolder();
  const image = await emptyFile(join(folder, 'volume'), 20 * mib);
  run('mke2fs', ['-q', '-F', '-t', 'ext4', image]);
  const unmount = await mounted(image, join(folder, 'mnt'), '-o', 'loop');
  writeFileSync(join(folder, 'mnt', 'file'), 'x');
  run('sync', ['-f', join(folder, 'mnt')]);
  expect(await outcome(await readFile(image))).toBe('volume-unclean');
  unmount();
  expect(await outcome(await readFile(image))).toBe('ext4');
});

test('ext with metadata that contradicts itself is refused as damaged', async () => {
  const ext = await made(8, 'mke2fs', ...plainExt);
  const descriptors = 2048;
  expect(await outcome(changed(ext, (b) => b.writeUInt32LE(0x7fffffff, descriptors)))).toBe('volume-damaged');
  expect(await outcome(changed(ext, (b) => b.writeUInt16LE(1, descriptors + 12)))).toBe('volume-damaged');
  expect(await outcome(changed(ext, (b) => b.writeUInt32LE(100_000, 1024 + 4)))).toBe('volume-damaged');
  const checked = await made(8, 'mke2fs', '-q', '-F', '-t', 'ext4', '-b', '1024');
  const bitmap = checked.readUInt32LE(descriptors) * 1024;
  expect(await outcome(changed(checked, (b) => b.writeUInt8((b[bitmap + 600] ?? 0) ^ 1, bitmap + 600)))).toBe('volume-damaged');
  expect(await outcome(changed(checked, (b) => b.writeUInt8(1, 1024 + 130)))).toBe('volume-damaged');
});

test('FAT with a dirty bit, a recorded error or differing tables is refused', async () => {
  const fat32 = await made(64, 'mkfs.vfat', '-F', '32', '-s', '1');
  const fat = fat32.readUInt16LE(14) * 512;
  expect(await outcome(changed(fat32, (b) => b.writeUInt8(1, 0x41)))).toBe('volume-unclean');
  expect(await outcome(changed(fat32, (b) => b.writeUInt32LE(0x07ffffff, fat + 4)))).toBe('volume-unclean');
  expect(await outcome(changed(fat32, (b) => b.writeUInt32LE(0x0bffffff, fat + 4)))).toBe('volume-unclean');
  expect(await outcome(changed(fat32, (b) => b.writeUInt32LE(5, fat + 400)))).toBe('volume-damaged');
  const fat16 = await made(40, 'mkfs.vfat', '-F', '16');
  expect(await outcome(changed(fat16, (b) => b.writeUInt8(1, 0x25)))).toBe('volume-unclean');
  expect(await outcome(changed(fat16, (b) => b.writeUInt16LE(0x7fff, b.readUInt16LE(14) * 512 + 2)))).toBe('volume-unclean');
});

let ntfs: Buffer;
/** Bytes of MFT record `number` of the sample volume. */
const mftRecord = (bytes: Buffer, number: number): number => Number(bytes.readBigUInt64LE(48)) * 4096 + number * 1024;
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'platen-disks-'));
  try {
    const image = await emptyFile(join(folder, 'ntfs'), 20 * mib);
    run('mkntfs', ['-q', '-F', '-L', 'win', image]);
    ntfs = await readFile(image);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('NTFS that is marked dirty is refused as unclean', async () => {
  expect(await outcome(ntfs)).toBe('ntfs');
  const record = mftRecord(ntfs, 3);
  const information = ntfs.indexOf(Buffer.from([0x70, 0, 0, 0]), record + 56);
  const value = information + ntfs.readUInt16LE(information + 20);
  expect(await outcome(changed(ntfs, (b) => b.writeUInt16LE(1, value + 10)))).toBe('volume-unclean');
});

test.each<[string, Buffer, string]>([
  ['a hibernated Windows', Buffer.concat([Buffer.from('hibr'), Buffer.alloc(9000)]), 'volume-hibernated'],
  ['a hibernated Windows of old', Buffer.concat([Buffer.from('HIBR'), Buffer.alloc(9000)]), 'volume-hibernated'],
  ['a stub of hiberfil.sys', Buffer.from('x'), 'volume-hibernated'],
  ['a Windows that has woken up', Buffer.concat([Buffer.from('wake'), Buffer.alloc(9000)]), 'ntfs'],
  ['an empty hiberfil.sys of full size', Buffer.alloc(9000), 'ntfs'],
])('NTFS of %s is told by hiberfil.sys, however full its root directory is', async (_what, content, expected) => {
  for (const names of [0, 300]) {
    const folder = temporaryFolder();
    const image = join(folder, 'volume');
    writeFileSync(image, ntfs);
    const unmount = await mounted(image, join(folder, 'mnt'), 'ntfs-3g');
    for (let i = 0; i < names; i++) writeFileSync(join(folder, 'mnt', `${String.fromCharCode(97 + (i % 26))} file with a long name ${i}`), '');
    writeFileSync(join(folder, 'mnt', 'HiberFil.sys'), content);
    unmount();
    expect(await outcome(await readFile(image))).toBe(expected);
  }
});

/** A restart page as Windows leaves it in $LogFile, at the start of its data. */
function withRestartPage(version: [number, number], clientInUse: number, flags: number): Buffer {
  return changed(ntfs, (b) => {
    const record = mftRecord(b, 2);
    const data = b.indexOf(Buffer.from([0x80, 0, 0, 0]), record + 56);
    const run0 = data + b.readUInt16LE(data + 32);
    const lengthBytes = (b[run0] ?? 0) & 15;
    const at = b.readUIntLE(run0 + 1 + lengthBytes, (b[run0] ?? 0) >> 4) * 4096;
    b.fill(0, at, at + 4096);
    b.write('RSTR', at);
    b.writeUInt32LE(4096, at + 16);
    b.writeUInt32LE(4096, at + 20);
    b.writeUInt16LE(48, at + 24);
    b.writeUInt16LE(version[1], at + 26);
    b.writeUInt16LE(version[0], at + 28);
    b.writeUInt16LE(clientInUse, at + 48 + 12);
    b.writeUInt16LE(flags, at + 48 + 14);
  });
}
test.each<[string, [number, number], number, number, string]>([
  ['closed', [1, 1], 0xffff, 0, 'ntfs'], ['in use', [1, 1], 0, 0, 'volume-unclean'], ['in use but clean', [1, 1], 0, 2, 'ntfs'], ['of fast startup', [2, 0], 0xffff, 2, 'volume-hibernated'],
])('NTFS whose journal is %s is judged as ntfs-3g does', async (_what, version, client, flags, expected) => {
  expect(await outcome(withRestartPage(version, client, flags))).toBe(expected);
});

test('NTFS whose bitmap calls its own metadata free is refused as damaged', async () => {
  const record = mftRecord(ntfs, 6);
  const data = ntfs.indexOf(Buffer.from([0x80, 0, 0, 0]), record + 56);
  const run0 = data + ntfs.readUInt16LE(data + 32);
  const at = ntfs.readUIntLE(run0 + 1 + ((ntfs[run0] ?? 0) & 15), (ntfs[run0] ?? 0) >> 4) * 4096;
  expect(await outcome(changed(ntfs, (b) => b.fill(0, at, at + 4)))).toBe('volume-damaged');
  expect(await outcome(changed(ntfs, (b) => b.fill(0, mftRecord(ntfs, 6), mftRecord(ntfs, 6) + 4)))).toBe('volume-damaged');
});

test('BitLocker and hibernation in swap are refused with their own codes', async () => {
  const bitlocker = Buffer.alloc(mib);
  bitlocker.write('\xeb\x58\x90-FVE-FS-', 'latin1');
  expect(await outcome(bitlocker)).toBe('volume-bitlocker');
  const swap = await made(4, 'mkswap');
  for (const magic of ['S1SUSPEND', 'ULSUSPEND', 'LINHIB0001']) expect(await outcome(changed(swap, (b) => b.write(magic.padEnd(10, '\0'), 4086)))).toBe('volume-hibernated');
});

test('volumes with bytes changed at random give a map or a refusal, never a crash', async () => {
  const samples = [
    await made(2, 'mke2fs', ...plainExt), await made(4, 'mke2fs', '-q', '-F', '-t', 'ext4', '-b', '1024', '-O', 'bigalloc', '-C', '4096'),
    await made(2, 'mkfs.vfat', '-F', '12'), await made(34, 'mkfs.vfat', '-F', '32', '-s', '1'), ntfs, await made(2, 'mkswap'),
  ];
  const hot = samples.map((b, i) => (i === 4 ? [0, 80, mftRecord(b, 0), mftRecord(b, 12)] : [0, 90, 1024, 4096]));
  await fc.assert(fc.asyncProperty(fc.nat(samples.length - 1), fc.array(fc.tuple(fc.boolean(), fc.nat(20_000), fc.nat(255)), { minLength: 1, maxLength: 8 }), async (which, changes) => {
    const sample = samples[which] ?? ntfs;
    const [a = 0, b = 1, c = 0, d = 1] = hot[which] ?? [];
    const undo: [number, number][] = [];
    for (const [first, offset, value] of changes) {
      const at = first ? a + (offset % (b - a)) : c + (offset % (d - c));
      undo.push([at, sample[at] ?? 0]);
      sample[at] = value;
    }
    try {
      expect(await outcome(sample)).not.toContain('without');
    } finally {
      for (const [at, value] of undo.toReversed()) sample[at] = value;
    }
  }), { numRuns: 1500 });
});
