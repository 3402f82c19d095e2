// Pure: a version's device graph as the segments of a bar to scale. What would be too thin to see is widened, and the rest gives way.
import type { DeviceGraph, FsType, PartitionNode, VolumeNode } from '#shared/model/schema.ts';

export type Segment = {
  id: string;
  kind: 'volume' | 'free' | 'unformatted';
  title: string;
  /** "NTFS", "ext4", "FAT32", "swap", what raw content was recognised as, or empty. */
  fsName: string;
  /** As the schema or the inventory names it: decides the colour. */
  fsFamily: string;
  typeName: string;
  number: number | null;
  sizeBytes: number;
  /** null where nothing says how much of it is used. */
  usedBytes: number | null;
  offsetBytes: number;
  /** Shares of the bar's width; they sum to 1. */
  width: number;
};
export type DiskLayout = { id: string; sizeBytes: number; tableKind: 'gpt' | 'mbr' | 'none'; model: string; serial: string; usedBytes: number; segments: Segment[] };

/** Gaps below this are alignment, not room. */
const smallestFreeBytes = 8 * 1024 * 1024;
export const narrowest = 0.08;

export function diskLayouts(graph: DeviceGraph): DiskLayout[] {
  return graph.nodes.filter((node) => node.type === 'disk').map((disk) => {
    const partitions = graph.nodes.filter((node): node is PartitionNode => node.type === 'partition' && node.disk === disk.id && node.role !== 'extended').toSorted((left, right) => left.offsetBytes - right.offsetBytes);
    const volumes = graph.nodes.filter((node) => node.type === 'volume');
    const volumeOn = (id: string): VolumeNode | undefined => volumes.find((volume) => volume.on === id);
    const whole = volumeOn(disk.id);
    const raw = whole === undefined ? withFreeSpace(partitions.map((partition) => partitionSegment(partition, volumeOn(partition.id))), disk.sizeBytes) : [wholeDiskSegment(whole)];
    const widths = fitWidths(raw.map((segment) => segment.sizeBytes), Math.min(narrowest, 0.6 / Math.max(1, raw.length)));
    const segments = raw.map((segment, index) => ({ ...segment, width: widths[index] ?? 0 }));
    return {
      id: disk.id, sizeBytes: disk.sizeBytes, tableKind: disk.table.kind, model: disk.model, serial: disk.serial,
      usedBytes: segments.reduce((sum, segment) => sum + (segment.usedBytes ?? 0), 0), segments,
    };
  });
}

/** Shares of 1 in proportion to the sizes, none under `least`; what the small ones gain the large ones give. */
export function fitWidths(sizes: number[], least: number): number[] {
  const widened = new Set<number>();
  for (;;) {
    const room = 1 - widened.size * least;
    const total = sizes.reduce((sum, size, index) => (widened.has(index) ? sum : sum + size), 0);
    const thin = sizes.findIndex((size, index) => !widened.has(index) && (total === 0 || (size / total) * room < least - 1e-9));
    if (thin < 0) return sizes.map((size, index) => (widened.has(index) ? least : (size / total) * room));
    widened.add(thin);
    if (widened.size === sizes.length) return sizes.map(() => 1 / sizes.length);
  }
}

const fsNames: Record<FsType, string> = { ext2: 'ext2', ext3: 'ext3', ext4: 'ext4', ntfs: 'NTFS', fat12: 'FAT12', fat16: 'FAT16', fat32: 'FAT32', swap: 'swap', raw: '' };
export function fsName(volume: VolumeNode): string {
  return volume.fsType === 'raw' ? (volume.detected ?? 'raw') : fsNames[volume.fsType];
}

export type Unfitted = Omit<Segment, 'width'>;

function partitionSegment(partition: PartitionNode, volume: VolumeNode | undefined): Unfitted {
  return {
    id: partition.id, kind: volume === undefined ? 'unformatted' : 'volume', title: volume?.label || partition.name || partition.typeName || `Partition ${partition.number}`,
    fsName: volume === undefined ? '' : fsName(volume), fsFamily: volume?.fsType ?? '', typeName: partition.typeName, number: partition.number,
    sizeBytes: partition.sizeBytes, usedBytes: volume?.usedBytes ?? null, offsetBytes: partition.offsetBytes,
  };
}
function wholeDiskSegment(volume: VolumeNode): Unfitted {
  return {
    id: volume.id, kind: 'volume', title: volume.label || 'Whole disk', fsName: fsName(volume), fsFamily: volume.fsType, typeName: 'No partition table', number: null,
    sizeBytes: volume.sizeBytes, usedBytes: volume.usedBytes, offsetBytes: volume.offsetBytes,
  };
}
/** The segments, which must be in the order of the disk, with the unallocated room between them. */
export function withFreeSpace(segments: Unfitted[], diskBytes: number): Unfitted[] {
  const result: Unfitted[] = [];
  let end = 0;
  const free = (until: number): void => {
    if (until - end < smallestFreeBytes) return;
    result.push({ id: `free-${end}`, kind: 'free', title: 'Free', fsName: '', fsFamily: '', typeName: '', number: null, sizeBytes: until - end, usedBytes: null, offsetBytes: end });
  };
  for (const segment of segments) {
    free(segment.offsetBytes);
    result.push(segment);
    end = Math.max(end, segment.offsetBytes + segment.sizeBytes);
  }
  free(diskBytes);
  return result;
}
