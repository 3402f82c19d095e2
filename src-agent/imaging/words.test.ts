import { expect, test } from 'vitest';
import type { DeviceGraph } from '#shared/model/schema.ts';
import { diskWords, graphWords, paceWords } from './words.ts';

const graph: DeviceGraph = {
  chunkSizeBytes: 262_144,
  nodes: [
    { type: 'disk', id: 'disk', sizeBytes: 2e9, sectorSizeBytes: 512, model: '', serial: '', bus: 'file', table: { kind: 'mbr', diskSignature: '00000001', entries: [], ebrs: [] } },
    { type: 'partition', id: 'p1', disk: 'disk', number: 1, offsetBytes: 1e6, sizeBytes: 1e9, typeCode: '83', typeName: 'Linux', name: '', role: 'primary' },
    { type: 'volume', id: 'v1', on: 'p1', offsetBytes: 1e6, sizeBytes: 1e9, fsType: 'ext4', label: 'root', uuid: '', blockSizeBytes: 4096, usedBytes: 3e8, stream: 0 },
    { type: 'partition', id: 'p2', disk: 'disk', number: 2, offsetBytes: 11e8, sizeBytes: 5e8, typeCode: '83', typeName: 'Linux', name: '', role: 'primary' },
    { type: 'volume', id: 'v2', on: 'p2', offsetBytes: 11e8, sizeBytes: 5e8, fsType: 'raw', detected: 'xfs', label: '', uuid: '', blockSizeBytes: 0, usedBytes: 5e8, stream: 1 },
  ],
  streams: [],
};

test('a run\'s log names the disk, its table and what every volume holds', () => {
  expect(diskWords({ path: '/dev/sda', model: 'PM9A1', serial: 'S64', sizeBytes: 512e9 })).toBe('/dev/sda (PM9A1, serial S64, 512 GB)');
  expect(diskWords({ path: 'a.img', model: '', serial: '', sizeBytes: 2e9 })).toBe('a.img (2.0 GB)');
  expect(graphWords(graph)).toEqual([
    'MBR with 2 partitions.',
    'Partition 1: ext4 “root”, 300 MB of 1.0 GB used.',
    'Partition 2: xfs, every byte is taken, 500 MB of 500 MB used.',
  ]);
});

test('a step says how much, how long and how fast', () => {
  expect(paceWords('Read', 3e9, 10)).toBe('Read 3.0 GB in 10 s (300 MB/s)');
});
