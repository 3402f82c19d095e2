import { expect, test } from 'vitest';
import { defaultSettings } from '#shared/model/server.ts';
import { problemOf, settingFields, shownValue } from './settingFields.ts';

const field = (key: string) => settingFields.find((each) => each.key === key) ?? expect.fail(`no field ${key}`);

test('has a field for every setting, once', () => {
  expect(settingFields.map((each) => each.key).sort()).toEqual(Object.keys(defaultSettings).sort());
});

test('says the limits of a setting in words', () => {
  expect(problemOf(field('trashDays'), 366)).toBe('A whole number from 0 to 365');
  expect(problemOf(field('trashDays'), '')).toBe('A whole number from 0 to 365');
  expect(problemOf(field('serverName'), ' ')).toBe('From 1 to 63 characters');
  expect(problemOf(field('trashDays'), 365)).toBeNull();
  expect(problemOf(field('portalNamePattern'), 'LAB-{room}')).toMatch(/^\{room\} is not filled in/);
});

test('shows values with their units and choices by their names', () => {
  expect([shownValue(field('trashDays'), 1), shownValue(field('captureLeaseHours'), 24), shownValue(field('logLevel'), 'info'), shownValue(field('portalRenameKnown'), false), shownValue(field('portalRootFolderId'), null), shownValue(field('portalText'), '')])
    .toEqual(['1 day', '24 hours', 'Normal', 'Not allowed', 'all jobs', 'nothing']);
});
