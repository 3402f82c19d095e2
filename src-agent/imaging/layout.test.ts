import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsedMapBuilder } from '../disks/usedMap.ts';
import { piecesOf } from './layout.ts';

const stream = (lengthBytes: number) => ({ index: 3, kind: 'blocks' as const, node: 'v', offsetBytes: 1000, lengthBytes });

describe('piecesOf', () => {
  it('tiles a stream in order, names every used byte once and reads no chunk that is unused', () => {
    const extents = fc.array(fc.tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 1, max: 80 })), { maxLength: 12 });
    fc.assert(fc.property(extents, fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 5 }), (ranges, length, maxChunks) => {
      const used = new Set<number>();
      const builder = new UsedMapBuilder(1, length);
      for (const [from, size] of ranges.toSorted((a, b) => a[0] - b[0])) {
        builder.add(from, from + size);
        for (let i = from; i < Math.min(from + size, length); i++) used.add(i);
      }
      const seen = new Set<number>();
      let at = 0;
      for (const piece of piecesOf(stream(length), builder.finish(), 16, maxChunks)) {
        expect(piece.firstChunk).toBe(at);
        at += piece.count;
        if (piece.kind === 'unused') continue;
        expect(piece.count).toBeLessThanOrEqual(maxChunks);
        expect(piece.offset).toBe(1000 + piece.firstChunk * 16);
        const bounds = piece.used ?? [0, piece.lengthBytes];
        for (let i = 0; i < bounds.length; i += 2) for (let b = bounds[i] ?? 0; b < (bounds[i + 1] ?? 0); b++) seen.add(piece.firstChunk * 16 + b);
      }
      expect([at, seen]).toEqual([Math.ceil(length / 16), used]);
    }));
  });
  it('reads everything of a raw stream, the last chunk as short as it is', () => {
    expect([...piecesOf(stream(100), 'all', 16, 4)]).toEqual([
      { kind: 'read', stream: 3, firstChunk: 0, count: 4, offset: 1000, lengthBytes: 64, used: null },
      { kind: 'read', stream: 3, firstChunk: 4, count: 3, offset: 1064, lengthBytes: 36, used: null },
    ]);
  });
  it('has nothing to say of an empty stream', () => {
    expect([...piecesOf(stream(0), 'all', 16, 4)]).toEqual([]);
  });
});
