// Owns naming what is not captured by used blocks: other file systems, LVM, RAID and encrypted volumes, which are taken as raw bytes.
// One table of magic numbers, in libblkid's names; BitLocker alone is a refusal (recognise.ts).
import { hasMagic, readBytes, text, u32, uuidText } from '../bytes.ts';
import type { DiskReader } from '../types.ts';

export type Signature = { detected: string; label: string; uuid: string };
type Known = { detected: string; at: number; magic: string; label?: [offset: number, length: number]; uuid?: number; uuidString?: number };

const known: readonly Known[] = [
  { detected: 'crypto_LUKS', at: 0, magic: 'LUKS\xba\xbe', uuidString: 168 },
  { detected: 'linux_raid_member', at: 0, magic: '\xfc\x4e\x2b\xa9', uuid: 16, label: [32, 32] },
  { detected: 'linux_raid_member', at: 4096, magic: '\xfc\x4e\x2b\xa9', uuid: 4096 + 16, label: [4096 + 32, 32] },
  { detected: 'bcache', at: 4096 + 24, magic: '\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81', uuid: 4096 + 40 },
  { detected: 'xfs', at: 0, magic: 'XFSB', uuid: 32, label: [108, 12] },
  { detected: 'btrfs', at: 0x10040, magic: '_BHRfS_M', uuid: 0x10020, label: [0x1012b, 256] },
  { detected: 'exfat', at: 3, magic: 'EXFAT   ' },
  { detected: 'ReFS', at: 3, magic: 'ReFS\0\0\0\0' },
  { detected: 'f2fs', at: 1024, magic: '\x10\x20\xf5\xf2', uuid: 1024 + 108 },
  { detected: 'bcachefs', at: 4096 + 24, magic: '\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef', uuid: 4096 + 56 },
  { detected: 'erofs', at: 1024, magic: '\xe2\xe1\xf5\xe0' },
  { detected: 'squashfs', at: 0, magic: 'hsqs' },
  { detected: 'jfs', at: 32768, magic: 'JFS1', uuid: 32768 + 136, label: [32768 + 152, 16] },
  { detected: 'reiserfs', at: 65536 + 52, magic: 'ReIsEr', uuid: 65536 + 84, label: [65536 + 100, 16] },
  { detected: 'nilfs2', at: 1024 + 6, magic: '\x34\x34' },
  { detected: 'hfsplus', at: 1024, magic: 'H+' },
  { detected: 'hfsplus', at: 1024, magic: 'HX' },
  { detected: 'hfs', at: 1024, magic: 'BD' },
  { detected: 'apfs', at: 32, magic: 'NXSB', uuid: 72 },
  { detected: 'iso9660', at: 32769, magic: 'CD001', label: [32808, 32] },
  { detected: 'udf', at: 32769, magic: 'BEA01' },
  { detected: 'ufs', at: 8192 + 1372, magic: '\x54\x19\x01\x00' },
  { detected: 'ufs', at: 65536 + 1372, magic: '\x19\x01\x54\x19' },
  { detected: 'zfs_member', at: 128 * 1024, magic: '\x0c\xb1\xba\x00\0\0\0\0' },
  { detected: 'VMFS', at: 1024 * 1024, magic: '\x0d\xd0\x01\xc0' },
  { detected: 'ubifs', at: 0, magic: '\x31\x18\x10\x06' },
  { detected: 'romfs', at: 0, magic: '-rom1fs-' },
  { detected: 'cramfs', at: 0, magic: '\x45\x3d\xcd\x28' },
  { detected: 'minix', at: 1024 + 16, magic: '\x7f\x13' },
  { detected: 'minix', at: 1024 + 16, magic: '\x8f\x13' },
  { detected: 'minix', at: 1024 + 24, magic: '\x5a\x4d' },
];
/** Members that carry another signature inside their bytes: what they are decides, not what they hold. */
export const containers: ReadonlySet<string> = new Set(['crypto_LUKS', 'linux_raid_member', 'LVM2_member', 'bcache', 'zfs_member', 'isw_raid_member', 'ddf_raid_member']);

export async function findSignatures(volume: DiskReader): Promise<Signature[]> {
  const found: Signature[] = [];
  const lvm = await lvmLabel(volume);
  if (lvm !== null) found.push(lvm);
  const raid = await signatureAtEnd(volume);
  if (raid !== null) found.push(raid);
  const head = await readBytes(volume, 0, Math.min(volume.sizeBytes, 256 * 1024));
  for (const entry of known) {
    const bytes = entry.at + entry.magic.length <= head.length ? head : null;
    const here = bytes === null ? await magicAt(volume, entry) : hasMagic(bytes, entry.at, entry.magic);
    if (here && !found.some((one) => one.detected === entry.detected)) found.push(describe(entry, head));
  }
  return found;
}

async function magicAt(volume: DiskReader, entry: Known): Promise<boolean> {
  if (entry.at + entry.magic.length > volume.sizeBytes) return false;
  return hasMagic(await readBytes(volume, entry.at, entry.magic.length), 0, entry.magic);
}

function describe(entry: Known, head: Uint8Array): Signature {
  const fits = (at: number, length: number): boolean => at + length <= head.length;
  let uuid = '';
  if (entry.uuid !== undefined && fits(entry.uuid, 16)) uuid = uuidText(head, entry.uuid);
  if (entry.uuidString !== undefined && fits(entry.uuidString, 40)) uuid = text(head, entry.uuidString, 40);
  const label = entry.label !== undefined && fits(...entry.label) ? text(head, ...entry.label) : '';
  return { detected: entry.detected, label, uuid };
}

/** LVM2's label may be in any of the first four sectors of 512 bytes. */
async function lvmLabel(volume: DiskReader): Promise<Signature | null> {
  if (volume.sizeBytes < 2560) return null;
  const head = await readBytes(volume, 0, 2560);
  for (let at = 0; at < 2048; at += 512) {
    if (!hasMagic(head, at, 'LABELONE') || !hasMagic(head, at + 24, 'LVM2 001')) continue;
    const id = text(head, at + 32, 32);
    return { detected: 'LVM2_member', label: '', uuid: id.replace(/^(.{6})(.{4})(.{4})(.{4})(.{4})(.{4})(.{6})$/, '$1-$2-$3-$4-$5-$6-$7') };
  }
  return null;
}

/** RAID formats 0.90 and 1.0, Intel's and the SNIA's keep their superblock near the end. */
async function signatureAtEnd(volume: DiskReader): Promise<Signature | null> {
  const raid = (detected: string): Signature => ({ detected, label: '', uuid: '' });
  const size = volume.sizeBytes - (volume.sizeBytes % 512);
  if (size < 256 * 1024) return null;
  const tail = await readBytes(volume, size - 128 * 1024, 128 * 1024);
  const inTail = (at: number): number => at - (size - tail.length);
  const old = inTail(Math.floor(size / 65536) * 65536 - 65536);
  const v10 = inTail(Math.floor((size - 8192) / 4096) * 4096);
  if ([old, v10].some((at) => at >= 0 && u32(tail, at) === 0xa92b4efc)) return raid('linux_raid_member');
  if (hasMagic(tail, tail.length - 1024, 'Intel Raid ISM Cfg Sig. ')) return raid('isw_raid_member');
  if (hasMagic(tail, tail.length - 512, '\xde\x11\xde\x11')) return raid('ddf_raid_member');
  return null;
}
