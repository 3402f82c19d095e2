import { expect, it } from 'vitest';
import { isOpen, untilChange } from './windows.ts';

// 2026-11-21 is a Saturday.
const at = (day: number, time: string): Date => new Date(`2026-11-${day}T${time}`);
const night = [{ days: [1, 2, 3, 4, 5], from: '22:00', to: '06:00' }];
const weekend = [{ days: [6], from: '20:00', to: '04:00' }];
const HOUR = 3_600_000;

it.each([
  ['no window at all', [], at(18, '12:00:00'), true],
  ['inside', night, at(18, '23:00:00'), true],
  ['after midnight, on the day that follows', night, at(19, '05:59:59'), true],
  ['at its end', night, at(19, '06:00:00'), false],
  ['after midnight, where the day before is not in it', night, at(23, '01:00:00'), false],
  ['over Saturday night into Sunday', weekend, at(22, '03:59:00'), true],
  ['on another Sunday hour', weekend, at(22, '04:00:00'), false],
])('transfers may run %s', (_name, windows, moment, open) => {
  expect(isOpen(windows, moment)).toBe(open);
});

it('says how long it stays so', () => {
  expect(untilChange([], at(18, '12:00:00'))).toBeNull();
  expect(untilChange(night, at(18, '12:00:00'))).toBe(10 * HOUR);
  expect(untilChange(night, at(18, '23:00:30'))).toBe(7 * HOUR - 30_000);
  expect(untilChange([{ days: [0, 1, 2, 3, 4, 5, 6], from: '00:00', to: '00:00' }], at(18, '12:00:00'))).toBeNull();
});
