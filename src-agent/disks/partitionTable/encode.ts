// Owns turning a captured table into the exact writes for a target disk, after checking every bound against that disk.
// Pure. Nothing else may compose partition table bytes.
import { AppError } from '#shared/errors.ts';
import type { PartitionTable } from '#shared/model/schema.ts';
import type { TableWrite, TargetGeometry } from '../types.ts';
import { encodeGpt, entryArraySectors } from './gpt.ts';
import { checkLayout, partitionsOf } from './layout.ts';
import { encodeMbr } from './mbr.ts';

/** In the order in which they are to be written. Empty for a disk without table. */
export function encodeTable(table: PartitionTable, target: TargetGeometry): TableWrite[] {
  const sectors = Math.floor(target.sizeBytes / target.sectorSizeBytes);
  if (target.sectorSizeBytes < 512) throw new AppError('invalid-input', `A sector of ${target.sectorSizeBytes} bytes does not exist.`);
  if (table.kind === 'gpt') refuseBadGpt(table, target.sectorSizeBytes);
  checkLayout(table, sectors, target.sectorSizeBytes);
  if (table.kind === 'none') return [];
  return table.kind === 'gpt' ? encodeGpt(table, target) : encodeMbr(table, target.sectorSizeBytes);
}

/** The smallest disk that this table with all its partitions fits on. 0 without a table. */
export function minimumTargetBytes(table: PartitionTable, sectorSizeBytes: number): number {
  if (table.kind === 'none') return 0;
  const end = partitionsOf(table).reduce((most, p) => Math.max(most, p.firstLba + p.sectorCount), 1);
  if (table.kind === 'mbr') return end * sectorSizeBytes;
  const entrySectors = entryArraySectors(table, sectorSizeBytes);
  return (Math.max(end, table.entriesLba + entrySectors, table.firstUsableLba + 1) + entrySectors + 1) * sectorSizeBytes;
}

/** A graph comes from a manifest, which may have been made by anybody: what the bytes can't express is refused. */
function refuseBadGpt(table: PartitionTable & { kind: 'gpt' }, sectorSizeBytes: number): void {
  const indexes = new Set<number>();
  for (const entry of table.entries) {
    const extraRoom = table.entrySize - 56 - entry.name.length * 2;
    const fits = entry.index < table.entryCount && !indexes.has(entry.index) && entry.lastLba >= entry.firstLba && (entry.extra?.length ?? 0) / 2 <= extraRoom;
    if (!fits) throw new AppError('table-damaged', `Entry ${entry.index + 1} of the image's partition table is not valid. The image can't be deployed; verify it.`, { partition: entry.index + 1 });
    indexes.add(entry.index);
  }
  if (table.headerSize > sectorSizeBytes || table.entrySize % 8 !== 0) {
    throw new AppError('table-damaged', 'The header of the image\'s partition table is not valid. The image can\'t be deployed; verify it.');
  }
}
