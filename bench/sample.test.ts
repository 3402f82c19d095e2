import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { median } from './meter.mjs';
import { changed } from './sample.mjs';

test('a file taken again shares no aligned piece of 32 KiB with itself or with another take', () => {
  const data = Buffer.alloc(10 * 32 * 1024 + 5, 'the same text over and over ');
  const pieces: number[] = [];
  for (const seed of ['1:/usr/lib/a', '2:/usr/lib/a', '1:/usr/lib/b']) {
    const take = changed(Buffer.from(data), seed);
    for (let at = 0; at < take.length; at += 32 * 1024) pieces.push(crc32(take.subarray(at, at + 32 * 1024)));
  }
  expect(new Set(pieces).size).toBe(pieces.length);
});

test('a file taken again differs in 16 bytes of every 32 KiB and nowhere else', () => {
  const data = Buffer.alloc(100_000);
  const places = [...changed(Buffer.from(data), 'seed').entries()].filter(([, byte]) => byte !== 0).map(([at]) => at % 32_768);
  expect(Math.max(...places)).toBeLessThan(16);
});

test('a median is the middle value, or the mean of the two middle ones', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
});
