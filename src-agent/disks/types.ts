// Owns the types of src-agent/disks: how disks are read, what is known of them, which bytes of a stream are in use.
// Types only. The functions: inspect.ts inspectDisk; disk.ts diskFacts, openDiskForReading, openTarget; busy.ts busyReason,
// isSystemDisk, assertCapturable; inventory.ts listDisks, firmwareIdentity, inventory; partitionTable/encode.ts.
import type { DeviceGraph } from '#shared/model/schema.ts';

/** Random access to a disk's bytes. A read that can't be filled completely throws AppError `io`. Concurrent reads are fine. */
export type DiskReader = {
  readonly sizeBytes: number;
  read(buffer: Uint8Array, offset: number): Promise<void>;
};

/** disk.ts: `diskFacts(path, {sectorSizeBytes?})`; the sector size of an image file is found by its GPT, else 512, or as given. */
export type DiskFacts = {
  path: string;
  kind: 'block' | 'file';
  sizeBytes: number;
  sectorSizeBytes: number;
  physicalSectorSizeBytes: number;
  model: string;
  /** Empty for a plain image file, and where the hardware tells none. */
  serial: string;
  wwn: string;
  /** nvme, sata, usb, virtio, scsi, mmc, loop, file, … */
  bus: string;
  removable: boolean;
  rotational: boolean;
  readOnly: boolean;
};

/** disk.ts: `openDiskForReading(path, {sectorSizeBytes?}): Promise<SourceDisk>` */
export type SourceDisk = DiskReader & {
  readonly facts: DiskFacts;
  /** For worker threads of this process, which may read by position while the disk is open. */
  readonly fd: number;
  close(): Promise<void>;
};

/**
 * Which bytes of one stream are in use. All offsets are bytes from the stream's start; ranges are sorted, disjoint and
 * never touch. Kept in typed arrays, so that a fragmented 2 TB volume stays small.
 */
export type UsedMap = {
  readonly blockSizeBytes: number;
  readonly lengthBytes: number;
  readonly usedBytes: number;
  readonly extentCount: number;
  /** Used ranges inside [offset, offset + length) as [start, end, start, end, …], clipped to it; empty: nothing used there. */
  usedRanges(offset: number, length: number): number[];
  /** Quicker than usedRanges where only this matters. */
  coverage(offset: number, length: number): 'unused' | 'partly' | 'used';
  /** All used ranges in order. */
  extents(): IterableIterator<{ offset: number; length: number }>;
};

/** inspect.ts: `inspectDisk(reader: DiskReader, facts: DiskFacts): Promise<Inspection>` */
export type Inspection = {
  graph: DeviceGraph;
  /** By stream index, one for every stream: 'all' for gaps and raw volumes. */
  maps: Map<number, UsedMap | 'all'>;
  /** What a person should know, e.g. that the primary GPT was damaged and the backup was used. */
  notes: string[];
};

/** One write that makes up a partition table on a target disk. */
export type TableWrite = { offsetBytes: number; bytes: Uint8Array };
/**
 * partitionTable/encode.ts: `encodeTable(table, geometry): TableWrite[]` and `minimumTargetBytes(table, sectorSizeBytes): number`.
 * In LBA 0 and in EBRs only the records and the signatures are written (byte-exact, not whole sectors): boot code around them
 * is content of gap streams. Deploy writes streams first, tables last.
 */
export type TargetGeometry = {
  sizeBytes: number;
  sectorSizeBytes: number;
  /** Of the captured disk: where both are equally large, the GPT's last usable sector stays as it was. */
  sourceSizeBytes?: number;
};

/** What the person said the target is. Every property given must match. A plain file has no serial, model or wwn. */
export type ExpectedDisk = { serial?: string; sizeBytes?: number; model?: string; wwn?: string };

/** disk.ts: `openTarget(request: TargetRequest): Promise<TargetHandle>` */
export type TargetRequest = {
  path: string;
  expect?: ExpectedDisk;
  neededBytes: number;
  /** Of the image: a block device must have the same; a plain file takes it. */
  sectorSizeBytes: number;
  /** A plain file that is missing is created with this size. An existing one keeps its own. */
  createSizeBytes?: number;
};

/** A disk that passed every check and is open for writing (O_EXCL where it is a block device). */
export type TargetHandle = DiskReader & {
  readonly facts: DiskFacts;
  readonly fd: number;
  /** True where everything reads zero now, because the file was newly made by openTarget. */
  readonly knownZero: boolean;
  write(buffer: Uint8Array, offset: number): Promise<void>;
  /** After it the range reads zero; done by the kernel where it can (punched hole, zero-out), else by writing zeros. */
  zeroRange(offset: number, length: number): Promise<void>;
  flush(): Promise<void>;
  /** After a flush: what is read from now on comes from the disk, not from memory. False where the kernel would not. */
  dropCache(): Promise<boolean>;
  /** Lets the kernel see the new table. Returns a note where that failed, else null. */
  rereadTable(): Promise<string | null>;
  close(): Promise<void>;
};
