// Owns the disks that the lab's images are captured from: files with a partition table and a real file system, half of it incompressible as
// real systems are. The same seed gives the same bytes. patch() changes them as an update would.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mixed } from '../disks/content.ts';
import { Host, run } from '../disks/host.ts';

const MiB = 1024 * 1024;
const VOLUME_AT = MiB;
const FILE_BYTES = 2 * MiB;

export type LabDisk = { path: string; sizeBytes: number };

/** contentMiB: what the file system holds; the disk is half as large again. */
export async function makeDisk(folder: string, name: string, contentMiB: number): Promise<LabDisk> {
  const path = join(folder, `${name}.disk`);
  const files = join(folder, `${name}.files`);
  const sizeBytes = Math.ceil(contentMiB * 1.5 + 16) * MiB;
  await mkdir(files);
  for (let at = 0; at < contentMiB * MiB; at += FILE_BYTES) await writeFile(join(files, `system-${at / FILE_BYTES}.bin`), mixed(`${name}:${at}`, Math.min(FILE_BYTES, contentMiB * MiB - at)));
  await writeFile(path, '', { flag: 'wx' });
  await truncate(path, sizeBytes);
  await run('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', path], { input: `label: gpt\nstart=${VOLUME_AT / 512}, size=${(sizeBytes - 2 * VOLUME_AT) / 512}, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4\n` });
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', files, '-E', `offset=${VOLUME_AT},lazy_itable_init=0`, path, `${(sizeBytes - 2 * VOLUME_AT) / 1024}k`]);
  await rm(files, { recursive: true });
  return { path, sizeBytes };
}

/** What an update does: some files are rewritten in part, some are new. About share of the content changes. */
export async function patchDisk(disk: LabDisk, seed: string, changedMiB: number): Promise<void> {
  const host = await Host.open();
  try {
    const device = await host.attach(disk.path, { offsetBytes: VOLUME_AT, sizeBytes: disk.sizeBytes - 2 * VOLUME_AT });
    const point = await host.mount(device, 'ext4', 'rw');
    for (let at = 0; at < changedMiB; at++) await writeFile(join(point, `update-${seed}-${at}.bin`), mixed(`${seed}:${at}`, MiB));
    await host.release(point);
    await host.release(device);
  } finally {
    await host.close();
  }
}

/** Every file of the volume with its hash, sorted: what two disks must have in common. */
export async function contentsOf(disk: LabDisk): Promise<string[]> {
  const host = await Host.open();
  try {
    return await host.withMounted(disk.path, { offsetBytes: VOLUME_AT, sizeBytes: disk.sizeBytes - 2 * VOLUME_AT }, 'ext4', async (folder) => {
      const names = (await readdir(folder)).filter((name) => name.endsWith('.bin')).sort();
      return await Promise.all(names.map(async (name) => `${name} ${createHash('sha256').update(await readFile(join(folder, name))).digest('hex')}`));
    });
  } finally {
    await host.close();
  }
}
