// Owns finding the partition table of a disk: GPT (primary, else backup), MBR with its extended chain, or none.
// It believes nothing that fails its checksum or the disk's bounds; what it can't read safely it refuses.
import { AppError, ProtocolError } from '#shared/errors.ts';
import type { Ebr, GptTable, MbrEntry, MbrTable, PartitionTable } from '#shared/model/schema.ts';
import { readBytes } from '../bytes.ts';
import type { DiskReader } from '../types.ts';
import { decodeGptEntries, decodeGptHeader, entryArraySectors, hasGptSignature, PROTECTIVE_TYPE } from './gpt.ts';
import type { GptHeader } from './gpt.ts';
import { checkLayout } from './layout.ts';
import { decodeRecords, diskSignatureOf, hasBootSignature, isExtended, isUsedRecord } from './mbr.ts';

/** reserved: sectors that belong to the table itself and are in no stream. */
export type ReadTable = { table: PartitionTable; notes: string[]; reserved: { firstLba: number; sectorCount: number }[] };
type GptCopy = { header: GptHeader; entries: GptTable['entries']; array: Uint8Array };

const mostEbrs = 256;

/** looksLikeVolume: LBA 0 is the start of a file system, so that bytes at 446 are no table unless they make sense as one. */
export async function readPartitionTable(reader: DiskReader, sectorSizeBytes: number, looksLikeVolume: boolean): Promise<ReadTable> {
  const none: ReadTable = { table: { kind: 'none' }, notes: [], reserved: [] };
  const sectors = Math.floor(reader.sizeBytes / sectorSizeBytes);
  if (sectors < 2) return none;
  const first = await readBytes(reader, 0, sectorSizeBytes);
  const second = await readBytes(reader, sectorSizeBytes, sectorSizeBytes);
  const records = decodeRecords(first);
  const signed = hasBootSignature(first);
  if (signed && records.some((record) => record.type === PROTECTIVE_TYPE)) return readGpt(reader, sectorSizeBytes, records);
  if (signed && isPlausibleMbr(records, sectors, looksLikeVolume)) {
    const result = await readMbr({ reader, sectorSizeBytes, first, records });
    if (hasGptSignature(second)) result.notes.push('A GPT from earlier use is left on the disk, but the MBR is what counts: the MBR was captured.');
    return result;
  }
  if (!looksLikeVolume && hasGptSignature(second) && (await readCopy(reader, sectorSizeBytes, 1)) !== null) {
    throw new AppError('table-damaged', 'The disk has a GPT but not the protective MBR that belongs to it, so no system would use it. Write it again (gdisk, command w) or wipe the old table (wipefs -a), then try again.');
  }
  return none;
}

function isPlausibleMbr(records: MbrEntry[], sectors: number, looksLikeVolume: boolean): boolean {
  if (!records.every((record) => record.status === 0 || record.status === 0x80)) return false;
  const used = records.filter(isUsedRecord);
  if (used.length === 0) return false;
  return !looksLikeVolume || used.every((record) => record.firstLba > 0 && record.firstLba + record.sectorCount <= sectors);
}

async function readGpt(reader: DiskReader, size: number, protectiveMbr: MbrEntry[]): Promise<ReadTable> {
  const lastLba = Math.floor(reader.sizeBytes / size) - 1;
  const notes: string[] = [];
  const primary = await readCopy(reader, size, 1);
  const expected = primary?.header.alternateLba ?? lastLba;
  let backup = await readCopy(reader, size, lastLba);
  if (backup === null && expected > 1 && expected < lastLba) backup = await readCopy(reader, size, expected);
  const copy = primary ?? backup;
  if (copy === null) {
    throw new AppError('table-damaged', 'The disk says it has a GPT, but neither the table nor its backup at the end of the disk can be read (checksums do not match). Repair it (gdisk, sgdisk --verify, testdisk), then try again.');
  }
  const { header } = copy;
  if (primary === null) notes.push('The primary GPT is damaged; its backup at the end of the disk was used. Deploying writes both copies afresh.');
  else if (backup === null) notes.push('The backup GPT at the end of the disk is missing or damaged; deploying writes it afresh.');
  else if (backup.header.entriesCrc !== header.entriesCrc) notes.push('The two copies of the GPT differ; the primary was used.');
  const arraySectors = entryArraySectors(header, size);
  // The backup names its own array; where the primary one was can only be the usual place.
  const entriesLba = primary === null ? 2 : header.entriesLba;
  const table: GptTable = {
    kind: 'gpt', diskGuid: header.diskGuid, revision: header.revision, headerSize: header.headerSize, entryCount: header.entryCount, entrySize: header.entrySize,
    entriesLba, firstUsableLba: header.firstUsableLba, lastUsableLba: header.lastUsableLba, entries: copy.entries, protectiveMbr,
  };
  if (!(header.lastUsableLba <= lastLba && header.firstUsableLba <= header.lastUsableLba)) {
    throw new AppError('table-past-end', `The GPT was made for another disk size: it reaches to sector ${header.lastUsableLba}, but the disk ends at sector ${lastLba}. Repair it (sgdisk --verify; partitions past the end are lost), then try again.`,
      { lastUsableLba: String(header.lastUsableLba), diskLastLba: lastLba });
  }
  checkLayout(table, lastLba + 1, size);
  const reserved = [{ firstLba: 1, sectorCount: 1 }, { firstLba: entriesLba, sectorCount: arraySectors }, { firstLba: lastLba - arraySectors, sectorCount: arraySectors + 1 }];
  if (backup !== null && backup.header.myLba !== lastLba) {
    notes.push(`The backup GPT is not at the end of the disk but at sector ${backup.header.myLba} (the disk has grown since); deploying puts it at the end.`);
  }
  if (table.entries.some((e) => e.firstLba < table.firstUsableLba || e.lastLba > table.lastUsableLba)) notes.push('A partition lies outside the range that the GPT calls usable; it was captured all the same.');
  return { table, notes, reserved };
}

