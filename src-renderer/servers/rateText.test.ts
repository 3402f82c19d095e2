import { expect, test } from 'vitest';
import { rateOf, rateProblem } from './rateText.ts';

test('a rate is understood as it is shown and as it is typed in a hurry', () => {
  expect(['10.0 MB/s', '10M', '10', '800 kB/s', '1.5G', ''].map(rateOf)).toEqual([10e6, 10e6, 10e6, 800e3, 1.5e9, null]);
});

test('what is no rate is refused in words, and nothing means no limit', () => {
  expect(rateProblem('')).toBeNull();
  expect(rateProblem('fast')).toBe('A rate reads like 10 MB/s.');
  expect(rateProblem('1k')).toContain('between');
});
