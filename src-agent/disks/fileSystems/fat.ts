// Owns recognising FAT12/16/32 and reading their map of used clusters from the file allocation table.
// All copies of the table must agree: a map that could be wrong is refused, never returned.
import { hasMagic, readBytes, text, u16, u32, u8 } from '../bytes.ts';
import type { DiskReader, UsedMap } from '../types.ts';
import { UsedMapBuilder } from '../usedMap.ts';
import { refuse } from './volume.ts';
import type { Recognised } from './volume.ts';

type Fat = {
  bits: 12 | 16 | 32; sectorSize: number; clusterBytes: number; clusters: number;
  reservedBytes: number; fatBytes: number; fatCount: number; activeFat: number | null; rootCluster: number; dataStart: number; totalBytes: number;
  dirtyByte: number; label: string; uuid: string;
};
/** A multiple of 3, so that FAT12 entries never straddle two reads; and of 4 for FAT32. */
const readBytesAtOnce = 3 * 1024 * 1024;
const stateDirty = 0x01;

export async function recogniseFat(volume: DiskReader): Promise<Recognised | null> {
  if (volume.sizeBytes < 4096) return null;
  const fat = decodeFat(await readBytes(volume, 0, 512));
  if (fat === null) return null;
  if (fat.totalBytes > volume.sizeBytes) throw damaged(fat, `it says it has ${fat.totalBytes} bytes, more than its partition holds`);
  await refuseUnclean(volume, fat);
  const label = (await rootLabel(volume, fat)) ?? fat.label;
  return { fsType: `fat${fat.bits}`, label, uuid: fat.uuid, blockSizeBytes: fat.clusterBytes, map: await usedClusters(volume, fat) };
}

/** Null where the boot sector is not that of a FAT file system, by the checks of Linux's fat_read_bpb. */
export function decodeFat(b: Uint8Array): Fat | null {
  const sectorSize = u16(b, 11);
  const perCluster = u8(b, 13);
  const reserved = u16(b, 14);
  const fatCount = u8(b, 16);
  const rootEntries = u16(b, 17);
  const media = u8(b, 21);
  const fat16Sectors = u16(b, 22);
  const totalSectors = u16(b, 19) !== 0 ? u16(b, 19) : u32(b, 32);
  const jump = u8(b, 0) === 0xe9 || (u8(b, 0) === 0xeb && u8(b, 2) === 0x90);
  if (![512, 1024, 2048, 4096].includes(sectorSize) || !isPowerOfTwo(perCluster) || reserved === 0 || fatCount === 0 || fatCount > 4) return null;
  if (!jump || !(media === 0xf0 || media >= 0xf8) || totalSectors === 0 || hasMagic(b, 3, 'NTFS') || hasMagic(b, 3, 'EXFAT')) return null;
  const is32 = fat16Sectors === 0;
  const fatSectors = is32 ? u32(b, 36) : fat16Sectors;
  const rootSectors = Math.ceil((rootEntries * 32) / sectorSize);
  const dataSector = reserved + fatCount * fatSectors + rootSectors;
  if (fatSectors === 0 || dataSector >= totalSectors || (is32 && rootEntries !== 0) || (!is32 && rootEntries === 0)) return null;
  const clusters = Math.floor((totalSectors - dataSector) / perCluster);
  const bits = is32 ? 32 : clusters > 4084 ? 16 : 12;
  if (clusters === 0 || clusters > 0x0ffffff5 || Math.ceil(((clusters + 2) * bits) / 8) > fatSectors * sectorSize) return null;
  const extended = is32 ? 64 : 36;
  const named = u8(b, extended + 2) === 0x29;
  const mirroringOff = is32 && (u16(b, 40) & 0x80) !== 0;
  const serial = u32(b, extended + 3).toString(16).toUpperCase().padStart(8, '0');
  const label = named ? text(b, extended + 7, 11) : '';
  const activeFat = mirroringOff ? u16(b, 40) & 0xf : null;
  if (activeFat !== null && activeFat >= fatCount) return null;
  return {
    bits, sectorSize, clusterBytes: perCluster * sectorSize, clusters, reservedBytes: reserved * sectorSize, fatBytes: fatSectors * sectorSize, fatCount,
    activeFat, rootCluster: is32 ? u32(b, 44) : 0, dataStart: dataSector * sectorSize, totalBytes: totalSectors * sectorSize, dirtyByte: u8(b, extended + 1),
    label: label === 'NO NAME' ? '' : label, uuid: named ? `${serial.slice(0, 4)}-${serial.slice(4)}` : '',
  };
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}
function aboutFat(fat: Fat): { fsType: string; label: string } {
  return { fsType: `fat${fat.bits}`, label: fat.label };
}
function damaged(fat: Fat, what: string): Error {
  return refuse('volume-damaged', `The FAT${fat.bits} file system ${named(fat)} is damaged: ${what}.`, 'Run fsck.fat -a on it (Windows: chkdsk /f), then try again.', aboutFat(fat));
}
function named(fat: Fat): string {
  return fat.label === '' ? fat.uuid : `“${fat.label}”`;
}

