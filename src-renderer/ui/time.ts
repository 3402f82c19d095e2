// Owns how moments are said: relative where it helps ("3 min ago"), exact on hover. Pure; the clock is an argument.

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** "just now", "3 min ago", "today 09:12", "yesterday 17:40", "12 Oct", "12 Oct 2025"; a future moment as "in 5 days". */
export function relativeTime(at: number, now: number): string {
  const age = now - at;
  if (age < -minuteMs) return `in ${span(-age)}`;
  if (age < minuteMs) return 'just now';
  if (age < hourMs) return `${Math.floor(age / minuteMs)} min ago`;
  const days = calendarDays(at, now);
  if (days === 0) return `today ${clock(at)}`;
  if (days === 1) return `yesterday ${clock(at)}`;
  const date = new Date(at);
  const day = `${date.getDate()} ${monthNames[date.getMonth()] ?? ''}`;
  return date.getFullYear() === new Date(now).getFullYear() ? day : `${day} ${date.getFullYear()}`;
}

/** "12 Oct 2026, 09:12:31" */
export function exactTime(at: number): string {
  const date = new Date(at);
  return `${date.getDate()} ${monthNames[date.getMonth()] ?? ''} ${date.getFullYear()}, ${clock(at)}:${two(date.getSeconds())}`;
}

/** "12:04:31" */
export function clockTime(at: number): string {
  return `${clock(at)}:${two(new Date(at).getSeconds())}`;
}

export function isSameDay(at: number, now: number): boolean {
  return calendarDays(at, now) === 0;
}

/** "9 s", "5 min", "3 h", "5 days": one unit, for counting down. */
export function span(ms: number): string {
  if (ms < minuteMs) return `${Math.max(0, Math.ceil(ms / 1000))} s`;
  if (ms < hourMs) return `${Math.round(ms / minuteMs)} min`;
  if (ms < 2 * dayMs) return `${Math.round(ms / hourMs)} h`;
  return `${Math.round(ms / dayMs)} days`;
}

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => String(value).padStart(2, '0');
const clock = (at: number): string => `${two(new Date(at).getHours())}:${two(new Date(at).getMinutes())}`;
function calendarDays(at: number, now: number): number {
  const midnight = (moment: number): number => new Date(moment).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(at)) / dayMs);
}
