import { expect, test } from 'vitest';
import { isFilledFrom } from './filled-name.ts';

test.each([
  ['Fresh', 'Fresh', true], ['Fresh', 'Fresh 2', false], ['Lab {serial}', 'Lab SN1', true], ['Lab {serial}', 'Lab', true], ['Lab {serial}', 'Precious', false], ['{name}', 'LAB-1', true],
  ['{name}', '3f0c1d4e-0000-4000-8000-000000000001', false], ['{model} of {date}', 'OptiPlex 7010 of 2026-07-04', true], ['{model} of {date}', 'OptiPlex', false],
  ['a{name}b{name}c', 'abc', true], ['a{name}b{name}b', 'ab', false], ['{other}', '{other}', true], ['{other}', 'x', false],
])('%s may be filled as %s: %s', (template, name, may) => {
  expect(isFilledFrom(template, name)).toBe(may);
});
test('a template of many fields is decided at once', () => {
  const started = performance.now();
  expect(isFilledFrom(`${'{name}a'.repeat(28)}b`, 'a'.repeat(200))).toBe(false);
  expect(performance.now() - started).toBeLessThan(50);
});
