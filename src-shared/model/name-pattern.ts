// Owns what a naming pattern may hold: text and the fields that are filled in on the computer. What it makes of them is computer-name.ts.
export const nameFields = ['serial', 'asset', 'model', 'mac', 'n'] as const;
const meanings = '{serial}, {asset}, {model}, {mac}, {n} and {n:3}';

/** What is wrong with a pattern, in a sentence, or null. */
export function namePatternProblem(pattern: string): string | null {
  const rest = pattern.replaceAll(/\{(\w+)(?::(\d))?\}/g, (whole, field: string, width: string | undefined) => {
    const known = nameFields.some((each) => each === field) && (width === undefined || (field === 'n' && width !== '0'));
    return known ? '' : whole;
  });
  const unknown = /\{[^}]*\}?|\}/.exec(rest)?.[0];
  if (unknown !== undefined) return `${unknown} is not filled in. There are ${meanings}`;
  const odd = /[^A-Za-z0-9\s_./-]/.exec(rest)?.[0];
  if (odd !== undefined) return `Names hold letters, digits and hyphens, not ${odd}`;
  if (!/\{/.test(pattern)) return `Every computer would get the same name. Put in one of ${meanings}`;
  return null;
}
