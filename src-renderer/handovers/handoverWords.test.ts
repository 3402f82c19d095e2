import { expect, test } from 'vitest';
import type { Handover, Moving } from '#shared/model/replication.ts';
import { imageState, mayBeLost, movingOf, progressOf, progressWords, stagesOf, targetsOf, targetWords, titleOf } from './handoverWords.ts';

const names = new Map([['ps8', 'PS008'], ['ps9', 'PS009']]);
const image = (state: Handover['images'][number]['state'], doneBytes = 0): Handover['images'][number] => ({ imageGuid: state, imageName: 'Win11', toServerId: 'ps9', state, versions: 1, bytes: 100, doneBytes, problem: null, undo: null });

test('each kind of hand-over says what it is', () => {
  const about = (kind: Handover['kind']): string => titleOf({ kind, fromServerId: 'ps8', toServerId: 'ps9', images: [image('waiting'), image('copying')] }, names);
  expect(['take-ownership', 'retire', 'replace', 'recover'].map((kind) => about(kind as Handover['kind']))).toEqual(['Give 2 images to PS009', 'Retire PS008', 'Replace PS008 by PS009', 'Recover the images of PS008']);
  expect(titleOf({ kind: 'take-ownership', fromServerId: null, toServerId: 'ps9', images: [image('waiting')] }, names)).toBe('Give Win11 to PS009');
});

test('progress counts what is proved, and goes by bytes', () => {
  const images = [image('switched'), image('proved'), image('copying', 40), image('waiting')];
  expect(progressWords({ images })).toBe('2 of 4 images proved');
  expect(progressOf({ images })).toMatchObject({ doneBytes: 240, totalBytes: 400, fraction: 0.6 });
  expect(progressOf({ images: [{ ...image('proved'), bytes: 0 }, { ...image('waiting'), bytes: 0 }] }).fraction).toBe(0.5);
});

test('an image that was given back says so', () => {
  expect(imageState({ ...image('switched'), undo: 7 }).word).toBe('Handed over');
  expect(imageState({ ...image('switched'), problem: 'anna gave it back to PS008.' }).word).toBe('Given back');
  expect(imageState({ ...image('waiting'), problem: 'No server has a proved copy of v1.' }).word).toBe('Waiting');
});

test('only a server that leaves is let go in the end', () => {
  expect(stagesOf({ kind: 'retire', state: 'ready', fromServerId: 'ps8' }, names)).toEqual({ stages: ['Prepare', 'Copy', 'Prove', 'Hand over', 'Let PS008 go'], at: 4 });
  expect(stagesOf({ kind: 'recover', state: 'done', fromServerId: 'ps8' }, names)).toEqual({ stages: ['Prepare', 'Copy', 'Prove', 'Hand over'], at: 4 });
});

test('the rate of an image is that of its versions on the way to its new owner', () => {
  const moving = (change: Partial<Moving>): Moving => ({ versionGuid: 'v', imageGuid: 'copying', imageName: 'Win11', number: 1, state: 'copying', doneBytes: 1, totalBytes: 2, rateBytesPerSecond: 5, etaSeconds: 9, waitingFor: null, sources: [], ...change });
  const servers = [{ serverId: 'ps9', moving: [moving({}), moving({ state: 'queued', rateBytesPerSecond: 0, etaSeconds: null, waitingFor: 'its window' })] }, { serverId: 'ps8', moving: [moving({})] }];
  expect(movingOf(image('copying'), servers)).toEqual({ rateBytesPerSecond: 5, etaSeconds: 9, waitingFor: null });
  expect(movingOf(image('copying'), [{ serverId: 'ps9', moving: [moving({ state: 'queued', rateBytesPerSecond: 0, etaSeconds: null, waitingFor: 'its window' })] }]).waitingFor).toBe('its window');
});

test('a new owner says how much is to be copied there, and whether it fits', () => {
  const preview = { images: [{ imageGuid: 'a', imageName: 'A', createdAt: 0, fromServerId: 'ps8', toServerId: 'ps9', versions: 1, bytes: 5e9, missingBytes: 2e9 }] };
  const [target] = targetsOf(preview, [], names);
  expect(target && targetWords(target)).toBe('1 image, 2.0 GB to copy, its free space is not known');
  expect(target && targetWords({ ...target, freeBytes: 1e9, fits: false })).toBe('1 image, 2.0 GB to copy, 1.0 GB free: may not fit');
});

test('an owner that is away for long, or revoked, may be lost', () => {
  const server = { isSelf: false, connected: false, state: 'joined' as const, ownedImages: 2, lastSeenAt: 0 };
  expect(mayBeLost(server, 25 * 3_600_000)).toBe(true);
  expect(mayBeLost(server, 3_600_000)).toBe(false);
  expect(mayBeLost({ ...server, ownedImages: 0 }, 25 * 3_600_000)).toBe(false);
  expect(mayBeLost({ ...server, state: 'revoked' }, 0)).toBe(true);
});
