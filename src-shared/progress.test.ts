import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPercent, progressFraction, progressLine, progressText } from './progress.ts';

const figures = { label: 'verify Lab Win11 v3', doneBytes: 4_200_000_000, totalBytes: 10_000_000_000, rateBytesPerSecond: 310_000_000, etaSeconds: 19, detail: 'ext4 on partition 2' };

describe('the line for a terminal', () => {
  it('shows bar, share, bytes, rate, time left and what is worked on where there is room', () => {
    expect(progressLine(figures, 130)).toBe(`verify Lab Win11 v3  ${'█'.repeat(16)}${'░'.repeat(24)}   42%  4.2 GB of 10.0 GB  310 MB/s  19 s left  ext4 on partition 2`);
  });

  it('leaves out the least important first as the terminal gets narrow', () => {
    expect([95, 80, 70, 58, 45, 30, 3].map((width) => progressLine(figures, width))).toEqual([
      `verify Lab Win11 v3  ${'█'.repeat(11)}${'░'.repeat(17)}   42%  4.2 GB of 10.0 GB  310 MB/s  19 s left`,
      `verify Lab Win11 v3  ${'█'.repeat(5)}${'░'.repeat(8)}   42%  4.2 GB of 10.0 GB  310 MB/s  19 s left`,
      `verify Lab Win11 v3  ${'█'.repeat(5)}${'░'.repeat(9)}   42%  4.2 GB of 10.0 GB  310 MB/s`,
      `verify Lab Win11 v3  ${'█'.repeat(5)}${'░'.repeat(7)}   42%  4.2 GB of 10.0 GB`,
      'verify Lab Win11 v3  42%  4.2 GB of 10.0 GB',
      'verify Lab Win11 v3  42%',
      '42%',
    ]);
  });

  it('draws with plain characters where the terminal has no others', () => {
    expect(progressLine({ ...figures, detail: undefined }, 80, { ascii: true })).toBe('verify Lab Win11 v3  [####.......]   42%  4.2 GB of 10.0 GB  310 MB/s  19 s left');
  });

  it('shows no bar and no share while the total is not known', () => {
    expect(progressLine({ label: 'inspect', doneBytes: 5000, totalBytes: 0, rateBytesPerSecond: 0, etaSeconds: null }, 80)).toBe('inspect  5.0 kB');
  });

  it('is never wider than the terminal', () => {
    const any = fc.record({
      label: fc.string({ unit: 'grapheme', maxLength: 60 }), doneBytes: fc.maxSafeNat(), totalBytes: fc.maxSafeNat(),
      rateBytesPerSecond: fc.maxSafeNat(), etaSeconds: fc.option(fc.nat(10_000_000)), detail: fc.string({ maxLength: 60 }),
    });
    fc.assert(fc.property(any, fc.integer({ min: 1, max: 200 }), fc.boolean(), (values, width, ascii) => {
      expect([...progressLine(values, width, { ascii })].length).toBeLessThanOrEqual(width);
    }));
  });
});

describe('the line for a log', () => {
  it('says everything in words', () => {
    expect(progressText(figures)).toBe('verify Lab Win11 v3: 42%, 4.2 GB of 10.0 GB, 310 MB/s, 19 s left, ext4 on partition 2');
  });
});

describe('the share done', () => {
  it('is 100% only when everything is done', () => {
    expect([0, 0.004, 0.9999, 1].map(formatPercent)).toEqual(['0%', '0%', '99%', '100%']);
    expect([progressFraction({ doneBytes: 5, totalBytes: 0 }), progressFraction({ doneBytes: 12, totalBytes: 10 })]).toEqual([null, 1]);
  });
});
