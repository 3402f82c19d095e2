// Owns the list of this computer's disks with their partitions and file systems, as the console and the portal show it.
// Reads only, and never fails as a whole because one disk can't be read.
import { AppError } from '#shared/errors.ts';
import type { DiskSummary, Inventory } from '#shared/model/computer.ts';
import type { PartitionTable } from '#shared/model/schema.ts';
import { busyReason, isSystemDisk } from './busy.ts';
import { diskFacts, openDiskForReading } from './disk.ts';
import { firmwareIdentity } from './firmware.ts';
import { tableOf, volumeAt } from './inspect.ts';
import { partitionsOf } from './partitionTable/layout.ts';
import { allBlockDevices } from './sysfs.ts';
import type { DiskFacts, DiskReader } from './types.ts';

/** Disks of memory, parts of arrays and empty drives are nothing to image. */
const notDisks = /^(ram|zram|fd|sr|dm-|md|nbd|zd)\d*/;
const mostDisks = 256;

/** Whole disks by path: real ones, and loop devices that are in use. */
export async function listDisks(): Promise<DiskFacts[]> {
  const devices = [...(await allBlockDevices()).values()].filter((device) => !device.partition && !notDisks.test(device.name) && device.sizeBytes > 0);
  const facts = await Promise.all(devices.map((device) => diskFacts(device.path).catch(() => null)));
  return facts.filter((one) => one !== null).toSorted((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
}

export async function inventory(): Promise<Inventory> {
  const disks: DiskSummary[] = [];
  for (const facts of (await listDisks()).slice(0, mostDisks)) disks.push(await summariseDisk(facts));
  return { identity: await firmwareIdentity(), disks };
}

export async function summariseDisk(facts: DiskFacts): Promise<DiskSummary> {
  const busy = await busyReason(facts.path).catch((error: unknown) => `can't be told (${messageOf(error)})`);
  const contents = await contentsOf(facts);
  return {
    path: facts.path, model: facts.model.slice(0, 256), serial: facts.serial.slice(0, 256), bus: facts.bus.slice(0, 32), sizeBytes: facts.sizeBytes,
    sectorSizeBytes: facts.sectorSizeBytes, removable: facts.removable, readOnly: facts.readOnly, busy: busy?.slice(0, 500) ?? null,
    systemDisk: await isSystemDisk(facts.path).catch(() => false), ...contents,
  };
}

async function contentsOf(facts: DiskFacts): Promise<Pick<DiskSummary, 'tableKind' | 'partitions'>> {
  try {
    const disk = await openDiskForReading(facts.path, { sectorSizeBytes: facts.sectorSizeBytes });
    try {
      const { table } = await tableOf(disk, facts.sectorSizeBytes);
      return { tableKind: table.kind, partitions: await partitionsIn(disk, table, facts.sectorSizeBytes) };
    } finally {
      await disk.close();
    }
  } catch {
    // What is wrong with it is said when somebody wants to capture it.
    return { tableKind: 'unreadable', partitions: [] };
  }
}

async function partitionsIn(disk: DiskReader, table: PartitionTable, sectorSizeBytes: number): Promise<DiskSummary['partitions']> {
  const rows: DiskSummary['partitions'] = [];
  if (table.kind === 'none') {
    const volume = await contentOf(disk, { start: 0, end: disk.sizeBytes }, sectorSizeBytes);
    return volume.fsType === '' ? [] : [{ number: 0, offsetBytes: 0, sizeBytes: disk.sizeBytes, typeName: 'whole disk', ...volume }];
  }
  for (const place of partitionsOf(table)) {
    const offsetBytes = place.firstLba * sectorSizeBytes;
    const sizeBytes = place.sectorCount * sectorSizeBytes;
    const content = place.role === 'extended' ? { fsType: '', label: '', usedBytes: null } : await contentOf(disk, { start: offsetBytes, end: offsetBytes + sizeBytes }, sectorSizeBytes);
    rows.push({ number: place.number, offsetBytes, sizeBytes, typeName: place.typeName, ...content });
  }
  return rows;
}

/** A volume that capture would refuse (a mounted one is always unclean) is still shown with what is known of it. */
async function contentOf(disk: DiskReader, range: { start: number; end: number }, sectorSizeBytes: number): Promise<{ fsType: string; label: string; usedBytes: number | null }> {
  try {
    const volume = await volumeAt(disk, range, { sectorSizeBytes, what: 'The volume' });
    const fsType = volume.fsType === 'raw' ? (volume.detected ?? '') : volume.fsType;
    return { fsType, label: volume.label, usedBytes: volume.map === 'all' ? null : volume.map.usedBytes };
  } catch (error) {
    const about: Record<string, unknown> = error instanceof AppError ? error.data : {};
    return { fsType: typeof about['fsType'] === 'string' ? about['fsType'] : 'unreadable', label: typeof about['label'] === 'string' ? about['label'] : '', usedBytes: null };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
