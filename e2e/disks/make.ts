// Owns the sample disks: whole disk images with tables, boot code, volumes and everything that has been forgotten by an imaging
// tool before. Nothing here looks at Platen; prove.ts compares what came out with what went in.
import { rmSync } from 'node:fs';
import { mkdtemp, open, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mixed, noise, writeAt } from './content.ts';
import { soil } from './dirt.ts';
import { run, type Host } from './host.ts';
import { makeExtVolume, makeFatVolume, makeNtfsVolume, makeSwapVolume, type VolumePlace } from './volumes.ts';

const MiB = 1024 * 1024;

export type DiskVolume = { number: number; fsType: 'ext3' | 'ext4' | 'ntfs' | 'fat' | 'swap'; offsetBytes: number; sizeBytes: number };
export type Disk = { file: string; sizeBytes: number; sectorSizeBytes: number; table: 'gpt' | 'dos'; volumes: DiskVolume[] };

async function writeTable(host: Host, file: string, sectorSizeBytes: number, script: string): Promise<void> {
  const device = await host.attach(file, { sectorSizeBytes });
  try {
    await run('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', '--wipe', 'never', '--wipe-partitions', 'never', device], { input: script });
  } finally {
    await host.release(device);
  }
}

async function place(file: string, volumeFile: string, offsetBytes: number): Promise<void> {
  await run('dd', [`if=${volumeFile}`, `of=${file}`, 'bs=1M', 'oflag=seek_bytes', `seek=${offsetBytes}`, 'conv=notrunc,sparse', 'status=none']);
  await rm(volumeFile);
}

async function blankDisk(file: string, sizeBytes: number): Promise<void> {
  await writeFile(file, '', { flag: 'wx' });
  await truncate(file, sizeBytes);
}

/** Disks that were made before in this process, as files that no test touches; gone with the process. */
const made = new Map<string, Disk>();
let madeFolder: string | undefined;

/** A copy of the disk of this kind, which is made when it is wanted for the first time: making one takes seconds. */
async function copied(host: Host, name: string, kind: string, make: (host: Host, name: string) => Promise<Disk>): Promise<Disk> {
  let master = made.get(kind);
  if (master === undefined) {
    const disk = await make(host, `${kind}.made`);
    if (madeFolder === undefined) {
      const folder = await mkdtemp(join(tmpdir(), 'platen-disks-made-'));
      process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
      madeFolder = folder;
    }
    master = { ...disk, file: join(madeFolder, kind) };
    await rename(disk.file, master.file);
    made.set(kind, master);
  }
  const file = host.path(name);
  await writeFile(file, '', { flag: 'wx' });
  await run('cp', ['--sparse=always', '--reflink=auto', master.file, file]);
  return { ...master, file };
}

/** GPT with an EFI system partition, ext4 and swap; numbers with holes, names, attributes, boot code in the gap. About 1 GB. */
export function makeGptDisk(host: Host, name: string, options: { sectorSizeBytes?: 512 | 4096 } = {}): Promise<Disk> {
  const sectorSizeBytes = options.sectorSizeBytes ?? 512;
  return copied(host, name, `gpt${sectorSizeBytes}`, (maker, master) => newGptDisk(maker, master, sectorSizeBytes));
}

/** MBR with NTFS and an extended partition that holds ext3 and FAT16; boot code in the MBR and behind it. About 0.6 GB. */
export function makeMbrDisk(host: Host, name: string): Promise<Disk> {
  return copied(host, name, 'mbr', newMbrDisk);
}

