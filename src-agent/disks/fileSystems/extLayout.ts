// Owns the superblock and the group descriptors of ext2/3/4: fields, features, and where the metadata of each group lies.
// Pure. Numbers follow the kernel's Documentation/filesystems/ext4 and e2fsprogs' lib/ext2fs.
import { text, u16, u32, u8, uuidText } from '../bytes.ts';
import { crc16, crc32c } from './checksums.ts';

export const superblockOffset = 1024;
export const superblockBytes = 1024;
export const compat = { hasJournal: 0x4, sparseSuper2: 0x200 } as const;
export const incompat = { recover: 0x4, journalDevice: 0x8, metaBg: 0x10, is64bit: 0x80, checksumSeed: 0x2000 } as const;
export const roCompat = { sparseSuper: 0x1, gdtChecksum: 0x10, bigalloc: 0x200, metadataChecksum: 0x400, orphanPresent: 0x10000 } as const;
/** Features after which the bitmaps still mean what this code takes them to mean. */
const knownIncompat = 0x2 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x1000 | 0x2000 | 0x4000 | 0x8000 | 0x10000 | 0x20000;
const knownRoCompat = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200 | 0x400 | 0x1000 | 0x2000 | 0x4000 | 0x8000 | 0x10000;
const ext3Incompat = 0x2 | 0x4 | 0x10;
const ext3RoCompat = 0x1 | 0x2 | 0x4;

export type ExtSuperblock = {
  blockSize: number; clusterRatio: number; blocks: number; firstDataBlock: number; blocksPerGroup: number; groups: number;
  inodesPerGroup: number; inodeTableBlocks: number; descriptorSize: number; descriptorsPerBlock: number; descriptorBlocks: number;
  reservedGdtBlocks: number; firstMetaBg: number; backupGroups: [number, number]; state: number;
  compat: number; incompat: number; roCompat: number; uuidBytes: Uint8Array; checksumSeed: number;
  label: string; uuid: string; kind: 'ext2' | 'ext3' | 'ext4'; unknownFeatures: string;
};

export function isExtSuperblock(bytes: Uint8Array): boolean {
  return u16(bytes, 56) === 0xef53;
}

/** Null where the fields contradict each other (a stray magic number, or damage). */
export function decodeExtSuperblock(b: Uint8Array): ExtSuperblock | null {
  const logBlock = u32(b, 24);
  const logCluster = u32(b, 28);
  if (logBlock > 6 || logCluster > 30) return null;
  const features = { compat: u32(b, 92), incompat: u32(b, 96), roCompat: u32(b, 100) };
  const blockSize = 1024 << logBlock;
  const bigalloc = (features.roCompat & roCompat.bigalloc) !== 0;
  if (bigalloc && logCluster < logBlock) return null;
  const is64bit = (features.incompat & incompat.is64bit) !== 0;
  const blocks = u32(b, 4) + (is64bit ? u32(b, 336) * 0x1_0000_0000 : 0);
  const firstDataBlock = u32(b, 20);
  const blocksPerGroup = u32(b, 32);
  const clusterRatio = bigalloc ? 2 ** (logCluster - logBlock) : 1;
  const descriptorSize = is64bit ? u16(b, 254) : 32;
  const inodeSize = u32(b, 76) === 0 ? 128 : u16(b, 88);
  const inodesPerGroup = u32(b, 40);
  if (firstDataBlock > 1 || blocks <= firstDataBlock || blocksPerGroup < 8 * clusterRatio || blocksPerGroup / clusterRatio > blockSize * 8) return null;
  if (blocksPerGroup % (8 * clusterRatio) !== 0 || (is64bit && (descriptorSize < 64 || descriptorSize > 1024 || (descriptorSize & (descriptorSize - 1)) !== 0))) return null;
  if (inodeSize < 128 || inodeSize > blockSize || inodesPerGroup < 1 || inodesPerGroup > blockSize * 8) return null;
  const groups = Math.ceil((blocks - firstDataBlock) / blocksPerGroup);
  const descriptorsPerBlock = blockSize / descriptorSize;
  const uuidBytes = b.slice(104, 120);
  return {
    blockSize, clusterRatio, blocks, firstDataBlock, blocksPerGroup, groups, inodesPerGroup,
    inodeTableBlocks: Math.ceil((inodesPerGroup * inodeSize) / blockSize), descriptorSize, descriptorsPerBlock,
    descriptorBlocks: Math.ceil(groups / descriptorsPerBlock), reservedGdtBlocks: u16(b, 206), firstMetaBg: u32(b, 260),
    backupGroups: [u32(b, 588), u32(b, 592)], state: u16(b, 58), ...features, uuidBytes,
    checksumSeed: (features.incompat & incompat.checksumSeed) !== 0 ? u32(b, 624) : crc32c(0xffffffff, uuidBytes),
    label: text(b, 120, 16), uuid: uuidText(b, 104), kind: kindOf(features), unknownFeatures: unknownOf(features),
  };
}

