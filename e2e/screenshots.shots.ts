// Takes the pictures: each screen × state × theme × window size, against the fake server.
import { test } from '@playwright/test';
import type { Page } from '@playwright/test';
import { join } from 'node:path';
import { emptyData, fullData, guidOf } from './fakeData.ts';
import { startFakeServer } from './fakeServer.ts';
import type { FakeServer } from './fakeServer.ts';

const folder = process.env['PLATEN_SCREENSHOTS'] ?? 'test-results/screenshots';
const only = process.env['PLATEN_SCREENS']?.split(',');
const image = guidOf('Win11 lab');
const screens: Record<string, string> = {
  home: '/', images: '/images', image: `/image/${image}`, versions: `/image/${image}/versions`, copies: `/image/${image}/copies`, history: `/image/${image}/history`,
  damaged: `/image/${guidOf('Kiosk, entrance hall')}`, verifying: `/image/${guidOf('Linux workshop')}`, trash: '/trash', computers: '/computers', computer: `/computer/${guidOf('LAB12-01')}`, servers: '/servers', server: `/server/${guidOf('server PS008')}`, servercopies: `/server/${guidOf('server PS008')}/copies`, servermoving: `/server/${guidOf('server PS008')}/moving`, serverhistory: `/server/${guidOf('server PS008')}/history`, awayserver: `/server/${guidOf('server PS010-laptop')}`,
  matrix: '/matrix', transfers: '/transfers', pasttransfers: '/transfers/past', handovers: '/handovers', handover: `/handover/${guidOf('hand-over open')}`, sites: '/sites', site: `/site/${guidOf('site Rome')}`, templates: '/templates', template: `/template/${guidOf('template Schools')}`, templatehistory: `/template/${guidOf('template Schools')}/history`, rules: '/rules',
  activity: '/activity', run: `/run/${guidOf('run deploying')}`, failedrun: `/run/${guidOf('run failed')}`, jobs: '/jobs', job: `/job/${guidOf('job Win11 lab (MI)')}`, newjob: `/job/${guidOf('job Not finished')}`, jobportal: `/job/${guidOf('job Win11 lab (MI)')}/portal`, jobruns: `/job/${guidOf('job Win11 lab (MI)')}/runs`,
  jobhistory: `/job/${guidOf('job Win11 lab (MI)')}/history`, cantrun: `/job/${guidOf('job Exam room (MI)')}/portal`, folder: `/folder/${guidOf('folder Whole lab (MI)')}`, folderportal: `/folder/${guidOf('folder Whole lab (MI)')}/portal`, emptyfolder: `/folder/${guidOf('folder Archive')}`, used: `/image/${image}/used`, settings: '/settings', backup: '/settings/backup', import: '/settings/import', boot: '/boot', bootenvironment: '/boot/environment', preflight: '/boot/preflight', boots: '/boot/boots', bootsettings: '/boot/settings', computerboot: `/computer/${guidOf('LAB12-01')}/boot`,
};
const sizes = { small: { width: 1280, height: 720 }, large: { width: 2560, height: 1440 } };
const themes = ['light', 'dark'] as const;
const wanted = (name: string): boolean => only === undefined || only.some((part) => name.includes(part));

async function open(page: Page, server: FakeServer, theme: 'light' | 'dark', path: string): Promise<void> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await page.goto(server.address);
  await page.evaluate((to) => { location.hash = to; }, path);
}
/** Reports progress as a running agent would, so that the sparkline has something to draw. */
function liven(server: FakeServer): void {
  for (const run of server.data.runs.filter((each) => each.state === 'running')) {
    for (let step = 0; step < 60; step++) {
      if (run.progress) server.reportRun({ ...run, progress: { ...run.progress, rateBytesPerSecond: run.progress.rateBytesPerSecond * (0.85 + 0.15 * Math.sin(step / 4) + 0.06 * Math.sin(step * 1.7)) } });
    }
    server.reportRun(run);
  }
}