async function newGptDisk(host: Host, name: string, sectorSizeBytes: 512 | 4096): Promise<Disk> {
  const sizeBytes = 1000 * MiB;
  const file = host.path(name);
  const sectors = (bytes: number): number => bytes / sectorSizeBytes;
  const at = (startMiB: number, sizeMiB: number): VolumePlace => ({ sizeBytes: sizeMiB * MiB, startSector: sectors(startMiB * MiB), sectorSizeBytes });
  // FAT32 needs 65,525 clusters, hence more room where a cluster cannot be smaller than 4096 bytes.
  const esp = { at: 1, size: sectorSizeBytes === 512 ? 64 : 300 };
  const linux = { at: esp.at + esp.size + 3, size: 560 };
  const swap = { at: linux.at + linux.size, size: 64 };
  await blankDisk(file, sizeBytes);
  const line = (number: number, part: { at: number; size: number }, rest: string): string => `${number} : start=${sectors(part.at * MiB)}, size=${sectors(part.size * MiB)}, ${rest}`;
  await writeTable(host, file, sectorSizeBytes, [
    'label: gpt', 'label-id: 6F1B3C52-0D0E-4B7A-9E55-0A1B2C3D4E5F',
    line(1, esp, 'type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=11111111-2222-4333-8444-555555555555, name="EFI system partition", attrs="RequiredPartition"'),
    line(3, linux, 'type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE, name="Wurzel é 根", attrs="LegacyBIOSBootable GUID:48,63"'),
    line(7, swap, 'type=0657FD6D-A4AB-43C4-84E5-0933C84B4F4F, uuid=77777777-7777-4777-8777-777777777777, name="swap"'), '',
  ].join('\n'));
  await writeAt(file, 0, mixed('protective boot code', 440));
  // Where GRUB's core image or a loader without a partition of its own may lie: behind the entries, before the first partition.
  await writeAt(file, 34 * sectorSizeBytes, mixed('core image', MiB - 34 * sectorSizeBytes));
  await writeAt(file, (esp.at + esp.size) * MiB + 4096, noise('between partitions', 20_000));
  await place(file, await makeFatVolume(host, `${name}.esp`, 32, at(esp.at, esp.size), { label: 'ESP', serial: '1a2b3c4d' }), esp.at * MiB);
  await place(file, await makeExtVolume(host, `${name}.linux`, 'ext4', at(linux.at, linux.size), { label: 'linux-root', uuid: 'f0a1b2c3-1111-4222-8333-444455556666', oddities: true }), linux.at * MiB);
  await place(file, await makeSwapVolume(host, `${name}.swap`, at(swap.at, swap.size), { label: 'swap-space', uuid: '0badcafe-1111-4222-8333-444455556666' }), swap.at * MiB);
  const volume = (number: number, fsType: DiskVolume['fsType'], part: { at: number; size: number }): DiskVolume => ({ number, fsType, offsetBytes: part.at * MiB, sizeBytes: part.size * MiB });
  return { file, sizeBytes, sectorSizeBytes, table: 'gpt', volumes: [volume(1, 'fat', esp), volume(3, 'ext4', linux), volume(7, 'swap', swap)] };
}

async function newMbrDisk(host: Host, name: string): Promise<Disk> {
  const sizeBytes = 600 * MiB;
  const file = host.path(name);
  const ntfs = { at: 1, size: 300 };
  const ext3 = { at: 304, size: 160 };
  const fat16 = { at: 466, size: 40 };
  const at = (part: { at: number; size: number }): VolumePlace => ({ sizeBytes: part.size * MiB, startSector: part.at * 2048, sectorSizeBytes: 512 });
  await blankDisk(file, sizeBytes);
  await writeTable(host, file, 512, [
    'label: dos', 'label-id: 0xa1b2c3d4',
    `1 : start=${ntfs.at * 2048}, size=${ntfs.size * 2048}, type=7, bootable`,
    `2 : start=${303 * 2048}, size=${220 * 2048}, type=f`,
    `5 : start=${ext3.at * 2048}, size=${ext3.size * 2048}, type=83`,
    `6 : start=${fat16.at * 2048}, size=${fat16.size * 2048}, type=6`, '',
  ].join('\n'));
  await writeAt(file, 0, mixed('boot code', 440));
  await writeAt(file, 512, mixed('core image', MiB - 512 - 4096));
  await place(file, await makeNtfsVolume(host, `${name}.ntfs`, at(ntfs), 'Windows'), ntfs.at * MiB);
  await place(file, await makeExtVolume(host, `${name}.ext3`, 'ext3', at(ext3), { label: 'data', uuid: 'e3e3e3e3-1111-4222-8333-444455556666', oddities: false }), ext3.at * MiB);
  await place(file, await makeFatVolume(host, `${name}.fat`, 16, at(fat16), { label: 'SHARE', serial: '5e6f7a8b' }), fat16.at * MiB);
  const volume = (number: number, fsType: DiskVolume['fsType'], part: { at: number; size: number }): DiskVolume => ({ number, fsType, offsetBytes: part.at * MiB, sizeBytes: part.size * MiB });
  return { file, sizeBytes, sectorSizeBytes: 512, table: 'dos', volumes: [volume(1, 'ntfs', ntfs), volume(5, 'ext3', ext3), volume(6, 'fat', fat16)] };
}

/** A file full of bytes that are not zero, in which every old signature stands where a deployed disk must not show it. */
export async function makeDirtyTarget(host: Host, name: string, sizeBytes: number, like: Disk): Promise<string> {
  const file = host.path(name);
  const handle = await open(file, 'wx');
  const pattern = noise('dirt', 8 * MiB);
  for (let at = 0; at < sizeBytes; at += pattern.length) await handle.write(pattern, 0, Math.min(pattern.length, sizeBytes - at), at);
  await handle.close();
  await soil(host, file, { offsetBytes: 0, sizeBytes }, like.sectorSizeBytes);
  for (const volume of like.volumes) await soil(host, file, volume, like.sectorSizeBytes);
  return file;
}
