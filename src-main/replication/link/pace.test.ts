import { expect, it } from 'vitest';
import { Pace } from './pace.ts';

it('lets something happen at once, then at most once in its time, however often it is asked', () => {
  let now = 5;
  const pace = new Pace(1000, () => now);
  expect(Array.from({ length: 4 }, () => pace.take())).toEqual([true, false, false, false]);
  now += 999;
  expect(pace.take()).toBe(false);
  now += 1;
  expect([pace.take(), pace.take()]).toEqual([true, false]);
});
