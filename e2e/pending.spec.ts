// A version that another server captured and nobody has validated yet, against the fake server: told, taken, refused, tried.
import { accessViolations } from './access.ts';
import { expect, test } from './console.fixture.ts';
import { guidOf } from './fakeIds.ts';
import { addPending } from './fakePending.ts';
import type { FakeServer } from './fakeServer.ts';

const win = guidOf('Win11 lab');
function arrive(fake: FakeServer): void {
  addPending(fake.data, 'Win11 lab');
  fake.changed('image', win);
}

test.describe('a version that waits to be validated', { tag: '@windowless' }, () => {
  test('is told where it came from, at home, in the list and at the image, and is not deployed', async ({ console, page, fake }) => {
    arrive(fake);
    await expect(page.getByRole('list', { name: 'Needs attention' })).toContainText('Version 5 of "Win11 lab" was captured at PS008 and waits to be validated.');
    await console.goTo('/images');
    await expect(console.row('Images', 'Win11 lab')).toContainText('To be validated');
    await console.goTo(`/image/${win}/versions`);
    await expect(console.version(5)).toContainText('To be validated');
    await expect(console.version(5)).toContainText('Captured at PS008, waits to be validated');
    await console.version(5).getByRole('button', { name: 'More commands' }).click();
    await expect(page.getByRole('menuitem', { name: 'Deploy this version…' })).toHaveCount(0);
    await page.keyboard.press('Escape');
    expect(await accessViolations(page, 'pending version')).toEqual([]);
  });

  test('can be validated as soon as the console has proved it, which goes where the image goes', async ({ console, page, fake }) => {
    arrive(fake);
    const copy = fake.data.images.find((image) => image.guid === win)?.copies.find((each) => each.versionGuid === guidOf('Win11 lab pending') && each.serverId === fake.data.status.serverId);
    if (copy === undefined) throw new Error('no copy here');
    copy.state = 'verifying';
    await console.goTo(`/image/${win}/versions`);
    await expect(console.version(5)).toContainText('waits to be validated: this console is still re-hashing its copy.');
    await expect(console.version(5).getByRole('button', { name: 'Validate version 5…' })).toBeDisabled();
    copy.state = 'ready';
    fake.changed('image', win);
    await console.version(5).getByRole('button', { name: 'Validate version 5…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('list', { name: 'What will happen' })).toContainText('deploys version 5 from then on, instead of version 4');
    expect(await accessViolations(page, 'validate')).toEqual([]);
    await dialog.getByRole('button', { name: 'Validate version 5' }).click();
    await expect(console.version(5)).toContainText('Ready');
    await expect(console.version(5)).not.toContainText('waits to be validated');
    await console.goTo('/');
    await expect(page.getByRole('list', { name: 'Needs attention' })).not.toContainText('waits to be validated');
  });

  test('is rejected after its loss was told, with a reason, and taken back it waits as before', async ({ console, page, fake }) => {
    arrive(fake);
    await console.goTo(`/image/${win}/versions`);
    await console.version(5).getByRole('button', { name: 'More commands' }).click();
    await page.getByRole('menuitem', { name: 'Reject…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('list', { name: 'What will happen' })).toContainText('Then it is deleted everywhere, also at PS008.');
    await expect(dialog.getByRole('list', { name: 'What will happen' })).toContainText('1.1 GB were new when it was captured');
    expect(await accessViolations(page, 'reject')).toEqual([]);
    await dialog.getByLabel('Reason').fill('wrong licence');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('region', { name: 'In the trash' })).toContainText('Version 5');
    expect(fake.data.history.get(win)?.at(-1)?.message).toBe('Version 5 was rejected: wrong licence');
    await console.undoMessage('Win11 lab, version 5 rejected').getByRole('button', { name: 'Undo' }).click();
    await expect(console.version(5)).toContainText('To be validated');
  });

  test('is tried on one computer: what is erased is said before, and the run is followed', async ({ console, page, fake }) => {
    arrive(fake);
    await console.goTo(`/image/${win}/versions`);
    await console.version(5).getByRole('button', { name: 'More commands' }).click();
    await page.getByRole('menuitem', { name: 'Test deploy…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('button', { name: /^Erase and deploy/ })).toBeDisabled();
    await dialog.getByRole('combobox', { name: 'Computer' }).fill('LAB12-02');
    await page.getByRole('option', { name: 'LAB12-02' }).click();
    await expect(dialog.getByRole('list', { name: 'Will be erased' })).toContainText('SAMSUNG PM9A1 512 GB, S/N S64ANX0R1');
    await expect(dialog).toContainText('Everything on this disk of LAB12-02 is replaced.');
    expect(await accessViolations(page, 'test deploy')).toEqual([]);
    await dialog.getByRole('radio', { name: 'The disk with a serial number' }).check();
    await dialog.getByLabel('Serial number', { exact: true }).fill('NONE');
    await expect(dialog).toContainText('No disk here has the serial NONE.');
    await expect(dialog.getByRole('button', { name: /^Erase and deploy/ })).toBeDisabled();
    await dialog.getByRole('radio', { name: 'The internal disk', exact: true }).check();
    await dialog.getByRole('button', { name: 'Erase and deploy on LAB12-02' }).click();
    await expect(console.heading).toContainText('Test deploy of Win11 lab version 5');
    expect(fake.data.images.find((image) => image.guid === win)?.versions.at(-1)?.pending).toBe(true);
  });

  test('is decided at the console alone: a package server only tells that it waits', async ({ console, page, fake }) => {
    arrive(fake);
    fake.data.status.console = { name: 'HQ', address: 'https://10.0.0.1:8420', connected: true, problem: null };
    fake.changed('server', fake.data.status.serverId);
    await console.goTo(`/image/${win}/versions`);
    await expect(console.version(5)).toContainText('waits to be validated at the console');
    await expect(page.getByRole('button', { name: 'Validate version 5…' })).toHaveCount(0);
  });
});
