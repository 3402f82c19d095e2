import { expect, test } from 'vitest';
import type { Moving } from '#shared/model/replication.ts';
import { cellState, clockProblem, copyCounts, movingWords, serverState, spaceWords } from './serverWords.ts';

const moving: Moving = { versionGuid: '', imageGuid: '', imageName: 'Win11', number: 4, state: 'copying', doneBytes: 4e9, totalBytes: 10e9, rateBytesPerSecond: 87e6, etaSeconds: 260, waitingFor: null, sources: [] };
const cell = { serverId: 'a', state: 'absent', assigned: false, provedAt: null, problem: null } as const;

test('a server that is not connected is away, unless it is out for good', () => {
  expect(serverState({ state: 'joined', connected: true, isSelf: false }).word).toBe('Connected');
  expect(serverState({ state: 'joined', connected: false, isSelf: false }).word).toBe('Away');
  expect(serverState({ state: 'revoked', connected: false, isSelf: false })).toMatchObject({ tone: 'fail', word: 'Revoked' });
});

test('an absent copy waits where it is to come, and is simply absent where it is not', () => {
  expect(cellState(cell, undefined)).toMatchObject({ tone: 'off', word: 'absent' });
  expect(cellState({ ...cell, assigned: true }, { ...moving, waitingFor: 'outside of its window' })).toMatchObject({ tone: 'wait', word: 'waiting', why: 'outside of its window' });
});

test('a copy under way says how far it is', () => {
  expect(cellState({ ...cell, state: 'copying' }, moving).word).toBe('copying 40 %');
  expect(movingWords(moving)).toBe('4.0 GB of 10.0 GB · 87.0 MB/s · 4 min left');
  expect(movingWords({ ...moving, waitingFor: 'no room' })).toBe('Waiting: no room');
});

test('copies are counted by state, trouble first, without those that nothing is in', () => {
  expect(copyCounts({ absent: 4, copying: 0, verifying: 1, ready: 9, damaged: 2, removing: 0 }).map(({ state, count }) => `${count} ${state}`)).toEqual(['2 damaged', '1 verifying', '9 ready']);
});

test('a clock is a problem beyond a minute', () => {
  expect(clockProblem(null)).toBeNull();
  expect(clockProblem(59_000)).toBeNull();
  expect(clockProblem(-180_000)).toBe('3 min behind');
});

test('space says what is still to come, and when it does not fit', () => {
  expect(spaceWords({ freeBytes: 412e9, neededBytes: 0, fits: true })).toEqual({ free: '412 GB', coming: null, fits: true });
  expect(spaceWords({ freeBytes: 1e9, neededBytes: 30e9, fits: false }).coming).toBe('30.0 GB to come, does not fit');
});
