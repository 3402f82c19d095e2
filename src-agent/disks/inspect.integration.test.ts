import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AppError } from '#shared/errors.ts';
import { deviceGraphSchema } from '#shared/model/schema.ts';
import type { DeviceGraph } from '#shared/model/schema.ts';
import { openDiskForReading } from './disk.ts';
import { inspectDisk } from './inspect.ts';
import { emptyFile, memoryDisk, run, temporaryFolder } from './testing/images.ts';

const mib = 1024 * 1024;

async function inspected(path: string, sectorSizeBytes = 512) {
  const disk = await openDiskForReading(path, { sectorSizeBytes });
  try {
    return await inspectDisk(disk, disk.facts);
  } finally {
    await disk.close();
  }
}
async function diskOf(sizeMib: number, script: string): Promise<string> {
  const path = await emptyFile(join(temporaryFolder(), 'disk.img'), sizeMib * mib);
  run('sfdisk', ['--quiet', path], script);
  return path;
}
async function put(disk: string, atSector: number, sizeMib: number, ...command: [string, ...string[]]): Promise<void> {
  const volume = await emptyFile(`${disk}.volume`, sizeMib * mib);
  run(command[0], [...command.slice(1), volume]);
  run('dd', [`if=${volume}`, `of=${disk}`, 'bs=512', `seek=${atSector}`, 'conv=notrunc,sparse', 'status=none']);
}
async function poke(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'r+');
  await handle.write(bytes, 0, bytes.length, offset);
  await handle.close();
}
async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => null, (e: unknown) => e);
  return error instanceof AppError ? error.code : `not refused (${String(error)})`;
}
const streamsOf = (graph: DeviceGraph) => graph.streams.map((s) => [s.kind, s.node, s.offsetBytes / 512, s.lengthBytes / 512]);
function expectNoOverlap(graph: DeviceGraph): void {
  const sorted = graph.streams.toSorted((a, b) => a.offsetBytes - b.offsetBytes);
  sorted.forEach((stream, i) => expect(stream.offsetBytes + stream.lengthBytes).toBeLessThanOrEqual(sorted[i + 1]?.offsetBytes ?? Infinity));
}

test('a GPT disk becomes its volumes, its gaps and nothing of the table itself', async () => {
  const path = await diskOf(300, 'label: gpt\nstart=2048, size=131072, type=U, name="EFI"\nstart=135168, size=204800, type=L\nstart=360448, size=16384, type=S\n');
  await put(path, 2048, 64, 'mkfs.vfat', '-F', '32', '-n', 'ESP');
  await put(path, 135168, 100, 'mke2fs', '-q', '-F', '-t', 'ext4', '-L', 'root');
  await put(path, 360448, 8, 'mkswap', '-L', 'swap');
  const { graph, maps, notes } = await inspected(path);
  expect(deviceGraphSchema.parse(graph)).toEqual(graph);
  expect(graph.nodes.filter((n) => n.type === 'volume')).toMatchObject([
    { id: 'volume-1', on: 'partition-1', fsType: 'fat32', label: 'ESP', stream: 0 }, { fsType: 'ext4', label: 'root', stream: 1 }, { fsType: 'swap', label: 'swap', usedBytes: 4096, stream: 2 },
  ]);
  expect(streamsOf(graph)).toEqual([
    ['blocks', 'volume-1', 2048, 131072], ['blocks', 'volume-2', 135168, 204800], ['blocks', 'volume-3', 360448, 16384],
    ['gap', 'disk', 0, 1], ['gap', 'disk', 34, 2014], ['gap', 'disk', 133120, 2048], ['gap', 'disk', 339968, 20480],
    // The rest of the disk is more than 16 MiB: its two ends, up to the backup GPT.
    ['gap', 'disk', 376832, 2048], ['gap', 'disk', 614400 - 33 - 2048, 2048],
  ]);
  expect([...maps.keys()]).toEqual(graph.streams.map((s) => s.index));
  expect([...maps.values()].map((map) => map === 'all')).toEqual([false, false, false, true, true, true, true, true, true]);
  expect(notes).toEqual([]);
  expectNoOverlap(graph);
});

