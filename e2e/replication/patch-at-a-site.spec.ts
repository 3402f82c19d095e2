// Seed "OS images deployment and patching": an image of headquarters is patched at a linked site. There the delta is copied by hand and
// registered under exactly the same name; here nobody copies anything.
import { expect, patchMiB, test } from './story.ts';
import type { ImageDetail } from '../../src-shared/model/image.ts';

const MiB = 1024 * 1024;

test('a patch at a linked site goes up by itself as its missing chunks alone, waits for validation, and then reaches the others while the origin gets nothing', async ({ story, page }) => {
  await story.begin({ servers: ['PS008', 'PS009'] });
  const [hq, ps008] = [story.hq, story.server('PS008')];
  await hq.platen('site', 'add', 'Rome');
  await hq.platen('server', 'set', 'PS008', '--site', 'Rome');
  const disk = await story.disk('win11');
  await story.capture(disk, 'Lab Win11');
  await story.says('Lab Win11', 'ready', 'HQ', 'PS008', 'PS009');

  const row = page.getByRole('table', { name: 'Images and servers' }).getByRole('row').filter({ hasText: 'Lab Win11' });
  await story.patch(disk, 'november');
  const up = await story.carriedTo(hq, async () => {
    await story.capture(disk, 'Lab Win11', ps008);
    await expect(row).toContainText('2 pending');
    await story.says('Lab Win11', 'ready', 'HQ', 'PS008');
  });
  // Whole, the image is ten times the patch.
  expect(up).toBeLessThan(2.5 * patchMiB * MiB);
  expect(await story.reads('Lab Win11', 'PS009')).toBe('absent');
  const image = await hq.platen<ImageDetail>('image', 'show', 'Lab Win11');
  expect(image.current).toBe(1);
  story.note(`pending; ${(up / MiB).toFixed(1)} MiB went up`);

  const back = await story.carriedTo(ps008, async () => {
    await hq.platen('image', 'validate', 'Lab Win11', '--version', '2');
    await story.says('Lab Win11', 'ready', 'PS009');
  });
  expect(back).toBeLessThan(MiB);
  await expect(row).not.toContainText('pending');
  const [came] = await story.lab.transfers('PS009');
  expect(came?.wireBytes).toBeLessThan(2.5 * patchMiB * MiB);
  expect((await story.lab.transfers('PS008')).filter((transfer) => transfer.number === 2 && transfer.wireBytes > 0)).toEqual([]);
  await story.mustBeSound();
});
