// Two administrators clean up on the same afternoon: one retires PS008, the other PS009, and neither knows of the other.
import type { ImageSummary } from '../../src-shared/model/image.ts';
import { ask, begin, letGo, untilState } from './hand-over.ts';
import { expect, test } from './story.ts';

test('two people who retire two servers at once, one of them into the other, lose nothing', async ({ story }) => {
  await story.begin({ servers: ['PS008', 'PS009', 'PS010'] });
  const lab = story.lab;
  const disk = await story.disk('win11', 20);
  await story.capture(disk, 'Lab Win11', story.server('PS008'));
  await story.capture(await story.disk('library', 20), 'Library', story.server('PS009'));
  for (const image of ['Lab Win11', 'Library']) await story.says(image, 'ready', 'HQ', 'PS008', 'PS009', 'PS010');

  const both = await Promise.allSettled([begin(lab, { kind: 'retire', from: 'PS008', to: 'PS009' }), begin(lab, { kind: 'retire', from: 'PS009', to: 'PS010' })]);
  const begun = both.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  story.note(`${begun.length} of 2 began; ${both.map((each) => (each.status === 'rejected' ? String(each.reason).slice(0, 200) : 'began')).join('; ')}`);
  expect(begun.length).toBeGreaterThan(0);
  for (const each of begun) {
    await untilState(lab, each, 'ready');
    await letGo(lab, each);
  }
  // Whoever was refused was told why, and goes on where the images are now.
  if (begun.length === 1) {
    const left = begun[0]?.fromServerId === (await lab.serverView('PS009')).id ? 'PS008' : 'PS009';
    const again = await begin(lab, { kind: 'retire', from: left, to: 'PS010' });
    await untilState(lab, again, 'ready');
    await letGo(lab, again);
  }
  await story.server('PS008').stop();
  await story.server('PS009').stop();
  story.note('both are off');
  const owners = (await story.hq.platen<ImageSummary[]>('image', 'list')).map((image) => `${image.name}: ${image.owner.serverName}`).sort();
  expect(owners).toEqual(['Lab Win11: PS010', 'Library: PS010']);
  expect(await ask(lab, (api) => api.handovers.list.query({ open: true }))).toEqual([]);
  await story.deploys('Lab Win11', disk);
  await story.mustBeSound({ out: ['PS008', 'PS009'] });
});
