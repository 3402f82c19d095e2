import { expect, test } from 'vitest';
import type { Moving, Transfer } from '#shared/model/replication.ts';
import { movingRows, shownMoving, shownTransfers } from './transferRows.ts';

const moving = (imageName: string, change: Partial<Moving>): Moving => ({ versionGuid: imageName, imageGuid: imageName, imageName, number: 1, state: 'queued', doneBytes: 0, totalBytes: 10, rateBytesPerSecond: 0, etaSeconds: null, waitingFor: null, sources: [], ...change });
const rows = movingRows([
  { serverId: 'ps8', serverName: 'PS008', moving: [moving('Linux', { waitingFor: 'no room' }), moving('Win11', { state: 'copying', sources: [{ serverId: 'ps9', bytes: 1 }, { serverId: 'hq', bytes: 5 }] })] },
  { serverId: 'ps9', serverName: 'PS009', moving: [moving('Win11', { state: 'verifying' })] },
], new Map([['hq', 'HQ'], ['ps9', 'PS009']]));

test('what moves comes before what is checked, and what waits last; who gave most is named first', () => {
  expect(rows.map((row) => `${row.imageName} to ${row.toName}`)).toEqual(['Win11 to PS008', 'Win11 to PS009', 'Linux to PS008']);
  expect(rows[0]?.from.map((source) => source.name)).toEqual(['HQ', 'PS009']);
});

test('a server is found as where it goes and as where it comes from, an image and a reason by their words', () => {
  const keys = (filter: Partial<Parameters<typeof shownMoving>[1]>): string[] => shownMoving(rows, { text: '', server: '', ...filter }).map((row) => row.key);
  expect(keys({ server: 'ps9' })).toEqual(['ps8 Win11', 'ps9 Win11']);
  expect(keys({ text: 'room' })).toEqual(['ps8 Linux']);
  expect(keys({ text: 'hq' })).toEqual(['ps8 Win11']);
});

test('the past is found by outcome, too', () => {
  const past: Transfer = { id: 1, versionGuid: 'v', serverId: 'ps8', serverName: 'PS008', imageName: 'Win11', number: 1, startedAt: 0, endedAt: 1, outcome: 'failed', problem: 'no source', chunksHere: 0, chunksWhole: 0, chunksDelta: 0, wireBytes: 0, sources: [] };
  expect(shownTransfers([past], { text: 'source', server: 'ps8', outcome: 'failed' })).toHaveLength(1);
  expect(shownTransfers([past], { text: '', server: '', outcome: 'done' })).toHaveLength(0);
});
