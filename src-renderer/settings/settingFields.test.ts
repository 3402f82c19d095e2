import { expect, test } from 'vitest';
import { problemOf, settingFields, shownValue } from './settingFields.ts';

const field = (key: string) => settingFields.find((each) => each.key === key) ?? expect.fail(`no field ${key}`);

test('says the limits of a setting in words', () => {
  expect(problemOf(field('trashDays'), 366)).toBe('A whole number from 0 to 365');
  expect(problemOf(field('trashDays'), '')).toBe('A whole number from 0 to 365');
  expect(problemOf(field('serverName'), ' ')).toBe('From 1 to 63 characters');
  expect(problemOf(field('trashDays'), 365)).toBeNull();
});

test('shows values with their units and choices by their names', () => {
  expect([shownValue(field('trashDays'), 1), shownValue(field('captureLeaseHours'), 24), shownValue(field('logLevel'), 'info')]).toEqual(['1 day', '24 hours', 'Normal']);
});
