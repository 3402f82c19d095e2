import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computerNameProblem, nameOrderKey, proposeComputerName, sameComputerName } from './computer-name.ts';
import type { FirmwareIdentity } from './computer.ts';

const identity: FirmwareIdentity = { systemUuid: '', systemSerial: 'PF2K81QX', boardSerial: '', assetTag: 'ROOM-204', vendor: 'LENOVO', product: 'ThinkCentre M70q', macs: [{ address: '00:1b:21:aa:bb:cc', onboard: true }], hostname: '' };
const propose = (pattern: string, said: Partial<FirmwareIdentity> = {}, taken: readonly string[] = []) =>
  proposeComputerName(pattern, { identity: { ...identity, ...said }, isTaken: (name) => taken.some((other) => sameComputerName(other, name)) });

describe('a computer\'s name as a person gives it', () => {
  it.each(['LAB-12', 'a', 'PF2K81QX', '7XK2M33', '1-2', 'abcdefghijklmno'])('may be %j', (name) => {
    expect(computerNameProblem(name)).toBeNull();
  });
  it.each([
    ['', 'Type a name.'],
    ['abcdefghijklmnop', 'A name has at most 15 characters; this one has 16.'],
    ['lab 12', 'A name has no spaces. Use a hyphen.'],
    ['lab_12', 'A name has letters, digits and hyphens only, not _'],
    ['Büro-1', 'A name has letters, digits and hyphens only, not ü'],
    ['-lab', 'A name neither starts nor ends with a hyphen.'],
    ['lab-', 'A name neither starts nor ends with a hyphen.'],
    ['12345', 'A name of digits only is not accepted by Windows. Add a letter.'],
  ])('may not be %j', (name, problem) => {
    expect(computerNameProblem(name)).toBe(problem);
  });
  it('is the same in capitals', () => {
    expect([sameComputerName('LAB-1', ' lab-1'), sameComputerName('LAB-1', 'LAB-01')]).toEqual([true, false]);
  });
});

describe('the name a pattern proposes', () => {
  it.each<[string, string, Partial<FirmwareIdentity>, string[], string]>([
    ['the serial', '{serial}', {}, [], 'PF2K81QX'],
    ['the asset tag', '{asset}', {}, [], 'ROOM-204'],
    ['the last digits of the onboard address', 'PC-{mac}', {}, [], 'PC-aabbcc'],
    ['an onboard address before one on USB', 'PC-{mac}', { macs: [{ address: '00:e0:4c:00:00:01', onboard: false }, { address: '00:1b:21:aa:bb:cc', onboard: true }] }, [], 'PC-aabbcc'],
    ['the first free number', 'LAB-{n}', {}, ['LAB-1', 'lab-2', 'LAB-4'], 'LAB-3'],
    ['the number with zeros before it', 'LAB-{n:3}', {}, ['LAB-001'], 'LAB-002'],
    ['the end of a long serial, where machines differ', '{serial}', { systemSerial: 'MP1A2B3C4D5E6F7G8H' }, [], 'A2B3C4D5E6F7G8H'],
    ['a prefix in full and the end of the serial', 'LAB12-{serial}', { systemSerial: 'VMware-564d8c1f2a3b4c5d' }, [], 'LAB12-f2a3b4c5d'],
    ['a model cut at its end, so that the number stays', '{model}-{n:2}', { product: 'OptiPlex 7010 Tower' }, ['OptiPlex-701-01'], 'OptiPlex-701-02'],
    ['the serial whole where a model can give way', '{model}-{serial}', {}, [], 'ThinkC-PF2K81QX'],
    ['blanks and dots as hyphens', '{model}', { product: 'NUC 8i5 v1.2' }, [], 'NUC-8i5-v1-2'],
    ['letters before a serial of digits only', '{serial}', { systemSerial: '8675309421' }, [], 'PC-8675309421'],
    ['nothing for a placeholder', '{serial}', { systemSerial: 'To Be Filled By O.E.M.' }, [], ''],
    ['nothing for an empty asset tag', '{asset}', { assetTag: '' }, [], ''],
    ['the rest where one part is missing', 'LAB-{asset}-{serial}', { assetTag: 'No Asset Tag' }, [], 'LAB-PF2K81QX'],
    ['nothing where the name is taken and no number is asked for', '{serial}', {}, ['pf2k81qx'], ''],
    ['nothing where the fixed part alone is too long', 'VeryLongClassroomName-{n}', {}, [], ''],
    ['an unknown word without its braces', '{room}-{n}', {}, [], 'room-1'],
  ])('is %s', (_, pattern, said, taken, name) => {
    expect(propose(pattern, said, taken)).toBe(name);
  });

  it('is always a name that is accepted, or nothing', () => {
    const part = fc.constantFrom('{serial}', '{asset}', '{model}', '{mac}', '{n}', '{n:3}', 'LAB', '-', ' ', 'ü', '7');
    fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), fc.string({ maxLength: 60 }), fc.string({ maxLength: 60 }), (parts, systemSerial, product) => {
      const name = propose(parts.join(''), { systemSerial, product });
      expect(name === '' ? null : computerNameProblem(name)).toBeNull();
    }));
  });
});

describe('the order of names', () => {
  it('is the one people expect', () => {
    const sorted = ['1', '2', '10', 'Lab', 'lab 3', 'LAB-1', 'lab-01', 'LAB-2', 'lab-2a', 'LAB-2-1', 'LAB-2-10', 'LAB-10', 'Labor', 'Übung', 'Zentrale'];
    const key = (name: string): string => nameOrderKey(name);
    expect(sorted.toReversed().toSorted((left, right) => (key(left) < key(right) ? -1 : 1))).toEqual(['1', '2', '10', 'Lab', 'lab 3', 'LAB-1', 'lab-01', 'LAB-2', 'LAB-2-1', 'LAB-2-10', 'lab-2a', 'LAB-10', 'Labor', 'Übung', 'Zentrale']);
  });
  it('has one key for names that differ in case alone, and for no others', () => {
    fc.assert(fc.property(fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'A', 'á', '0', '1', '00', '-', '²', ' ') }), fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'A', 'á', '0', '1', '00', '-', '²', ' ') }), (left, right) => {
      expect(nameOrderKey(left) === nameOrderKey(right)).toBe(sameComputerName(left, right));
    }));
  });
});
