// Owns the bytes of NTFS: boot sector, multi-sector fixups, MFT records, attributes and runlists.
// Pure. Field offsets follow the Linux kernel's fs/ntfs/layout.h; everything wrong is a ProtocolError.
import { ProtocolError } from '#shared/errors.ts';
import { hasMagic, slice, u16, u32, u64, u8, utf16 } from '../bytes.ts';

export const attributeTypes = { list: 0x20, fileName: 0x30, volumeName: 0x60, volumeInformation: 0x70, data: 0x80, indexRoot: 0x90, indexAllocation: 0xa0, end: 0xffffffff } as const;
/** Fixups protect every 512 bytes, whatever the sector size of the disk. */
const fixupStride = 512;

export type NtfsBoot = { sectorSize: number; clusterBytes: number; sectors: number; clusters: number; mftCluster: number; recordBytes: number; serial: string };
/** cluster null: a hole. */
export type Run = { vcn: number; cluster: number | null; length: number };
export type Attribute = {
  type: number; name: string; lowestVcn: number;
  /** Of a resident attribute. */
  value: Uint8Array | null;
  runs: Run[]; dataBytes: number; initialisedBytes: number; compressedOrEncrypted: boolean;
};
export type MftRecord = { attributes: Attribute[]; baseRecord: number; sequence: number };
export type IndexEntry = { record: number; sequence: number; name: string; childVcn: number | null };

/** Null where this is no NTFS boot sector. */
export function decodeNtfsBoot(b: Uint8Array): NtfsBoot | null {
  if (!hasMagic(b, 3, 'NTFS    ')) return null;
  const sectorSize = u16(b, 11);
  const rawPerCluster = u8(b, 13);
  const perCluster = rawPerCluster > 0x80 ? 2 ** (256 - rawPerCluster) : rawPerCluster;
  const sectors = u64(b, 40);
  const rawRecord = u8(b, 64);
  const clusterBytes = sectorSize * perCluster;
  const recordBytes = rawRecord >= 0x80 ? 2 ** (256 - rawRecord) : rawRecord * clusterBytes;
  if (![512, 1024, 2048, 4096].includes(sectorSize) || perCluster < 1 || (perCluster & (perCluster - 1)) !== 0 || clusterBytes > 2 * 1024 * 1024) return null;
  if (recordBytes < 512 || recordBytes > 65536 || (recordBytes & (recordBytes - 1)) !== 0 || sectors < perCluster || sectors === Infinity) return null;
  const serial = u64Hex(b, 72);
  return { sectorSize, clusterBytes, sectors, clusters: Math.floor(sectors / perCluster), mftCluster: u64(b, 48), recordBytes, serial };
}

function u64Hex(b: Uint8Array, at: number): string {
  return (u32(b, at + 4).toString(16).padStart(8, '0') + u32(b, at).toString(16).padStart(8, '0')).toUpperCase();
}

/** Puts the protected last two bytes of every stride back in place; bytes are changed. */
export function applyFixups(bytes: Uint8Array, magic: string): void {
  if (!hasMagic(bytes, 0, magic)) throw new ProtocolError(0, `no ${magic} record here`);
  const at = u16(bytes, 4);
  const count = u16(bytes, 6);
  if (count !== bytes.length / fixupStride + 1 || at % 2 !== 0 || at + count * 2 > fixupStride) throw new ProtocolError(4, `a ${magic} record with a wrong update sequence`);
  const expected = u16(bytes, at);
  for (let i = 1; i < count; i++) {
    const end = i * fixupStride - 2;
    if (u16(bytes, end) !== expected) throw new ProtocolError(end, `a ${magic} record that was only partly written`);
    bytes.copyWithin(end, at + i * 2, at + i * 2 + 2);
  }
}

/** Fixups must be applied already. */
export function decodeMftRecord(bytes: Uint8Array): MftRecord {
  if ((u16(bytes, 22) & 1) === 0) throw new ProtocolError(22, 'an MFT record that is not in use');
  const used = Math.min(u32(bytes, 24), bytes.length);
  const attributes: Attribute[] = [];
  for (let at = u16(bytes, 20); ; ) {
    const type = u32(bytes, at);
    if (type === attributeTypes.end) break;
    const length = u32(bytes, at + 4);
    if (length < 24 || length % 8 !== 0 || at + length > used) throw new ProtocolError(at, `an attribute of ${length} bytes`);
    attributes.push(decodeAttribute(slice(bytes, at, length)));
    at += length;
  }
  return { attributes, sequence: u16(bytes, 16), baseRecord: recordOf(bytes, 32) };
}

