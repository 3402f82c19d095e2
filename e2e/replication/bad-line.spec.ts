// A site at the end of a long line that loses frames, whose cable somebody pulls while an image is on its way.
import { replicationLabLack } from './network.ts';
import { expect, imageMiB, test, travelMs } from './story.ts';

const MiB = 1024 * 1024;

test('a copy over a long, lossy line that is cut in the middle goes on where it was, and nothing comes twice', async ({ story }) => {
  const lack = replicationLabLack(true);
  test.skip(lack !== null, lack ?? '');
  await story.begin({ servers: ['PS008'], lines: { PS008: { delayMs: 15, lossPercent: 0.1 } } });
  const [lab, ps008] = [story.lab, story.server('PS008')];
  const stored = imageMiB * MiB;
  const before = (await ps008.traffic()).receivedBytes;
  await story.capture(await story.disk('win11'), 'Lab Win11');
  const came = async (): Promise<number> => (await ps008.traffic()).receivedBytes - before;
  await lab.until('a part of it came', async () => (await came()) > stored / 10, travelMs);
  await ps008.disconnect();
  story.note('the cable is pulled');
  await story.console.goTo('/servers');
  await lab.until('the console says that it is away', async () => !(await lab.serverView('PS008')).connected, travelMs);
  await ps008.connect();
  story.note('and put back');
  await story.console.goTo('/matrix');
  await story.says('Lab Win11', 'ready', 'HQ', 'PS008');
  const [transfer] = await lab.transfers('PS008');
  const all = (await lab.transfers('PS008')).reduce((sum, each) => sum + each.wireBytes, 0);
  // What was under way when it was cut may come again: a few requests' worth.
  expect(all).toBeLessThan(0.6 * stored + 24 * MiB);
  expect(transfer?.outcome).toBe('done');
  expect((await lab.serverView('PS008')).problems).toEqual([]);
  await story.mustBeSound();
});