/** One copy of the GPT, or null where it is missing or fails its checks. Errors of the device itself are not swallowed. */
async function readCopy(reader: DiskReader, size: number, lba: number): Promise<GptCopy | null> {
  try {
    const header = decodeGptHeader(await readBytes(reader, lba * size, size), lba);
    const array = await readBytes(reader, header.entriesLba * size, header.entryCount * header.entrySize);
    return { header, array, entries: decodeGptEntries(array, header) };
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

async function readMbr(source: { reader: DiskReader; sectorSizeBytes: number; first: Uint8Array; records: MbrEntry[] }): Promise<ReadTable> {
  const notes: string[] = [];
  const table: MbrTable = { kind: 'mbr', diskSignature: diskSignatureOf(source.first), entries: source.records, ebrs: [] };
  const sectors = Math.floor(source.reader.sizeBytes / source.sectorSizeBytes);
  // Bounds of the primaries first: the chain is read inside the extended partition, which must be on the disk.
  checkLayout(table, sectors, source.sectorSizeBytes);
  for (const [i, record] of source.records.entries()) {
    if (isExtended(record)) table.ebrs.push(...(await readChain({ ...source, extended: record, number: i + 1, room: mostEbrs - table.ebrs.length, notes })));
  }
  checkLayout(table, sectors, source.sectorSizeBytes);
  return { table, notes, reserved: [] };
}

async function readChain(chain: { reader: DiskReader; sectorSizeBytes: number; extended: MbrEntry; number: number; room: number; notes: string[] }): Promise<Ebr[]> {
  const { extended, number } = chain;
  const ebrs: Ebr[] = [];
  const seen = new Set<number>();
  for (let lba: number | null = extended.firstLba; lba !== null; ) {
    if (seen.has(lba)) {
      throw new AppError('extended-loop', `The logical partitions of extended partition ${number} form a loop: record ${ebrs.length} points back to sector ${lba}. Repair the table (testdisk), then try again.`, { partition: number, lba });
    }
    if (lba >= extended.firstLba + extended.sectorCount) {
      throw new AppError('table-past-end', `Record ${ebrs.length} of extended partition ${number} points to sector ${lba}, past the end of that partition. Repair the table (testdisk), then try again.`, { partition: number, lba });
    }
    if (ebrs.length >= chain.room) throw new AppError('table-damaged', `Extended partition ${number} holds more than ${mostEbrs} logical partitions. No such table is supported; check it with sfdisk --dump.`, { partition: number });
    seen.add(lba);
    const sector = await readBytes(chain.reader, lba * chain.sectorSizeBytes, chain.sectorSizeBytes);
    if (!hasBootSignature(sector)) {
      if (ebrs.length > 0) throw new AppError('table-damaged', `Record ${ebrs.length} of extended partition ${number} points to sector ${lba}, where there is no such record. Repair the table (testdisk), then try again.`, { partition: number, lba });
      chain.notes.push(`Extended partition ${number} is empty.`);
      break;
    }
    const entries = decodeRecords(sector);
    ebrs.push({ lba, entries });
    const link: MbrEntry | undefined = entries.find(isExtended);
    lba = link === undefined ? null : extended.firstLba + link.firstLba;
  }
  return ebrs;
}
