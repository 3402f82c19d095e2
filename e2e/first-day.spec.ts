// The first day of somebody who has read only the README: an empty data folder, a first image, a first job, published and picked at the
// computer in its portal, watched in the console, and proved on the disk that was written.
import { join } from 'node:path';
import { nodePath } from '../scripts/node.mjs';
import { root } from '../scripts/sources.mjs';
import { runAgent, succeeded } from './agent.ts';
import { Host, isRoot } from './disks/host.ts';
import { makeDirtyTarget, makeMbrDisk } from './disks/make.ts';
import { differences, sha256Of } from './disks/prove.ts';
import { expect, test } from './fixtures.ts';
import { ConsolePage } from './pages/console.ts';
import { JobsPages } from './pages/jobs.ts';
import { keys, Pty } from './portal/pty.ts';
import type { TestServer } from './server.ts';

test.skip(!isRoot(), 'loop devices and mounts need root');
test.describe.configure({ timeout: 600_000 });

const MiB = 1024 * 1024;
let host: Host;
let portal: Pty | undefined;
test.beforeEach(async () => {
  host = await Host.open();
});
test.afterEach(async () => {
  await portal?.close();
  portal = undefined;
  await host.close();
});

function openPortal(server: TestServer, disk: string): Pty {
  const agent = [nodePath(), join(root, 'out/agent/agent.cjs'), 'portal', '--menu', '--disk', disk, '--server', server.url, '--token', server.token];
  return new Pty(agent, { term: 'linux', columns: 80, rows: 25 });
}

test('from nothing to a deployed computer: capture, job, portal, name, erase, run, proof', async ({ ui, server }, testInfo) => {
  const console = new ConsolePage(ui);
  const jobs = new JobsPages(ui);
  const disk = await makeMbrDisk(host, 'source.img');
  const before = await sha256Of(disk.file);
  await succeeded(runAgent(server, ['capture', '--disk', disk.file, '--image', 'Room 12']));

  await console.goTo('/jobs');
  await console.button('Make the first job').click();
  await expect(ui.getByRole('textbox', { name: 'Name' })).toBeFocused();
  await ui.keyboard.type('Deploy room 12');
  await ui.keyboard.press('Enter');
  await jobs.addTask('Deploy an image');
  await jobs.settings.getByRole('combobox', { name: 'Image' }).click();
  await ui.getByRole('option', { name: /Room 12/ }).click();
  await expect(jobs.saved).toContainText(/Saved, revision \d/);
  await expect(jobs.task(1)).toContainText('Deploy Room 12 (newest version) to the internal disk');
  await ui.getByRole('tab', { name: /Portal/ }).click();
  await ui.getByRole('switch', { name: 'Show in portal' }).check();
  await expect(jobs.line('Deploy room 12')).toBeVisible();

  const target = await makeDirtyTarget(host, 'target.img', disk.sizeBytes + 200 * MiB, disk);
  portal = openPortal(server, target);
  await portal.shows('Deploy room 12');
  portal.type(keys.enter);
  await portal.shows('This computer is new to Platen');
  portal.type(`${keys.ctrlU}LAB12-01`);
  await portal.shows('LAB12-01');
  portal.type(keys.enter);
  await testInfo.attach('erase.txt', { body: await portal.shows('Will be erased'), contentType: 'text/plain' });
  portal.type(keys.enter);
  const strip = ui.getByRole('contentinfo', { name: 'Status' });
  await testInfo.attach('end.txt', { body: await portal.shows(/Done|succeeded/i, 90_000), contentType: 'text/plain' });

  await expect(strip).toContainText('Nothing is running');
  await console.goTo('/activity');
  await ui.getByRole('main').getByRole('link', { name: /Deploy room 12/ }).first().click();
  await expect(ui.getByRole('heading', { level: 1 })).toContainText('Deploy room 12');
  await expect(ui.getByRole('main')).toContainText('Succeeded');
  await expect(ui.getByRole('main')).toContainText('LAB12-01');
  expect(await differences(host, disk, target)).toEqual([]);
  expect(await sha256Of(disk.file)).toBe(before);
});
