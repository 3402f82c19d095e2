// The console's manners, shown against the fake server: keyboard, live updates, undo, lost connection. The same console against
// a real server and real disks is another spec's.
import { addImage, guidOf } from './fakeData.ts';
import { fakeToken } from './fakeServer.ts';
import { expect, test } from './console.fixture.ts';

const win = guidOf('Win11 lab');
test.describe('the console', { tag: '@windowless' }, () => {
  test('takes the token out of the address, and asks for one where there is none', async ({ console, page, fake }) => {
    expect(page.url()).not.toContain(fakeToken);
    await page.evaluate(() => sessionStorage.clear());
    await page.reload();
    await page.getByLabel('Token', { exact: true }).fill('platen1.wrong.00');
    await console.button('Sign in').click();
    await expect(page.getByText('The server does not accept this token')).toBeVisible();
    await page.getByLabel('Token', { exact: true }).fill(`  ${fake.url}/#token=${fakeToken}  `);
    await console.button('Sign in').click();
    await expect(console.tree).toBeVisible();
  });

  test('is walked by keyboard alone: tree, rename, palette, tabs, and back', async ({ console, page }) => {
    await page.keyboard.press('Control+b');
    await expect(console.tree).toBeFocused();
    await page.keyboard.press('Home');
    expect(await console.activeNode()).toMatch(/^Computers/);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowDown');
    expect(await console.activeNode()).toMatch(/^Jobs/);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowDown');
    expect(await console.activeNode()).toMatch(/^Images/);
    await page.keyboard.type('linux');
    expect(await console.activeNode()).toMatch(/^Linux workshop/);
    await page.keyboard.press('Enter');
    await expect(console.heading).toContainText('Linux workshop');
    await page.keyboard.press('F2');
    await page.keyboard.type('Linux course');
    await page.keyboard.press('Enter');
    await expect(console.heading).toContainText('Linux course');
    await expect(console.tree).toBeFocused();
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('textbox', { name: 'Search or run a command' })).toBeFocused();
    await page.keyboard.type('teacher');
    await expect(page.getByRole('dialog').getByText('Win11 teacher', { exact: true }).first()).toBeVisible();
    await page.keyboard.press('Enter');
    await expect(console.heading).toContainText('Win11 teacher');
    await page.goBack();
    await expect(console.heading).toContainText('Linux course');
    await page.getByRole('tab', { name: /Overview/ }).focus();
    await page.keyboard.press('ArrowRight');
    await expect(page.getByRole('tab', { name: /Versions/ })).toHaveAttribute('aria-selected', 'true');
    await expect(page).toHaveURL(/\/versions$/);
    await page.reload();
    await expect(page.getByRole('tab', { name: /Versions/ })).toHaveAttribute('aria-selected', 'true');
  });

  test('gives the focus back after a dialog', async ({ console, page }) => {
    await console.goTo(`/image/${win}`);
    await console.button('Deploy…').click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(console.button('Deploy…')).toBeFocused();
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  });

  test('keeps selection, scroll and the row one reads while the server changes things', async ({ console, page, fake }) => {
    const graph = fake.data.graphs.get(win);
    if (graph === undefined) throw new Error('the fake data lack a graph');
    for (let index = 0; index < 3000; index++) addImage(fake.data, { name: `bulk ${String(index).padStart(4, '0')}`, description: '', at: Date.now(), graph, versions: [{ usedBytes: 1e9, newBytes: 1e9, age: 1000, note: '' }] });
    fake.changed('image', win);
    await expect(console.node(/^Images 3006/)).toBeVisible();
    await console.tree.evaluate((tree) => { tree.scrollTop = 40_000; });
    const place = await console.tree.evaluate((tree) => [...tree.querySelectorAll('[role=treeitem]')].map((row) => ({ name: row.textContent.trim(), top: row.getBoundingClientRect().top })).find((row) => row.top > 300));
    if (place === undefined) throw new Error('no row is shown');
    await console.node(place.name).click();
    await expect(console.heading).toContainText(place.name);
    addImage(fake.data, { name: 'aaa new', description: '', at: Date.now(), graph, versions: [] });
    fake.changed('image', guidOf('aaa new'));
    await expect(page.getByRole('treeitem', { name: /^Images/ })).toHaveCount(0);
    await console.page.waitForFunction(() => (document.querySelector('[role=tree]')?.scrollTop ?? 0) !== 40_000);
    const now = await console.node(place.name).evaluate((row) => ({ top: row.getBoundingClientRect().top, selected: row.getAttribute('aria-selected') }));
    expect(now).toEqual({ top: place.top, selected: 'true' });
  });

  test('moves an image to the trash at once, and back again by undo, by Ctrl+Z and from the trash', async ({ console, page, fake }) => {
    const teacher = fake.data.images.find((image) => image.name === 'Win11 teacher');
    await console.node(/^Win11 teacher/).click();
    await page.keyboard.press('Delete');
    await expect(console.node(/^Win11 teacher/)).toHaveCount(0);
    await console.undoMessage('Win11 teacher moved to the trash').getByRole('button', { name: 'Undo' }).click();
    await expect(console.node(/^Win11 teacher/)).toBeVisible();
    expect(teacher?.trashedAt).toBeNull();
    await console.choose('More commands', 'Move to trash');
    await expect(console.node(/^Win11 teacher/)).toHaveCount(0);
    await page.keyboard.press('Control+z');
    await expect(console.node(/^Win11 teacher/)).toBeVisible();
    await console.choose('More commands', 'Move to trash');
    await console.goTo('/trash');
    await console.button('Restore Win11 teacher').click();
    await expect(console.row('Trash', 'Win11 teacher')).toHaveCount(0);
    await expect(console.node(/^Win11 teacher/)).toBeVisible();
  });

  test('leaves the status strip free of messages', async ({ console, page }) => {
    await console.node(/^Win11 teacher/).click();
    await page.keyboard.press('Delete');
    const message = console.undoMessage('Win11 teacher moved to the trash');
    await expect(message).toBeVisible();
    await page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState !== 'running'));
    const [above, strip] = [await message.boundingBox(), await console.statusStrip.boundingBox()];
    expect((above?.y ?? 0) + (above?.height ?? 0)).toBeLessThanOrEqual(strip?.y ?? 0);
  });

  test('shows a deleted version in the trash, and takes it back from there', async ({ console, page }) => {
    await console.goTo(`/image/${win}/versions`);
    await console.version(1).getByRole('button', { name: 'More commands' }).click();
    await page.getByRole('menuitem', { name: 'Move to trash' }).click();
    await expect(console.undoMessage('Win11 lab, version 1 moved to the trash')).toBeVisible();
    await console.goTo('/trash');
    await expect(console.row('Trash', 'Windows 10 lab')).toBeVisible();
    await console.button('Restore Win11 lab, version 1').click();
    await expect(console.row('Trash', 'Win11 lab, version 1')).toHaveCount(0);
    await expect(console.undoMessage('moved to the trash')).toHaveCount(0);
    await console.goTo(`/image/${win}/versions`);
    await expect(console.version(1)).toContainText('Ready');
  });

  test('knows on every page of a run that came while another page was open', async ({ console, page, fake }) => {
    const [known] = fake.data.runs;
    if (known === undefined) throw new Error('the fake data lack runs');
    await expect(page.getByRole('list', { name: 'In progress' })).toBeVisible();
    await console.goTo('/settings');
    await expect(page.getByLabel('Server name')).toBeVisible();
    const later = { ...known, id: guidOf('run later'), imageName: 'Came later', startedAt: Date.now() };
    fake.data.runs.push(later);
    fake.changed('run', later.id);
    fake.reportRun(later);
    fake.reportRun(known);
    await expect(console.statusStrip).toContainText('3 running');
    await console.goTo('/');
    await expect(page.getByRole('list', { name: 'In progress' })).toContainText('Came later');
  });

  test('says the limits of a setting beside it, and undoes a change', async ({ console, page, fake }) => {
    await console.goTo('/settings');
    const days = page.getByLabel('Keep deleted things');
    await days.fill('9999');
    await expect(page.getByText('A whole number from 0 to 365')).toBeVisible();
    await days.press('Enter');
    expect(fake.data.settings.trashDays).toBe(14);
    await days.fill('30');
    await days.press('Enter');
    await console.undoMessage('Keep deleted things: 30 days').getByRole('button', { name: 'Undo' }).click();
    await expect(days).toHaveValue('14 days');
    expect(fake.data.settings.trashDays).toBe(14);
  });

  test('asks only where data would really go, naming it', async ({ console, page, fake }) => {
    await console.goTo('/trash');
    await console.button('Delete for good… Windows 10 lab').click();
    const dialog = page.getByRole('dialog', { name: 'Delete Windows 10 lab for good?' });
    await expect(dialog.getByRole('button', { name: 'Keep' })).toBeFocused();
    await dialog.getByRole('button', { name: 'Delete image for good' }).click();
    await expect(console.row('Trash', 'Windows 10 lab')).toHaveCount(0);
    expect(fake.data.images.some((image) => image.name === 'Windows 10 lab')).toBe(false);
  });

  test('keeps a refusal at the object it concerns, with its code', async ({ console, page }) => {
    await console.goTo(`/image/${win}`);
    await console.choose('More commands', 'Move to trash');
    const refusal = page.getByRole('alert').filter({ hasText: 'Could not move Win11 lab to the trash' });
    await expect(refusal).toContainText('PL-2034');
    await console.goTo('/images');
    await console.goTo(`/image/${win}`);
    await expect(refusal).toBeVisible();
    await refusal.getByRole('button', { name: 'Dismiss' }).click();
    await expect(refusal).toHaveCount(0);
  });

  test('shows a verification and a run as they go', async ({ console, page, fake }) => {
    await console.goTo(`/image/${win}/versions`);
    await console.version(3).getByRole('button', { name: 'Verify version 3' }).click();
    await expect(console.version(3)).toContainText('Verifying 0 %');
    const version = fake.data.images.find((image) => image.guid === win)?.versions[2];
    if (version === undefined) throw new Error('the fake data lack version 3');
    version.verifying = { doneBytes: 50, totalBytes: 100, rateBytesPerSecond: 400e6, etaSeconds: 8 };
    fake.changed('image', win);
    await expect(console.version(3).getByRole('progressbar')).toHaveAttribute('aria-valuenow', '50');
    version.verifying = null;
    fake.changed('image', win);
    await expect(console.version(3)).toContainText('Ready');
    const run = fake.data.runs.find((each) => each.id === guidOf('run deploying'));
    if (!run?.progress) throw new Error('the fake data lack a running deploy');
    await console.goTo(`/run/${run.id}`);
    run.progress.doneBytes = run.progress.totalBytes * 0.9;
    fake.reportRun(run);
    await expect(page.getByRole('main').getByRole('progressbar', { name: 'Deploy of Win11 lab, version 4' })).toHaveAttribute('aria-valuenow', '90');
    await expect(console.statusStrip).toContainText('LAB12-02 deploying 90 %');
    await console.button('Cancel run').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the run' }).click();
    await expect(page.getByRole('main').getByText('Cancelled').first()).toBeVisible();
  });

  test('greys the last data while the server is away, counts down, and catches up by itself', async ({ console, page, fake }) => {
    await console.goTo(`/image/${win}`);
    await expect(console.heading).toContainText('Win11 lab');
    await fake.goAway();
    await expect(console.offlineBanner()).toContainText(/Trying again/);
    await expect(console.heading).toContainText('Win11 lab');
    await expect(console.button('Verify').first()).toBeDisabled();
    const image = fake.data.images.find((each) => each.guid === win);
    if (image) image.name = 'Win11 lab, renamed meanwhile';
    await fake.comeBack();
    await expect(console.offlineBanner()).toHaveCount(0, { timeout: 20_000 });
    await expect(console.heading).toContainText('renamed meanwhile');
    await expect(page.getByRole('tree')).toContainText('meanwhile');
  });

  test('shows the same in two windows', async ({ console, anotherWindow }) => {
    const other = await anotherWindow();
    await other.goTo(`/image/${win}/versions`);
    await console.goTo(`/image/${win}/versions`);
    await console.version(2).getByRole('button', { name: 'More commands' }).click();
    await console.page.getByRole('menuitem', { name: 'Enable' }).click();
    await expect(other.version(2)).toContainText('Ready');
    await other.button('Name: Win11 lab').click();
    await other.page.keyboard.type('Win11 hall');
    await other.page.keyboard.press('Enter');
    await expect(console.heading).toContainText('Win11 hall');
    await expect(console.node(/^Win11 hall/)).toBeVisible();
  });

  test('remembers the width of the tree and the theme', async ({ console, page }) => {
    await page.getByRole('separator', { name: 'Width of the tree' }).focus();
    await page.keyboard.press('ArrowRight');
    await console.button('Use the dark theme').click();
    await page.reload();
    await expect(page.getByRole('separator', { name: 'Width of the tree' })).toHaveAttribute('aria-valuenow', '280');
    await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
  });
});
