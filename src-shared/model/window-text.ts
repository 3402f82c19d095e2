// Pure: windows of transfers as people type and read them, in the console and on the command line: "mon-fri 22:00-06:00".
import { windowSchema, type TransferWindow } from './replication.ts';

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** One window; null where it is none. Without days: every day. "24:00" is midnight. */
export function windowOf(text: string): TransferWindow | null {
  const parts = /^(?:([a-z,\- ]+?)\s+)?(\d{1,2}:\d\d)\s*[-–]\s*(\d{1,2}:\d\d)$/i.exec(text.trim());
  if (parts === null) return null;
  const named = parts[1] === undefined || /^(daily|every day)$/i.test(parts[1]) ? [0, 1, 2, 3, 4, 5, 6] : daysOf(parts[1]);
  if (named === null) return null;
  const [from = '', to = ''] = [parts[2], parts[3]].map((time) => time?.padStart(5, '0'));
  return windowSchema.safeParse({ days: named, from, to: to === '24:00' ? '00:00' : to }).data ?? null;
}
/** "mon-fri", "sat,sun"; over the end of the week, too. */
function daysOf(text: string): number[] | null {
  const found = new Set<number>();
  for (const part of text.toLowerCase().split(/[, ]+/)) {
    const [from = '', to = from] = part.split('-').map((day) => day.slice(0, 3));
    const [first, last] = [days.indexOf(from), days.indexOf(to)];
    if (first < 0 || last < 0) return null;
    for (let day = first; ; day = (day + 1) % 7) {
      found.add(day);
      if (day === last) break;
    }
  }
  return [...found].toSorted((left, right) => left - right);
}

export function windowText(window: TransferWindow): string {
  const sorted = window.days.toSorted((left, right) => left - right);
  const [first = 0, last = first] = [sorted[0], sorted.at(-1)];
  const together = sorted.length > 2 && last - first === sorted.length - 1;
  const named = sorted.length === 7 ? 'daily' : together ? `${days[first] ?? ''}-${days[last] ?? ''}` : sorted.map((day) => days[day] ?? '').join(',');
  return `${named} ${window.from}-${window.to}`;
}
export function windowsText(windows: readonly TransferWindow[]): string {
  return windows.length === 0 ? 'always' : windows.map(windowText).join('; ');
}
