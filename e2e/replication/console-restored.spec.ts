// The console's machine burns down. There is Monday's backup without images; on Tuesday an image was patched. It is restored on another machine.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageDetail, ImageSummary } from '../../src-shared/model/image.ts';
import { expect, test } from './story.ts';

test('a console restored from an old backup on another machine believes nothing unproved, and gets back all that any server has', async ({ story }) => {
  await story.begin({ servers: ['PS008', 'PS009'] });
  const lab = story.lab;
  const disk = await story.disk('win11');
  await story.capture(disk, 'Lab Win11');
  await story.says('Lab Win11', 'ready', 'HQ', 'PS008', 'PS009');
  const backup = join(lab.network.folder, 'monday.plb');
  await story.hq.platen('backup', 'create', backup);
  await story.patch(disk, 'tuesday');
  await story.capture(disk, 'Lab Win11');
  await lab.until('both servers have version 2 ready', async () => (await story.hq.platen<ImageDetail>('image', 'show', 'Lab Win11')).copies.filter((copy) => copy.state === 'ready').length === 6);

  const old = story.hq;
  await old.kill();
  await rm(old.dataFolder, { recursive: true });
  story.note('the console is gone, and its disk');
  const machine = await lab.addMachine('HQ2');
  await machine.offline('backup', 'restore', backup, '--data', machine.dataFolder);
  await machine.start();
  lab.moveTo(machine);
  for (const name of ['PS008', 'PS009']) await story.server(name).platen('server', 'console', machine.url);
  story.note('it is restored on another machine, and the servers are told where it is');
  await story.openConsole();
  await story.says('Lab Win11', 'ready', 'PS008', 'PS009', 'HQ');
  // What servers have and this console never heard of is shown, and taken up when a person says so.
  const found = await lab.untilFound('doctor names the version of Tuesday', async () => {
    const { answer } = await machine.tryPlaten('doctor');
    const findings = answer as unknown as { kind: string; message: string }[];
    return findings.find((finding) => finding.message.includes('PS008') || finding.message.includes('PS009')) ?? null;
  });
  story.note(`doctor: ${found.kind}: ${found.message}`);
  await machine.tryPlaten('doctor', '--repair');
  await lab.until('version 2 is known and ready again', async () => {
    const image = await story.hq.platen<ImageDetail>('image', 'show', 'Lab Win11');
    return (image.newest?.number === 2 && image.newest.state === 'ready') || JSON.stringify(image.versions.map(({ number, state, pending }) => ({ number, state, pending })));
  });
  story.note('version 2 is back');
  expect((await story.hq.platen<ImageSummary[]>('image', 'list')).map((image) => image.name)).toEqual(['Lab Win11']);
  await story.deploys('Lab Win11', disk, 2);
  await story.mustBeSound();
});
