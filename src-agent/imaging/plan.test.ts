import { describe, expect, it } from 'vitest';
import type { DeviceGraph, StreamInfo } from '#shared/model/schema.ts';
import { AppError } from '#shared/errors.ts';
import { edgesOf, headBytes, lengthOfChunk, neededBytes, planDeploy, zeroesFor, type StreamPlan } from './plan.ts';

const mib = 1024 * 1024;
const chunk = 256 * 1024;

function gpt(sizeBytes: number, partitions: { firstMiB: number; sizeMiB: number }[], gaps: { offset: number; length: number }[] = []): DeviceGraph {
  const volumes = partitions.map((p, i) => ({
    type: 'volume' as const, id: `v${i}`, on: `p${i}`, offsetBytes: p.firstMiB * mib, sizeBytes: p.sizeMiB * mib, fsType: 'ext4' as const, label: '', uuid: '', blockSizeBytes: 4096, usedBytes: 0, stream: i,
  }));
  const streams: StreamInfo[] = [
    ...volumes.map((v, i) => ({ index: i, kind: 'blocks' as const, node: v.id, offsetBytes: v.offsetBytes, lengthBytes: v.sizeBytes })),
    ...gaps.map((gap, i) => ({ index: partitions.length + i, kind: 'gap' as const, node: 'disk', offsetBytes: gap.offset, lengthBytes: gap.length })),
  ];
  return {
    chunkSizeBytes: chunk,
    streams,
    nodes: [
      {
        type: 'disk', id: 'disk', sizeBytes, sectorSizeBytes: 512, model: '', serial: '', bus: '',
        table: {
          kind: 'gpt', diskGuid: '00000000-0000-0000-0000-000000000001', revision: 0x10000, headerSize: 92, entryCount: 128, entrySize: 128, entriesLba: 2, firstUsableLba: 34,
          lastUsableLba: sizeBytes / 512 - 34, protectiveMbr: Array.from({ length: 4 }, () => ({ status: 0, type: 0, chsFirst: '000000', chsLast: '000000', firstLba: 0, sectorCount: 0 })),
          entries: partitions.map((p, index) => ({
            index, typeGuid: '0FC63DAF-8483-4772-8E79-3D69D8477DE4', partitionGuid: `00000000-0000-0000-0000-00000000000${index + 2}`, firstLba: p.firstMiB * 2048,
            lastLba: (p.firstMiB + p.sizeMiB) * 2048 - 1, attributes: '0000000000000000', name: '',
          })),
        },
      },
      ...partitions.map((p, i) => ({
        type: 'partition' as const, id: `p${i}`, disk: 'disk', number: i + 1, offsetBytes: p.firstMiB * mib, sizeBytes: p.sizeMiB * mib, typeCode: '', typeName: '', name: '', role: 'primary' as const,
      })),
      ...volumes,
    ],
  };
}

const target = (sizeBytes: number, more: { sectorSizeBytes?: number; knownZero?: boolean } = {}) => ({ path: '/dev/x', sizeBytes, sectorSizeBytes: 512, knownZero: false, ...more });
const refusal = (work: () => unknown): { code: string; data: unknown } => {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, data: error.data };
    throw error;
  }
  return { code: 'none', data: {} };
};

describe('what a deploy needs', () => {
  it('is the end of the last partition plus the backup table, not the size of the captured disk', () => {
    expect(neededBytes(gpt(1000 * mib, [{ firstMiB: 1, sizeMiB: 10 }]))).toBe(11 * mib + 33 * 512);
  });
  it('refuses a target one byte too small and says how much is needed', () => {
    const graph = gpt(100 * mib, [{ firstMiB: 1, sizeMiB: 10 }]);
    const needed = neededBytes(graph);
    expect(refusal(() => planDeploy(graph, target(needed - 1)))).toEqual({ code: 'target-too-small', data: { neededBytes: needed, sizeBytes: needed - 1 } });
    expect(refusal(() => planDeploy(graph, target(needed))).code).toBe('none');
  });
  it('refuses another sector size', () => {
    expect(refusal(() => planDeploy(gpt(100 * mib, [{ firstMiB: 1, sizeMiB: 10 }]), target(100 * mib, { sectorSizeBytes: 4096 })))).toEqual({ code: 'target-sector-size', data: { needed: 512, actual: 4096 } });
  });
  it('refuses streams that overlap or repeat', () => {
    const graph = gpt(100 * mib, [{ firstMiB: 1, sizeMiB: 10 }, { firstMiB: 20, sizeMiB: 10 }]);
    const [first, second] = graph.streams;
    if (first === undefined || second === undefined) throw new Error('two streams are expected');
    expect(refusal(() => planDeploy({ ...graph, streams: [first, { ...second, offsetBytes: 5 * mib }] }, target(100 * mib))).code).toBe('image-damaged');
    expect(refusal(() => planDeploy({ ...graph, streams: [first, { ...second, index: 0 }] }, target(100 * mib))).code).toBe('image-damaged');
  });
});