test('an MBR disk with NTFS and two logical partitions keeps its extended records in gaps', async () => {
  const path = await diskOf(200, 'label: dos\nstart=2048, size=81920, type=7, bootable\nstart=83968, size=300000, type=f\nstart=86016, size=40960, type=83\nstart=250000, size=20480, type=c\n');
  await put(path, 2048, 40, 'mkntfs', '-q', '-F', '-L', 'Windows');
  await put(path, 86016, 20, 'mke2fs', '-q', '-F', '-t', 'ext3');
  await put(path, 250000, 10, 'mkfs.vfat');
  const { graph } = await inspected(path);
  expect(deviceGraphSchema.parse(graph)).toEqual(graph);
  expect(graph.nodes.filter((n) => n.type !== 'disk').map((n) => (n.type === 'partition' ? [n.number, n.role] : [n.id, n.fsType, n.label]))).toEqual([
    [1, 'primary'], ['volume-1', 'ntfs', 'Windows'], [2, 'extended'], [5, 'logical'], ['volume-5', 'ext3', ''], [6, 'logical'], ['volume-6', 'fat16', ''],
  ]);
  const disk = graph.nodes[0];
  if (disk?.type !== 'disk' || disk.table.kind !== 'mbr') throw new Error('not an MBR disk');
  for (const { lba } of disk.table.ebrs) {
    expect(graph.streams.some((s) => s.kind === 'gap' && s.offsetBytes <= lba * 512 && s.offsetBytes + s.lengthBytes >= (lba + 1) * 512)).toBe(true);
  }
  expect(disk.table.ebrs.length).toBe(2);
  expectNoOverlap(graph);
});

test.each<[string, string, [string, ...string[]], number]>([
  ['ext4', 'ext4', ['mke2fs', '-q', '-F', '-t', 'ext4'], 20], ['FAT with a boot sector that looks like an MBR', 'fat16', ['mkfs.vfat', '--mbr=y'], 20], ['FAT32', 'fat32', ['mkfs.vfat', '-F', '32'], 64],
  ['NTFS', 'ntfs', ['mkntfs', '-q', '-F'], 20], ['swap', 'swap', ['mkswap'], 20],
])('a disk that is all %s has no table and one volume', async (_what, fsType, [command, ...options], sizeMib) => {
  const path = await emptyFile(join(temporaryFolder(), 'disk.img'), sizeMib * mib);
  run(command, [...options, path]);
  const { graph } = await inspected(path);
  expect(graph).toMatchObject({ nodes: [{ type: 'disk', table: { kind: 'none' } }, { type: 'volume', on: 'disk', fsType, sizeBytes: sizeMib * mib }], streams: [{ kind: 'blocks', offsetBytes: 0, lengthBytes: sizeMib * mib }] });
});

test('a partition with nothing known on it is taken as raw', async () => {
  const path = await diskOf(20, 'label: gpt\nstart=2048, size=2048, type=L\n');
  await poke(path, 2048 * 512, Buffer.from('some program keeps its own format here'));
  const { graph, maps } = await inspected(path);
  expect(graph.nodes[2]).toMatchObject({ type: 'volume', fsType: 'raw', usedBytes: mib });
  expect(maps.get(0)).toBe('all');
});

test('nothing recognised is refused: zeros, noise, and tables without partitions', async () => {
  const empty = await emptyFile(join(temporaryFolder(), 'disk.img'), 20 * mib);
  const facts = (await openAndClose(empty)).facts;
  const noise = new Uint8Array(mib).map((_, i) => (i * 2654435761) >>> 11);
  expect([
    await codeOf(inspected(empty)), await codeOf(inspectDisk(memoryDisk(noise), facts)), await codeOf(inspectDisk(memoryDisk(new Uint8Array(100)), facts)),
    await codeOf(inspected(await diskOf(20, 'label: gpt\n'))), await codeOf(inspected(await diskOf(20, 'label: dos\n'))),
  ]).toEqual(Array.from({ length: 5 }, () => 'disk-not-recognised'));
});
async function openAndClose(path: string) {
  const disk = await openDiskForReading(path);
  await disk.close();
  return disk;
}

test('a refusal names the partition, what is wrong and what to do', async () => {
  const path = await diskOf(60, 'label: gpt\nstart=2048, size=40960, type=L\n');
  await put(path, 2048, 20, 'mkfs.vfat', '-F', '16', '-n', 'PHOTOS');
  await poke(path, 2048 * 512 + 0x25, Uint8Array.of(1));
  const error = await inspected(path).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'volume-unclean', isRefusal: true, message: 'Partition 1: The FAT16 file system “PHOTOS” was not unmounted cleanly (its dirty bit is set). Run fsck.fat -a on it (Windows: chkdsk /f), or unmount or eject it properly, then try again.' });
});

test('a disk cut short is refused, not captured in part', async () => {
  const path = await diskOf(60, 'label: dos\nstart=2048, size=100000, type=83\n');
  run('truncate', ['--size', '30M', path]);
  expect(await codeOf(inspected(path))).toBe('table-past-end');
  const gpt = await diskOf(60, 'label: gpt\nstart=2048, size=1000, type=L\n');
  run('truncate', ['--size', '30M', gpt]);
  expect(await codeOf(inspected(gpt))).toBe('table-past-end');
});
