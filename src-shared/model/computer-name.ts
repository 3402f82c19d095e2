// Owns the rules of a computer's name as a person gives it in portal or console: what Windows and DNS accept, one meaning for all.
import type { FirmwareIdentity } from './computer.ts';

/** NetBIOS names hold 15 characters; more would be cut off silently by the system that gets it. */
export const MAX_COMPUTER_NAME = 15;

/** What is wrong with a name, in a sentence that says what to do, or null. Uniqueness is the server's to judge. */
export function computerNameProblem(name: string): string | null {
  if (name === '') return 'Type a name.';
  if (name.length > MAX_COMPUTER_NAME) return `A name has at most ${MAX_COMPUTER_NAME} characters; this one has ${name.length}.`;
  const odd = /[^A-Za-z0-9-]/.exec(name)?.[0];
  if (odd !== undefined) return odd === ' ' ? 'A name has no spaces. Use a hyphen.' : `A name has letters, digits and hyphens only, not ${odd}`;
  if (name.startsWith('-') || name.endsWith('-')) return 'A name neither starts nor ends with a hyphen.';
  if (/^\d+$/.test(name)) return 'A name of digits only is not accepted by Windows. Add a letter.';
  return null;
}

/** Names are compared without regard to case: LAB-1 and lab-1 are the same computer to a network. */
export function sameComputerName(left: string, right: string): boolean {
  return left.trim().toLowerCase() === right.trim().toLowerCase();
}

export type NamePatternFacts = { identity: FirmwareIdentity; /** True where a computer has this name already. */ isTaken: (name: string) => boolean };

/**
 * The name a pattern proposes for a new computer: {serial}, {asset}, {model}, {mac} (last six digits), {n} or {n:3} (the first free number,
 * zero-padded). Always a name that computerNameProblem accepts and nobody has; '' where the pattern gives none.
 */
export function proposeComputerName(pattern: string, facts: NamePatternFacts): string {
  for (let number = 1; number <= 9999; number++) {
    const name = fill(pattern, facts.identity, number);
    if (computerNameProblem(name) !== null) return '';
    if (!facts.isTaken(name)) return name;
    if (!/\{n(:\d)?\}/.test(pattern)) break;
  }
  return '';
}

function fill(pattern: string, identity: FirmwareIdentity, number: number): string {
  const mac = identity.macs.find((each) => each.onboard)?.address ?? identity.macs[0]?.address ?? '';
  const values: Record<string, string> = { serial: identity.systemSerial, asset: identity.assetTag, model: identity.product, mac: mac.replaceAll(':', '').slice(-6) };
  const text = pattern.replaceAll(/\{(\w+)(?::(\d))?\}/g, (whole, key: string, width: string | undefined) => {
    if (key === 'n') return String(number).padStart(Number(width ?? 1), '0');
    return values[key] ?? whole;
  });
  return text.replaceAll(/[\s_.]+/g, '-').replaceAll(/[^A-Za-z0-9-]/g, '').slice(0, MAX_COMPUTER_NAME).replaceAll(/^-+|-+$/g, '');
}
