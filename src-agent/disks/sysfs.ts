// Owns what the kernel says of block devices: /sys/class/block, /sys/dev/block and udev's database. Reads only small text files.
// A device number "8:1" is the only identity used between files here; names are for people.
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DiskFacts } from './types.ts';

export type BlockDevice = {
  name: string; path: string;
  /** "major:minor" */
  number: string;
  /** The disk a partition is on; its own number for a disk. */
  diskNumber: string;
  partition: boolean; sizeBytes: number; holders: string[]; slaves: string[];
  /** Of a loop device in use. */
  backingFile: string | null;
};

const classFolder = '/sys/class/block';

/** The trimmed content, or '' where the file is missing or unreadable, as many of sysfs's are. */
export async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replaceAll('\0', '').trim();
  } catch {
    return '';
  }
}
export async function listFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch {
    return [];
  }
}

/** Linux's new encoding of dev_t, as stat gives it. */
export function deviceNumber(rdev: number): string {
  const value = BigInt(rdev);
  const major = ((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xfffff000n);
  const minor = (value & 0xffn) | ((value >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

export async function allBlockDevices(): Promise<Map<string, BlockDevice>> {
  const devices = new Map<string, BlockDevice>();
  for (const name of await listFolder(classFolder)) {
    const device = await blockDevice(join(classFolder, name));
    if (device !== null) devices.set(device.number, device);
  }
  return devices;
}

async function blockDevice(link: string): Promise<BlockDevice | null> {
  const folder = await realpath(link).catch(() => null);
  if (folder === null) return null;
  const number = await readText(join(folder, 'dev'));
  if (number === '') return null;
  const partition = (await readText(join(folder, 'partition'))) !== '';
  const name = basename(folder);
  return {
    name, path: `/dev/${name.replaceAll('!', '/')}`, number, partition,
    diskNumber: partition ? await readText(join(dirname(folder), 'dev')) : number,
    sizeBytes: Number(await readText(join(folder, 'size'))) * 512,
    holders: await numbersIn(join(folder, 'holders')), slaves: await numbersIn(join(folder, 'slaves')),
    backingFile: (await readText(join(folder, 'loop/backing_file'))) || null,
  };
}

async function numbersIn(folder: string): Promise<string[]> {
  const numbers = await Promise.all((await listFolder(folder)).map((name) => readText(join(classFolder, name, 'dev'))));
  return numbers.filter((number) => number !== '');
}

/** number: of a disk or a partition; what a partition lacks is taken from its disk. */
export async function blockFacts(path: string, number: string): Promise<DiskFacts> {
  const folder = await realpath(`/sys/dev/block/${number}`);
  const partition = (await readText(join(folder, 'partition'))) !== '';
  const disk = partition ? dirname(folder) : folder;
  const hardware = await realpath(join(disk, 'device')).catch(() => disk);
  const udev = await udevProperties(number);
  const name = basename(disk);
  const bus = busOf(name, hardware);
  return {
    path, kind: 'block', sizeBytes: Number(await readText(join(folder, 'size'))) * 512,
    sectorSizeBytes: Number(await readText(join(disk, 'queue/logical_block_size'))) || 512,
    physicalSectorSizeBytes: Number(await readText(join(disk, 'queue/physical_block_size'))) || 512,
    model: (await modelOf(hardware)) || (udev.get('ID_MODEL') ?? ''),
    serial: (await serialOf(disk, hardware, bus)) || (udev.get('ID_SERIAL_SHORT') ?? ''),
    wwn: (await readText(join(disk, 'wwid'))) || (await readText(join(hardware, 'wwid'))) || (udev.get('ID_WWN') ?? ''),
    bus, removable: (await readText(join(disk, 'removable'))) === '1',
    rotational: (await readText(join(disk, 'queue/rotational'))) === '1', readOnly: (await readText(join(folder, 'ro'))) === '1',
  };
}

function busOf(name: string, hardware: string): string {
  for (const [prefix, bus] of [['nvme', 'nvme'], ['mmcblk', 'mmc'], ['loop', 'loop'], ['dm-', 'dm'], ['md', 'md'], ['zram', 'zram'], ['nbd', 'nbd'], ['xvd', 'xen']] as const) {
    if (name.startsWith(prefix)) return bus;
  }
  if (/\/usb\d/.test(hardware)) return 'usb';
  if (/\/ata\d/.test(hardware)) return 'sata';
  return hardware.includes('/virtio') ? 'virtio' : 'scsi';
}

async function modelOf(hardware: string): Promise<string> {
  const model = (await readText(join(hardware, 'model'))) || (await readText(join(hardware, 'name')));
  const vendor = await readText(join(hardware, 'vendor'));
  // Virtio and PCI devices have a number there; SATA disks say ATA, which is no maker.
  return vendor === '' || vendor === 'ATA' || vendor.startsWith('0x') ? model : `${vendor} ${model}`.trim();
}

async function serialOf(disk: string, hardware: string, bus: string): Promise<string> {
  const direct = (await readText(join(hardware, 'serial'))) || (await readText(join(disk, 'serial')));
  if (direct !== '') return direct;
  const page = await readFile(join(hardware, 'vpd_pg80')).catch(() => null);
  // SCSI VPD page 0x80: four bytes of header, then the serial number in ASCII.
  const fromPage = page === null ? '' : page.subarray(4).toString('latin1').replaceAll('\0', '').trim();
  if (fromPage !== '' || bus !== 'usb') return fromPage;
  for (let folder = hardware; folder.includes('/usb'); folder = dirname(folder)) {
    const serial = await readText(join(folder, 'serial'));
    if (serial !== '') return serial;
  }
  return '';
}

async function udevProperties(number: string): Promise<Map<string, string>> {
  const lines = (await readText(`/run/udev/data/b${number}`)).split('\n').filter((line) => line.startsWith('E:'));
  return new Map(lines.map((line) => [line.slice(2, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** The number of a block device node, or null where the path is no block device. */
export async function numberOfPath(path: string): Promise<string | null> {
  const info = await stat(path).catch(() => null);
  return info?.isBlockDevice() === true ? deviceNumber(info.rdev) : null;
}
