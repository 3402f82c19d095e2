// Seed "How do we remove images we are no longer using?": four parts, four places, SQL. Here one action, also where a server is away.
import type { ImageSummary } from '../../src-shared/model/image.ts';
import { expect, test } from './story.ts';

test('an image deleted while a server is away is deleted there when it returns, and nothing else is', async ({ story }) => {
  await story.begin({ servers: ['PS008', 'PS009'] });
  const [hq, ps009] = [story.hq, story.server('PS009')];
  const old = await story.capture(await story.disk('win10', 20), 'Old Win10');
  await story.capture(await story.disk('win11', 20), 'Lab Win11');
  for (const image of ['Old Win10', 'Lab Win11']) await story.says(image, 'ready', 'HQ', 'PS008', 'PS009');

  await ps009.kill();
  await hq.platen('image', 'delete', 'Old Win10', '--purge', '--yes');
  await story.lab.until('PS008 has let go of it', async () => (await story.server('PS008').platen<ImageSummary[]>('image', 'list')).length === 1);
  story.note('gone at PS008');
  await ps009.start();
  await story.lab.until('PS009 has let go of it', async () => (await ps009.platen<ImageSummary[]>('image', 'list')).length === 1);
  story.note('gone at PS009, which was away');
  for (const name of ['HQ', 'PS008', 'PS009']) expect((await story.server(name).platen<ImageSummary[]>('image', 'list')).map((image) => image.name)).toEqual(['Lab Win11']);
  await story.says('Lab Win11', 'ready', 'HQ', 'PS008', 'PS009');
  await story.mustBeSound({ deleted: [old] });
});
