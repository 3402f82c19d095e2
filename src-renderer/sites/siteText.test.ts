import { expect, test } from 'vitest';
import { linesOf, subnetsProblem, windowOf, windowsProblem, windowText } from './siteText.ts';

test('windows are read as they are shown', () => {
  for (const text of ['mon-fri 22:00-06:00', 'daily 01:00-05:00', 'sun,sat 00:00-23:59', 'wed 12:00-13:00']) expect(windowText(windowOf(text) ?? { days: [0], from: '', to: '' })).toBe(text);
});

test('days go over the end of the week, and a window without days is for every day', () => {
  expect(windowOf('fri-mon 8:00-9:00')).toEqual({ days: [0, 1, 5, 6], from: '08:00', to: '09:00' });
  expect(windowOf('22:00-06:00')?.days).toHaveLength(7);
});

test('what is no window or subnet is named', () => {
  expect(windowsProblem('mon-fri 22:00-06:00\nnights')).toContain('“nights”');
  expect(windowOf('mon 25:00-06:00')).toBeNull();
  expect(subnetsProblem('10.1.0.0/16\n10.1')).toContain('“10.1”');
  expect(linesOf(' a \n\n b')).toEqual(['a', 'b']);
});
