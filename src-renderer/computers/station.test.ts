import { describe, expect, it } from 'vitest';
import type { ComputerRow } from '#shared/model/computer.ts';
import type { RunView } from '#shared/model/run.ts';
import { countingRuns, inRoomOrder, stationOf, summaryOf } from './station.ts';

const computer = (name: string, online = true): ComputerRow => ({ id: name, name, groupId: null, firstSeenAt: 0, lastSeenAt: 0, online, address: '', model: '', serial: '', diskCount: 1, named: true, trashedAt: null });
const run = (given: Partial<RunView>): RunView => ({
  id: 'run', kind: 'deploy', state: 'running', waitingFor: null, batchId: null, jobId: null, jobName: '', tasks: [], taskIndex: 0, computerId: 'a', computerName: 'a', imageGuid: null, imageName: 'Win11', versionNumber: 1,
  disk: null, progress: null, result: null, error: null, actor: 'anna', startedAt: 0, endedAt: null, ...given,
});
const progress = { stage: 'write', doneBytes: 62, totalBytes: 100, sentBytes: 0, rateBytesPerSecond: 0, etaSeconds: null, where: { read: 0, hash: 0, compress: 0, network: 0, decompress: 0, write: 0 } };

describe('a computer in its room', () => {
  it.each([
    ['connected', computer('a'), null, { words: 'Connected', tone: 'ok', rank: 4 }],
    ['switched off', computer('a', false), null, { words: 'Not connected', tone: 'off', rank: 5 }],
    ['being deployed', computer('a'), run({ progress }), { words: 'Deploying 62 %', tone: 'run', rank: 2, fraction: 0.62 }],
    ['failed, with the code one quotes', computer('a'), run({ state: 'failed', endedAt: 1, error: { code: 'io', message: '' } }), { words: 'Failed PL-3001', tone: 'fail', rank: 1 }],
    ['waiting for a person', computer('a'), run({ state: 'waiting', waitingFor: 'person' }), { words: 'Waits for you', tone: 'warn', rank: 0 }],
    ['out of contact in the middle of a run', computer('a', false), run({ state: 'lost' }), { tone: 'warn', rank: 1 }],
    ['done since this morning', computer('a'), run({ state: 'succeeded', endedAt: 2000 }), { words: 'Done', tone: 'ok', rank: 4 }],
    ['done long ago', computer('a'), run({ state: 'succeeded', endedAt: 500 }), { words: 'Connected', rank: 4, run: null }],
    ['cancelled', computer('a', false), run({ state: 'cancelled', endedAt: 2000 }), { words: 'Not connected', run: null }],
  ] as const)('%s', (_title, row, last, expected) => {
    expect(stationOf(row, last, 1000)).toMatchObject(expected);
  });
  it('is shown by the run that counts: what goes on before what has ended, else what ended last', () => {
    const ids = (...runs: RunView[]): string | undefined => countingRuns(runs).get('a')?.id;
    expect([
      ids(run({ id: 'old', state: 'failed', endedAt: 1 }), run({ id: 'new', state: 'succeeded', endedAt: 2 })),
      ids(run({ id: 'failed', state: 'failed', endedAt: 9 }), run({ id: 'queued', state: 'queued' }), run({ id: 'running' })),
      ids(run({ id: 'running' }), run({ id: 'asks', state: 'waiting', waitingFor: 'person' })),
    ]).toEqual(['new', 'running', 'asks']);
  });
  it('stands where it stands unless it needs a person: trouble comes first, progress moves nothing', () => {
    const stations = [stationOf(computer('PC-10'), null, 0), stationOf(computer('PC-2'), run({ progress }), 0), stationOf(computer('PC-9', false), run({ state: 'failed', endedAt: 1 }), 0), stationOf(computer('PC-11'), run({ state: 'waiting', waitingFor: 'person' }), 0)];
    expect(inRoomOrder(stations).map((station) => station.computer.name)).toEqual(['PC-11', 'PC-9', 'PC-2', 'PC-10']);
    expect(summaryOf(stations)).toEqual({ computers: 4, online: 3, running: 1, waiting: 0, trouble: 2 });
  });
});
