import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UsedMapBuilder } from './usedMap.ts';

const unit = 16;
const bitmaps = fc.uint8Array({ minLength: 1, maxLength: 64 });

function isSet(bits: Uint8Array, i: number): boolean {
  return (((bits[i >> 3] ?? 0) >> (i & 7)) & 1) === 1;
}

test('a map built from a bitmap says of every range what the bitmap says', () => {
  fc.assert(fc.property(bitmaps, fc.nat(600), fc.nat(600), (bits, from, many) => {
    const length = bits.length * 8 * unit;
    const builder = new UsedMapBuilder(unit, length);
    builder.addBitmap(bits, bits.length * 8, 0, unit);
    const map = builder.finish();
    const units = bits.length * 8;
    const first = from % units;
    const count = 1 + (many % (units - first));
    const expected: number[] = [];
    for (let i = first; i < first + count; i++) {
      if (!isSet(bits, i)) continue;
      if (expected.at(-1) === i * unit) expected[expected.length - 1] = (i + 1) * unit;
      else expected.push(i * unit, (i + 1) * unit);
    }
    expect(map.usedRanges(first * unit, count * unit)).toEqual(expected);
    const used = expected.reduce((sum, bound, i) => sum + (i % 2 === 0 ? -bound : bound), 0);
    expect(map.coverage(first * unit, count * unit)).toBe(used === 0 ? 'unused' : used === count * unit ? 'used' : 'partly');
    expect(map.usedBytes).toBe([...map.extents()].reduce((sum, extent) => sum + extent.length, 0));
  }));
});

test('a map that outgrows its memory covers more, never less', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 20, maxLength: 200 }), (bits) => {
    const builder = new UsedMapBuilder(unit, bits.length * 8 * unit, 8);
    builder.addBitmap(bits, bits.length * 8, 0, unit);
    const map = builder.finish();
    expect(map.extentCount).toBeLessThanOrEqual(8);
    let set = 0;
    for (let i = 0; i < bits.length * 8; i++) {
      if (!isSet(bits, i)) continue;
      set++;
      expect(map.coverage(i * unit, unit)).toBe('used');
    }
    expect(map.usedBytes).toBe(set * unit);
  }));
});

test('ranges are clipped to the stream and overlaps count once', () => {
  const builder = new UsedMapBuilder(10, 100);
  builder.add(0, 20);
  builder.add(10, 30);
  builder.add(90, 200);
  const map = builder.finish();
  expect({ ranges: map.usedRanges(0, 100), used: map.usedBytes, inside: map.usedRanges(25, 70) }).toEqual({ ranges: [0, 30, 90, 100], used: 40, inside: [25, 30, 90, 95] });
});
