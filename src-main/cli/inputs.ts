// Owns the reading of values that options and positionals carry as text. Pure; what does not fit is wrong usage.
import type { Input } from './command.ts';
import { usage } from './usage.ts';

/** A whole number within bounds, or undefined where the option was not given. */
export function numberOf(input: Input, name: string, bounds: { least: number; most?: number }): number | undefined {
  const text = input.texts[name];
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  const most = bounds.most ?? Number.MAX_SAFE_INTEGER;
  if (Number.isNaN(value) || value < bounds.least || value > most) {
    throw usage(`--${name} takes a whole number ${bounds.most === undefined ? `from ${bounds.least}` : `from ${bounds.least} to ${most}`}, not "${text}".`);
  }
  return value;
}
