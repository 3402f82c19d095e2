import { describe, expect, it } from 'vitest';
import { forecastWords } from '#shared/model/forecast.ts';
import { fullInDays, growthOf, neededOf, type NeededVersion } from './needed.ts';

const GB = 1e9;
const DAY = 86_400_000;
/** v1 is 20 GB on disk of 45 GB used; v2 and v3 changed little. */
const image = (...at: NeededVersion['at'][]): NeededVersion[] => at.map((each, index) => ({ number: index + 1, storedBytes: [20, 1, 2][index] ?? 0, usedBytes: 45, at: each }));

describe('how much is still to come', () => {
  it.each([
    ['everything, to a server that has nothing of it', image('to-come', 'to-come', 'to-come'), 23],
    ['a patched version, where the one before is', image('here', 'to-come', 'not'), 1],
    ['the newest, where the oldest is: also what came in between', image('here', 'not', 'to-come'), 3],
    ['the newest alone: all the image has', image('not', 'not', 'to-come'), 23],
    ['the oldest alone: not what later ones added', image('to-come', 'not', 'not'), 20],
    ['an older one beside a newer one', image('to-come', 'here', 'here'), 20],
    ['nothing', image('here', 'here', 'here'), 0],
    ['nothing, of what it is not to hold', image('not', 'not', 'not'), 0],
  ])('%s', (_title, versions, expected) => expect(neededOf(versions, 23)).toBe(expected));

  it('counts what versions brought that are deleted by now, as far as the image was measured', () => {
    const left: NeededVersion[] = [{ number: 7, storedBytes: 1, usedBytes: 45, at: 'to-come' }];
    expect(neededOf(left, 21)).toBe(21);
    expect(neededOf(left, 0)).toBe(1);
  });

  it('is never more than a version holds', () => {
    expect(neededOf([{ number: 1, storedBytes: 40, usedBytes: 45, at: 'not' }, { number: 2, storedBytes: 30, usedBytes: 45, at: 'to-come' }], 70)).toBe(45);
  });
});

describe('when a disk is full', () => {
  const now = Date.UTC(2026, 10, 21);
  it('follows from what was captured in the last four weeks', () => {
    const growth = growthOf([{ capturedAt: now - 3 * DAY, storedBytes: 14 * GB }, { capturedAt: now - 20 * DAY, storedBytes: 14 * GB }, { capturedAt: now - 60 * DAY, storedBytes: 500 * GB }], now);
    expect(growth).toBe(GB);
    expect(fullInDays({ freeBytes: 40 * GB, neededBytes: 18 * GB, reserveBytes: GB, growthBytesPerDay: growth })).toBe(21);
  });
  it('is not foretold without growth, without figures, or beyond a year; it is now where what is to come does not fit', () => {
    const figures = { freeBytes: 40 * GB, neededBytes: 0, reserveBytes: GB, growthBytesPerDay: GB };
    expect([fullInDays({ ...figures, growthBytesPerDay: 0 }), fullInDays({ ...figures, freeBytes: null }), fullInDays({ ...figures, growthBytesPerDay: 1e6 }), fullInDays({ ...figures, neededBytes: 40 * GB })]).toEqual([null, null, null, 0]);
  });
  it('is said in words', () => {
    expect([null, 0, 1, 9, 21, 100, 300].map(forecastWords)).toEqual([null, 'full with what is to come', 'full in about 1 day', 'full in about 9 days', 'full in about 3 weeks', 'full in about 3 months', 'full in about 10 months']);
  });
});
