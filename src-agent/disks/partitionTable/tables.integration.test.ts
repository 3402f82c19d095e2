import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diskFacts, openDiskForReading } from '../disk.ts';
import { emptyFile, loopDevice, run, temporaryFolder } from '../testing/images.ts';
import { encodeTable, minimumTargetBytes } from './encode.ts';
import { partitionsOf } from './layout.ts';
import { readPartitionTable } from './read.ts';

const mib = 1024 * 1024;

async function tableOf(path: string, sectorSizeBytes = 512) {
  const disk = await openDiskForReading(path, { sectorSizeBytes });
  try {
    return await readPartitionTable(disk, sectorSizeBytes, false);
  } finally {
    await disk.close();
  }
}
async function writeTable(table: Awaited<ReturnType<typeof tableOf>>['table'], path: string, sectorSizeBytes = 512): Promise<void> {
  const size = (await diskFacts(path)).sizeBytes;
  const handle = await open(path, 'r+');
  for (const { offsetBytes, bytes } of encodeTable(table, { sizeBytes: size, sectorSizeBytes })) await handle.write(bytes, 0, bytes.length, offsetBytes);
  await handle.close();
}
/** Without the lines that name the file or depend on its size. */
function dump(path: string): string {
  return run('sfdisk', ['--dump', path]).replaceAll(path, 'disk').replace(/^last-lba:.*\n/m, '');
}

const script = `label: gpt
label-id: 0D5AC3D1-9F6C-4C37-A9F9-1F3B5C2A7E11
first-lba: 34
start=2048, size=20480, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name="EFI System 🐧", attrs="RequiredPartition"
3: start=30000, size=40001, type=L, uuid=7D2D2D5B-2E9F-4C9A-8F2B-0A3C6C1E5B77, attrs="GUID:48,63 LegacyBIOSBootable"
7: start=100000, size=1, type=S, name="one sector"
`;

test('sfdisk sees the same GPT on a larger disk, with its backup at the end', async () => {
  const folder = temporaryFolder();
  const source = await emptyFile(join(folder, 'a.img'), 64 * mib);
  run('sfdisk', ['--quiet', source], script);
  const { table, notes } = await tableOf(source);
  const target = await emptyFile(join(folder, 'b.img'), 100 * mib + 512);
  await writeTable(table, target);
  expect({ dump: dump(target), notes }).toEqual({ dump: dump(source), notes: [] });
  expect(run('sgdisk', ['--verify', target])).toContain('No problems found');
  // sgdisk itself, growing the same disk, ends with the very same sectors.
  const grown = join(folder, 'c.img');
  run('cp', ['--sparse=always', source, grown]);
  run('truncate', ['--size', String(100 * mib + 512), grown]);
  run('sgdisk', ['--move-second-header', grown]);
  expect(run('sgdisk', ['--print', target]).replace(target, '')).toBe(run('sgdisk', ['--print', grown]).replace(grown, ''));
});

test('on a disk of the same size the GPT comes out byte for byte', async () => {
  const folder = temporaryFolder();
  const source = await emptyFile(join(folder, 'a.img'), 20 * mib);
  run('sgdisk', ['--new=1:2048:+4M', '--change-name=1:First', '--new=5:20480:+1M', '--typecode=5:8200', '--attributes=1:set:2', '--attributes=5:set:60', source]);
  const target = await emptyFile(join(folder, 'b.img'), 20 * mib);
  await writeTable((await tableOf(source)).table, target);
  expect(Buffer.compare(await readFile(source), await readFile(target))).toBe(0);
});

test('the smallest disk for a GPT is accepted by sgdisk', async () => {
  const folder = temporaryFolder();
  const source = await emptyFile(join(folder, 'a.img'), 64 * mib);
  run('sfdisk', ['--quiet', source], script);
  const { table } = await tableOf(source);
  const target = await emptyFile(join(folder, 'b.img'), minimumTargetBytes(table, 512));
  await writeTable(table, target);
  expect(run('sgdisk', ['--verify', target])).toContain('No problems found');
  expect(dump(target)).toBe(dump(source));
});

test('more than 128 entries and a hybrid MBR made by sgdisk survive', async () => {
  const folder = temporaryFolder();
  const source = await emptyFile(join(folder, 'a.img'), 64 * mib);
  run('sgdisk', ['--resize-table=256', '--new=1:4096:+1M', '--new=200:8192:+1M', '--change-name=200:far', '--hybrid=1', source]);
  const target = await emptyFile(join(folder, 'b.img'), 64 * mib);
  const { table } = await tableOf(source);
  expect(table).toMatchObject({ kind: 'gpt', entryCount: 256, entries: [{ index: 0 }, { index: 199, name: 'far' }] });
  await writeTable(table, target);
  expect(Buffer.compare(await readFile(source), await readFile(target))).toBe(0);
});

test('a damaged primary GPT is read from its backup and said so', async () => {
  const source = await emptyFile(join(temporaryFolder(), 'a.img'), 64 * mib);
  run('sfdisk', ['--quiet', source], script);
  const whole = (await tableOf(source)).table;
  const handle = await open(source, 'r+');
  await handle.write(Buffer.alloc(512, 0xff), 0, 512, 512);
  await handle.close();
  expect(await tableOf(source)).toMatchObject({ table: whole, notes: [expect.stringContaining('backup')] });
});

test('an MBR with extended and logical partitions looks the same to sfdisk on a larger disk', async () => {
  const folder = temporaryFolder();
  const source = await emptyFile(join(folder, 'a.img'), 200 * mib);
  run('sfdisk', ['--quiet', source], `label: dos\nlabel-id: 0x1badb002\n1: start=2048, size=40960, type=7, bootable\n2: start=43008, size=300000, type=5\n5: start=45056, size=50000, type=83\n6: start=100000, size=10000, type=82\n7: start=120000, size=1000, type=b\n4: start=350000, size=1000, type=27\n`);
  const { table } = await tableOf(source);
  expect(partitionsOf(table).map((p) => [p.number, p.role, p.firstLba, p.sectorCount, p.typeCode])).toEqual([
    [1, 'primary', 2048, 40960, '07'], [2, 'extended', 43008, 300000, '05'], [4, 'primary', 350000, 1000, '27'],
    [5, 'logical', 45056, 50000, '83'], [6, 'logical', 100000, 10000, '82'], [7, 'logical', 120000, 1000, '0b'],
  ]);
  const target = await emptyFile(join(folder, 'b.img'), 300 * mib);
  await writeTable(table, target);
  expect(dump(target)).toBe(dump(source));
});

test('tables of disks with sectors of 4096 bytes are read and written in their sectors', async () => {
  const folder = temporaryFolder();
  const [a, b] = [await emptyFile(join(folder, 'a.img'), 64 * mib), await emptyFile(join(folder, 'b.img'), 80 * mib)];
  const source = loopDevice(a, '--sector-size', '4096');
  run('sfdisk', ['--quiet', '--no-reread', source], 'label: gpt\nstart=256, size=1024, type=U, name="esp"\nstart=2048, size=2048, type=L\n');
  const { table } = await tableOf(source, 4096);
  expect((await diskFacts(a)).sectorSizeBytes).toBe(4096);
  const target = loopDevice(b, '--sector-size', '4096');
  await writeTable(table, target, 4096);
  expect(dump(target)).toBe(dump(source));
  expect(run('sgdisk', ['--verify', target])).toContain('No problems found');
});
