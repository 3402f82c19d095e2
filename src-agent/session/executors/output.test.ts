import { describe, expect, it } from 'vitest';
import { LineSplitter, OutputBounds } from './output.ts';

const linesOf = (pieces: (string | Buffer)[]): string[] => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const piece of pieces) splitter.push(Buffer.from(piece));
  splitter.end();
  return lines;
};

describe('output', () => {
  it('is cut into lines wherever it was read, in the middle of a letter too', () => {
    const bytes = Buffer.from('grün\nblau');
    expect(linesOf([bytes.subarray(0, 3), bytes.subarray(3)])).toEqual(['grün', 'blau']);
  });
  it('without line ends is cut, and a bar that redraws itself is one line', () => {
    expect(linesOf(['x'.repeat(4500)]).map((line) => line.length)).toEqual([2000, 2000, 500]);
    expect(linesOf(['1 %\r', '2 %\r', '3 %'])).toEqual(['3 %']);
  });
  it('that never ends is shown at its beginning and its end', () => {
    const sent: string[] = [];
    const output = new OutputBounds((lines) => sent.push(...lines));
    for (let i = 1; i <= 10_000; i++) output.add(`${i}`);
    output.end();
    expect([sent.length, sent[4999], sent[5001], sent[5002], sent.at(-1), output.tail(2)]).toEqual([5202, '5000', '… 4800 lines were left out.', '9801', '10000', ['9999', '10000']]);
  });
});
