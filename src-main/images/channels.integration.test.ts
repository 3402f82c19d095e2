// Channels, kinds and priorities on a real database: one call each, each taken back by undo, and what a deploy makes of them.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestImages } from './test-images.ts';

let hq: TestImages;
beforeEach(async () => {
  hq = await TestImages.open('hq');
});
afterEach(() => hq.close());
const app = (code: string): unknown => expect.objectContaining({ code }) as unknown;
const channels = (): unknown => hq.images.get('Lab').channels.map((channel) => [channel.name, channel.number]);

it('set, promote and roll back say what is deployed through a channel, and each can be taken back', async () => {
  for (let i = 0; i < 3; i++) await hq.capture('Lab');
  const { images, undo } = hq;
  expect(() => images.forDeploy('Lab', 'live')).toThrow(/names no version/);
  expect(() => images.promote('Lab', 'anna')).toThrow(app('conflict'));
  images.setChannel('Lab', { channel: 'live', version: 1 }, 'anna');
  images.setChannel('Lab', { channel: 'test', version: 3 }, 'anna');
  expect([channels(), images.forDeploy('Lab', 'live').version.number, images.forDeploy('Lab', 'test').version.number, images.forDeploy('Lab').version.number]).toEqual([[['live', 1], ['test', 3]], 1, 3, 3]);
  const promoted = images.promote('Lab', 'anna');
  expect(images.forDeploy('Lab', 'live').version.number).toBe(3);
  undo.run(promoted.undo ?? 0, 'anna');
  expect(channels()).toEqual([['live', 1], ['test', 3]]);
  images.promote('Lab', 'anna');
  expect(images.promote('Lab', 'anna')).toEqual({ undo: null });
  const back = images.rollBack('Lab', 'live', 'anna');
  expect(channels()).toEqual([['live', 1], ['test', 3]]);
  expect(() => images.rollBack('Lab', 'live', 'anna')).toThrow(app('conflict'));
  images.setChannel('Lab', { channel: 'live', version: 2 }, 'ben');
  expect(() => undo.run(back.undo ?? 0, 'anna')).toThrow(app('conflict'));
  images.setChannel('Lab', { channel: 'test', version: null }, 'anna');
  expect([channels(), images.list()[0]?.channels.map((channel) => [channel.name, channel.setBy])]).toEqual([[['live', 2]], [['live', 'ben']]]);
  expect(images.readiness().deploy(images.get('Lab').guid, 'test')).toEqual({ name: 'Lab', version: null, needsBytes: null, problem: 'No version of Lab is under test', waitsAt: null });
  expect(images.readiness().deploy(images.get('Lab').guid, 'live')).toMatchObject({ version: 2, problem: null });
});

it('a channel names nothing that is deleted for good, and a version in the trash is not set', async () => {
  for (let i = 0; i < 2; i++) await hq.capture('Lab');
  hq.images.setChannel('Lab', { channel: 'live', version: 1 }, 'anna');
  hq.images.delete({ image: 'Lab', version: 1 }, 'anna');
  expect(() => hq.images.forDeploy('Lab', 'live')).toThrow(app('image-in-trash'));
  expect(() => hq.images.setChannel('Lab', { channel: 'test', version: 1 }, 'anna')).toThrow(app('image-in-trash'));
  await hq.images.purge({ image: 'Lab', version: 1 }, 'anna');
  expect(channels()).toEqual([]);
});

it('an image is made a backup and back, and is copied sooner or later', async () => {
  await hq.capture('Lab');
  const made = hq.images.setKind('Lab', 'backup', 'anna');
  hq.images.setPriority('Lab', 5, 'anna');
  expect(hq.images.get('Lab')).toMatchObject({ kind: 'backup', priority: 5, scope: 'default' });
  expect(hq.images.setKind('Lab', 'backup', 'anna')).toEqual({ undo: null });
  hq.undo.run(made.undo ?? 0, 'anna');
  expect(hq.images.get('Lab').kind).toBe('image');
  expect(hq.images.history('Lab').slice(0, 3).map((event) => event.kind)).toEqual(['kind', 'priority', 'kind']);
});
