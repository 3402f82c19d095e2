// Owns the bytes of MBR and EBR: four 16-byte records at 446 and the signature 55 AA at 510, whatever the sector size.
// Pure: the chain of extended partitions is walked in extended.ts.
import type { MbrEntry, MbrTable } from '#shared/model/schema.ts';
import { slice, toHex, u8, u16, u32, view } from '../bytes.ts';
import type { TableWrite } from '../types.ts';

const recordsAt = 446;
const recordBytes = 16;
const signatureAt = 510;
const extendedTypes = new Set([0x05, 0x0f, 0x85]);

export function hasBootSignature(sector: Uint8Array): boolean {
  return u16(sector, signatureAt) === 0xaa55;
}
export function decodeRecords(sector: Uint8Array): MbrEntry[] {
  return [0, 1, 2, 3].map((i) => {
    const record = slice(sector, recordsAt + i * recordBytes, recordBytes);
    return {
      status: u8(record, 0), type: u8(record, 4), chsFirst: toHex(record.subarray(1, 4)), chsLast: toHex(record.subarray(5, 8)),
      firstLba: u32(record, 8), sectorCount: u32(record, 12),
    };
  });
}
/** Windows and sfdisk call a record without type unused, whatever else it holds. */
export function isUsedRecord(record: MbrEntry): boolean {
  return record.type !== 0 && record.sectorCount !== 0;
}
export function isExtended(record: MbrEntry): boolean {
  return isUsedRecord(record) && extendedTypes.has(record.type);
}
export function diskSignatureOf(sector: Uint8Array): string {
  return u32(sector, 440).toString(16).padStart(8, '0');
}

/** Bytes 446 to 511 of a boot sector: the records and the signature. */
export function encodeRecords(records: readonly MbrEntry[]): Uint8Array {
  const bytes = new Uint8Array(signatureAt + 2 - recordsAt);
  const fields = view(bytes);
  records.forEach((record, i) => {
    const at = i * recordBytes;
    bytes[at] = record.status;
    bytes.set(Buffer.from(record.chsFirst, 'hex'), at + 1);
    bytes[at + 4] = record.type;
    bytes.set(Buffer.from(record.chsLast, 'hex'), at + 5);
    fields.setUint32(at + 8, record.firstLba, true);
    fields.setUint32(at + 12, record.sectorCount, true);
  });
  fields.setUint16(signatureAt - recordsAt, 0xaa55, true);
  return bytes;
}

/** The EBRs, then the disk signature and the records of LBA 0: the first sector makes the rest visible. */
export function encodeMbr(table: MbrTable, sectorSizeBytes: number): TableWrite[] {
  const signature = new Uint8Array(4);
  view(signature).setUint32(0, Number.parseInt(table.diskSignature, 16), true);
  return [
    ...table.ebrs.map((ebr) => ({ offsetBytes: ebr.lba * sectorSizeBytes + recordsAt, bytes: encodeRecords(ebr.entries) })),
    { offsetBytes: 440, bytes: signature },
    { offsetBytes: recordsAt, bytes: encodeRecords(table.entries) },
  ];
}
