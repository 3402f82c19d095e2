// Seed "OS images deployment and patching": "deploying images to Edge servers from an USB stick and not doing the copy over the network: if the
// file in the disk has the same name, copy will be skipped". Here the content decides, and the image has another name by now.
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from './story.ts';

const MiB = 1024 * 1024;
const hourFromNow = (hours: number): string => `${String((new Date().getHours() + hours) % 24).padStart(2, '0')}:00`;

test('a first copy that came on a USB disk is proved and ready, and nothing of it travels, though the image was renamed meanwhile', async ({ story }) => {
  await story.begin({});
  const { hq, lab } = story;
  await story.capture(await story.disk('win11'), 'Lab Win11');
  await story.says('Lab Win11', 'ready', 'HQ');
  const usb = join(lab.network.folder, 'usb');
  for (const part of ['packs', 'manifests']) await cp(join(hq.dataFolder, 'store', part), join(usb, part), { recursive: true });
  await hq.platen('image', 'rename', 'Lab Win11', 'Classroom');

  // Nothing may travel to this site for some hours.
  await hq.platen('site', 'add', 'Rome', '--window', `daily ${hourFromNow(6)}-${hourFromNow(7)}`);
  const ps008 = await lab.addMachine('PS008');
  const travelled = await story.carriedTo(ps008, async () => {
    await lab.join(ps008, '--site', 'Rome');
    await story.says('Classroom', 'waiting', 'PS008');
    const imported = await ps008.platen<{ versions: { imageName: string; outcome: string }[] }>('store', 'import', usb);
    expect(imported.versions.map((version) => version.outcome)).toEqual(['taken']);
    await story.says('Classroom', 'ready', 'PS008');
  });
  expect(travelled).toBeLessThan(MiB);
  expect((await lab.transfers('PS008')).filter((transfer) => transfer.chunksWhole + transfer.chunksDelta > 0)).toEqual([]);
  await story.mustBeSound();
});
