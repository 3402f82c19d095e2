import { describe, expect, it } from 'vitest';
import { ProgressMeter } from './progress.ts';

describe('ProgressMeter', () => {
  it('takes the rate over the last seconds and the time left from it', () => {
    let now = 0;
    const meter = new ProgressMeter('read', () => now);
    meter.enter('read', 100_000);
    for (let i = 0; i < 20; i++) {
      now += 1000;
      meter.add(i < 10 ? 4000 : 1000); // ten fast seconds long ago, ten slow ones since
    }
    const { rateBytesPerSecond, etaSeconds, doneBytes } = meter.view();
    expect({ rateBytesPerSecond, etaSeconds, doneBytes }).toEqual({ rateBytesPerSecond: 1000, etaSeconds: 50, doneBytes: 50_000 });
  });
  it('shows a standstill as a falling rate, and no time left when nothing moved yet', () => {
    let now = 0;
    const meter = new ProgressMeter('read', () => now);
    meter.enter('read', 1000);
    expect(meter.view().etaSeconds).toBeNull();
    now = 1000;
    meter.add(500);
    expect(meter.view().rateBytesPerSecond).toBe(500);
    now = 5000;
    expect(meter.view().rateBytesPerSecond).toBe(100);
  });
  it('starts its rate anew with every stage and sums where the time goes', () => {
    let now = 0;
    const meter = new ProgressMeter('read', () => now);
    meter.enter('read', 10);
    meter.spend({ read: 1.4, hash: 2 });
    meter.spend({ read: 1.4 });
    now = 100;
    meter.add(10);
    meter.enter('commit', 10, 10);
    expect(meter.view()).toEqual({ stage: 'commit', doneBytes: 10, totalBytes: 10, sentBytes: 0, rateBytesPerSecond: 0, etaSeconds: null, where: { read: 3, hash: 2, compress: 0, network: 0, decompress: 0, write: 0 } });
  });
});