async function refuseUnclean(volume: DiskReader, fat: Fat): Promise<void> {
  const remedy = 'Run fsck.fat -a on it (Windows: chkdsk /f), or unmount or eject it properly, then try again.';
  // Linux keeps its dirty bit in the boot sector, Windows in the second entry of the FAT (inverted; FAT12 has none there).
  const entries = await readBytes(volume, fat.reservedBytes + (fat.activeFat ?? 0) * fat.fatBytes, 8);
  const second = fat.bits === 32 ? u32(entries, 4) >>> 26 : fat.bits === 16 ? u16(entries, 2) >>> 14 : 3;
  if ((fat.dirtyByte & stateDirty) !== 0 || (second & 2) === 0) throw refuse('volume-unclean', `The FAT${fat.bits} file system ${named(fat)} was not unmounted cleanly (its dirty bit is set).`, remedy, aboutFat(fat));
  if ((second & 1) === 0) throw refuse('volume-unclean', `The FAT${fat.bits} file system ${named(fat)} has recorded a disk error.`, remedy, aboutFat(fat));
}

/** The volume label is an entry of the root directory; only its first piece is looked at, where formatting tools put it. */
async function rootLabel(volume: DiskReader, fat: Fat): Promise<string | null> {
  const inCluster = fat.bits === 32 && fat.rootCluster >= 2 && fat.rootCluster < fat.clusters + 2;
  const offset = inCluster ? fat.dataStart + (fat.rootCluster - 2) * fat.clusterBytes : fat.reservedBytes + fat.fatCount * fat.fatBytes;
  if (fat.bits === 32 && !inCluster) throw damaged(fat, `its root directory is said to be in cluster ${fat.rootCluster}`);
  const length = inCluster ? fat.clusterBytes : fat.dataStart - offset;
  const directory = await readBytes(volume, offset, Math.min(length, fat.totalBytes - offset));
  for (let at = 0; at + 32 <= directory.length && directory[at] !== 0; at += 32) {
    const attributes = u8(directory, at + 11);
    if (directory[at] !== 0xe5 && attributes !== 0x0f && (attributes & 0x08) !== 0) return text(directory, at, 11);
  }
  return null;
}

async function usedClusters(volume: DiskReader, fat: Fat): Promise<UsedMap> {
  const builder = new UsedMapBuilder(fat.clusterBytes, volume.sizeBytes);
  builder.add(0, fat.dataStart);
  const active = fat.reservedBytes + (fat.activeFat ?? 0) * fat.fatBytes;
  const needed = Math.ceil(((fat.clusters + 2) * fat.bits) / 8);
  let cluster = 0;
  for (let at = 0; at < needed; at += readBytesAtOnce) {
    const length = Math.min(readBytesAtOnce, needed - at);
    const bytes = await readBytes(volume, active + at, length);
    await compareCopies(volume, fat, { at, bytes });
    const last = Math.min(fat.clusters + 2, cluster + Math.floor((length * 8) / fat.bits));
    addRuns(builder, fat, { bytes, firstCluster: cluster, endCluster: last });
    cluster = last;
  }
  // What is too small for a cluster, and bytes of the partition behind the file system, are kept.
  builder.add(fat.dataStart + fat.clusters * fat.clusterBytes, volume.sizeBytes);
  const map = builder.finish();
  if (fat.bits === 32 && map.coverage(fat.dataStart + (fat.rootCluster - 2) * fat.clusterBytes, fat.clusterBytes) !== 'used') {
    throw damaged(fat, 'its root directory is marked free');
  }
  return map;
}

async function compareCopies(volume: DiskReader, fat: Fat, piece: { at: number; bytes: Uint8Array }): Promise<void> {
  if (fat.activeFat !== null) return;
  for (let copy = 1; copy < fat.fatCount; copy++) {
    const other = await readBytes(volume, fat.reservedBytes + copy * fat.fatBytes + piece.at, piece.bytes.length);
    if (Buffer.compare(other, piece.bytes) !== 0) throw damaged(fat, 'the copies of its allocation table differ');
  }
}

function addRuns(builder: UsedMapBuilder, fat: Fat, piece: { bytes: Uint8Array; firstCluster: number; endCluster: number }): void {
  const bad = fat.bits === 32 ? 0x0ffffff7 : fat.bits === 16 ? 0xfff7 : 0xff7;
  let runStart = -1;
  const place = (cluster: number): number => fat.dataStart + (cluster - 2) * fat.clusterBytes;
  for (let cluster = Math.max(2, piece.firstCluster); cluster < piece.endCluster; cluster++) {
    const entry = entryOf(fat, piece.bytes, cluster - piece.firstCluster);
    // A bad cluster has no content, and reading it may fail.
    const used = entry !== 0 && entry !== bad;
    if (used && runStart < 0) runStart = cluster;
    else if (!used && runStart >= 0) {
      builder.add(place(runStart), place(cluster));
      runStart = -1;
    }
    if (used && entry < bad && (entry === 1 || entry >= fat.clusters + 2)) throw damaged(fat, `cluster ${cluster} is followed by cluster ${entry}, which does not exist`);
  }
  if (runStart >= 0) builder.add(place(runStart), place(piece.endCluster));
}

function entryOf(fat: Fat, bytes: Uint8Array, index: number): number {
  if (fat.bits === 32) return u32(bytes, index * 4) & 0x0fffffff;
  if (fat.bits === 16) return u16(bytes, index * 2);
  const pair = u16(bytes, Math.floor(index * 1.5));
  return index % 2 === 0 ? pair & 0xfff : pair >>> 4;
}