for (const [sizeName, viewport] of Object.entries(sizes)) {
  for (const theme of themes) {
    test.describe(`${sizeName} ${theme}`, () => {
      test.use({ viewport });
      const shot = (page: Page, name: string) => page.screenshot({ path: join(folder, `${name}-${theme}-${sizeName}.png`) });
      for (const state of ['full', 'empty', 'loading', 'failing', 'offline'] as const) {
        test(state, async ({ page }) => {
          for (const [name, path] of Object.entries(screens)) {
            const full = `${name}-${state}`;
            const ofObject = /^\/(image|run|computer|job|folder|server|handover|site|template)\//.test(path);
            if (!wanted(full) || (state === 'empty' && ofObject)) continue;
            const server = await startFakeServer(state === 'empty' ? emptyData() : fullData());
            if (state === 'loading') server.setMode('silent');
            if (state === 'failing') server.setMode('failing');
            await open(page, server, theme, path);
            await page.waitForTimeout(500);
            if (state === 'full' || state === 'offline') { liven(server); await page.waitForTimeout(250); }
            if (state === 'offline') { await server.goAway(); await page.getByText('Trying again').first().waitFor(); await page.waitForTimeout(300); }
            await shot(page, full);
            await page.goto('about:blank');
            if (state !== 'offline') await server.close();
          }
        });
      }
      test('overlays', async ({ page }) => {
        const server = await startFakeServer(fullData());
        const over = async (name: string, act: () => Promise<void>): Promise<void> => {
          if (!wanted(`over-${name}`)) return;
          await open(page, server, theme, `/image/${image}`);
          await page.getByRole('heading', { level: 1 }).getByText('Win11 lab').waitFor();
          await act();
          await page.waitForTimeout(400);
          await shot(page, `over-${name}`);
          await page.goto('about:blank');
        };
        await over('palette', async () => { await page.keyboard.press('Control+k'); await page.getByPlaceholder('Search or run').last().fill('lab'); });
        await over('keys', () => page.keyboard.press('?'));
        await over('deploy', () => page.getByRole('button', { name: 'Deploy…' }).click());
        await over('capture', async () => { await page.getByRole('button', { name: 'Platen', exact: true }).click(); await page.getByRole('menuitem', { name: 'Capture a disk…' }).click(); });
        await over('menu', () => page.getByRole('treeitem', { name: /Linux workshop/ }).click({ button: 'right' }));
        await over('rename', async () => { await page.getByRole('treeitem', { name: /Linux workshop/ }).click(); await page.keyboard.press('F2'); });
        await over('editname', () => page.getByRole('button', { name: 'Name: Win11 lab' }).click());
        await over('undo', async () => { await page.getByRole('treeitem', { name: /Win11 teacher/ }).click(); await page.keyboard.press('Delete'); });
        await over('refused', async () => { await page.getByRole('button', { name: 'More commands', exact: true }).click(); await page.getByRole('menuitem', { name: 'Move to trash' }).click(); });
        const job = async (name: string): Promise<void> => { await page.evaluate((to) => { location.hash = to; }, `/job/${guidOf(`job ${name}`)}`); await page.getByRole('heading', { level: 1 }).getByText(name).waitFor(); };
        await over('runon', async () => { await job('Win11 lab (MI)'); await page.getByRole('button', { name: 'Run on…' }).click(); });
        await over('runsheet', async () => {
          await job('Win11 lab (MI)');
          await page.getByRole('button', { name: 'Run on…' }).click();
          await page.getByRole('option', { name: /Room 12/ }).click();
          await page.getByRole('table', { name: 'Computers it runs on' }).getByRole('row').nth(1).waitFor();
        });
        await over('runfolder', async () => { await page.evaluate((to) => { location.hash = to; }, `/folder/${guidOf('folder Whole lab (MI)')}`); await page.getByRole('button', { name: 'Run on…' }).click(); await page.getByRole('option', { name: /LAB12-0/ }).first().click(); });
        await over('script', async () => { await job('Win11 lab (MI)'); await page.getByText('Run Set the asset tag').click(); });
        await over('message', async () => { await job('Win11 lab (MI)'); await page.getByText('Show “Ready').click(); });
        await over('capturetask', () => job('Capture the teacher PC'));
        await over('addtask', async () => { await job('Win11 lab (MI)'); await page.getByRole('button', { name: 'Add task' }).click(); });
        await over('imagepicker', async () => { await job('Win11 lab (MI)'); await page.getByRole('combobox', { name: 'Image' }).click(); });
        await over('conflict', async () => {
          await job('Win11 lab (MI)');
          await page.getByText('Show “Ready').click();
          await page.getByLabel('Message').fill('Mine');
          const edited = server.jobs.jobs.find((each) => each.id === guidOf('job Win11 lab (MI)'));
          if (edited !== undefined) Object.assign(edited, { rev: 5, updatedBy: 'bert', updatedAt: Date.now(), tasks: edited.tasks.slice(0, 2) });
          await page.keyboard.press('Tab');
          await page.getByRole('region', { name: 'Changed by somebody else' }).waitFor();
        });
        const at = async (path: string, name: string): Promise<void> => { await page.evaluate((to) => { location.hash = to; }, path); await page.getByRole('heading', { level: 1 }).getByText(name).waitFor(); };
        const command = async (name: string): Promise<void> => { await page.getByRole('button', { name: 'More commands', exact: true }).click(); await page.getByRole('menuitem', { name }).click(); };
        const target = async (label: string, name: RegExp): Promise<void> => { await page.getByRole('combobox', { name: label }).click(); await page.getByRole('option', { name }).click(); await page.getByRole('list', { name: 'What will happen' }).waitFor(); };
        await over('addserver', async () => { await at('/servers/add', 'Package servers'); await page.getByRole('dialog').getByLabel('Name').fill('PS011'); });
        await over('scope', async () => { await at('/matrix', 'Images'); await page.getByRole('button', { name: /where Win11 lab goes/ }).click(); await page.getByRole('radio', { name: 'Owner only' }).check(); });
        await over('takeownership', async () => { await command('Take ownership…'); await target('New owner', /PS009/); });
        await over('retire', async () => { await at(`/server/${guidOf('server PS008')}`, 'PS008'); await command('Retire…'); await page.getByRole('list', { name: 'What will happen' }).waitFor(); });
        await over('replace', async () => { await at(`/server/${guidOf('server PS008')}`, 'PS008'); await command('Replace…'); });
        await over('recover', async () => { await at(`/server/${guidOf('server PS008')}`, 'PS008'); await command('Recover its images…'); await page.getByRole('list', { name: 'What will happen' }).waitFor(); });
        await over('publish', async () => { await at(`/template/${guidOf('template Schools')}`, 'Schools'); await page.getByRole('button', { name: 'Publish…' }).click(); await page.getByRole('list', { name: 'What will happen' }).waitFor(); });
        await over('whichserver', async () => { await at('/rules', 'Source rules'); await page.getByLabel('Address of the computer').fill('10.1.7.20'); await page.getByRole('list', { name: 'Servers in their order' }).waitFor(); });
        await over('bulkdelete', async () => { await at('/images', 'Images'); await page.getByRole('checkbox', { name: 'Choose all that are shown' }).check(); await page.getByRole('button', { name: 'Move to trash' }).click(); await page.getByRole('region', { name: 'Skipped' }).waitFor(); });
        await over('letgo', async () => {
          const ps8 = server.servers.servers.find((each) => each.name === 'PS008');
          if (ps8 !== undefined) ps8.state = 'retiring';
          const [first] = server.servers.handovers;
          if (first !== undefined) Object.assign(first, { kind: 'retire', fromServerId: ps8?.id, toServerId: null, state: 'ready', images: first.images.map((image) => ({ ...image, state: 'switched', doneBytes: image.bytes, problem: null })) });
          await at(`/handover/${guidOf('hand-over open')}`, 'Retire PS008');
        });
        await over('purge', async () => { await page.evaluate(() => { location.hash = '/trash'; }); await page.getByRole('button', { name: 'Delete for good… Windows 10 lab' }).click(); });
        if (wanted('over-signin')) { await page.goto(server.url); await page.evaluate(() => sessionStorage.clear()); await page.reload(); await page.waitForTimeout(400); await shot(page, 'over-signin'); }
        await page.goto('about:blank');
        await server.close();
      });
    });
  }
}
