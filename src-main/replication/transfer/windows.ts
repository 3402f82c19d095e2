// Owns when transfers may run: the windows of a site, in the server's own local time. Pure.
import type { TransferWindow } from '#shared/model/replication.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** Minutes of the week, from Sunday 00:00; a window over midnight or over Saturday night is cut in two. */
function spansOf({ days, from, to }: TransferWindow): { start: number; end: number }[] {
  const [start, end] = [minutes(from), minutes(to)];
  const length = end > start ? end - start : end + DAY_MINUTES - start;
  return days.flatMap((day) => {
    const begin = day * DAY_MINUTES + start;
    return begin + length <= WEEK_MINUTES ? [{ start: begin, end: begin + length }] : [{ start: begin, end: WEEK_MINUTES }, { start: 0, end: begin + length - WEEK_MINUTES }];
  });
}

function minutes(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

/** No window at all means always. */
export function isOpen(windows: readonly TransferWindow[], at: Date): boolean {
  return windows.length === 0 || spans(windows).some(({ start, end }) => minuteOfWeek(at) >= start && minuteOfWeek(at) < end);
}

/** Milliseconds until that changes, for a timer; null where it never does. Across a change of clocks it may be an hour off: the timer then looks again. */
export function untilChange(windows: readonly TransferWindow[], at: Date): number | null {
  if (windows.length === 0) return null;
  const now = minuteOfWeek(at);
  const open = isOpen(windows, at);
  const offset = at.getSeconds() * 1000 + at.getMilliseconds();
  for (let step = 1; step <= WEEK_MINUTES; step++) {
    const minute = (now + step) % WEEK_MINUTES;
    if (spans(windows).some(({ start, end }) => minute >= start && minute < end) !== open) return step * MINUTE_MS - offset;
  }
  return null;
}

function spans(windows: readonly TransferWindow[]): { start: number; end: number }[] {
  return windows.flatMap(spansOf);
}

function minuteOfWeek(at: Date): number {
  return at.getDay() * DAY_MINUTES + at.getHours() * 60 + at.getMinutes();
}
