// Owns the GPT's bytes (UEFI 2.10 §5.3): decoding one header and its entries, and encoding both again for any disk size.
// Pure: what is read from where, and which copy is believed, is read.ts's business.
import { crc32 } from 'node:zlib';
import { AppError, ProtocolError } from '#shared/errors.ts';
import type { GptEntry, GptTable, MbrEntry } from '#shared/model/schema.ts';
import { hasMagic, isZero, slice, toHex, u16, u32, u64, view } from '../bytes.ts';
import type { TableWrite, TargetGeometry } from '../types.ts';
import { encodeRecords } from './mbr.ts';

export const PROTECTIVE_TYPE = 0xee;
const signature = 'EFI PART';
const fixedEntryBytes = 128;
const nameUnits = 36;
const mostEntries = 4096;
const largestEntry = 4096;

export type GptHeader = {
  revision: number; headerSize: number; myLba: number; alternateLba: number;
  firstUsableLba: number; lastUsableLba: number; diskGuid: string;
  entriesLba: number; entryCount: number; entrySize: number; entriesCrc: number;
};

export function hasGptSignature(sector: Uint8Array): boolean {
  return hasMagic(sector, 0, signature);
}

/** One whole sector. Throws ProtocolError where it is not a header that could be at that LBA. */
export function decodeGptHeader(sector: Uint8Array, lba: number): GptHeader {
  if (!hasGptSignature(sector)) throw new ProtocolError(0, 'no GPT header here');
  const headerSize = u32(sector, 12);
  if (headerSize < 92 || headerSize > sector.length) throw new ProtocolError(12, `GPT header size ${headerSize}`);
  const copy = slice(sector, 0, headerSize).slice();
  copy.fill(0, 16, 20);
  if (crc32(copy) !== u32(sector, 16)) throw new ProtocolError(16, 'the GPT header does not match its checksum');
  const header = {
    revision: u32(sector, 8), headerSize, myLba: u64(sector, 24), alternateLba: u64(sector, 32),
    firstUsableLba: u64(sector, 40), lastUsableLba: u64(sector, 48), diskGuid: guidText(sector, 56),
    entriesLba: u64(sector, 72), entryCount: u32(sector, 80), entrySize: u32(sector, 84), entriesCrc: u32(sector, 88),
  };
  if (header.myLba !== lba) throw new ProtocolError(24, `the GPT header says it belongs to sector ${header.myLba}, not ${lba}`);
  if (header.entryCount < 1 || header.entryCount > mostEntries) throw new ProtocolError(80, `a GPT with ${header.entryCount} entries`);
  if (header.entrySize < fixedEntryBytes || header.entrySize > largestEntry || header.entrySize % 8 !== 0) {
    throw new ProtocolError(84, `GPT entries of ${header.entrySize} bytes`);
  }
  return header;
}

export function entryArraySectors(table: { entryCount: number; entrySize: number }, sectorSizeBytes: number): number {
  return Math.ceil((table.entryCount * table.entrySize) / sectorSizeBytes);
}

/** bytes: entryCount × entrySize. Only used entries are returned. */
export function decodeGptEntries(bytes: Uint8Array, header: GptHeader): GptEntry[] {
  if (crc32(bytes) !== header.entriesCrc) throw new ProtocolError(0, 'the GPT entries do not match their checksum');
  const entries: GptEntry[] = [];
  for (let index = 0; index < header.entryCount; index++) {
    const entry = slice(bytes, index * header.entrySize, header.entrySize);
    if (!isZero(entry.subarray(0, 16))) entries.push(decodeEntry(entry, index));
  }
  return entries;
}

function decodeEntry(entry: Uint8Array, index: number): GptEntry {
  let name = '';
  while (name.length < nameUnits) {
    const unit = u16(entry, 56 + name.length * 2);
    if (unit === 0) break;
    name += String.fromCharCode(unit);
  }
  const rest = entry.subarray(56 + name.length * 2);
  const firstLba = u64(entry, 32);
  const lastLba = u64(entry, 40);
  if (firstLba > lastLba || lastLba === Infinity) {
    throw new AppError('table-damaged', `Partition ${index + 1} in the GPT ends before it starts. Repair the table (sgdisk --verify, or testdisk), then try again.`, { partition: index + 1 });
  }
  return {
    index, typeGuid: guidText(entry, 0), partitionGuid: guidText(entry, 16), firstLba, lastLba,
    attributes: toHex(entry.slice(48, 56).reverse()), name, ...(isZero(rest) ? {} : { extra: toHex(rest) }),
  };
}

/** The first three fields are stored little-endian (UEFI 2.10 appendix A). */
export function guidText(bytes: Uint8Array, offset: number): string {
  const b = toHex(swapGuid(slice(bytes, offset, 16)));
  return b.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5').toUpperCase();
}
function swapGuid(raw: Uint8Array): Uint8Array {
  return Uint8Array.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15], (from) => raw[from] ?? 0);
}

