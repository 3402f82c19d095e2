import { describe, expect, it } from 'vitest';
import { resultWords, timeShares } from './runs.ts';

describe('the result of a run', () => {
  it('is shown in units, without what is nested in it', () => {
    expect(resultWords({ readBytes: 17_878_016, seconds: 140, rateBytesPerSecond: 34_341_156, resumed: false, chunks: { zero: 1 }, frames: 12 }))
      .toBe('read: 17.9 MB\ntook: 2 min 20 s\nrate: 34.3 MB/s\nresumed: false\nframes: 12');
  });
  it('says where the time went, the most first, and nothing where none was spent', () => {
    expect([timeShares({ read: 250, hash: 2, network: 748, write: 0 }), timeShares({ read: 0 })]).toEqual(['network 75%, read 25%', '']);
  });
});
