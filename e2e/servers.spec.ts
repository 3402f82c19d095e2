// Package servers, images × servers and sites in the console, against the fake server: full, empty, live, and by every theme.
import { accessViolations } from './access.ts';
import { expect, test } from './console.fixture.ts';
import { guidOf } from './fakeIds.ts';
import { fakePackageServer } from './fakeServers.ts';

const ps8 = guidOf('server PS008');
const ps9 = guidOf('server PS009');

test.describe('a console without package servers', { tag: '@windowless' }, () => {
  test.use({ content: 'empty' });

  test('says what will be here, and gives the token of a new server once, with its command', async ({ console, page, fake }) => {
    await console.goTo('/servers');
    await expect(page.getByText('Package servers will be here')).toBeVisible();
    await console.button('Add a package server…').click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByLabel('Name')).toBeFocused();
    await expect(dialog.getByRole('button', { name: 'Make a join token' })).toBeDisabled();
    fake.servers.note = 'This console listens on its own machine alone. Start it with --host 0.0.0.0 first.';
    await dialog.getByLabel('Name').fill('PS008');
    await page.keyboard.press('Enter');
    await expect(dialog).toContainText('platen serve --package-server --join https://192.168.10.5:8420 --join-token join1.5b3Kq.a18df41e');
    await expect(dialog).toContainText('Start it with --host 0.0.0.0 first.');
    await expect(dialog).toContainText(/It is shown this once, is good for one machine, and ends in (24 h|1 days)/);
    expect(await accessViolations(page, 'join token')).toEqual([]);
    await dialog.getByRole('button', { name: 'Done' }).click();
    await expect(dialog).toHaveCount(0);
    await expect(page.getByText('join1.5b3Kq')).toHaveCount(0);

    fake.servers.servers.push(fakePackageServer('PS008'));
    fake.changed('server', ps8);
    await expect(console.row('Package servers', 'PS008')).toContainText('Connected');
    await expect(page.getByText('Package servers will be here')).toHaveCount(0);
  });

  test('has a first sentence on every page of images and sites, too', async ({ console, page }) => {
    await console.goTo('/matrix');
    await expect(page.getByText('Here each image will have a row')).toBeVisible();
    expect(await accessViolations(page, 'empty matrix')).toEqual([]);
    await console.goTo('/sites');
    await expect(page.getByText('Sites will be here')).toBeVisible();
    expect(await accessViolations(page, 'empty sites')).toEqual([]);
    await console.goTo('/servers');
    await expect(page.getByText('Package servers will be here')).toBeVisible();
    expect(await accessViolations(page, 'empty servers')).toEqual([]);
  });
});

