// `npm run docs:screenshots`: the pictures of the documentation, into docs/screenshots. A server on a folder of its own, a sample disk
// captured, a job made and published, a room of computers that run it: all by the built programs, so that what is shown is so.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { chromium } from '@playwright/test';
import type { Page } from '@playwright/test';
import config from '../../playwright.config.ts';
import { makeBlankDisk, makeSampleDisk, tool } from '../../scripts/demo-disk.mjs';
import { root } from '../../scripts/sources.mjs';
import { platen, succeeded } from '../agent.ts';
import { pageOf } from '../portal/pictures.ts';
import { keys } from '../portal/pty.ts';
import type { Pty } from '../portal/pty.ts';
import { startTestServer } from '../server.ts';
import type { TestServer } from '../server.ts';
import { agentOn } from './computers.ts';
import type { Machine } from './computers.ts';

const out = join(root, 'docs/screenshots');
const GiB = 1024 ** 3;
const room = ['LAB12-01', 'LAB12-02', 'LAB12-03', 'LAB12-04', 'LAB12-05'];
const teacher = 'LAB12-00';
const shown = 'LAB12-03';
const image = 'Lab Linux';
const job = 'Lab Linux (MI)';

type Stage = { server: TestServer; page: Page; /** As every process in here sees it: the folder with data and disks. */ work: string };

function machine(work: string, hostname: string, diskBytes: number): Machine {
  const disks = join(work, hostname);
  mkdirSync(disks, { recursive: true });
  if (diskBytes > 0) makeBlankDisk(join(disks, 'disk.img'), diskBytes);
  const number = (Number(hostname.replaceAll(/\D/g, '')) * 7919 + 12_345).toString(36).toUpperCase();
  return { hostname, serial: `PF2K${number}`, vendor: 'LENOVO', model: 'ThinkCentre M70q', disks };
}

async function command(server: TestServer, ...args: string[]): Promise<unknown> {
  return succeeded(platen(server, args));
}

/** A page of the console once it shows this. */
async function picture(page: Page, name: string, at: { path: string; shows: string | RegExp } | null): Promise<void> {
  if (at !== null) {
    await page.evaluate((to) => { location.hash = to; }, at.path);
    await page.getByRole('main').getByText(at.shows).first().waitFor();
  }
  await page.mouse.move(1278, 400);
  await wait(700);
  await page.screenshot({ path: join(out, `${name}.png`) });
}

/** What a computer's screen shows, drawn as a text console draws it. */
async function portalPicture(page: Page, pty: Pty, name: string): Promise<void> {
  await wait(400);
  const drawn = await page.context().newPage();
  await drawn.setContent(pageOf([{ name, cells: pty.emulator.cells() }], 'linux'));
  await drawn.locator(`[id="${name}"]`).screenshot({ path: join(out, `${name}.png`) });
  await drawn.close();
}

async function captureAndPublish({ server, page, work }: Stage): Promise<void> {
  await picture(page, 'first-steps', { path: '/', shows: 'First image' });
  const captured = machine(work, teacher, 0);
  makeSampleDisk(join(captured.disks, 'disk.img'), work);
  const capturing = agentOn(captured, server, ['capture', '--disk', 'disk.img', '--image', image, '--note', 'October updates']);
  if (await capturing.ended !== 0) throw new Error(`the capture failed:\n${capturing.emulator.text()}`);
  await command(server, 'image', 'verify', image);
  await picture(page, 'image', { path: `/image/${await guidOf(server)}`, shows: 'October updates' });
  await command(server, 'job', 'folder', 'create', 'Imaging');
  await command(server, 'job', 'create', job, '--folder', 'Imaging', '--deploy', image, '--message', 'Put the label {name} on the case.', '--seconds', '5');
  await command(server, 'job', 'create', 'Capture the teacher’s PC (MI)', '--folder', 'Imaging', '--capture', image);
  await command(server, 'job', 'edit', job, '--text', 'Linux workshop');
}

async function guidOf(server: TestServer): Promise<string> {
  const [first] = await command(server, 'image', 'list') as { guid: string }[];
  return first?.guid ?? '';
}
async function jobId(server: TestServer): Promise<string> {
  const tree = await command(server, 'job', 'tree') as { id: string; name: string }[];
  return tree.find((each) => each.name === job)?.id ?? '';
}

/** The room's portals, each on its menu; the records named and in their group. */
async function furnish({ server, work }: Stage): Promise<Pty[]> {
  const portals: Pty[] = [];
  for (const name of room) {
    const portal = agentOn(machine(work, name, 4 * GiB), server, ['portal', '--menu', '--disk', 'disk.img']);
    portals.push(portal);
    await portal.shows('Linux workshop');
  }
  for (const name of [...room, teacher]) await command(server, 'computer', 'rename', name, name);
  for (const group of ['Room 12', 'Teachers']) await command(server, 'group', 'create', group);
  await command(server, 'computer', 'move', ...room, '--group', 'Room 12');
  await command(server, 'computer', 'move', teacher, '--group', 'Teachers');
  return portals;
}

