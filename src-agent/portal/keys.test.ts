import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyDecoder } from './keys.ts';
import type { Key } from './keys.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
/** What a person sees of it: names, and what was typed in quotes. */
const shown = (keys: readonly Key[]): string => keys.map((key) => ('text' in key ? `${key.name === 'paste' ? 'paste ' : ''}'${key.text}'` : key.name)).join(' ');

function decode(...pieces: (string | Uint8Array)[]): string {
  const decoder = new KeyDecoder();
  return shown([...pieces.flatMap((piece) => decoder.push(typeof piece === 'string' ? bytesOf(piece) : piece)), ...decoder.timeout()]);
}

test.each([
  ['arrows in both modes', '\x1b[A\x1b[B\x1bOC\x1bOD', 'up down right left'],
  ['F1 of a Linux console, of a vt100 and of windows', '\x1b[[A\x1bOP\x1b[11~\x1b[1;2P', 'f1 f1 f1 f1'],
  ['F10', '\x1b[21~', 'f10'],
  ['Home and End in every form', '\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[7~\x1b[8~\x1bOH\x1bOF', 'home end home end home end home end'],
  ['pages, insert and delete', '\x1b[5~\x1b[6~\x1b[2~\x1b[3~', 'page-up page-down insert delete'],
  ['arrows with Shift or Ctrl', '\x1b[1;5A\x1b[1;2B', 'up down'],
  ['both backspaces and both ends of a line', '\x7f\b\r\n', 'backspace backspace enter enter'],
  ['control keys', '\x03\x04\x0c\x15\x17\t', 'ctrl-c ctrl-d ctrl-l ctrl-u ctrl-w tab'],
  ['letters of any script', 'aé漢😀', "'a' 'é' '漢' '😀'"],
  ['Esc alone, twice, and before a letter', '\x1b\x1bq\x1b', "escape escape 'q' escape"],
  ['a paste as one text that presses no key', '\x1b[200~LAB\r\n12\x1b[A\x1b[201~x', "paste 'LAB  12 [A' 'x'"],
  ['nothing in answers of the terminal', '\x1b[24;80R\x1b[?62;c\x1b]0;title\x07\x1bPdata\x1b\\k', "'k'"],
  ['nothing in sequences unknown', '\x1b[99~\x1b[38;5;1m\x1bOz', ''],
])('reads %s', (_what, bytes, keys) => {
  expect(decode(bytes)).toBe(keys);
});

test('an Esc waits for its sequence, and stands alone when nothing comes', () => {
  const decoder = new KeyDecoder();
  expect([decoder.push(bytesOf('\x1b')), decoder.isWaiting]).toEqual([[], true]);
  expect(shown(decoder.push(bytesOf('[A')))).toBe('up');
  decoder.push(bytesOf('\x1b'));
  expect([shown(decoder.timeout()), decoder.isWaiting]).toEqual(['escape', false]);
});

test('half a sequence, half a letter and a paste without end are over when nothing comes', () => {
  expect(decode('\x1b[1;')).toBe('');
  expect(decode(Uint8Array.of(0xe6, 0xbc), 'a')).toBe("'a'");
  expect(decode('\x1b[200~never ends')).toBe("paste 'never ends'");
});

test('a paste longer than any name keeps its beginning, and its end is found', () => {
  expect(decode(`\x1b[200~${'x'.repeat(5000)}\x1b[201~\r`)).toMatch(/^paste 'x{988,994}' enter$/);
});

const anyKeys = fc.array(fc.oneof(fc.constantFrom('\x1b[A', '\x1bOP', '\x1b[[A', '\x1b[21~', '\x1b', '\x1b[200~ab\x1b[201~', '\x1b]0;t\x07', 'é', '漢', '😀', '\r', '\x7f'), fc.string()), { maxLength: 12 }).map((parts) => bytesOf(parts.join('')));

test('where the line cuts the bytes makes no difference', () => {
  fc.assert(fc.property(anyKeys, fc.array(fc.nat(40), { maxLength: 10 }), (bytes, cuts) => {
    const places = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].toSorted((left, right) => left - right);
    const pieces = places.slice(1).map((end, at) => bytes.slice(places[at], end));
    expect(decode(...pieces)).toBe(decode(bytes));
  }));
});

test('no bytes break it: after a pause a key is a key again, and nothing it says can move a cursor', () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), (pieces) => {
    const decoder = new KeyDecoder();
    const keys = [...pieces.flatMap((piece) => decoder.push(piece)), ...decoder.timeout()];
    for (const key of keys) if ('text' in key) expect(key.text).not.toMatch(/\p{Cc}/u);
    expect([decoder.isWaiting, shown(decoder.push(bytesOf('a')))]).toEqual([false, "'a'"]);
  }));
});
