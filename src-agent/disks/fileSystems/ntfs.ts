// Owns recognising NTFS, refusing it while Windows has not finished with it, and reading its map of used clusters from $Bitmap.
// The checks are those of ntfs-3g (ntfs_volume_check_hiberfile, ntfs_volume_check_logfile) plus the volume's dirty flag.
import { ProtocolError } from '#shared/errors.ts';
import { hasMagic, readBytes, u16, u32, u64, utf16 } from '../bytes.ts';
import type { DiskReader, UsedMap } from '../types.ts';
import { UsedMapBuilder } from '../usedMap.ts';
import { NtfsFiles } from './ntfsFiles.ts';
import { attributeTypes, decodeNtfsBoot } from './ntfsRecord.ts';
import type { Attribute, NtfsBoot, Run } from './ntfsRecord.ts';
import { refuse } from './volume.ts';
import type { Recognised } from './volume.ts';

const systemRecords = { logFile: 2, volume: 3, root: 5, bitmap: 6 } as const;
const dirtyFlag = 0x0001;
const chkdskUnderWay = 0x4000;
const hiberfileHeaderBytes = 4096;
const noClient = 0xffff;
const logClean = 0x0002;
const bitmapReadBytes = 1024 * 1024;
const shutDown = 'Start Windows and shut it down completely (shutdown /s /t 0, with fast startup off: powercfg /h off), then try again.';

export async function recogniseNtfs(volume: DiskReader): Promise<Recognised | null> {
  if (volume.sizeBytes < 4096) return null;
  const boot = decodeNtfsBoot(await readBytes(volume, 0, 512));
  if (boot === null) return null;
  try {
    if (boot.sectors * boot.sectorSize > volume.sizeBytes) throw new ProtocolError(40, `it says it has ${boot.sectors} sectors, more than its partition holds`);
    const files = await NtfsFiles.open(volume, boot);
    const label = await checkVolumeFlags(files);
    await refuseHibernated(files, label);
    await refuseUncleanLog(files, label);
    return { fsType: 'ntfs', label, uuid: boot.serial, blockSizeBytes: boot.clusterBytes, map: await usedClusters(volume, files) };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw refuse('volume-damaged', `The NTFS file system ${boot.serial} is damaged: ${error.message}.`, 'Run chkdsk /f on it in Windows, then try again.', { fsType: 'ntfs', label: '' });
  }
}

function named(label: string, boot: NtfsBoot): string {
  return label === '' ? boot.serial : `“${label}”`;
}

/** Returns the volume's label. */
async function checkVolumeFlags(files: NtfsFiles): Promise<string> {
  const record = await files.record(systemRecords.volume);
  const information = (await files.attributeOf(record, attributeTypes.volumeInformation, '', systemRecords.volume))?.value;
  if (information === null || information === undefined) throw new ProtocolError(0, 'the volume has no information record');
  const name = (await files.attributeOf(record, attributeTypes.volumeName, '', systemRecords.volume))?.value;
  const label = name === null || name === undefined ? '' : utf16(name, 0, Math.floor(name.length / 2));
  if ((u16(information, 10) & (dirtyFlag | chkdskUnderWay)) !== 0) {
    throw refuse('volume-unclean', `The NTFS file system ${named(label, files.boot)} is marked dirty: Windows wants to check it.`, 'Run chkdsk /f on it in Windows and shut down properly, then try again.', { fsType: 'ntfs', label });
  }
  return label;
}

async function refuseHibernated(files: NtfsFiles, label: string): Promise<void> {
  const file = await files.find(systemRecords.root, 'hiberfil.sys');
  if (file === null) return;
  const data = await files.attributeOf(file, attributeTypes.data, '', file.number);
  if (data === null) throw new ProtocolError(0, 'hiberfil.sys has no content');
  if (data.dataBytes < hiberfileHeaderBytes) {
    throw refuse('volume-hibernated', `The NTFS file system ${named(label, files.boot)} belongs to a hibernated Windows on another volume (its hiberfil.sys is only a stub).`, shutDown, { fsType: 'ntfs', label });
  }
  const header = await files.readAttribute(data, 0, 4);
  if (hasMagic(header, 0, 'hibr') || hasMagic(header, 0, 'HIBR')) {
    throw refuse('volume-hibernated', `Windows on the NTFS file system ${named(label, files.boot)} is hibernated or used fast startup.`, shutDown, { fsType: 'ntfs', label });
  }
}

