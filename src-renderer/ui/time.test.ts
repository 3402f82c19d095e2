import { describe, expect, it } from 'vitest';
import { clockTime, exactTime, isSameDay, relativeTime, span } from './time.ts';

const at = (text: string): number => new Date(text).getTime();
const now = at('2026-11-21T12:04:31');

describe('moments in words', () => {
  it.each([
    ['2026-11-21T12:04:10', 'just now'], ['2026-11-21T12:01:00', '3 min ago'], ['2026-11-21T09:12:00', 'today 09:12'], ['2026-11-20T17:40:00', 'yesterday 17:40'],
    ['2026-10-12T08:00:00', '12 Oct'], ['2025-10-12T08:00:00', '12 Oct 2025'], ['2026-11-21T12:04:50', 'just now'], ['2026-11-26T12:00:00', 'in 5 days'],
  ])('%s is said as %s', (moment, words) => {
    expect(relativeTime(at(moment), now)).toBe(words);
  });
  it('gives the exact moment too', () => {
    expect([exactTime(at('2026-10-02T09:05:07')), clockTime(at('2026-10-02T09:05:07'))]).toEqual(['2 Oct 2026, 09:05:07', '09:05:07']);
  });
  it('knows what belongs to today', () => {
    expect([isSameDay(at('2026-11-21T00:00:01'), now), isSameDay(at('2026-11-20T23:59:59'), now)]).toEqual([true, false]);
  });
  it('counts down in one unit', () => {
    expect([span(-5), span(8_200), span(600_000), span(7_200_000), span(14 * 86_400_000)]).toEqual(['0 s', '9 s', '10 min', '2 h', '14 days']);
  });
});