function kindOf(features: { compat: number; incompat: number; roCompat: number }): ExtSuperblock['kind'] {
  if ((features.incompat & ~ext3Incompat) !== 0 || (features.roCompat & ~ext3RoCompat) !== 0) return 'ext4';
  return (features.compat & compat.hasJournal) !== 0 ? 'ext3' : 'ext2';
}
function unknownOf(features: { incompat: number; roCompat: number }): string {
  const unknown = [features.incompat & ~knownIncompat, features.roCompat & ~knownRoCompat].map((bits) => (bits >>> 0).toString(16));
  return unknown.every((bits) => bits === '0') ? '' : `incompat ${unknown[0]}, ro_compat ${unknown[1]}`;
}

export function superblockChecksumHolds(b: Uint8Array, sb: ExtSuperblock): boolean {
  return (sb.roCompat & roCompat.metadataChecksum) === 0 || crc32c(0xffffffff, b.subarray(0, 1020)) === u32(b, 1020);
}

/** Group 0 and, with sparse_super, the powers of 3, 5 and 7 carry a copy; with sparse_super2 only two chosen groups do. */
export function groupHasSuperblock(sb: ExtSuperblock, group: number): boolean {
  if (group === 0) return true;
  if ((sb.compat & compat.sparseSuper2) !== 0) return sb.backupGroups.includes(group);
  if (group === 1 || (sb.roCompat & roCompat.sparseSuper) === 0) return true;
  return [3, 5, 7].some((base) => {
    let power = base;
    while (power < group) power *= base;
    return power === group;
  });
}

export function firstBlockOfGroup(sb: ExtSuperblock, group: number): number {
  return sb.firstDataBlock + group * sb.blocksPerGroup;
}

/** Where block `index` of the primary descriptor table lies (ext2fs_descriptor_block_loc2). */
export function descriptorBlockAt(sb: ExtSuperblock, index: number): number {
  // With 1 KiB blocks the superblock is in block 1, even where bigalloc counts data blocks from 0.
  const superBlock = sb.blockSize === superblockOffset ? 1 : 0;
  if ((sb.incompat & incompat.metaBg) === 0 || index < sb.firstMetaBg) return superBlock + 1 + index;
  const group = index * sb.descriptorsPerBlock;
  const shift = group === 0 && superBlock === 1 && sb.firstDataBlock === 0 ? 1 : 0;
  return firstBlockOfGroup(sb, group) + (groupHasSuperblock(sb, group) ? 1 : 0) + shift;
}

/** Blocks at the start of a group that hold a superblock copy and descriptor copies (ext4_num_base_meta_clusters). */
export function baseMetadataBlocks(sb: ExtSuperblock, group: number): number {
  const copy = groupHasSuperblock(sb, group);
  // Block 0 before the superblock is part of group 0 only where data blocks are counted from 0 (bigalloc with 1 KiB blocks).
  const before = group === 0 && sb.blockSize === superblockOffset && sb.firstDataBlock === 0 ? 1 : 0;
  const metaBg = (sb.incompat & incompat.metaBg) !== 0;
  if (!metaBg || group < sb.firstMetaBg * sb.descriptorsPerBlock) {
    if (!copy) return 0;
    return before + 1 + (metaBg ? sb.firstMetaBg : sb.descriptorBlocks) + sb.reservedGdtBlocks;
  }
  const inMetaGroup = group % sb.descriptorsPerBlock;
  const holdsDescriptors = inMetaGroup === 0 || inMetaGroup === 1 || inMetaGroup === sb.descriptorsPerBlock - 1;
  return before + (copy ? 1 : 0) + (holdsDescriptors ? 1 : 0);
}

export type ExtGroup = { blockBitmap: number; inodeBitmap: number; inodeTable: number; freeClusters: number; blockUninit: boolean; bitmapChecksum: number; bitmapChecksumMask: number };

/** bytes: one descriptor. Null where its checksum does not hold. */
export function decodeExtGroup(sb: ExtSuperblock, group: number, bytes: Uint8Array): ExtGroup | null {
  const checksummed = (sb.roCompat & (roCompat.gdtChecksum | roCompat.metadataChecksum)) !== 0;
  if (checksummed && descriptorChecksum(sb, group, bytes) !== u16(bytes, 30)) return null;
  const wide = sb.descriptorSize >= 64;
  const high32 = (at: number): number => (wide ? u32(bytes, at) * 0x1_0000_0000 : 0);
  return {
    blockBitmap: u32(bytes, 0) + high32(32), inodeBitmap: u32(bytes, 4) + high32(36), inodeTable: u32(bytes, 8) + high32(40),
    freeClusters: u16(bytes, 12) + (wide ? u16(bytes, 44) * 0x10000 : 0),
    blockUninit: checksummed && (u8(bytes, 18) & 0x2) !== 0,
    bitmapChecksum: (u16(bytes, 24) + (wide ? u16(bytes, 56) * 0x10000 : 0)) >>> 0, bitmapChecksumMask: wide ? 0xffffffff : 0xffff,
  };
}

function descriptorChecksum(sb: ExtSuperblock, group: number, bytes: Uint8Array): number {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, group, true);
  if ((sb.roCompat & roCompat.metadataChecksum) !== 0) {
    const cleared = bytes.slice();
    cleared.fill(0, 30, 32);
    return crc32c(crc32c(sb.checksumSeed, number), cleared) & 0xffff;
  }
  const head = crc16(crc16(crc16(0xffff, sb.uuidBytes), number), bytes.subarray(0, 30));
  return bytes.length > 32 ? crc16(head, bytes.subarray(32)) : head;
}