describe('the plan', () => {
  const graph = gpt(64 * mib, [{ firstMiB: 1, sizeMiB: 10 }, { firstMiB: 20, sizeMiB: 10 }], [{ offset: 0, length: 512 }, { offset: 34 * 512, length: mib - 34 * 512 }, { offset: 62 * mib, length: mib }]);

  it('writes volumes first, then gaps from the end, and the first sector last', () => {
    expect(planDeploy(graph, target(64 * mib)).streams.map((stream) => stream.offset)).toEqual([mib, 20 * mib, 62 * mib, 34 * 512, 0]);
  });
  it('wipes both ends before anything else, and the edges of every region no stream covers', () => {
    const plan = planDeploy(graph, target(64 * mib));
    expect(plan.wipes).toEqual([{ offset: 0, length: mib }, { offset: 63 * mib, length: mib }]);
    expect(plan.regionEdges).toEqual([
      { offset: 512, length: 33 * 512 },
      { offset: 11 * mib, length: headBytes }, { offset: 19 * mib, length: mib },
      { offset: 30 * mib, length: headBytes }, { offset: 61 * mib, length: mib },
      { offset: 63 * mib, length: mib },
    ]);
  });
  it('zeroes nothing on a target that is known to read zero', () => {
    const plan = planDeploy(graph, target(64 * mib, { knownZero: true }));
    expect([plan.wipes, plan.regionEdges]).toEqual([[], []]);
  });
  it('clips a gap at whole chunks where the target is smaller than the source, and drops one that lies beyond', () => {
    const plan = planDeploy(graph, target(62 * mib + chunk + 1000));
    expect(plan.streams.find((stream) => stream.offset === 62 * mib)?.lengthBytes).toBe(chunk);
    expect(planDeploy(graph, target(40 * mib)).streams.some((stream) => stream.offset === 62 * mib)).toBe(false);
  });
  it('puts the backup table at the target\'s own end and the protective record last', () => {
    const offsets = planDeploy(graph, target(128 * mib)).tables.map((table) => table.offsetBytes);
    expect(offsets).toEqual([128 * mib - 33 * 512, 128 * mib - 512, 1024, 512, 446]);
  });
});

describe('what becomes zero', () => {
  const stream: StreamPlan = { index: 0, offset: 10 * mib, lengthBytes: 8 * mib + 100, chunkSize: chunk, chunks: 33, what: '' };
  it.each([
    ['a zero run is zeroed whole', { kind: 'zero' as const, firstChunk: 5, count: 2 }, false, [{ offset: 10 * mib + 5 * chunk, length: 2 * chunk }]],
    ['a zero run is left out where the target reads zero', { kind: 'zero' as const, firstChunk: 5, count: 2 }, true, []],
    ['an unused run in the middle is skipped', { kind: 'unused' as const, firstChunk: 20, count: 2 }, false, []],
    ['an unused run at the start is zeroed as far as signatures reach', { kind: 'unused' as const, firstChunk: 2, count: 20 }, false, [{ offset: 10 * mib + 2 * chunk, length: 15 * chunk }]],
    ['an unused run at the end is zeroed in the last MiB, to the byte', { kind: 'unused' as const, firstChunk: 20, count: 13 }, false, [{ offset: 17 * mib + 100, length: mib }]],
    ['an unused volume is zeroed at both ends', { kind: 'unused' as const, firstChunk: 0, count: 33 }, false, [{ offset: 10 * mib, length: headBytes }, { offset: 17 * mib + 100, length: mib }]],
  ])('%s', (_, run, knownZero, expected) => {
    expect(zeroesFor(stream, run, knownZero)).toEqual(expected);
  });
  it('gives the last chunk its shorter length and nothing behind it', () => {
    expect([lengthOfChunk(stream, 0), lengthOfChunk(stream, 32), lengthOfChunk(stream, 33)]).toEqual([chunk, 100, 0]);
  });
  it('takes a short range as one edge', () => {
    expect([edgesOf({ offset: 5, length: 2 * mib }), edgesOf({ offset: 5, length: 0 })]).toEqual([[{ offset: 5, length: 2 * mib }], []]);
  });
});
