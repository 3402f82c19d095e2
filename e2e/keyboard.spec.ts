// The main job without a mouse: from an empty console to a deployed disk by keys alone, in the console and at the computer.
import type { Page } from '@playwright/test';
import { join } from 'node:path';
import { nodePath } from '../scripts/node.mjs';
import { root } from '../scripts/sources.mjs';
import { runAgent, succeeded } from './agent.ts';
import { Host, isRoot } from './disks/host.ts';
import { makeDirtyTarget, makeMbrDisk } from './disks/make.ts';
import { differences } from './disks/prove.ts';
import { expect, test } from './fixtures.ts';
import { JobsPages } from './pages/jobs.ts';
import { TreePage } from './pages/tree.ts';
import { keys, Pty } from './portal/pty.ts';

test.skip(!isRoot(), 'loop devices and mounts need root');
test.describe.configure({ timeout: 600_000 });

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

/** Tab until the focus is on what has this name, as somebody without a mouse does; fails after a whole round. */
async function tabTo(page: Page, name: RegExp, key = 'Tab'): Promise<void> {
  for (let step = 0; step < 80; step++) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement) || !element.matches('button, a, input, textarea')) return '';
      const labels = 'labels' in element ? [...(element.labels as NodeListOf<HTMLLabelElement>)].map((label) => label.textContent).join(' ') : '';
      return `${element.getAttribute('aria-label') ?? ''} ${labels} ${element.textContent}`;
    });
    if (name.test(focused)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`Tab never came to ${String(name)}`);
}

test('the main job works by keyboard alone', { tag: '@windowless' }, async ({ ui, server }) => {
  const jobs = new JobsPages(ui);
  const tree = new TreePage(ui);
  const disk = await makeMbrDisk(host, 'source.img');
  await succeeded(runAgent(server, ['capture', '--disk', disk.file, '--image', 'Room 12']));
  const target = await makeDirtyTarget(host, 'target.img', disk.sizeBytes + 100 * 1024 * 1024, disk);
  portal = new Pty([nodePath(), join(root, 'out/agent/agent.cjs'), 'portal', '--menu', '--disk', target, '--server', server.url, '--token', server.token], { term: 'vt100', columns: 80, rows: 24 });
  await portal.shows('Nothing is offered');

  await expect(tree.tree).toBeVisible();
  await ui.keyboard.press('Control+k');
  await expect(ui.getByRole('textbox', { name: 'Search or run a command' })).toBeFocused();
  await ui.keyboard.type('new job');
  await expect(ui.getByRole('dialog').getByText('New job').first()).toBeVisible();
  await ui.keyboard.press('Enter');
  await expect(ui.getByRole('textbox', { name: 'Name' })).toBeFocused();
  await ui.keyboard.type('Deploy room 12');
  await ui.keyboard.press('Enter');
  await tabTo(ui, /Add the first task|Add task/);
  await ui.keyboard.press('Enter');
  await expect(ui.getByRole('menuitem', { name: 'Deploy an image' })).toBeVisible();
  for (let step = 0; step < 8 && !(await ui.getByRole('menuitem', { name: 'Deploy an image' }).evaluate((item) => item === document.activeElement)); step++) await ui.keyboard.press('ArrowDown');
  await ui.keyboard.press('Enter');
  await expect(jobs.task(1)).toBeVisible();
  const image = jobs.settings.getByRole('combobox', { name: 'Image' });
  for (let step = 0; step < 40 && !(await image.evaluate((field) => field === document.activeElement)); step++) await ui.keyboard.press('Tab');
  await ui.keyboard.press('ArrowDown');
  await expect(ui.getByRole('option', { name: /Room 12/ })).toBeVisible();
  await ui.keyboard.press('ArrowDown');
  await ui.keyboard.press('Enter');
  await expect(jobs.saved).toContainText(/Saved, revision \d/);
  await expect(jobs.task(1)).toContainText('Deploy Room 12');

  await tabTo(ui, /Run on…/, 'Shift+Tab');
  await ui.keyboard.press('Enter');
  await expect(jobs.sheet).toBeVisible();
  await expect(jobs.sheet.getByRole('option').first()).toBeVisible();
  await ui.keyboard.press('ArrowDown');
  await ui.keyboard.press('Enter');
  const run = jobs.sheet.getByRole('button', { name: /^Erase/ });
  await expect(run).toBeEnabled();
  for (let step = 0; step < 40 && !(await run.evaluate((button) => button === document.activeElement)); step++) await ui.keyboard.press('Tab');
  await ui.keyboard.press('Enter');
  await portal.shows(/is done|Done/i, 60_000);
  portal.type(keys.enter);

  await tree.focusOn('Activity');
  await ui.keyboard.press('Enter');
  await expect(ui.getByRole('main')).toContainText('Succeeded');
  expect(await differences(host, disk, target)).toEqual([]);
});
