import { expect, it } from 'vitest';
import { Pace, pauseAfter } from './pace.ts';

it('lets something happen at once, then at most once in its time, however often it is asked', () => {
  let now = 5;
  const pace = new Pace(1000, () => now);
  expect(Array.from({ length: 4 }, () => pace.take())).toEqual([true, false, false, false]);
  now += 999;
  expect(pace.take()).toBe(false);
  now += 1;
  expect([pace.take(), pace.take()]).toEqual([true, false]);
});

it('asks again within 30 s where it was retired, which can be taken back, and is in no hurry where it is not known', () => {
  // By chance, half as much more or less.
  expect(pauseAfter('retired', 60_000) * 1.5).toBeLessThanOrEqual(30_000);
  expect(pauseAfter('refused', 1000)).toBe(300_000);
  expect([pauseAfter('away', 4000), pauseAfter('worked', 1000)]).toEqual([4000, 1000]);
});
