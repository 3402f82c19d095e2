// Seed "Retiring package server that was originally hosting image captured packages", scenario 1, chained: PS008 is to go, PS009 too, and the
// new PS010 is to take over everything. In the seed every image still refers to PS008, and PS010 says "Ready" without a file.
import { begin, letGo, RetireWizard, untilState } from './hand-over.ts';
import { expect, imageMiB, test, travelMs } from './story.ts';

const MiB = 1024 * 1024;

test('PS008 and PS009 are retired one after the other, and everything they had deploys from PS010 without them', async ({ story }) => {
  await story.begin({ servers: ['PS008', 'PS009'] });
  const [lab, ps008] = [story.lab, story.server('PS008')];
  const disk = await story.disk('win11');
  const images = ['Lab Win11', 'Library'];
  await story.capture(disk, 'Lab Win11', ps008);
  await story.capture(await story.disk('library', 20), 'Library', ps008);
  for (const image of images) await story.says(image, 'ready', 'PS008');
  // Assigned to PS009 alone, as in the seed: the new server gets nothing by itself, and says so.
  await story.hq.platen('server', 'assign', ...images, '--to', 'PS009');
  for (const image of images) await story.says(image, 'ready', 'PS008', 'PS009');
  await lab.addServer('PS010');
  for (const image of images) await story.says(image, 'absent', 'PS010');
  await expect(await story.locatedAt('PS008')).toContainText('2 images');

  const first = await begin(lab, { kind: 'retire', from: 'PS008', to: 'PS010' });
  // The console goes away in the middle, and finds its way by itself.
  await story.hq.kill();
  await story.hq.start();
  const copied = await untilState(lab, first, 'ready');
  expect(copied.images.map(({ imageName, state }) => `${imageName} ${state}`).sort()).toEqual(['Lab Win11 switched', 'Library switched']);
  await story.console.goTo('/matrix');
  for (const image of images) {
    await story.says(image, 'ready', 'PS010');
    await story.ownedBy(image, 'externally managed · PS010');
  }
  await letGo(lab, first);
  await ps008.stop();
  story.note('PS008 is off');

  const wizard = await RetireWizard.open(story.console, lab, { from: 'PS009', to: 'PS010' });
  await wizard.begin();
  await wizard.letGo(travelMs);
  await story.server('PS009').stop();
  story.note('PS009 is off');
  await expect(await story.locatedAt('PS008')).toContainText('0 of 2 images');
  await story.hq.platen('server', 'rules', '--set', '10.79.0.0/24=PS010');
  const sentBefore = (await lab.server('PS010').traffic()).sentBytes;
  await story.deploys('Lab Win11', disk);
  // The computer read it there, and not at the console.
  expect((await lab.server('PS010').traffic()).sentBytes - sentBefore).toBeGreaterThan(imageMiB * MiB * 0.3);
  // Who leaves changes no assignment; what is assigned to nobody who is there any more, doctor names.
  await story.hq.platen('server', 'assign', ...images, '--to', 'PS010');
  await story.mustBeSound({ out: ['PS008', 'PS009'] });
});
