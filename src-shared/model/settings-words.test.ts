import { expect, test } from 'vitest';
import { namePatternProblem } from './name-pattern.ts';
import { defaultSettings, settingsSchema } from './server.ts';
import { settingProblem, settingProblems } from './settings-words.ts';

test('says what a setting may hold in words, never in a validator’s', () => {
  expect(settingProblem('trashDays', 366)).toBe('A whole number from 0 to 365');
  expect(settingProblem('portalFailureSeconds', 'x')).toBe('A whole number from 0 to 86,400');
  expect(settingProblem('serverName', ' ')).toBe('From 1 to 63 characters');
  expect(settingProblem('portalText', 'x'.repeat(241))).toBe('At most 240 characters');
  expect(settingProblem('logLevel', 'loud')).toBe('One of error, warn, info and debug');
  expect(settingProblem('portalRootFolderId', 'x')).toBe('The id of a job folder, or null for all');
  expect(settingProblem('portalRenameKnown', 1)).toBe('true or false');
  expect(settingProblem('colour', 1)).toBe('There is no such setting');
  for (const key of Object.keys(settingsSchema.shape)) for (const value of [null, {}, -1, 1e9, 'x'.repeat(999), Number.NaN]) expect(settingProblem(key, value) ?? '').not.toMatch(/expected|Invalid|Too /);
});

test('names each refused setting with what was given, and none that fits', () => {
  expect(settingProblems({ trashDays: 366, logLevel: 'loud', serverName: 'ok', trashed: undefined })).toBe('trashDays: a whole number from 0 to 365, not 366. logLevel: one of error, warn, info and debug, not “loud”.');
  expect(settingProblems(defaultSettings)).toBe('');
});

test('a naming pattern holds known fields and what a name may hold', () => {
  expect(['{serial}', 'LAB-{n:3}', '{model} {asset}', 'PC{mac}'].map(namePatternProblem)).toEqual([null, null, null, null]);
  expect(namePatternProblem('{room}-{n}')).toBe('{room} is not filled in. There are {serial}, {asset}, {model}, {mac}, {n} and {n:3}');
  expect(namePatternProblem('{serial:3}')).toMatch(/^\{serial:3\} is not filled in/);
  expect(namePatternProblem('LAB-{n')).toMatch(/^\{n is not filled in/);
  expect(namePatternProblem('Räume{n}')).toBe('Names hold letters, digits and hyphens, not ä');
  expect(namePatternProblem('LAB-1')).toMatch(/^Every computer would get the same name/);
});
