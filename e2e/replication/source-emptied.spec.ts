// Seed "Image storage, replication and removal": "you run the high risk of removing the image from all locations … as package replication
// updates all the destinations with an empty package". Here the files are deleted at the server that owns the image.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from './story.ts';

test('files deleted at the source propagate nowhere: it is told, and the source is healed from the others', async ({ story }) => {
  await story.begin({ servers: ['PS008', 'PS009'] });
  const ps008 = story.server('PS008');
  await story.capture(await story.disk('win11'), 'Lab Win11', ps008);
  await story.says('Lab Win11', 'ready', 'PS008', 'HQ', 'PS009');

  // Somebody "saves space" on the server that the image comes from.
  const packs = join(ps008.dataFolder, 'store', 'packs');
  const files = readdirSync(packs);
  expect(files.length).toBeGreaterThan(0);
  for (const name of files) rmSync(join(packs, name), { recursive: true });
  story.note(`${files.length} files of the store of PS008 are deleted`);
  await ps008.tryPlaten('image', 'verify', 'Lab Win11');
  await story.tellsOfLoss('PS008');
  await story.says('Lab Win11', 'ready', 'HQ', 'PS009', 'PS008');
  // That a file went is not forgotten until a person has looked: doctor still names it.
  await ps008.platen('doctor', '--repair');
  await story.mustBeSound();
});
