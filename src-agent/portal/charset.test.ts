import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cut, cutMiddle, fold, textWidth, wrap } from './charset.ts';

test.each([
  ['Windows 11 “lab” – Büro…', 'Windows 11 "lab" - Buro...', 'Windows 11 "lab" - Büro...', 'Windows 11 “lab” – Büro…'],
  ['√ ► █░ ─ ·', '* > #. - -', '√ ► █░ ─ ·', '√ ► █░ ─ ·'],
  ['Łódź ő Straße €', 'Lodz o Strasse EUR', 'Lódz o Straße EUR', 'Łódź ő Straße €'],
  ['a\x1b[2Jb\x07\u009bc\nd\te', 'a[2Jbc d e', 'a[2Jbc d e', 'a[2Jbc d e'],
  ['漢字 ｱ', '?? ?', '?? ?', '漢字 ｱ'],
  ['x\u202eevil\u200b\u0301', 'xevil', 'xevil', 'xevil'],
  ['שלום 😀👩‍💻', '???? ???', '???? ???', '???? ???'],
])('%j is shown as a terminal can', (text, ascii, cp437, unicode) => {
  expect([fold(text, 'ascii'), fold(text, 'cp437'), fold(text, 'unicode')]).toEqual([ascii, cp437, unicode]);
});

test('what is cut says so, and never takes more room than there is', () => {
  expect([cut('Windows 11 lab', 10, 'unicode'), cut('Windows 11 lab', 10, 'ascii'), cutMiddle('Windows 11 laboratory', 13, 'unicode'), cut('漢字漢字', 4, 'unicode')]).toEqual(['Windows 1…', 'Windows ..', 'Window…ratory', '漢…']);
});

test('lines break at spaces, and a longer word where the line ends', () => {
  expect(wrap('one two  three abcdefghijkl', 8)).toEqual(['one two', 'three', 'abcdefgh', 'ijkl']);
});

test('no text is wider than its room, on any terminal', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), fc.integer({ min: 1, max: 40 }), fc.constantFrom('ascii' as const, 'cp437' as const, 'unicode' as const), (text, width, charset) => {
    const folded = fold(text, charset);
    expect(folded).not.toMatch(/[\p{Cc}\p{Cf}\p{M}\p{Cs}]/u);
    for (const line of [cut(folded, width, charset), cutMiddle(folded, width, charset)]) expect(textWidth(line)).toBeLessThanOrEqual(width);
    for (const line of wrap(folded, Math.max(2, width))) expect(textWidth(line)).toBeLessThanOrEqual(Math.max(2, width));
    if (charset === 'ascii') expect(folded).toMatch(/^[\x20-\x7e]*$/);
  }));
});