/** The record number of a file reference: its low 48 bits. */
function recordOf(bytes: Uint8Array, at: number): number {
  return u32(bytes, at) + u16(bytes, at + 4) * 0x1_0000_0000;
}

function decodeAttribute(b: Uint8Array): Attribute {
  const name = utf16(b, u16(b, 10), u8(b, 9));
  const compressedOrEncrypted = (u16(b, 12) & 0x40ff) !== 0;
  if (u8(b, 8) === 0) {
    const value = slice(b, u16(b, 20), u32(b, 16));
    return { type: u32(b, 0), name, lowestVcn: 0, value, runs: [], dataBytes: value.length, initialisedBytes: value.length, compressedOrEncrypted };
  }
  const lowestVcn = u64(b, 16);
  const sizes = lowestVcn === 0 ? { dataBytes: u64(b, 48), initialisedBytes: u64(b, 56) } : { dataBytes: 0, initialisedBytes: 0 };
  return { type: u32(b, 0), name, lowestVcn, value: null, runs: decodeRuns(b, u16(b, 32), lowestVcn), ...sizes, compressedOrEncrypted };
}

function decodeRuns(b: Uint8Array, start: number, lowestVcn: number): Run[] {
  const runs: Run[] = [];
  let vcn = lowestVcn;
  let cluster = 0;
  for (let at = start; u8(b, at) !== 0; ) {
    const lengthBytes = u8(b, at) & 0xf;
    const offsetBytes = u8(b, at) >>> 4;
    if (lengthBytes < 1 || lengthBytes > 7 || offsetBytes > 7) throw new ProtocolError(at, 'a run that can\'t be read');
    const length = signed(b, at + 1, lengthBytes);
    if (offsetBytes > 0) cluster += signed(b, at + 1 + lengthBytes, offsetBytes);
    if (length <= 0 || cluster < 0 || !Number.isSafeInteger(length + cluster + vcn)) throw new ProtocolError(at, 'a run outside the volume');
    runs.push({ vcn, cluster: offsetBytes === 0 ? null : cluster, length });
    vcn += length;
    at += 1 + lengthBytes + offsetBytes;
  }
  return runs;
}

function signed(b: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value += u8(b, at + i) * 256 ** i;
  return u8(b, at + length - 1) >= 0x80 ? value - 256 ** length : value;
}

/** Entries of an ATTRIBUTE_LIST: where the pieces of a file's attributes are. */
export function decodeAttributeList(b: Uint8Array): { type: number; lowestVcn: number; record: number; name: string }[] {
  const entries = [];
  for (let at = 0; at + 26 <= b.length; ) {
    const length = u16(b, at + 4);
    if (length < 26 || at + length > b.length) throw new ProtocolError(at, 'an attribute list entry that can\'t be read');
    entries.push({ type: u32(b, at), lowestVcn: u64(b, at + 8), record: recordOf(b, at + 16), name: utf16(b, at + u8(b, at + 7), u8(b, at + 6)) });
    at += length;
  }
  return entries;
}

/** b: from the INDEX_HEADER on (offset 16 of INDEX_ROOT's value, 24 of an INDX block). */
export function decodeIndexEntries(b: Uint8Array): IndexEntry[] {
  const entries: IndexEntry[] = [];
  const end = Math.min(u32(b, 4), b.length);
  for (let at = u32(b, 0); ; ) {
    const length = u16(b, at + 8);
    const flags = u16(b, at + 12);
    if (length < 16 || length % 8 !== 0 || at + length > end) throw new ProtocolError(at, 'an index entry that can\'t be read');
    const entry = slice(b, at, length);
    const last = (flags & 2) !== 0;
    const childVcn = (flags & 1) !== 0 ? u64(entry, length - 8) : null;
    entries.push({ record: recordOf(entry, 0), sequence: u16(entry, 6), name: last ? '' : utf16(entry, 82, u8(entry, 80)), childVcn });
    if (last) return entries;
    at += length;
  }
}
