import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nameOrderKey, sameComputerName } from './computer-name.ts';

const piece = fc.oneof(fc.constantFrom('a', 'A', 'é', 'É', 'e\u0301', 'ß', 'SS', 'İ', 'ı', '0', '1', '01', '10', '²', '２', '٣', '-', ' ', 'ﬁ', '\u0001', 'K', 'Å', 'Σ', 'ς', '001', '0011'), fc.string({ unit: 'grapheme', maxLength: 3 }));
const name = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''));
test('two names have the same key exactly when they are the same name but for case', () => {
  fc.assert(fc.property(name, name, (left, right) => {
    expect(nameOrderKey(left) === nameOrderKey(right)).toBe(sameComputerName(left, right));
  }), { numRuns: 20_000 });
});
