import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceGraph } from '#shared/model/schema.ts';
import { diskLayouts, fitWidths } from './schemaLayout.ts';

const mib = 1024 * 1024;
const partition = (number: number, offset: number, size: number, typeName: string, name = '', role: 'primary' | 'extended' | 'logical' = 'primary') =>
  ({ type: 'partition', id: `p${number}`, disk: 'd0', number, offsetBytes: offset * mib, sizeBytes: size * mib, typeCode: '', typeName, name, role }) as const;
const graph: DeviceGraph = {
  chunkSizeBytes: 262_144,
  streams: [],
  nodes: [
    { type: 'disk', id: 'd0', sizeBytes: 1000 * mib, sectorSizeBytes: 512, model: 'QEMU', serial: 'S1', bus: 'sata', table: { kind: 'mbr', diskSignature: '00000000', entries: [], ebrs: [] } },
    partition(2, 601, 399, 'Extended', '', 'extended'),
    partition(1, 1, 500, 'HPFS/NTFS'),
    partition(5, 602, 100, 'Linux', '', 'logical'),
    { type: 'volume', id: 'v0', on: 'p1', offsetBytes: mib, sizeBytes: 500 * mib, fsType: 'ntfs', label: 'Windows', uuid: '', blockSizeBytes: 4096, usedBytes: 120 * mib, stream: 0 },
    { type: 'volume', id: 'v1', on: 'p5', offsetBytes: 602 * mib, sizeBytes: 100 * mib, fsType: 'raw', detected: 'xfs', label: '', uuid: '', blockSizeBytes: 512, usedBytes: 100 * mib, stream: 1 },
  ],
};

describe('the bar of a disk', () => {
  it('shows partitions in the order of the disk with the room between them, and logical ones instead of their extended one', () => {
    expect(diskLayouts(graph).map((disk) => disk.segments.map((segment) => [segment.title, segment.fsName, segment.sizeBytes / mib]))).toEqual([
      [['Windows', 'NTFS', 500], ['Free', '', 100 + 1], ['Linux', 'xfs', 100], ['Free', '', 298]],
    ]);
  });
  it('takes a file system right on the disk as one segment', () => {
    const bare: DeviceGraph = { ...graph, nodes: [{ type: 'disk', id: 'd0', sizeBytes: mib, sectorSizeBytes: 512, model: '', serial: '', bus: '', table: { kind: 'none' } }, { type: 'volume', id: 'v', on: 'd0', offsetBytes: 0, sizeBytes: mib, fsType: 'ext4', label: '', uuid: '', blockSizeBytes: 4096, usedBytes: 10, stream: 0 }] };
    expect(diskLayouts(bare)[0]?.segments).toMatchObject([{ title: 'Whole disk', fsName: 'ext4', width: 1 }]);
  });
  it('keeps every width at or above the least and fills the bar, whatever the sizes', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 42 }), { minLength: 1, maxLength: 40 }), (sizes) => {
      const least = Math.min(0.07, 0.6 / sizes.length);
      const widths = fitWidths(sizes, least);
      expect(widths.reduce((sum, width) => sum + width, 0)).toBeCloseTo(1, 6);
      expect(widths.every((width) => width >= least - 1e-6)).toBe(true);
    }));
  });
});
