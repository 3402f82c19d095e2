import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Canvas, CellBuffer } from './cells.ts';
import { ScreenDiff } from './diff.ts';
import { Emulator } from './testing/emulator.ts';
import { roles, themeOf } from './theme.ts';

const size = { columns: 12, rows: 4 };
const stroke = fc.record({ row: fc.nat(3), column: fc.nat(11), text: fc.oneof(fc.string({ maxLength: 14 }), fc.constantFrom('漢字', 'a漢', '██░', '            ')), role: fc.constantFrom(...roles) });
const pictures = fc.array(fc.array(stroke, { maxLength: 6 }), { minLength: 1, maxLength: 5 });

function draw(strokes: readonly (typeof stroke extends fc.Arbitrary<infer T> ? T : never)[]): CellBuffer {
  const buffer = new CellBuffer(size);
  const canvas = new Canvas(buffer, 'unicode');
  for (const { row, column, text, role } of strokes) canvas.text(row, column, text, { role });
  return buffer;
}

/** What the emulator must show: everything but the last cell's character. */
function expected(buffer: CellBuffer): string[] {
  const lines = Array.from({ length: size.rows }, (_, row) => Array.from({ length: size.columns }, (_unused, column) => (row === size.rows - 1 && column === size.columns - 1 ? ' ' : buffer.at(row, column).char)).join('').trimEnd());
  return lines;
}

test.each([['linux', true], ['none', false]] as const)('whatever is drawn after whatever, the terminal shows it, and nothing scrolls (%s)', async (colors, eraseKeepsLooks) => {
  await fc.assert(fc.asyncProperty(pictures, fc.integer({ min: 5, max: 60 }), async (drawn, most) => {
    const diff = new ScreenDiff(size, themeOf(colors, 'blue'), { eraseKeepsLooks });
    const emulator = new Emulator(size);
    await emulator.write(diff.cleared());
    for (const strokes of drawn) {
      const buffer = draw(strokes);
      for (let complete = false; !complete;) {
        const piece = diff.piece(buffer, most);
        complete = piece.complete;
        await emulator.write(piece.text);
      }
      expect(emulator.lines().map((line) => line.trimEnd())).toEqual(expected(buffer));
      expect(emulator.scrolled).toBe(0);
    }
  }), { numRuns: 150 });
});

test('the looks arrive with the characters, and the blank last cell gets its background without being written', async () => {
  const diff = new ScreenDiff(size, themeOf('linux', 'blue'), { eraseKeepsLooks: true });
  const buffer = new CellBuffer(size);
  const canvas = new Canvas(buffer, 'cp437');
  canvas.area(3, 0, 1, 12).fill('status');
  canvas.text(3, 0, 'clock', { role: 'status' });
  canvas.text(0, 0, 'bad', { role: 'bad' });
  const emulator = new Emulator(size);
  await emulator.write(diff.cleared() + diff.piece(buffer, Infinity).text);
  const cells = emulator.cells();
  expect([cells[0]?.[0], cells[3]?.[0], cells[3]?.[11]]).toMatchObject([{ char: 'b', bold: true, ink: 1, paper: null }, { char: 'c', ink: 0, paper: 7 }, { char: ' ', paper: 7 }]);
});

test('what has not changed costs nothing, and a digit costs a move and the digit', () => {
  const diff = new ScreenDiff(size, themeOf('linux', 'blue'), { eraseKeepsLooks: true });
  const picture = (seconds: string): CellBuffer => {
    const buffer = new CellBuffer(size);
    new Canvas(buffer, 'cp437').text(1, 2, `12:04:${seconds}`);
    return buffer;
  };
  diff.piece(picture('31'), Infinity);
  expect([diff.piece(picture('31'), Infinity).text, diff.piece(picture('32'), Infinity).text]).toEqual(['', '\x1b[2;10H2']);
});