test.describe('package servers', { tag: '@windowless' }, () => {
  test('are listed with state, space that does not fit, copies and a wrong clock, and stay true', async ({ console, fake }) => {
    await console.goTo('/servers');
    await expect(console.row('Package servers', 'PS009')).toContainText('3 min 14 s ahead');
    await expect(console.row('Package servers', 'PS009').getByTitle('38.4 GB to come, does not fit')).toBeVisible();
    await expect(console.row('Package servers', 'PS009')).toContainText('damaged');
    await expect(console.row('Package servers', 'PS010-laptop')).toContainText('Away');
    await expect(console.row('Package servers', 'PS-old')).toContainText('Revoked');
    const server = fake.servers.servers.find((each) => each.id === ps8);
    if (server === undefined) throw new Error('no PS008');
    server.connected = false;
    fake.changed('server', ps8);
    await expect(console.row('Package servers', 'PS008')).toContainText('Away');
  });

  test('show what moves with rate, time left and sources, and why the rest waits', async ({ console, page, fake }) => {
    await console.goTo(`/server/${ps8}/moving`);
    const moving = page.getByRole('list', { name: 'Moving' });
    await expect(moving).toContainText('2.4 GB of 6.0 GB · 11.6 MB/s · 5 min left');
    await expect(moving).toContainText("from Anna's lab (1.9 GB), PS009 (500 MB)");
    await expect(moving).toContainText('Waiting: outside of its window, which opens at 22:00');
    const [first] = fake.servers.servers.find((each) => each.id === ps8)?.moving ?? [];
    if (first === undefined) throw new Error('nothing moves');
    first.doneBytes = 4.8e9;
    fake.changed('server', ps8);
    await expect(moving.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '80');
  });

  test('show their copies, their transfers with sources, and what needs a person on top', async ({ console, page }) => {
    await console.goTo(`/server/${ps9}/copies`);
    await expect(page.getByRole('list', { name: 'Needs attention' })).toContainText('Set its clock, or let it follow a time server.');
    await expect(console.row('Copies', 'Linux workshop').first()).toContainText('2 chunks do not match');
    await console.goTo(`/server/${ps8}/history`);
    await expect(console.row('Transfers', 'Failed')).toContainText('No server with a ready copy could be reached.');
    await expect(console.row('Transfers', '12,408 there already, 1,922 whole')).toContainText("Anna's lab 900 MB, PS009 400 MB");
    await expect(console.row('Transfers', '14,970 there already')).toContainText('none needed');
  });

  test('are renamed in place with undo, placed at a site, limited, and revoked after saying what is lost', async ({ console, page, fake }) => {
    const server = fake.servers.servers.find((each) => each.id === ps8);
    await console.goTo(`/server/${ps8}`);
    await expect(page.getByRole('region', { name: 'Space' })).toContainText('Full in about 3 months, at the pace of the last four weeks: 6.4 GB a day');
    await page.getByRole('button', { name: 'Name: PS008' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('PS018');
    await page.keyboard.press('Enter');
    await expect(console.heading).toContainText('PS018');
    await expect(console.undoMessage('PS008 renamed to PS018')).toBeVisible();
    await console.undoMessage('PS008 renamed to PS018').getByRole('button', { name: 'Undo' }).click();
    await expect(console.heading).toContainText('PS008');
    await page.getByRole('button', { name: 'Limit: None of its own' }).click();
    await page.getByRole('textbox', { name: 'Limit' }).fill('quick');
    await expect(page.getByText('A rate reads like 10 MB/s.')).toBeVisible();
    await page.getByRole('textbox', { name: 'Limit' }).fill('10M');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: 'Limit: 10.0 MB/s' })).toBeVisible();
    await page.getByRole('combobox', { name: 'Site' }).click();
    await page.getByRole('option', { name: 'Milan' }).click();
    await expect.poll(() => server?.siteName).toBe('Milan');

    await console.choose('More commands', 'Revoke…');
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('stay on its disk: nothing is deleted there');
    await expect(dialog).toContainText('Computers are not sent there any more');
    await expect(dialog).toContainText('It owns 1 image');
    await dialog.getByRole('button', { name: 'Revoke PS008' }).click();
    await expect(page.getByRole('main').locator('header')).toContainText('Revoked');
    expect(server?.state).toBe('revoked');
  });
});

