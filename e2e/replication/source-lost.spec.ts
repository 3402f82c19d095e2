// The same, worse: the owner's machine is off, somebody clears its disk "to make room", and it is switched on again.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from './story.ts';

test('an owner that comes back without its packs propagates nothing, is filled again, and its history keeps it', async ({ story }) => {
  await story.begin({ servers: ['PS008', 'PS009'] });
  const ps008 = story.server('PS008');
  const disk = await story.disk('win11');
  await story.capture(disk, 'Lab Win11', ps008);
  await story.says('Lab Win11', 'ready', 'PS008', 'HQ', 'PS009');
  await ps008.stop();
  const packs = join(ps008.dataFolder, 'store', 'packs');
  for (const name of readdirSync(packs)) rmSync(join(packs, name), { recursive: true });
  story.note('the packs of PS008 are gone while it was off');
  await ps008.start();
  await story.tellsOfLoss('PS008');
  expect(await story.reads('Lab Win11', 'HQ')).toBe('ready');
  await story.says('Lab Win11', 'ready', 'HQ', 'PS009', 'PS008');
  await story.deploys('Lab Win11', disk);
  await ps008.platen('doctor', '--repair');
  await story.mustBeSound();
});
