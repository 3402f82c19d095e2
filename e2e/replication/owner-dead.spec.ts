// Seed, scenario 2: "the original package server is no longer present". There the import tool makes another image with another GUID.
import { rm } from 'node:fs/promises';
import type { ImageDetail } from '../../src-shared/model/image.ts';
import { begin, untilState } from './hand-over.ts';
import { expect, test } from './story.ts';

test('a dead owner\'s image is recovered from another copy with the same identity, goes on, and deploys', async ({ story }) => {
  await story.begin({ servers: ['PS008', 'PS009'] });
  const ps008 = story.server('PS008');
  const disk = await story.disk('win11');
  await story.capture(disk, 'Lab Win11', ps008);
  await story.hq.platen('server', 'assign', 'Lab Win11', '--to', 'PS009');
  await story.says('Lab Win11', 'ready', 'PS008', 'PS009');
  const before = await story.hq.platen<ImageDetail>('image', 'show', 'Lab Win11');

  await ps008.kill();
  await rm(ps008.dataFolder, { recursive: true });
  story.note('PS008 is dead and its disk with it');
  await untilState(story.lab, await begin(story.lab, { kind: 'recover', from: 'PS008', to: null, acceptLoss: false }), 'done');
  const after = await story.hq.platen<ImageDetail>('image', 'show', 'Lab Win11');
  expect({ guid: after.guid, versions: after.versions.map((version) => version.guid) }).toEqual({ guid: before.guid, versions: before.versions.map((version) => version.guid) });
  expect(after.owner.serverName).not.toBe('PS008');
  story.note(`it belongs to ${after.owner.serverName} now`);
  await story.hq.platen('server', 'revoke', 'PS008', '--force', '--yes');
  await story.deploys('Lab Win11', disk, 1);
  await story.patch(disk, 'december');
  await story.capture(disk, 'Lab Win11', story.server(after.owner.serverName));
  await story.lab.until('version 2 is ready', async () => (await story.hq.platen<ImageDetail>('image', 'show', 'Lab Win11')).newest?.state === 'ready');
  await story.deploys('Lab Win11', disk, 2);
  await story.mustBeSound({ out: ['PS008'] });
});