/** The last LBA that partitions may use on a disk of this size. */
function lastUsableOn(table: GptTable, target: TargetGeometry): number {
  const sectors = Math.floor(target.sizeBytes / target.sectorSizeBytes);
  const last = sectors - 2 - entryArraySectors(table, target.sectorSizeBytes);
  return target.sourceSizeBytes === target.sizeBytes ? Math.min(last, table.lastUsableLba) : last;
}

/** Both copies and the protective MBR's records; the backup goes to the target's own end. Bounds are the caller's (encode.ts). */
export function encodeGpt(table: GptTable, target: TargetGeometry): TableWrite[] {
  const size = target.sectorSizeBytes;
  const lastLba = Math.floor(target.sizeBytes / size) - 1;
  const arraySectors = entryArraySectors(table, size);
  const entries = encodeEntries(table);
  const padded = new Uint8Array(arraySectors * size);
  padded.set(entries);
  const common = { table, size, entriesCrc: crc32(entries), lastUsableLba: lastUsableOn(table, target) };
  const backupEntries = lastLba - arraySectors;
  // Backup before primary, and the protective record last: an interrupted write leaves either no table or a whole one.
  return [
    { offsetBytes: backupEntries * size, bytes: padded },
    { offsetBytes: lastLba * size, bytes: encodeHeader({ ...common, myLba: lastLba, alternateLba: 1, entriesLba: backupEntries }) },
    { offsetBytes: table.entriesLba * size, bytes: padded },
    { offsetBytes: size, bytes: encodeHeader({ ...common, myLba: 1, alternateLba: lastLba, entriesLba: table.entriesLba }) },
    { offsetBytes: 446, bytes: encodeRecords(target.sourceSizeBytes === target.sizeBytes ? table.protectiveMbr : protectiveFor(table, lastLba)) },
  ];
}

function encodeEntries(table: GptTable): Uint8Array {
  const bytes = new Uint8Array(table.entryCount * table.entrySize);
  for (const entry of table.entries) {
    const at = bytes.subarray(entry.index * table.entrySize, (entry.index + 1) * table.entrySize);
    const fields = view(at);
    at.set(guidBytes(entry.typeGuid), 0);
    at.set(guidBytes(entry.partitionGuid), 16);
    fields.setBigUint64(32, BigInt(entry.firstLba), true);
    fields.setBigUint64(40, BigInt(entry.lastLba), true);
    fields.setBigUint64(48, BigInt(`0x${entry.attributes}`), true);
    for (let i = 0; i < entry.name.length; i++) fields.setUint16(56 + 2 * i, entry.name.charCodeAt(i), true);
    if (entry.extra !== undefined) at.set(Buffer.from(entry.extra, 'hex'), 56 + entry.name.length * 2);
  }
  return bytes;
}

function encodeHeader(h: { table: GptTable; size: number; entriesCrc: number; lastUsableLba: number; myLba: number; alternateLba: number; entriesLba: number }): Uint8Array {
  const sector = new Uint8Array(h.size);
  const fields = view(sector);
  sector.set(new TextEncoder().encode(signature));
  fields.setUint32(8, h.table.revision, true);
  fields.setUint32(12, h.table.headerSize, true);
  fields.setBigUint64(24, BigInt(h.myLba), true);
  fields.setBigUint64(32, BigInt(h.alternateLba), true);
  fields.setBigUint64(40, BigInt(h.table.firstUsableLba), true);
  fields.setBigUint64(48, BigInt(h.lastUsableLba), true);
  sector.set(guidBytes(h.table.diskGuid), 56);
  fields.setBigUint64(72, BigInt(h.entriesLba), true);
  fields.setUint32(80, h.table.entryCount, true);
  fields.setUint32(84, h.table.entrySize, true);
  fields.setUint32(88, h.entriesCrc, true);
  fields.setUint32(16, crc32(sector.subarray(0, h.table.headerSize)), true);
  return sector;
}

/** A protective record that reached the source's end reaches the target's; a hybrid's other records stay as they are. On an equal disk all do. */
function protectiveFor(table: GptTable, lastLba: number): MbrEntry[] {
  return table.protectiveMbr.map((record) => {
    const reachedEnd = record.sectorCount === 0xffffffff || record.firstLba + record.sectorCount > table.lastUsableLba;
    if (record.type !== PROTECTIVE_TYPE || !reachedEnd) return record;
    const sectorCount = Math.min(lastLba - record.firstLba + 1, 0xffffffff);
    return sectorCount === record.sectorCount ? record : { ...record, chsLast: 'ffffff', sectorCount };
  });
}

function guidBytes(guid: string): Uint8Array {
  return swapGuid(Buffer.from(guid.replaceAll('-', ''), 'hex'));
}
