// Owns what a run's log says of a disk and of the steps done: plain sentences for the person who reads the run afterwards. Pure.
import type { DeviceGraph } from '#shared/model/schema.ts';
import { formatBytes, formatDuration, formatRate } from '#shared/units.ts';
import { diskOf } from './plan.ts';

type DiskWords = { path: string; model: string; serial: string; sizeBytes: number };

/** "/dev/sda (SAMSUNG PM9A1, serial S64ANX0R, 512 GB)" */
export function diskWords(disk: DiskWords): string {
  const facts = [disk.model, disk.serial === '' ? '' : `serial ${disk.serial}`, formatBytes(disk.sizeBytes)].filter((fact) => fact !== '');
  return `${disk.path} (${facts.join(', ')})`;
}

/** One line for the table, one for each volume. */
export function graphWords(graph: DeviceGraph): string[] {
  const { table } = diskOf(graph);
  const partitions = new Map(graph.nodes.flatMap((node) => (node.type === 'partition' ? [[node.id, node]] : [])));
  const volumes = graph.nodes.flatMap((node) => {
    if (node.type !== 'volume') return [];
    const partition = partitions.get(node.on);
    const what = node.fsType === 'raw' ? `${node.detected ?? 'unknown content'}, every byte is taken` : node.fsType;
    const label = node.label === '' ? '' : ` “${node.label}”`;
    return [`${partition === undefined ? 'The disk' : `Partition ${partition.number}`}: ${what}${label}, ${formatBytes(node.usedBytes)} of ${formatBytes(node.sizeBytes)} used.`];
  });
  const kind = table.kind === 'none' ? 'No partition table' : `${table.kind.toUpperCase()} with ${partitions.size} ${partitions.size === 1 ? 'partition' : 'partitions'}`;
  return [`${kind}.`, ...volumes];
}

/** "Read 31.2 GB in 4 min (120 MB/s)" */
export function paceWords(verb: string, bytes: number, seconds: number): string {
  return `${verb} ${formatBytes(bytes)} in ${formatDuration(seconds)} (${formatRate(bytes / Math.max(seconds, 0.001))})`;
}
