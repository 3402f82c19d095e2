// Owns the pure sizes of a captured disk: how large it was, how much of it is used, and the smallest disk its table fits on.
import type { DeviceGraph } from '#shared/model/schema.ts';

export type GraphSizes = { diskBytes: number; usedBytes: number; smallestTargetBytes: number };

export function sizesOf(graph: DeviceGraph): GraphSizes {
  let [diskBytes, usedBytes, end] = [0, 0, 0];
  for (const node of graph.nodes) {
    if (node.type === 'disk') {
      diskBytes += node.sizeBytes;
      // A backup GPT follows the last partition: its entries and one header (UEFI 2.10 §5.3.2).
      const { table, sectorSizeBytes } = node;
      const behind = table.kind === 'gpt' ? (Math.ceil((table.entryCount * table.entrySize) / sectorSizeBytes) + 1) * sectorSizeBytes : 0;
      end += behind;
    } else if (node.type === 'volume') usedBytes += node.usedBytes;
  }
  const last = graph.nodes.reduce((most, node) => (node.type === 'disk' ? most : Math.max(most, node.offsetBytes + node.sizeBytes)), 0);
  const hasTable = graph.nodes.some((node) => node.type === 'disk' && node.table.kind !== 'none');
  return { diskBytes, usedBytes, smallestTargetBytes: hasTable ? last + end : Math.max(last, 0) || diskBytes };
}
