// Owns the lab's own operating system: a disk that starts by itself on BIOS or UEFI. A boot loader, Debian's kernel and a first program that
// says on the serial line that it runs, and switches off. Beside it lies an ext4 volume, so that there is something to image.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../scripts/sources.mjs';
import { character, file, folder, link, writeCpio } from '../../src-main/boot/environment/cpio.ts';
import { noise, writeAt } from '../disks/content.ts';
import { run } from '../disks/host.ts';

const MiB = 1024 * 1024;
const SECTOR = 512;
const cache = join(root, '.cache', 'boot');
const bootVolume = { offsetBytes: MiB, sizeBytes: 40 * MiB };
const dataVolume = { offsetBytes: 41 * MiB, sizeBytes: 64 * MiB };
const dataBytes = 12 * MiB;

export type LinuxDisk = { path: string; firmware: 'bios' | 'uefi'; sizeBytes: number; /** What it says when it runs. */ marker: string; /** SHA-256 of files by volume and name, kernel included. */ contents: string };

/** Makes the image file; `folderPath` takes what is needed meanwhile. */
export async function makeLinuxDisk(folderPath: string, firmware: 'bios' | 'uefi'): Promise<LinuxDisk> {
  const path = join(folderPath, `linux-${firmware}.img`);
  const work = join(folderPath, `linux-${firmware}`);
  mkdirSync(join(work, 'data'), { recursive: true });
  const marker = `platen lab: the ${firmware} disk runs`;
  const sizeBytes = 112 * MiB;
  await writeFile(path, '', { flag: 'wx' });
  await truncate(path, sizeBytes);
  await run('sfdisk', ['--quiet', path], { input: firmware === 'uefi'
    ? ['label: gpt', `start=${bootVolume.offsetBytes / SECTOR}, size=${bootVolume.sizeBytes / SECTOR}, type=U, name="EFI system partition"`, `start=${dataVolume.offsetBytes / SECTOR}, size=${dataVolume.sizeBytes / SECTOR}, type=L`, ''].join('\n')
    : ['label: dos', `start=${bootVolume.offsetBytes / SECTOR}, size=${bootVolume.sizeBytes / SECTOR}, type=c, bootable`, `start=${dataVolume.offsetBytes / SECTOR}, size=${dataVolume.sizeBytes / SECTOR}, type=83`, ''].join('\n') });
  await place(path, await makeBootVolume(work, firmware, marker), bootVolume.offsetBytes);
  await place(path, await makeDataVolume(work), dataVolume.offsetBytes);
  if (firmware === 'bios') await writeAt(path, 0, readFileSync('/usr/lib/syslinux/mbr/mbr.bin'));
  return { path, firmware, sizeBytes, marker, contents: await contentsOf(path) };
}

/** Of a disk that holds this system: both volumes read with other tools than ours, and checked. */
export async function contentsOf(path: string): Promise<string> {
  const image = `${path}@@${bootVolume.offsetBytes}`;
  const data = `${path}?offset=${dataVolume.offsetBytes}`;
  const kept: Record<string, string> = {};
  for (const name of ['vmlinuz', 'initrd.img']) kept[name] = await sha256Of('mtype', ['-i', image, `::/${name}`]);
  kept['noise'] = await sha256Of('debugfs', ['-R', 'cat /noise', data]);
  await run('e2fsck', ['-fn', data]);
  return JSON.stringify(kept);
}

async function makeBootVolume(work: string, firmware: 'bios' | 'uefi', marker: string): Promise<string> {
  const volume = join(work, 'boot.img');
  await writeFile(volume, '');
  await truncate(volume, bootVolume.sizeBytes);
  await run('mkfs.vfat', ['-F', '16', '-h', String(bootVolume.offsetBytes / SECTOR), '-n', 'LAB', volume]);
  const put = (source: string, target: string): Promise<unknown> => run('mcopy', ['-i', volume, source, `::${target}`]);
  const make = async (target: string, content: string | Uint8Array): Promise<void> => {
    writeFileSync(join(work, 'file'), content);
    await put(join(work, 'file'), target);
  };
  await put(join(cache, 'environment', 'vmlinuz'), '/vmlinuz');
  await make('/initrd.img', await firstPrograms(work, marker));
  const words = 'console=ttyS0 quiet panic=5';
  if (firmware === 'bios') {
    await make('/syslinux.cfg', `DEFAULT linux\nPROMPT 0\nLABEL linux\n KERNEL vmlinuz\n INITRD initrd.img\n APPEND ${words}\n`);
    await run('syslinux', ['--install', volume]);
    return volume;
  }
  await run('mmd', ['-i', volume, '::/EFI', '::/EFI/BOOT', '::/EFI/debian']);
  // As Debian installs it, so that it starts with Secure Boot as well.
  const trixie = join(cache, 'suites/trixie/packages');
  await make('/EFI/BOOT/BOOTX64.EFI', await fromPackage(trixie, 'shim-signed_', './usr/lib/shim/shimx64.efi.signed'));
  await make('/EFI/BOOT/grubx64.efi', await fromPackage(trixie, 'grub-efi-amd64-signed_', './usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed'));
  await make('/EFI/debian/grub.cfg', `set timeout=0\nlinux /vmlinuz ${words}\ninitrd /initrd.img\nboot\n`);
  return volume;
}

async function firstPrograms(work: string, marker: string): Promise<Uint8Array> {
  const busybox = await fromPackage(join(cache, 'packages'), 'busybox-static_', './bin/busybox');
  const init = `#!/bin/busybox sh\n/bin/busybox echo "${marker}" >/dev/console\n/bin/busybox sleep 1\n/bin/busybox poweroff -f\n`;
  writeFileSync(join(work, 'init'), init);
  return writeCpio([folder('bin'), folder('dev'), file('bin/busybox', busybox, 0o755), link('bin/sh', 'busybox'), character('dev/console', 5, 1), file('init', Buffer.from(init), 0o755)]);
}

async function makeDataVolume(work: string): Promise<string> {
  const volume = join(work, 'data.img');
  writeFileSync(join(work, 'data', 'noise'), noise('lab data', dataBytes));
  await writeFile(volume, '');
  await truncate(volume, dataVolume.sizeBytes);
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', '-L', 'lab-data', '-d', join(work, 'data'), volume]);
  return volume;
}

/** A file of one of Debian's packages that the boot environment was built from. */
async function fromPackage(folderPath: string, prefix: string, path: string): Promise<Uint8Array> {
  const name = readdirSync(folderPath).filter((each) => each.startsWith(prefix)).toSorted().at(-1);
  if (name === undefined) throw new Error(`${folderPath} holds no package ${prefix}…: build the boot environment first`);
  const tree = join(folderPath, '..', `lab-${name}-${process.pid}`);
  try {
    await run('dpkg-deb', ['--extract', join(folderPath, name), tree]);
    return readFileSync(join(tree, path));
  } finally {
    await run('rm', ['-rf', tree]);
  }
}

async function place(path: string, volume: string, offsetBytes: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.write(readFileSync(volume), 0, null, offsetBytes);
  } finally {
    await handle.close();
  }
}

/** Of what a command prints; `run` would take it for text. */
async function sha256Of(command: string, args: string[]): Promise<string> {
  const { stdout } = await run('sh', ['-c', '"$@" 2>/dev/null | sha256sum', 'sh', command, ...args]);
  const hash = stdout.slice(0, 64);
  if (hash === createHash('sha256').digest('hex')) throw new Error(`${command} ${args.join(' ')} read nothing`);
  return hash;
}
