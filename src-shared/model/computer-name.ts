// Owns the rules of a computer's name as a person gives it in portal or console: what Windows and DNS accept, one meaning for all.
import type { FirmwareIdentity } from './computer.ts';
import { isMeaningful } from './placeholders.ts';

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

/** Where a name gets too long these are shortened, in this order. What tells machines apart is at a serial's end, and at a model's start. */
const shortened = [['model', 'start'], ['asset', 'end'], ['serial', 'end']] as const;

function fill(pattern: string, identity: FirmwareIdentity, number: number): string {
  const mac = identity.macs.find((each) => each.onboard)?.address ?? identity.macs[0]?.address ?? '';
  const said = (value: string): string => (isMeaningful(value) ? clean(value) : '');
  const values: Record<string, string> = { serial: said(identity.systemSerial), asset: said(identity.assetTag), model: said(identity.product), mac: mac.replaceAll(':', '').slice(-6) };
  const put = (): string => clean(pattern.replaceAll(/\{(\w+)(?::(\d))?\}/g, (whole, key: string, width: string | undefined) => (key === 'n' ? String(number).padStart(Number(width ?? 1), '0') : values[key] ?? whole)));
  for (const [key, keep] of shortened) {
    const value = values[key] ?? '';
    const over = put().length - MAX_COMPUTER_NAME;
    if (over <= 0) break;
    if (pattern.includes(`{${key}}`)) values[key] = keep === 'end' ? value.slice(over) : value.slice(0, Math.max(0, value.length - over));
  }
  const name = put();
  return /^\d+$/.test(name) ? `PC-${name.slice(-(MAX_COMPUTER_NAME - 3))}` : name;
}

/** Only what a name may hold; blanks and the like become hyphens. */
function clean(text: string): string {
  return text.trim().replaceAll(/[\s_./]+/g, '-').replaceAll(/[^A-Za-z0-9-]/g, '').replaceAll(/-{2,}/g, '-').replaceAll(/^-+|-+$/g, '');
}

/**
 * A text whose plain order is the order people expect: LAB-2 before LAB-10, case and accents aside. Two names have the same key exactly
 * when they are the same name but for case, so it also says whether a name is taken.
 */
export function nameOrderKey(name: string): string {
  const lower = name.trim().toLowerCase();
  const base = lower.normalize('NFKD').replaceAll(/\p{M}/gu, '');
  // A number is led by its length, so that the shorter one comes first.
  const key = base.replaceAll(/\d+/g, (digits) => {
    const bare = digits.replace(/^0+(?=\d)/, '');
    return String(bare.length).padStart(3, '0') + bare;
  });
  return base === lower && !/(?<!\d)0\d/.test(base) ? key : `${key}\u0001${lower}`;
}
