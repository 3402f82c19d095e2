// Owns recognising ext2/3/4 and reading their map of used blocks from the block bitmaps.
// Every checksum and free count is compared: a map that could be wrong is refused, never returned.
import { readBytes } from '../bytes.ts';
import type { DiskReader, UsedMap } from '../types.ts';
import { UsedMapBuilder } from '../usedMap.ts';
import { crc32c } from './checksums.ts';
import {
  baseMetadataBlocks, decodeExtGroup, decodeExtSuperblock, descriptorBlockAt, firstBlockOfGroup, incompat, isExtSuperblock, roCompat,
  superblockBytes, superblockChecksumHolds, superblockOffset,
} from './extLayout.ts';
import type { ExtGroup, ExtSuperblock } from './extLayout.ts';
import { refuse } from './volume.ts';
import type { Recognised } from './volume.ts';

const validState = 1;
const errorState = 2;
/** Bitmaps that lie side by side are read together, this much at a time. */
const readAheadBytes = 1024 * 1024;

export async function recogniseExt(volume: DiskReader): Promise<Recognised | null> {
  if (volume.sizeBytes < superblockOffset + superblockBytes) return null;
  const bytes = await readBytes(volume, superblockOffset, superblockBytes);
  if (!isExtSuperblock(bytes)) return null;
  const sb = decodeExtSuperblock(bytes);
  if (sb === null) return null;
  const facts = { label: sb.label, uuid: sb.uuid, blockSizeBytes: sb.blockSize };
  if ((sb.incompat & incompat.journalDevice) !== 0) return { fsType: 'raw', detected: 'jbd', ...facts, map: 'all' };
  if (!superblockChecksumHolds(bytes, sb)) throw damaged(sb, 'its superblock does not match its checksum');
  if (sb.unknownFeatures !== '') {
    return { fsType: 'raw', detected: sb.kind, ...facts, map: 'all', note: `The ${sb.kind} file system uses features that are not known here (${sb.unknownFeatures}): all its blocks are captured.` };
  }
  refuseUnclean(sb);
  if (sb.blocks * sb.blockSize > volume.sizeBytes) throw damaged(sb, `it says it has ${sb.blocks} blocks of ${sb.blockSize} bytes, more than its partition holds`);
  return { fsType: sb.kind, ...facts, map: await usedBlocks(volume, sb) };
}

function refuseUnclean(sb: ExtSuperblock): void {
  const remedy = 'Unmount it and run e2fsck -f on it (or start and shut down the computer properly), then try again.';
  if ((sb.incompat & incompat.recover) !== 0) throw refuse('volume-unclean', `The ${sb.kind} file system ${named(sb)} was not unmounted: its journal still has to be replayed.`, remedy, aboutExt(sb));
  if ((sb.state & errorState) !== 0) throw refuse('volume-unclean', `The ${sb.kind} file system ${named(sb)} is marked as having errors.`, remedy, aboutExt(sb));
  if ((sb.state & validState) === 0) throw refuse('volume-unclean', `The ${sb.kind} file system ${named(sb)} was not unmounted cleanly.`, remedy, aboutExt(sb));
  if ((sb.roCompat & roCompat.orphanPresent) !== 0) throw refuse('volume-unclean', `The ${sb.kind} file system ${named(sb)} still has deleted files to clean up.`, remedy, aboutExt(sb));
}

function named(sb: ExtSuperblock): string {
  return sb.label === '' ? sb.uuid : `“${sb.label}”`;
}
function aboutExt(sb: ExtSuperblock): { fsType: string; label: string } {
  return { fsType: sb.kind, label: sb.label };
}
function damaged(sb: ExtSuperblock, what: string): Error {
  return refuse('volume-damaged', `The ${sb.kind} file system ${named(sb)} is damaged: ${what}.`, 'Run e2fsck -f on it, then try again.', aboutExt(sb));
}

async function usedBlocks(volume: DiskReader, sb: ExtSuperblock): Promise<UsedMap> {
  const size = sb.blockSize;
  const groups = await readGroups(volume, sb);
  const metadata = metadataOfUninitGroups(sb, groups);
  const builder = new UsedMapBuilder(size, volume.sizeBytes);
  // What lies before the first data block holds the boot sector (and with 1 KiB blocks nothing else).
  builder.add(0, sb.firstDataBlock * size);
  let cache: { first: number; bytes: Uint8Array } = { first: -1, bytes: new Uint8Array(0) };
  for (const [index, group] of groups.entries()) {
    const first = firstBlockOfGroup(sb, index);
    const clusters = Math.ceil(Math.min(sb.blocksPerGroup, sb.blocks - first) / sb.clusterRatio);
    let bits: Uint8Array;
    if (group.blockUninit) bits = bitmapOfUninitGroup(sb, { index, first, clusters, metadata });
    else {
      const at = (group.blockBitmap - cache.first) * size;
      if (cache.first < 0 || at < 0 || at + size > cache.bytes.length) {
        const length = Math.min(runLength(groups, index, Math.floor(readAheadBytes / size)), sb.blocks - group.blockBitmap);
        cache = { first: group.blockBitmap, bytes: await readBytes(volume, group.blockBitmap * size, length * size) };
      }
      const start = (group.blockBitmap - cache.first) * size;
      bits = cache.bytes.subarray(start, start + size);
      checkBitmap(sb, { group, index, bits, clusters });
    }
    builder.addBitmap(bits, clusters, first * size, size * sb.clusterRatio);
  }
  // Bytes of the partition behind the file system belong to nobody: they are kept.
  builder.add(sb.blocks * size, volume.sizeBytes);
  const map = builder.finish();
  checkMetadataIsUsed(sb, groups, map);
  return map;
}