async function pick({ server, page, work }: Stage): Promise<Pty> {
  const newcomer = machine(work, 'debian', 0);
  // It has been used before, so that there is something to erase.
  tool('cp', ['--sparse=always', join(work, teacher, 'disk.img'), join(newcomer.disks, 'disk.img')]);
  truncateSync(join(newcomer.disks, 'disk.img'), 8 * GiB);
  const portal = agentOn(newcomer, server, ['portal', '--menu', '--disk', 'disk.img']);
  await portal.shows('Linux workshop');
  portal.type(keys.down);
  await portalPicture(page, portal, 'portal-menu');
  portal.type(keys.enter);
  await portal.shows('This computer is new to Platen');
  portal.type(`${keys.ctrlU}LAB12-06`);
  await portal.shows('This name is free');
  await portalPicture(page, portal, 'portal-name');
  portal.type(keys.enter);
  await portal.shows('Will be erased');
  await portalPicture(page, portal, 'portal-erase');
  return portal;
}

async function runInRoom({ server, page }: Stage, sixth: Pty): Promise<void> {
  const item = await jobId(server);
  await picture(page, 'job', { path: `/${item}`, shows: 'Deploy an image' });
  await picture(page, 'job-portal', { path: `/${item}/portal`, shows: 'The menu calls it' });
  await page.getByRole('button', { name: 'Run on…' }).click();
  await page.getByRole('option', { name: /Room 12/ }).click();
  await page.getByRole('table', { name: 'Computers it runs on' }).getByRole('row').nth(3).waitFor();
  await picture(page, 'run-on', null);
  await page.getByRole('dialog', { name: 'Run on…' }).getByRole('button', { name: /^Erase \d+ disks and deploy$/ }).click();
  sixth.type(keys.enter);
  await sixth.shows(/Writing: ext4/, 60_000);
  await page.getByRole('alert').getByRole('button', { name: 'Dismiss' }).click();
  await page.getByRole('main').getByText(/[3-9]\d %/).or(page.getByText(/[3-9]\d %/)).first().waitFor();
  await picture(page, 'room', { path: '/', shows: 'Room 12' });
  await portalPicture(page, sixth, 'portal-progress');
  const runs = await command(server, 'run', 'list', '--active') as { id: string; computerName: string }[];
  await picture(page, 'run', { path: `/run/${runs.find((run) => run.computerName === shown)?.id ?? runs[0]?.id ?? ''}`, shows: 'Where the time goes' });
  await sixth.shows('is done', 120_000);
}

/** Once all are done; started anew, an agent says what is on its disk now. */
async function finish({ server, page, work }: Stage, portals: Pty[]): Promise<void> {
  await platen(server, ['job', 'watch']);
  await portals[room.indexOf(shown)]?.close();
  const anew = agentOn(machine(work, shown, 0), server, ['portal', '--menu', '--disk', 'disk.img']);
  portals.push(anew);
  await anew.shows('Linux workshop');
  const computers = await command(server, 'computer', 'list') as { id: string; name: string }[];
  await picture(page, 'computer', { path: `/computer/${computers.find((each) => each.name === shown)?.id ?? ''}`, shows: 'ext4' });
}

async function takeAll(work: string): Promise<void> {
  const server = await startTestServer(join(work, 'platen'));
  const browser = await chromium.launch(config.use?.launchOptions ?? {});
  const portals: Pty[] = [];
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, colorScheme: 'light', reducedMotion: 'reduce' });
    const page = await context.newPage();
    await page.goto(server.address);
    const stage: Stage = { server, page, work };
    await captureAndPublish(stage);
    portals.push(...await furnish(stage));
    const sixth = await pick(stage);
    portals.push(sixth);
    await runInRoom(stage, sixth);
    await finish(stage, portals);
  } finally {
    for (const portal of portals) await portal.close();
    await browser.close();
    await server.stop();
  }
}

/** Starts itself again where the folder with everything is /srv, so that no picture shows where it was made. */
function main(): number {
  if (process.env['PLATEN_DOCS_WORK'] === '/srv') return -1;
  if (process.getuid?.() !== 0) throw new Error('the pictures need root: each computer in them gets a firmware of its own by a mount namespace');
  // Not /tmp, which is memory on many machines.
  const work = mkdtempSync(join(existsSync('/var/tmp') ? '/var/tmp' : tmpdir(), 'platen-docs-'));
  try {
    const again = ['--mount', 'sh', '-c', 'mount --bind "$1" /srv && shift && exec "$@"', 'sh', work, process.execPath, import.meta.filename];
    return spawnSync('unshare', again, { stdio: 'inherit', env: { ...process.env, PLATEN_DOCS_WORK: '/srv' } }).status ?? 1;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const status = main();
if (status === -1) await takeAll('/srv');
else process.exitCode = status;
