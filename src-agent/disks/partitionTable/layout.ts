// Owns what a table means: its partitions as byte ranges with the kernel's numbers, and the rules they must obey.
// Pure. Everything that reads or writes a disk by a table asks checkLayout first.
import { AppError } from '#shared/errors.ts';
import type { MbrEntry, MbrTable, PartitionTable } from '#shared/model/schema.ts';
import { entryArraySectors } from './gpt.ts';
import { isExtended, isUsedRecord } from './mbr.ts';
import { gptTypeName, mbrTypeName } from './typeNames.ts';

export type PartitionPlace = {
  number: number; role: 'primary' | 'extended' | 'logical';
  firstLba: number; sectorCount: number;
  typeCode: string; typeName: string; name: string;
};
type Range = { first: number; last: number; what: string };

const repair = 'Look at the table (sfdisk --verify, sgdisk --verify) and repair it, for example with testdisk, then try again.';

export function partitionsOf(table: PartitionTable): PartitionPlace[] {
  if (table.kind === 'none') return [];
  if (table.kind === 'mbr') return mbrPartitions(table);
  return table.entries.map((entry) => ({
    number: entry.index + 1, role: 'primary', firstLba: entry.firstLba, sectorCount: entry.lastLba - entry.firstLba + 1,
    typeCode: entry.typeGuid, typeName: gptTypeName(entry.typeGuid), name: entry.name,
  }));
}

function mbrPartitions(table: MbrTable): PartitionPlace[] {
  const places: PartitionPlace[] = [];
  table.entries.forEach((record, i) => {
    if (isUsedRecord(record)) places.push(place(i + 1, record, record.firstLba, isExtended(record) ? 'extended' : 'primary'));
  });
  // As the kernel does: data records in the order of the chain, counted from 5.
  let number = 5;
  for (const ebr of table.ebrs) {
    ebr.entries.forEach((record, i) => {
      if (!isUsedRecord(record) || isExtended(record)) return;
      const firstLba = ebr.lba + record.firstLba;
      if (i >= 2 && !insideSomeExtended(table, firstLba, record.sectorCount)) return;
      places.push(place(number++, record, firstLba, 'logical'));
    });
  }
  return places;
}

/** OS/2 left odd bytes in the third and fourth record of an EBR; the kernel takes them only where they fit. */
function insideSomeExtended(table: MbrTable, firstLba: number, sectorCount: number): boolean {
  return table.entries.some((e) => isExtended(e) && firstLba >= e.firstLba && firstLba + sectorCount <= e.firstLba + e.sectorCount);
}

function place(number: number, record: MbrEntry, firstLba: number, role: PartitionPlace['role']): PartitionPlace {
  const typeCode = record.type.toString(16).padStart(2, '0');
  return { number, role, firstLba, sectorCount: record.sectorCount, typeCode, typeName: mbrTypeName(record.type), name: '' };
}

/** Throws table-past-end or table-overlap, naming the entries. totalSectors: of the disk the table is (to be) on. */
export function checkLayout(table: PartitionTable, totalSectors: number, sectorSizeBytes: number): void {
  if (table.kind === 'none') return;
  const places = partitionsOf(table);
  for (const p of places) {
    if (p.firstLba + p.sectorCount > totalSectors) {
      throw new AppError('table-past-end', `Partition ${p.number} ends at sector ${p.firstLba + p.sectorCount - 1}, past the end of the disk (last sector ${totalSectors - 1}). ${repair}`,
        { partition: p.number, lastLba: p.firstLba + p.sectorCount - 1, diskLastLba: totalSectors - 1 });
    }
  }
  const ranges = [...reservedRanges(table, totalSectors, sectorSizeBytes), ...places.filter((p) => p.role !== 'logical').map(rangeOf)];
  refuseOverlap(ranges);
  if (table.kind === 'mbr') checkLogicals(table, places);
}

function reservedRanges(table: Exclude<PartitionTable, { kind: 'none' }>, totalSectors: number, sectorSizeBytes: number): Range[] {
  const bootSector = { first: 0, last: 0, what: 'the boot sector' };
  if (table.kind === 'mbr') return [bootSector];
  const sectors = entryArraySectors(table, sectorSizeBytes);
  if (table.entriesLba < 2) throw new AppError('table-damaged', `The GPT says its entries start at sector ${table.entriesLba}, on top of its header. ${repair}`, { entriesLba: table.entriesLba });
  if (table.entriesLba + sectors > totalSectors - 1 - sectors || totalSectors < 3 + 2 * sectors) {
    throw new AppError('table-past-end', `The GPT's two copies do not fit on a disk of ${totalSectors} sectors. Use a larger disk, or repair the table.`, { diskLastLba: totalSectors - 1 });
  }
  return [
    bootSector, { first: 1, last: 1, what: 'the GPT header' },
    { first: table.entriesLba, last: table.entriesLba + sectors - 1, what: 'the GPT entries' },
    { first: totalSectors - 1 - sectors, last: totalSectors - 1, what: 'the backup GPT' },
  ];
}

function checkLogicals(table: MbrTable, places: PartitionPlace[]): void {
  const extended = places.filter((p) => p.role === 'extended').map(rangeOf);
  const inner = [
    ...table.ebrs.map((ebr, i) => ({ first: ebr.lba, last: ebr.lba, what: `extended record ${i + 1}` })),
    ...places.filter((p) => p.role === 'logical').map(rangeOf),
  ];
  for (const range of inner) {
    if (!extended.some((e) => range.first >= e.first && range.last <= e.last)) {
      throw new AppError('table-past-end', `${sentence(range.what)} lies outside the extended partition. ${repair}`, { firstLba: range.first, lastLba: range.last });
    }
  }
  refuseOverlap(inner);
}

function refuseOverlap(ranges: Range[]): void {
  const sorted = ranges.toSorted((a, b) => a.first - b.first || a.last - b.last);
  let before: Range | undefined;
  for (const range of sorted) {
    if (before !== undefined && range.first <= before.last) {
      throw new AppError('table-overlap', `${sentence(range.what)} (from sector ${range.first}) overlaps ${before.what} (to sector ${before.last}). ${repair}`,
        { first: before.what, second: range.what, atLba: range.first });
    }
    if (before === undefined || range.last > before.last) before = range;
  }
}

function rangeOf(p: PartitionPlace): Range {
  return { first: p.firstLba, last: p.firstLba + p.sectorCount - 1, what: `partition ${p.number}` };
}
function sentence(what: string): string {
  return what.charAt(0).toUpperCase() + what.slice(1);
}