/** A bitmap that calls the file system's own metadata free is not to be believed in anything else. */
function checkMetadataIsUsed(sb: ExtSuperblock, groups: ExtGroup[], map: UsedMap): void {
  for (const [index, group] of groups.entries()) {
    const own: [number, number][] = [[group.blockBitmap, 1], [group.inodeBitmap, 1], [group.inodeTable, sb.inodeTableBlocks], [firstBlockOfGroup(sb, index), baseMetadataBlocks(sb, index)]];
    for (const [block, count] of own) {
      if (count > 0 && map.coverage(block * sb.blockSize, count * sb.blockSize) !== 'used') throw damaged(sb, `its bitmaps call block ${block} free, which holds metadata of group ${index}`);
    }
  }
}

async function readGroups(volume: DiskReader, sb: ExtSuperblock): Promise<ExtGroup[]> {
  const groups: ExtGroup[] = [];
  for (let block = 0; block < sb.descriptorBlocks; block++) {
    const at = descriptorBlockAt(sb, block);
    if (at >= sb.blocks) throw damaged(sb, 'its group descriptors lie past its end');
    const bytes = await readBytes(volume, at * sb.blockSize, sb.blockSize);
    for (let i = 0; i < sb.descriptorsPerBlock && groups.length < sb.groups; i++) {
      const group = decodeExtGroup(sb, groups.length, bytes.subarray(i * sb.descriptorSize, (i + 1) * sb.descriptorSize));
      if (group === null) throw damaged(sb, `the descriptor of block group ${groups.length} does not match its checksum`);
      const metadata = [group.blockBitmap, group.inodeBitmap, group.inodeTable];
      if (metadata.some((b) => b < sb.firstDataBlock || b >= sb.blocks) || group.inodeTable + sb.inodeTableBlocks > sb.blocks) {
        throw damaged(sb, `block group ${groups.length} has its metadata outside the file system`);
      }
      groups.push(group);
    }
  }
  return groups;
}

/** How many bitmaps from this group on lie in consecutive blocks (flex_bg puts them together). */
function runLength(groups: ExtGroup[], index: number, most: number): number {
  let length = 1;
  while (length < most && groups[index + length]?.blockBitmap === (groups[index]?.blockBitmap ?? 0) + length) length++;
  return length;
}

function checkBitmap(sb: ExtSuperblock, at: { group: ExtGroup; index: number; bits: Uint8Array; clusters: number }): void {
  const { group, index, bits, clusters } = at;
  if ((sb.roCompat & roCompat.metadataChecksum) !== 0) {
    const whole = bits.subarray(0, sb.blocksPerGroup / sb.clusterRatio / 8);
    const sum = (crc32c(sb.checksumSeed, whole) & group.bitmapChecksumMask) >>> 0;
    if (sum !== group.bitmapChecksum) throw damaged(sb, `the block bitmap of group ${index} does not match its checksum`);
  }
  const free = clusters - countBits(bits, clusters);
  if (free !== group.freeClusters) throw damaged(sb, `group ${index} has ${free} free blocks by its bitmap but ${group.freeClusters} by its descriptor`);
}

/** [first block, end block) of bitmaps and inode tables of all groups, kept only where an uninitialised group may need them. */
function metadataOfUninitGroups(sb: ExtSuperblock, groups: ExtGroup[]): Map<number, [number, number][]> {
  const byGroup = new Map<number, [number, number][]>();
  const note = (start: number, end: number): void => {
    for (let g = Math.floor((start - sb.firstDataBlock) / sb.blocksPerGroup); g < groups.length && firstBlockOfGroup(sb, g) < end; g++) {
      if (groups[g]?.blockUninit === true) byGroup.set(g, [...(byGroup.get(g) ?? []), [start, end]]);
    }
  };
  for (const group of groups) {
    note(group.blockBitmap, group.blockBitmap + 1);
    note(group.inodeBitmap, group.inodeBitmap + 1);
    note(group.inodeTable, group.inodeTable + sb.inodeTableBlocks);
  }
  return byGroup;
}

/** BLOCK_UNINIT: the bitmap on disk is not valid; only metadata is in use in such a group (ext4_init_block_bitmap). */
function bitmapOfUninitGroup(sb: ExtSuperblock, at: { index: number; first: number; clusters: number; metadata: Map<number, [number, number][]> }): Uint8Array {
  const bits = new Uint8Array(Math.ceil(at.clusters / 8));
  const mark = (start: number, end: number): void => {
    const from = Math.max(0, Math.floor((start - at.first) / sb.clusterRatio));
    const to = Math.min(at.clusters, Math.ceil((end - at.first) / sb.clusterRatio));
    for (let c = from; c < to; c++) bits[c >> 3] = (bits[c >> 3] ?? 0) | (1 << (c & 7));
  };
  mark(at.first, at.first + baseMetadataBlocks(sb, at.index));
  for (const [start, end] of at.metadata.get(at.index) ?? []) mark(start, end);
  return bits;
}

function countBits(bits: Uint8Array, count: number): number {
  let set = 0;
  const whole = count >> 3;
  for (let i = 0; i < whole; i++) {
    let byte = bits[i] ?? 0;
    byte -= (byte >> 1) & 0x55;
    byte = (byte & 0x33) + ((byte >> 2) & 0x33);
    set += (byte + (byte >> 4)) & 0x0f;
  }
  for (let bit = whole * 8; bit < count; bit++) set += ((bits[bit >> 3] ?? 0) >> (bit & 7)) & 1;
  return set;
}
