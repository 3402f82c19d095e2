// Owns how a refused setting is said: by its name, the rule in words, and what was given. Pure; the rules are server.ts's.
import { settingsSchema } from './server.ts';
import type { Settings } from './server.ts';

/** "trashDays: a whole number from 0 to 365, not 366." for each; '' where all fits. */
export function settingProblems(given: Readonly<Record<string, unknown>>): string {
  return Object.entries(given).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const problem = settingProblem(key, value);
    if (problem === null) return [];
    const shown = typeof value === 'string' ? (value.length > 40 ? `a text of ${value.length} characters` : `“${value}”`) : JSON.stringify(value);
    // A rule is followed by what was given instead; a sentence of its own says that already.
    return [/\. |^There is/.test(problem) ? `${key}: ${problem}.` : `${key}: ${problem.charAt(0).toLowerCase()}${problem.slice(1)}, not ${shown}.`];
  }).join(' ');
}

/** The rule that this value breaks, in words, or null. */
export function settingProblem(key: string, value: unknown): string | null {
  if (!isSetting(key)) return 'There is no such setting';
  const parsed = settingsSchema.shape[key].safeParse(value);
  return parsed.success ? null : (parsed.error.issues[0]?.message ?? 'Not a value this setting can have');
}

export function isSetting(key: string): key is keyof Settings {
  return Object.hasOwn(settingsSchema.shape, key);
}
