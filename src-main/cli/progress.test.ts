import { describe, expect, it } from 'vitest';
import { createProgress } from './progress.ts';

const figures = { label: 'verify', doneBytes: 50, totalBytes: 100, rateBytesPerSecond: 10, etaSeconds: 5 };
function drawn(terminal: boolean, json: boolean) {
  const written: string[] = [];
  let now = 0;
  const progress = createProgress({ write: (text) => written.push(text), isTerminal: terminal, columns: () => 60, ascii: true }, { json, now: () => now });
  return { written, progress, pass: (ms: number) => { now += ms; } };
}

describe('progress', () => {
  it('draws over one line of a terminal at most ten times a second and clears it at the end', () => {
    const { written, progress, pass } = drawn(true, false);
    for (let step = 0; step < 10; step++) {
      progress.update(figures);
      pass(30);
    }
    progress.end();
    expect(written).toEqual([...Array<string>(3).fill('\rverify  [#####.....]   50%  50 B of 100 B  10 B/s  5 s left\u001b[K'), '\r\u001b[K']);
  });

  it('writes a line now and then where there is no terminal, and for every new stage and the end', () => {
    const { written, progress, pass } = drawn(false, false);
    progress.update(figures);
    progress.update({ ...figures, doneBytes: 60 });
    pass(10_000);
    progress.update({ ...figures, doneBytes: 70 });
    progress.update({ ...figures, doneBytes: 100, etaSeconds: 0 });
    progress.update({ ...figures, doneBytes: 100, etaSeconds: 0 });
    progress.end();
    expect(written).toEqual(['verify: 50%, 50 B of 100 B, 10 B/s, 5 s left\n', 'verify: 70%, 70 B of 100 B, 10 B/s, 5 s left\n', 'verify: 100%, 100 B of 100 B, 10 B/s, 0 s left\n']);
  });

  it('writes JSON lines with --json, on a terminal too', () => {
    const { written, progress } = drawn(true, true);
    progress.update(figures);
    progress.end();
    expect(written.map((line) => JSON.parse(line) as unknown)).toEqual([{ progress: figures }]);
  });
});
