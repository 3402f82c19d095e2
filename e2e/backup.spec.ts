// Backup and import in the console, against the fake server: the exact command, what it would not bring back, progress and outcome.
import { accessViolations } from './access.ts';
import { expect, test } from './console.fixture.ts';
import { imported } from './fakeImports.ts';

test.describe('backup', { tag: '@windowless' }, () => {
  test('says that none was made, then what the last one was', async ({ console, page, fake }) => {
    await console.goTo('/settings/backup');
    await expect(page.getByText('No backup of this server was made yet')).toBeVisible();
    fake.servers.history.set(fake.data.status.serverId, [
      { id: 1, at: Date.now() - 86_400_000 * 9, actor: 'bert', kind: 'backup', message: 'A backup was made, without images', data: { images: false } }, { id: 2, at: Date.now() - 7_200_000, actor: 'anna', kind: 'backup', message: 'A backup was made, with images', data: { images: true } },
    ]);
    fake.changed('server', fake.data.status.serverId);
    const last = page.getByRole('region', { name: 'Last backup' });
    await expect(last).toContainText('to anna');
    await expect(last).toContainText('Images too');
  });

  test('is made by a command that the page puts together, with what it would lack', async ({ console, page }) => {
    await console.goTo('/settings');
    await page.getByRole('tab', { name: 'Backup' }).click();
    const make = page.getByRole('region', { name: 'Make a backup' });
    await expect(make.getByRole('group', { name: 'Command' })).toHaveText(/^platen backup create \/backup\/platen-\d{4}-\d\d-\d\d\.plb --data \/var\/lib\/platen$/);
    await expect(make).toContainText('Without a passphrase it is not encrypted');
    await expect(make).toContainText('proved at no other server, and would not be in this backup');
    expect(await accessViolations(page, 'backup')).toEqual([]);
    await make.getByLabel('File', { exact: true }).fill("/mnt/Anna's disk/platen.plb");
    await make.getByRole('switch', { name: 'With images' }).press('Space');
    await make.getByLabel('Passphrase file').fill('/root/platen.pass');
    await expect(make.getByRole('group', { name: 'Command' })).toHaveText(String.raw`platen backup create '/mnt/Anna'\''s disk/platen.plb' --with-images --passphrase-file /root/platen.pass --data /var/lib/platen`);
    await expect(make).not.toContainText('not encrypted');
    await expect(make).not.toContainText('proved at no other server');
    await expect(make.getByRole('button', { name: 'Copy command' })).toBeVisible();
  });
});

test.describe('an import', { tag: '@windowless' }, () => {
  test('says what is wrong with a folder, shows progress with rate and time left, and tells what became of each version', async ({ console, page, fake }) => {
    await console.goTo('/settings/import');
    await page.getByLabel('Folder', { exact: true }).fill('/nowhere');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert').filter({ hasText: 'The folder could not be imported' })).toContainText('There is no folder /nowhere');
    expect(await accessViolations(page, 'import')).toEqual([]);
    await page.getByLabel('Folder', { exact: true }).fill('/mnt/old-disk/platen');
    await console.button('Import').click();
    const now = page.getByRole('region', { name: 'Under way' });
    await expect(now).toContainText('Looking through the packs: 40 of 214');
    const { imports } = fake;
    if (imports.now === null) throw new Error('nothing was begun');
    Object.assign(imports.now, { packsRead: 214, chunks: 402_113, versionsFound: 2, current: { imageName: 'Lab Win11', number: 3, doneBytes: 10e9, totalBytes: 98e9 } });
    await expect(now).toContainText('Lab Win11 version 3, 1 of 2: 10.0 GB of 98.0 GB');
    // Two readings make a rate.
    Object.assign(imports.now, { current: { imageName: 'Lab Win11', number: 3, doneBytes: 49e9, totalBytes: 98e9 } });
    await expect(now).toContainText(/49\.0 GB of 98\.0 GB · [\d.]+ [GMT]B\/s · .* left/);
    await expect(now.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '50');
    expect(await accessViolations(page, 'import under way')).toEqual([]);
    Object.assign(imports.now, {
      state: 'done', endedAt: Date.now(), current: null, bytes: 98.2e9,
      versions: [imported('Lab Win11', 3, {}), imported('Office', 7, { outcome: 'incomplete', chunks: 99_820, lacking: 416, message: '416 chunks are in no pack of the folder. What was found is kept for a week: a transfer or another folder brings the rest.' })],
    });
    const last = page.getByRole('region', { name: 'Last import' });
    await expect(last).toContainText('2 versions: 1 taken in, 1 incomplete.');
    await expect(last.getByRole('listitem').filter({ hasText: 'Office' })).toContainText('416 missing');
    await expect(last.getByRole('listitem').filter({ hasText: 'Lab Win11' })).toContainText('Taken in');
    expect(await accessViolations(page, 'import done')).toEqual([]);
  });

  test('can be cancelled, and begun again', async ({ console, page }) => {
    await console.goTo('/settings/import');
    await page.getByLabel('Folder', { exact: true }).fill('/media/usb');
    await console.button('Import').click();
    await page.getByRole('region', { name: 'Under way' }).getByRole('button', { name: 'Cancel' }).click();
    await expect(page.getByRole('region', { name: 'Last import' })).toContainText('It was cancelled.');
    await expect(console.button('Import')).toBeVisible();
  });
});
