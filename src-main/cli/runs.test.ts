import { describe, expect, it } from 'vitest';
import type { RunView } from '#shared/model/run.ts';
import { resultWords, timeShares } from './runs.ts';
import { runStateWords } from '#shared/model/run-words.ts';
import { runTook } from './words.ts';

describe('the state of a run', () => {
  const run: RunView = {
    waitingFor: null, batchId: null, jobId: null, jobName: '', tasks: [], taskIndex: 0,
    id: '', kind: 'deploy', state: 'failed', computerId: '', computerName: '', imageGuid: null, imageName: '', versionNumber: null, disk: { path: '', model: '', serial: '', sizeBytes: 0 },
    progress: null, result: null, error: null, actor: '', startedAt: 0, endedAt: 0,
  };
  const failed = (code: string) => runStateWords({ ...run, error: { code, message: '' } });
  it('is refused where it failed before anything was written', () => {
    expect([failed('image-in-trash'), failed('target-too-small'), failed('io'), failed('unheard-of'), runStateWords(run)]).toEqual(['refused', 'refused', 'failed', 'failed', 'failed']);
  });
});

describe('how long a run took', () => {
  const task = { index: 0, task: { type: 'power' as const, id: 'p', action: 'restart' as const }, summary: '', state: 'pending' as const, startedAt: null, endedAt: null, progress: null, result: null, error: null };
  const run: RunView = {
    waitingFor: 'computer', batchId: null, jobId: null, jobName: 'Reinstall', tasks: [task], taskIndex: 0, id: '', kind: 'job', state: 'waiting', computerId: '', computerName: '', imageGuid: null, imageName: '',
    versionNumber: null, disk: null, progress: null, result: null, error: null, actor: '', startedAt: 0, endedAt: null,
  };
  it('counts the work of a job, not the time it waited for its computer', () => {
    expect([runTook(run, 90_000), runTook({ ...run, tasks: [{ ...task, startedAt: 60_000 }] }, 90_000), runTook({ ...run, kind: 'capture', tasks: [] }, 90_000)]).toEqual(['', '30 s', '1 min 30 s']);
  });
});

describe('the result of a run', () => {
  it('is shown in units, without what is nested in it', () => {
    expect(resultWords({ readBytes: 17_878_016, seconds: 140, rateBytesPerSecond: 34_341_156, resumed: false, chunks: { zero: 1 }, frames: 12 }))
      .toBe('read: 17.9 MB\ntook: 2 min 20 s\nrate: 34.3 MB/s\nresumed: false\nframes: 12');
  });
  it('says where the time went, the most first, and nothing where none was spent', () => {
    expect([timeShares({ read: 250, hash: 2, network: 748, write: 0 }), timeShares({ read: 0 })]).toEqual(['network 75%, read 25%', '']);
  });
});
