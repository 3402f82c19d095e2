// Two administrators clean up on the same afternoon: one retires PS008, the other PS009, and neither knows of the other.
import type { ImageSummary } from '../../src-shared/model/image.ts';
import { ask, begin, letGo, RetireWizard, untilState } from './hand-over.ts';
import { expect, test, travelMs } from './story.ts';

const nonEmpty = <T>(list: T[]): T[] | null => (list.length === 0 ? null : list);

test('two people who retire two servers at once, one of them into the other, lose nothing', async ({ story }) => {
  await story.begin({ servers: ['PS008', 'PS009', 'PS010'] });
  const lab = story.lab;
  const disk = await story.disk('win11', 20);
  await story.capture(disk, 'Lab Win11', story.server('PS008'));
  await story.capture(await story.disk('library', 20), 'Library', story.server('PS009'));
  for (const image of ['Lab Win11', 'Library']) await story.says(image, 'ready', 'HQ', 'PS008', 'PS009', 'PS010');

  // Both look at what it would do, then both begin.
  const second = await story.anotherWindow();
  const theirs = { PS008: await RetireWizard.open(story.console, lab, { from: 'PS008', to: 'PS009' }), PS009: await RetireWizard.open(second, lab, { from: 'PS009', to: 'PS010' }) };
  await Promise.all([theirs.PS008.begin(), theirs.PS009.begin()]);
  const [first] = await lab.untilFound('one of them began', async () => nonEmpty(await ask(lab, (api) => api.handovers.list.query({ open: true }))));
  const refused = first?.fromServerId === (await lab.serverView('PS008')).id ? 'PS009' : 'PS008';
  const began = refused === 'PS008' ? 'PS009' : 'PS008';
  await expect(theirs[refused].dialog.getByText('What this would do is not what was shown any more').or(theirs[refused].dialog.getByText('It can’t begin like this'))).not.toHaveCount(0);
  story.note(`${began} is being retired; whoever wanted to retire ${refused} was told to look again`);
  await theirs[began].letGo(travelMs);
  // Whoever was refused looks again, and names a server that stays.
  const again = await begin(lab, { kind: 'retire', from: refused, to: 'PS010' });
  await untilState(lab, again, 'ready');
  await letGo(lab, again);
  await story.server('PS008').stop();
  await story.server('PS009').stop();
  story.note('both are off');
  const owners = (await story.hq.platen<ImageSummary[]>('image', 'list')).map((image) => `${image.name}: ${image.owner.serverName}`).sort();
  expect(owners).toEqual(['Lab Win11: PS010', 'Library: PS010']);
  expect(await ask(lab, (api) => api.handovers.list.query({ open: true }))).toEqual([]);
  await story.deploys('Lab Win11', disk);
  await story.mustBeSound({ out: ['PS008', 'PS009'] });
});
