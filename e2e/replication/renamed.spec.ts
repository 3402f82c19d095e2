// Seed "OS images deployment and patching": an image is recognised by its exact name, and copied again under another. Here by its content.
import { rename } from 'node:fs/promises';
import { expect, test } from './story.ts';

const MiB = 1024 * 1024;

test('an image that is renamed, or captured again under another name, transfers no content', async ({ story }) => {
  await story.begin({ servers: ['PS008', 'PS009'] });
  const disk = await story.disk('win11');
  await story.capture(disk, 'Lab Win11');
  await story.says('Lab Win11', 'ready', 'HQ', 'PS008', 'PS009');

  const moved = await story.carriedTo(story.server('PS009'), async () => {
    await story.hq.platen('image', 'rename', 'Lab Win11', 'Classroom');
    await story.says('Classroom', 'ready', 'HQ', 'PS008', 'PS009');
    await rename(disk.path, `${disk.path}.moved`);
    await story.capture({ ...disk, path: `${disk.path}.moved` }, 'Library');
    await story.says('Library', 'ready', 'HQ', 'PS008', 'PS009');
  });
  expect(moved).toBeLessThan(MiB);
  const [came] = await story.lab.transfers('PS009');
  expect(came).toMatchObject({ imageName: 'Library', chunksWhole: 0, chunksDelta: 0 });
  // What travels is the list of what it is made of.
  expect(came?.wireBytes).toBeLessThan(64 * 1024);
  expect(came?.chunksHere).toBeGreaterThan(100);
  await story.mustBeSound();
});
