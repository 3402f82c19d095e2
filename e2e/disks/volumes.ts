// Owns making one volume as a file of its own: mkfs, then real files in it. Each volume ends cleanly unmounted and is copied into
// its disk by make.ts; hidden sectors and geometry are set as if it lay there already.
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { leaveStaleBlocks, mixed, noise, prose, writeAt, writeOrdinaryFiles, writeUnixOddities } from './content.ts';
import { run, type Host } from './host.ts';
import { extractWithAttributes } from './pax.ts';

export type VolumePlace = { sizeBytes: number; startSector: number; sectorSizeBytes: number };

async function blank(host: Host, name: string, sizeBytes: number): Promise<string> {
  const file = host.path(name);
  await writeFile(file, '', { flag: 'wx' });
  await truncate(file, sizeBytes);
  return file;
}

/** A Linux root in small: ordinary files, every oddity, stale blocks. */
export async function makeExtVolume(host: Host, name: string, type: 'ext2' | 'ext3' | 'ext4', place: VolumePlace, options: { label: string; uuid: string; oddities: boolean }): Promise<string> {
  const file = await blank(host, name, place.sizeBytes);
  await run('mkfs.ext4', ['-q', '-F', '-t', type, '-L', options.label, '-U', options.uuid, file]);
  const device = await host.attach(file);
  // noinit_itable: inode tables stay as mkfs left them, uninitialised, as on a disk that was just set up.
  const point = await host.mount(device, type, type === 'ext4' ? 'rw,noinit_itable' : 'rw');
  await leaveStaleBlocks(point, name, 24);
  await writeOrdinaryFiles(point, name, 400);
  if (options.oddities) await writeUnixOddities(point);
  await leaveStaleBlocks(point, `${name}:late`, 16);
  await host.release(point);
  await host.release(device);
  const checked = await run('e2fsck', ['-fn', file]);
  // e2fsck finds nothing wrong with a file system whose files all wait in its journal.
  if (checked.stdout.includes('journal recovery')) throw new Error(`${file} was not unmounted cleanly: ${checked.stdout}`);
  return file;
}

/** An EFI system partition, or any other FAT: long names, deleted files, attributes. */
export async function makeFatVolume(host: Host, name: string, bits: 12 | 16 | 32, place: VolumePlace, options: { label: string; serial: string }): Promise<string> {
  const file = await blank(host, name, place.sizeBytes);
  await run('mkfs.vfat', ['-F', String(bits), '-S', String(place.sectorSizeBytes), '-h', String(place.startSector), '-n', options.label, '-i', options.serial, file]);
  const source = host.path(`${name}-files`);
  await mkdir(join(source, 'EFI', 'BOOT'), { recursive: true });
  await mkdir(join(source, 'EFI', 'debian'));
  await writeFile(join(source, 'EFI', 'BOOT', 'BOOTX64.EFI'), mixed(`${name}:boot`, 900_000));
  await writeFile(join(source, 'EFI', 'debian', 'A long name, with a comma and ünïcode.conf'), prose(`${name}:conf`, 5000));
  await writeOrdinaryFiles(source, name, 120);
  await writeFile(join(source, 'to be deleted.bin'), noise(`${name}:deleted`, 3_000_000));
  const image = ['-i', file];
  await run('mcopy', [...image, '-s', '-m', '-Q', join(source, 'to be deleted.bin'), '::/']);
  await run('mcopy', [...image, '-s', '-m', '-Q', join(source, 'EFI'), ...Array.from({ length: 12 }, (_, i) => join(source, `folder ${i}`)), '::/']);
  await run('mdel', [...image, '::/to be deleted.bin']);
  await run('mattrib', [...image, '+r', '+h', '+s', '::/EFI/BOOT/BOOTX64.EFI']);
  await run('fsck.vfat', ['-n', file]);
  return file;
}

/** Windows' file system: resident, large, sparse and compressed files, alternate streams, hard links. */
export async function makeNtfsVolume(host: Host, name: string, place: VolumePlace, label: string): Promise<string> {
  const file = await blank(host, name, place.sizeBytes);
  const device = await host.attach(file, { sectorSizeBytes: place.sectorSizeBytes });
  await run('mkntfs', ['--quick', '--quiet', '--force', '--label', label, '--sector-size', String(place.sectorSizeBytes), '--partition-start', String(place.startSector), '--heads', '255', '--sectors-per-track', '63', device]);
  const point = await host.mount(device, 'ntfs-3g', 'compression,streams_interface=windows,efs_raw');
  await leaveStaleBlocks(point, name, 16);
  await writeOrdinaryFiles(point, name, 300);
  await mkdir(join(point, 'Windows', 'System32', 'config'), { recursive: true });
  await writeFile(join(point, 'Windows', 'System32', 'ntoskrnl.exe'), mixed('kernel', 12_000_000));
  await writeFile(join(point, 'Windows', 'System32', 'config', 'Ein längerer Name – 日本語.log'), prose('log', 70_000));
  await writeFile(join(point, 'downloaded.zip'), noise('zip', 100_000));
  await writeFile(join(point, 'downloaded.zip:Zone.Identifier'), '[ZoneTransfer]\r\nZoneId=3\r\n');
  await writeFile(join(point, 'downloaded.zip:large stream'), prose('stream', 400_000));
  await run('ln', [join(point, 'downloaded.zip'), join(point, 'second name.zip')]);
  // FILE_ATTRIBUTE_COMPRESSED on the folder: what is written into it from then on is compressed.
  await extractWithAttributes(point, [{ path: 'compressed/', data: '', mtime: '1600000000', mode: 0o777, attributes: { 'system.ntfs_attrib_be': '\u0000\u0000\u0008\u0010' } }]);
  await writeFile(join(point, 'compressed', 'text.txt'), prose('compressed', 3_000_000));
  await writeFile(join(point, 'sparse.vhd'), '');
  await truncate(join(point, 'sparse.vhd'), 50_000_000);
  await writeAt(join(point, 'sparse.vhd'), 40_000_000, noise('vhd', 200_000));
  await leaveStaleBlocks(point, `${name}:late`, 8);
  await host.release(point);
  await host.release(device);
  await run('ntfsfix', ['--no-action', file]);
  return file;
}

/** Swap that was in use: pages full of old content behind its header. */
export async function makeSwapVolume(host: Host, name: string, place: VolumePlace, options: { label: string; uuid: string }): Promise<string> {
  const file = await blank(host, name, place.sizeBytes);
  await writeAt(file, 4 * 1024 * 1024, noise(`${name}:pages`, 8 * 1024 * 1024));
  await run('mkswap', ['-q', '-L', options.label, '-U', options.uuid, file]);
  return file;
}
