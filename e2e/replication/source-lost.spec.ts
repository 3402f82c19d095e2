// The same, worse: the owner's machine is off, somebody clears its disk "to make room", and it is switched on again.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from './story.ts';

test('an owner that comes back without its packs propagates nothing, raises an alarm and is filled again', async ({ story }) => {
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
  // At the latest when it is asked for: by a check, or by somebody who reads from it.
  await ps008.tryPlaten('image', 'verify', 'Lab Win11');
  await expect(await story.attention('PS008')).toContainText(/damaged there|not there any more/);
  story.note('the console raises an alarm');
  await story.console.goTo('/matrix');
  expect(await story.reads('Lab Win11', 'HQ')).toBe('ready');
  await story.says('Lab Win11', 'ready', 'HQ', 'PS009', 'PS008');
  await story.deploys('Lab Win11', disk);
  await ps008.platen('doctor', '--repair');
  await story.mustBeSound();
});
