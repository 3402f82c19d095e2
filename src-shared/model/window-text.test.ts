import { expect, test } from 'vitest';
import { windowOf, windowsText, windowText } from './window-text.ts';

test('windows are read as they are shown', () => {
  for (const text of ['mon-fri 22:00-06:00', 'daily 01:00-05:00', 'sun,sat 00:00-23:59', 'wed 12:00-13:00']) expect(windowText(windowOf(text) ?? { days: [0], from: '', to: '' })).toBe(text);
  expect(windowsText([])).toBe('always');
});

test('days go over the end of the week, a window without days is for every day, and a day ends at 24:00', () => {
  expect(windowOf('fri-mon 8:00-9:00')).toEqual({ days: [0, 1, 5, 6], from: '08:00', to: '09:00' });
  expect(windowOf('22:00-06:00')?.days).toHaveLength(7);
  expect(windowOf('sat,sun 00:00-24:00')).toEqual({ days: [0, 6], from: '00:00', to: '00:00' });
});

test('what is no window is none', () => {
  for (const text of ['', 'nights', 'always on', 'mon 25:00-06:00', 'xxx 01:00-02:00', 'mon 1:00']) expect(windowOf(text)).toBeNull();
});
