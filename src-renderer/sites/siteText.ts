// Pure: a site's subnets and windows as lines that people type, as on the command line: "10.1.0.0/16", "mon-fri 22:00-06:00".
import { subnetSchema, windowSchema } from '#shared/model/replication.ts';
import type { TransferWindow } from '#shared/model/replication.ts';

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const isText = (text: string | undefined): text is string => text !== undefined;

export function linesOf(text: string): string[] {
  return text.split(/[\n;]/).map((line) => line.trim()).filter((line) => line !== '');
}
export function subnetsProblem(text: string): string | null {
  const wrong = linesOf(text).find((line) => !subnetSchema.safeParse(line).success);
  return wrong === undefined ? null : `“${wrong}” is no subnet. One reads like 10.1.0.0/16.`;
}

/** One line; null where it is none. Without days: every day. */
export function windowOf(line: string): TransferWindow | null {
  const parts = /^(?:([a-z,\- ]+?)\s+)?(\d{1,2}:\d\d)\s*[-–]\s*(\d{1,2}:\d\d)$/i.exec(line.trim());
  if (parts === null) return null;
  const named = parts[1] === undefined || /^(daily|every day)$/i.test(parts[1]) ? [0, 1, 2, 3, 4, 5, 6] : daysOf(parts[1]);
  if (named === null) return null;
  const [from, to] = [parts[2], parts[3]].filter(isText).map((time) => time.padStart(5, '0'));
  return windowSchema.safeParse({ days: named, from, to }).data ?? null;
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
export function windowsOf(text: string): TransferWindow[] {
  return linesOf(text).map(windowOf).filter((window) => window !== null);
}
export function windowsProblem(text: string): string | null {
  const wrong = linesOf(text).find((line) => windowOf(line) === null);
  return wrong === undefined ? null : `“${wrong}” is no window. One reads like mon-fri 22:00-06:00.`;
}

export function windowText(window: TransferWindow): string {
  const sorted = window.days.toSorted((left, right) => left - right);
  const [first = 0, last = first] = [sorted[0], sorted.at(-1)];
  const together = sorted.length > 2 && last - first === sorted.length - 1;
  const named = sorted.length === 7 ? 'daily' : together ? `${days[first] ?? ''}-${days[last] ?? ''}` : sorted.map((day) => days[day] ?? '').join(',');
  return `${named} ${window.from}-${window.to}`;
}
