// Owns the schema of an image version: the device graph of one captured disk, and the streams that carry its contents.
// Pure data: what a partition table says and where contents lie; how they are read or written is the agent's business.
import { z } from 'zod';

const bytes = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const lba = bytes;
const guid = z.string().regex(/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
const hex = z.string().regex(/^([0-9a-f]{2})*$/);
const nodeId = z.string().min(1).max(64);

/** One used entry of a GPT, UEFI 2.10 §5.3.3. `index` is zero-based, so partition number = index + 1. */
export const gptEntrySchema = z.object({
  index: z.number().int().min(0).max(4095),
  typeGuid: guid,
  partitionGuid: guid,
  firstLba: lba,
  lastLba: lba,
  /** 64 bits as 16 hex digits, most significant first. */
  attributes: z.string().regex(/^[0-9a-f]{16}$/),
  /** UTF-16 code units up to the first NUL, as stored (may hold lone surrogates). */
  name: z.string().max(36),
  /** bytes 56.. of the entry after the name's first NUL and anything past byte 128, where not all zero */
  extra: hex.optional(),
});
export type GptEntry = z.infer<typeof gptEntrySchema>;

/** One 16-byte record of an MBR or EBR, as stored. */
export const mbrEntrySchema = z.object({
  status: z.number().int().min(0).max(255),
  type: z.number().int().min(0).max(255),
  chsFirst: hex.length(6),
  chsLast: hex.length(6),
  /** As stored: relative to the disk, to the EBR (logical) or to the extended partition (link). */
  firstLba: z.number().int().min(0).max(0xffffffff),
  sectorCount: z.number().int().min(0).max(0xffffffff),
});
export type MbrEntry = z.infer<typeof mbrEntrySchema>;

/** One EBR of the extended chain: its own place and its first two records (third and fourth kept if not zero). */
export const ebrSchema = z.object({ lba, entries: z.array(mbrEntrySchema).length(4) });
export type Ebr = z.infer<typeof ebrSchema>;

export const gptTableSchema = z.object({
  kind: z.literal('gpt'),
  diskGuid: guid,
  revision: z.number().int().min(0).max(0xffffffff),
  headerSize: z.number().int().min(92).max(4096),
  entryCount: z.number().int().min(1).max(4096),
  entrySize: z.number().int().min(128).max(4096),
  entriesLba: lba,
  firstUsableLba: lba,
  lastUsableLba: lba,
  entries: z.array(gptEntrySchema).max(4096),
  /** The four records of LBA 0: protective, or hybrid. */
  protectiveMbr: z.array(mbrEntrySchema).length(4),
});
export const mbrTableSchema = z.object({
  kind: z.literal('mbr'),
  /** 32-bit disk signature at byte 440, 8 hex digits as a number is usually printed */
  diskSignature: z.string().regex(/^[0-9a-f]{8}$/),
  entries: z.array(mbrEntrySchema).length(4),
  ebrs: z.array(ebrSchema).max(256),
});
/** A disk with a file system right on it, or with nothing but raw content, has no table. */
export const noTableSchema = z.object({ kind: z.literal('none') });
export const partitionTableSchema = z.discriminatedUnion('kind', [gptTableSchema, mbrTableSchema, noTableSchema]);
export type GptTable = z.infer<typeof gptTableSchema>;
export type MbrTable = z.infer<typeof mbrTableSchema>;
export type PartitionTable = z.infer<typeof partitionTableSchema>;

export const diskNodeSchema = z.object({
  type: z.literal('disk'),
  id: nodeId,
  sizeBytes: bytes,
  sectorSizeBytes: z.number().int().min(512).max(65536),
  model: z.string().max(256),
  serial: z.string().max(256),
  bus: z.string().max(32),
  table: partitionTableSchema,
});
export const partitionNodeSchema = z.object({
  type: z.literal('partition'),
  id: nodeId,
  disk: nodeId,
  /** As the kernel numbers it: GPT index + 1; MBR 1–4, logicals from 5. */
  number: z.number().int().min(1).max(4096),
  offsetBytes: bytes,
  sizeBytes: bytes,
  /** GPT: type GUID; MBR: two hex digits. */
  typeCode: z.string().max(40),
  /** What that type is called: "EFI System", "Linux filesystem", "Microsoft basic data"… */
  typeName: z.string().max(80),
  /** GPT partition name, else empty. */
  name: z.string().max(72),
  role: z.enum(['primary', 'extended', 'logical']),
});
export const fsTypes = ['ext2', 'ext3', 'ext4', 'ntfs', 'fat12', 'fat16', 'fat32', 'swap', 'raw'] as const;
export type FsType = (typeof fsTypes)[number];
export const volumeNodeSchema = z.object({
  type: z.literal('volume'),
  id: nodeId,
  /** The node that holds it: a partition, a disk without table (later: a logical volume). */
  on: nodeId,
  /** From the start of the disk. */
  offsetBytes: bytes,
  sizeBytes: bytes,
  fsType: z.enum(fsTypes),
  /** Where fsType is raw and something was recognised all the same: "xfs", "btrfs", "LVM2_member", "crypto_LUKS"… */
  detected: z.string().max(64).optional(),
  label: z.string().max(256),
  uuid: z.string().max(64),
  blockSizeBytes: bytes,
  usedBytes: bytes,
  stream: z.number().int().nonnegative(),
});
export const graphNodeSchema = z.discriminatedUnion('type', [diskNodeSchema, partitionNodeSchema, volumeNodeSchema]);
export type DiskNode = z.infer<typeof diskNodeSchema>;
export type PartitionNode = z.infer<typeof partitionNodeSchema>;
export type VolumeNode = z.infer<typeof volumeNodeSchema>;
export type GraphNode = z.infer<typeof graphNodeSchema>;

export const streamSchema = z.object({
  index: z.number().int().nonnegative(),
  /** blocks: content of a volume; gap: bytes of a disk that no volume covers (boot code, EBR area). Others may follow. */
  kind: z.enum(['blocks', 'gap']),
  /** The node the content belongs to: a volume, or for a gap its disk. */
  node: nodeId,
  /** Where the stream starts, from the start of the disk. */
  offsetBytes: bytes,
  lengthBytes: bytes,
});
export type StreamInfo = z.infer<typeof streamSchema>;

/** The device graph plus streams: the JSON head of a manifest. */
export const deviceGraphSchema = z.object({
  chunkSizeBytes: z.number().int().min(4096).max(1 << 24),
  nodes: z.array(graphNodeSchema).min(1).max(10_000),
  streams: z.array(streamSchema).max(10_000),
});
export type DeviceGraph = z.infer<typeof deviceGraphSchema>;

/** Number of chunks of a stream; only the last may be shorter than chunkSizeBytes. */
export function chunkCount(lengthBytes: number, chunkSizeBytes: number): number {
  return Math.ceil(lengthBytes / chunkSizeBytes);
}
