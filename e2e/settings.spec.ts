// Settings, shown against the fake server: grouped, said in words where they are set, kept on leaving a field, and taken back.
import { accessViolations } from './access.ts';
import { addJobRuns } from './fakeRuns.ts';
import { guidOf } from './fakeData.ts';
import { expect, test } from './console.fixture.ts';

test.describe('settings', { tag: '@windowless' }, () => {
  test('say what is wrong beside the field, keep nothing of it, and Escape gives up', async ({ console, page, fake }) => {
    await console.goTo('/settings');
    const pattern = page.getByLabel('Name of new computers');
    await pattern.fill('LAB-{room}');
    await pattern.blur();
    await expect(page.getByText('{room} is not filled in. There are {serial}')).toBeVisible();
    expect(fake.data.settings.portalNamePattern).toBe('{serial}');
    await pattern.press('Escape');
    await expect(pattern).toHaveValue('{serial}');
    await pattern.fill('PC-{n:3}');
    await expect(page.getByRole('status').filter({ hasText: 'would be PC-001' })).toBeVisible();
    await pattern.press('Enter');
    await console.undoMessage('Name of new computers: PC-{n:3}').getByRole('button', { name: 'Undo' }).click();
    await expect(pattern).toHaveValue('{serial}');
    expect(fake.data.settings.portalNamePattern).toBe('{serial}');
  });

  test('of the portal show at once in the menu as a technician sees it', async ({ console, page, fake }) => {
    await console.goTo('/settings');
    const screen = page.getByRole('img', { name: /^The portal’s menu/ });
    await page.getByLabel('Title', { exact: true }).fill('Room 12');
    await page.getByLabel('Title', { exact: true }).press('Enter');
    await expect(screen).toContainText('Room 12');
    await page.getByRole('combobox', { name: 'Colour' }).click();
    await page.getByRole('option', { name: 'Green' }).click();
    await expect(screen).toHaveAttribute('data-color', 'green');
    await page.getByRole('switch', { name: 'Rename known computers' }).press('Space');
    await expect.poll(() => fake.data.settings.portalRenameKnown).toBe(false);
  });

  test('choose a job folder by walking to it, by keyboard alone', async ({ console, page, fake }) => {
    await console.goTo('/settings');
    await console.button('Only below this folder: All jobs').press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Only below this folder' });
    await dialog.getByRole('button', { name: 'Folders in Whole lab (MI)' }).press('Enter');
    await dialog.getByRole('button', { name: 'After imaging', exact: true }).press('Enter');
    await expect(console.button('Only below this folder: After imaging')).toBeVisible();
    expect(fake.data.settings.portalRootFolderId).toBe(guidOf('folder After imaging'));
    await page.keyboard.press('Control+z');
    await expect(console.button('Only below this folder: All jobs')).toBeVisible();
  });

  test('in the desktop app start it at login, and look for updates when asked', async ({ page, fake }) => {
    await page.addInitScript(() => {
      let enabled = false;
      Object.assign(globalThis, { desktop: {
        platform: 'linux', version: '9.9.9', getLaunchAtLogin: async () => ({ enabled, reason: null }), setLaunchAtLogin: async (on: boolean) => { enabled = on; return { enabled, reason: null }; },
        checkForUpdates: async () => ({ available: false, message: 'This build has no update channel.' }),
      } });
    });
    await page.goto(fake.address);
    await page.evaluate(() => { location.hash = '/settings'; });
    await page.getByRole('switch', { name: 'Start at login' }).press('Space');
    await expect(page.getByRole('switch', { name: 'Start at login' })).toBeChecked();
    await page.getByRole('button', { name: 'Check for updates' }).click();
    await expect(page.getByText('This build has no update channel.')).toBeVisible();
  });

  test('tell when this machine’s addresses have changed', async ({ console, page, fake }) => {
    await console.goTo('/settings');
    await expect(page.getByText('192.168.10.5:8420').first()).toBeVisible();
    fake.data.status.addresses = ['https://192.168.10.77:8420'];
    fake.changed('status', 'status');
    await expect(page.getByRole('status').filter({ hasText: 'changed from https://192.168.10.5:8420 to https://192.168.10.77:8420' })).toBeVisible();
    await console.button('Dismiss').click();
    await expect(page.getByText('changed from')).toHaveCount(0);
  });

  for (const scheme of ['light', 'dark'] as const) {
    test(`and the pages of runs have no axe violations, ${scheme}`, async ({ console, page, fake }) => {
      addJobRuns(fake.data, 20);
      await page.emulateMedia({ colorScheme: scheme });
      for (const path of ['/settings', '/activity', ...['job running', 'job person', 'job refused', 'job queued', 'job done', 'job lost', 'capturing'].map((name) => `/run/${guidOf(`run ${name}`)}`)]) {
        await console.goTo(path);
        expect(await accessViolations(page, path)).toEqual([]);
      }
    });
  }
});
