// Owns how progress looks as text, the same in the server's and in the agent's command line: one line for a terminal, drawn
// to its width, and one for logs and pipes. Pure: who writes it where, and how often, is the caller's business.
import { formatBytes, formatRate, formatTimeLeft } from './units.ts';

export type ProgressFigures = {
  /** What is going on, a few words: "verify Lab Win11 v3", "write". */
  label: string;
  doneBytes: number;
  /** 0 where it is not known yet. */
  totalBytes: number;
  rateBytesPerSecond: number;
  etaSeconds: number | null;
  /** What is worked on: "ext4 on partition 2". The first thing to go where the line is too short. */
  detail?: string | undefined;
};

const smallestBar = 8;
const largestBar = 40;

/** 0…1, or null where the total is not known. Never above 1, and 1 only when all is done. */
export function progressFraction(figures: Pick<ProgressFigures, 'doneBytes' | 'totalBytes'>): number | null {
  if (!(figures.totalBytes > 0)) return null;
  return Math.min(1, Math.max(0, figures.doneBytes / figures.totalBytes));
}

/** "42%"; 100% only when all is done. */
export function formatPercent(fraction: number): string {
  return `${fraction >= 1 ? 100 : Math.min(99, Math.floor(fraction * 100))}%`;
}

/**
 * The line for a terminal of `width` columns: never longer than that, so that a carriage return can draw over it.
 * What is left out when it is narrow, in this order: detail, time left, rate, bar, bytes.
 */
export function progressLine(figures: ProgressFigures, width: number, options: { ascii?: boolean } = {}): string {
  const fraction = progressFraction(figures);
  const percent = fraction === null ? '' : formatPercent(fraction).padStart(4);
  const { bytes, rate, left } = words(figures);
  const detail = figures.detail ?? '';
  const texts = [
    [percent, bytes, rate, left, detail], [percent, bytes, rate, left], [percent, bytes, rate], [percent, bytes],
  ].map((parts) => parts.filter((part) => part !== '').join('  '));
  for (const text of texts) {
    const room = width - lengthOf(figures.label) - lengthOf(text) - 4;
    if (fraction === null && room >= 0) return `${figures.label}  ${text}`;
    if (fraction !== null && room >= smallestBar) return `${figures.label}  ${bar(fraction, Math.min(room, largestBar), options.ascii ?? false)}  ${text}`;
  }
  const short = percent === '' ? bytes : percent.trim();
  for (const text of [`${figures.label}  ${percent.trim()}  ${bytes}`, `${figures.label}  ${short}`]) if (lengthOf(text) <= width) return text;
  return cut(short, width);
}

/** The line for a log or a pipe: everything known, no bar, no padding. */
export function progressText(figures: ProgressFigures): string {
  const fraction = progressFraction(figures);
  const { bytes, rate, left } = words(figures);
  return `${figures.label}: ${[fraction === null ? '' : formatPercent(fraction), bytes, rate, left, figures.detail ?? ''].filter((part) => part !== '').join(', ')}`;
}

function words(figures: ProgressFigures): { bytes: string; rate: string; left: string } {
  return {
    bytes: figures.totalBytes > 0 ? `${formatBytes(figures.doneBytes)} of ${formatBytes(figures.totalBytes)}` : formatBytes(figures.doneBytes),
    rate: figures.rateBytesPerSecond > 0 ? formatRate(figures.rateBytesPerSecond) : '',
    left: formatTimeLeft(figures.etaSeconds),
  };
}

function bar(fraction: number, cells: number, ascii: boolean): string {
  const inner = ascii ? cells - 2 : cells;
  const full = fraction >= 1 ? inner : Math.min(inner - 1, Math.floor(fraction * inner));
  return ascii ? `[${'#'.repeat(full)}${'.'.repeat(inner - full)}]` : '█'.repeat(full) + '░'.repeat(inner - full);
}

/** In characters, not UTF-16 units; wide scripts are not measured, so they may be cut early by the terminal. */
function lengthOf(text: string): number {
  return [...text].length;
}
function cut(text: string, width: number): string {
  return [...text].slice(0, Math.max(0, width)).join('');
}