test.describe('images × servers', { tag: '@windowless' }, () => {
  test('says owner and state in words, and finds the images whose location is a server', async ({ console, page }) => {
    await console.goTo('/matrix');
    await expect(console.row('Images and servers', 'Win11 lab')).toContainText('locally managed');
    await expect(console.row('Images and servers', 'Win11 lab')).toContainText('copying 40 %');
    await expect(console.row('Images and servers', 'Linux workshop')).toContainText('externally managed · PS008');
    await page.getByRole('combobox', { name: 'Location' }).click();
    await page.getByRole('option', { name: 'Location is PS008' }).click();
    await expect(page.getByRole('table', { name: 'Images and servers' }).getByRole('row')).toHaveCount(2);
    await expect(page.getByRole('main').locator('header')).toContainText('1 of 6 images');
    await page.getByRole('combobox', { name: 'Location' }).press('Escape');
    await console.goTo('/matrix');
    await page.getByLabel('Filter by image or server').fill('nothing of this name');
    await console.button('Show all').click();
    await expect(page.getByRole('main').locator('header')).toContainText('6 images');
  });

  test('changes where an image goes after telling what that does, with undo', async ({ console, page, fake }) => {
    const scope = (): string | undefined => fake.servers.matrix.find((row) => row.imageName === 'Win11 lab')?.scope;
    await console.goTo('/matrix');
    await page.getByRole('button', { name: /Default: where Win11 lab goes/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Where Win11 lab goes' });
    await dialog.getByRole('radio', { name: 'Owner only' }).check();
    await expect(dialog.getByRole('list', { name: 'What will happen' })).toContainText('what it has, it keeps');
    expect(await accessViolations(page, 'scope')).toEqual([]);
    await dialog.getByRole('button', { name: 'Change where it goes' }).click();
    await expect(console.row('Images and servers', 'Win11 lab')).toContainText('Owner only');
    expect(scope()).toBe('none');
    await console.undoMessage('Win11 lab: owner only').getByRole('button', { name: 'Undo' }).click();
    await expect.poll(scope).toBe('default');
  });

  test('keeps a thousand images at hand with only the visible rows in the page', async ({ console, page, fake }) => {
    const [row] = fake.servers.matrix;
    if (row === undefined) throw new Error('no rows');
    for (let index = 0; index < 1000; index++) fake.servers.matrix.push({ ...row, imageGuid: guidOf(`many ${index}`), versionGuid: guidOf(`many version ${index}`), imageName: `Room image ${String(index).padStart(4, '0')}` });
    await console.goTo('/matrix');
    await expect(page.getByRole('main').locator('header')).toContainText('1006 images');
    expect(await page.getByRole('table', { name: 'Images and servers' }).getByRole('row').count()).toBeLessThan(80);
    await page.getByLabel('Filter by image or server').fill('image 0999');
    await expect(console.row('Images and servers', 'Room image 0999')).toBeVisible();
  });
});

test.describe('sites', { tag: '@windowless' }, () => {
  test('are added, checked while typed, changed with their servers, and deleted with undo', async ({ console, page, fake }) => {
    await console.goTo('/sites');
    await expect(console.row('Sites', 'Rome')).toContainText('mon-fri 22:00-06:00');
    await console.button('Add a site…').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('Turin');
    await dialog.getByLabel('Subnets of its computers').fill('10.9.0.0');
    await expect(dialog.getByText('“10.9.0.0” is no subnet. One reads like 10.1.0.0/16.')).toBeVisible();
    await dialog.getByLabel('Subnets of its computers').fill('10.9.0.0/16');
    await dialog.getByLabel('When is copied to it').fill('sat,sun 00:00-23:59');
    await dialog.getByLabel('Limit of each server').fill('5M');
    await dialog.getByRole('checkbox', { name: 'PS010-laptop' }).check();
    expect(await accessViolations(page, 'site editor')).toEqual([]);
    await dialog.getByRole('button', { name: 'Add site' }).click();
    await expect(console.row('Sites', 'Turin')).toContainText('PS010-laptop');
    expect(fake.servers.sites.at(-1)).toMatchObject({ name: 'Turin', subnets: ['10.9.0.0/16'], bytesPerSecond: 5e6, windows: [{ days: [0, 6], from: '00:00', to: '23:59' }] });
    await console.row('Sites', 'Turin').getByRole('link', { name: 'Turin' }).click();
    await dialog.getByRole('button', { name: 'Delete site' }).click();
    await expect(console.row('Sites', 'Turin')).toHaveCount(0);
    await console.undoMessage('Site Turin deleted').getByRole('button', { name: 'Undo' }).click();
    await expect(console.row('Sites', 'Turin')).toBeVisible();
  });
});

for (const scheme of ['light', 'dark'] as const) {
  test(`axe finds nothing on servers, matrix and sites, ${scheme}`, { tag: '@windowless' }, async ({ console, page }) => {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    const found: string[] = [];
    for (const path of ['/servers', `/server/${ps9}`, `/server/${ps8}/copies`, `/server/${ps8}/moving`, `/server/${ps8}/history`, `/server/${guidOf('server')}`, '/matrix', '/sites', `/site/${guidOf('site Rome')}`]) {
      await console.goTo(path);
      await expect(console.heading).not.toHaveText('Loading');
      found.push(...await accessViolations(page, path));
    }
    expect(found).toEqual([]);
  });
}
