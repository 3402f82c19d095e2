import { expect, it } from 'vitest';
import { Throttle } from './throttle.ts';

it('lets bytes through at the rate it has, whoever takes them', async () => {
  const throttle = new Throttle(1_000_000);
  const began = performance.now();
  await Promise.all([0, 1, 2].map(async () => {
    for (let i = 0; i < 5; i++) await throttle.take(20_000);
  }));
  expect(performance.now() - began).toBeGreaterThan(150);
});

it('without a rate nobody waits, and those who wait go on when it is lifted', async () => {
  const free = new Throttle(null);
  await free.take(1e12);
  const slow = new Throttle(1024);
  const waiting = slow.take(10_000_000);
  slow.rate = null;
  await waiting;
});

it('a wait ends with its signal', async () => {
  const stop = new AbortController();
  const waiting = new Throttle(1024).take(10_000_000, stop.signal);
  stop.abort();
  await expect(waiting).rejects.toThrow(/abort/i);
});
