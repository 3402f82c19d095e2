// A package server comes back with an old state of its data folder: a snapshot of a virtual machine, a disk from the cupboard.
import { cp, rm } from 'node:fs/promises';
import { expect, test } from './story.ts';

test('a server restored from an old backup of its data folder deletes what was deleted meanwhile, gets what is new, and loses nothing', async ({ story }) => {
  await story.begin({ servers: ['PS008', 'PS009'] });
  const [hq, ps008] = [story.hq, story.server('PS008')];
  const old = await story.capture(await story.disk('win10', 20), 'Old Win10');
  const disk = await story.disk('win11', 20);
  await story.capture(disk, 'Lab Win11');
  for (const image of ['Old Win10', 'Lab Win11']) await story.says(image, 'ready', 'HQ', 'PS008', 'PS009');
  const backup = `${ps008.dataFolder}.backup`;
  await ps008.stop();
  await cp(ps008.dataFolder, backup, { recursive: true });
  await ps008.start();

  await hq.platen('image', 'delete', 'Old Win10', '--purge', '--yes');
  await story.patch(disk, 'december');
  await story.capture(disk, 'Lab Win11');
  await story.says('Lab Win11', 'ready', 'PS008', 'PS009');
  await story.lab.until('the deletion is carried out at PS008', async () => (await ps008.platen<unknown[]>('image', 'list')).length === 1);

  await ps008.kill();
  await rm(ps008.dataFolder, { recursive: true });
  await cp(backup, ps008.dataFolder, { recursive: true });
  await ps008.start();
  story.note('PS008 is back with what it was before the deletion and the patch');
  await story.lab.until('the deletion is carried out again', async () => (await ps008.platen<unknown[]>('image', 'list')).length === 1);
  await story.lab.until('PS008 has the patch again', async () => (await ps008.platen<{ versions: { state: string }[] }>('image', 'show', 'Lab Win11')).versions.filter((version) => version.state === 'ready').length === 2);
  await story.says('Lab Win11', 'ready', 'HQ', 'PS008', 'PS009');
  expect((await hq.platen<{ name: string }[]>('image', 'list')).map((image) => image.name)).toEqual(['Lab Win11']);
  await story.mustBeSound({ deleted: [old] });
});