type RestartPage = { lsn: number; clean: boolean; version: string };

async function refuseUncleanLog(files: NtfsFiles, label: string): Promise<void> {
  const record = await files.record(systemRecords.logFile);
  const data = await files.attributeOf(record, attributeTypes.data, '', systemRecords.logFile);
  if (data === null || data.dataBytes < 8192) throw new ProtocolError(0, 'its journal ($LogFile) is missing');
  const first = await files.readAttribute(data, 0, 4096);
  // ntfs-3g and mkntfs leave a journal of nothing but ones, which is a clean one.
  if (first.every((byte) => byte === 0xff)) return;
  const pageBytes = restartPageBytes(first);
  const pages = [await restartPage(files, data, 0), await restartPage(files, data, pageBytes)].filter((page) => page !== null);
  const latest = pages.toSorted((a, b) => b.lsn - a.lsn)[0];
  if (latest?.version === '2.0') {
    throw refuse('volume-hibernated', `Windows keeps part of the NTFS file system ${named(label, files.boot)} in its cache (fast startup, or it was unplugged while in use).`, shutDown, { fsType: 'ntfs', label });
  }
  if (latest === undefined || !latest.clean) {
    throw refuse('volume-unclean', `The NTFS file system ${named(label, files.boot)} was not unmounted cleanly: its journal has entries that are not finished.`, 'Start Windows and shut it down properly, or run chkdsk /f on it, then try again.', { fsType: 'ntfs', label });
  }
}

function restartPageBytes(page: Uint8Array): number {
  const size = u32(page, 16);
  return (hasMagic(page, 0, 'RSTR') || hasMagic(page, 0, 'CHKD')) && size >= 512 && size <= 65536 ? size : 4096;
}

async function restartPage(files: NtfsFiles, data: Attribute, offset: number): Promise<RestartPage | null> {
  if (offset + 4096 > data.dataBytes) return null;
  const page = await files.readAttribute(data, offset, 4096);
  if (!hasMagic(page, 0, 'RSTR') && !hasMagic(page, 0, 'CHKD')) return null;
  const area = u16(page, 24);
  // The restart area lies in the first 512 bytes, before the first fixup.
  if (area < 30 || area + 16 > 510) return null;
  const clean = u16(page, area + 12) === noClient || (u16(page, area + 14) & logClean) !== 0;
  return { lsn: u64(page, area), clean, version: `${u16(page, 28)}.${u16(page, 26)}` };
}

async function usedClusters(volume: DiskReader, files: NtfsFiles): Promise<UsedMap> {
  const { boot } = files;
  const record = await files.record(systemRecords.bitmap);
  const data = await files.attributeOf(record, attributeTypes.data, '', systemRecords.bitmap);
  const needed = Math.ceil(boot.clusters / 8);
  if (data === null || data.dataBytes < needed || data.initialisedBytes < needed || data.compressedOrEncrypted) throw new ProtocolError(0, 'its $Bitmap is too short');
  const builder = new UsedMapBuilder(boot.clusterBytes, volume.sizeBytes);
  for (let at = 0; at < needed; at += bitmapReadBytes) {
    const bits = await files.readAttribute(data, at, Math.min(bitmapReadBytes, needed - at));
    builder.addBitmap(bits, Math.min(bits.length * 8, boot.clusters - at * 8), at * 8 * boot.clusterBytes, boot.clusterBytes);
  }
  // Behind the last whole cluster: the copy of the boot sector, and bytes of the partition that belong to nobody.
  builder.add(boot.clusters * boot.clusterBytes, volume.sizeBytes);
  const map = builder.finish();
  const mustBeUsed: Run[] = [{ vcn: 0, cluster: 0, length: 1 }, ...files.mft, ...data.runs];
  for (const run of mustBeUsed) {
    if (run.cluster !== null && map.coverage(run.cluster * boot.clusterBytes, run.length * boot.clusterBytes) !== 'used') {
      throw new ProtocolError(0, `its $Bitmap calls cluster ${run.cluster} free, which its own metadata uses`);
    }
  }
  return map;
}
