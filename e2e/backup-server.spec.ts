// Backup and import against a real server: the command that the page shows makes a backup that is whole, and the page hears of it.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nodePath } from '../scripts/node.mjs';
import { root } from '../scripts/sources.mjs';
import { expect, test } from './fixtures.ts';

const run = promisify(execFile);

test('the command that the page shows makes a backup, and the page shows it as the last one', { tag: '@windowless' }, async ({ ui, dataFolder }) => {
  await expect(ui.getByRole('tree', { name: 'Everything on this server' })).toBeVisible();
  await ui.evaluate(() => { location.hash = '/settings/backup'; });
  const last = ui.getByRole('region', { name: 'Last backup' });
  await expect(last).toContainText('No backup of this server was made yet');
  const [file, passphrase] = [join(dataFolder, 'my backup.plb'), join(dataFolder, 'passphrase')];
  await writeFile(passphrase, 'correct horse battery staple\n');
  await ui.getByLabel('File', { exact: true }).fill(file);
  await ui.getByLabel('Passphrase file').fill(passphrase);
  const shown = await ui.getByRole('group', { name: 'Command' }).textContent() ?? '';
  expect(shown).toMatch(/^platen backup create '/);
  // As a shell reads it, with this very program as "platen".
  await run('/bin/sh', ['-c', `platen() { "$NODE" "$PROGRAM" "$@"; }\n${shown}`], { env: { ...process.env, NODE: nodePath(), PROGRAM: join(root, 'out/main/headless.js') } });
  await expect(last).toContainText('The names of the images, not the images');
  const { stdout } = await run(nodePath(), [join(root, 'out/main/headless.js'), 'backup', 'show', file, '--passphrase-file', passphrase]);
  expect(stdout).toContain('are whole');
});

test('a folder that holds no packs is refused in words, and one without versions says so', { tag: '@windowless' }, async ({ ui, dataFolder }) => {
  await expect(ui.getByRole('tree', { name: 'Everything on this server' })).toBeVisible();
  await ui.evaluate(() => { location.hash = '/settings/import'; });
  await ui.getByLabel('Folder', { exact: true }).fill(join(dataFolder, 'nothing here'));
  await ui.keyboard.press('Enter');
  const last = ui.getByRole('region', { name: 'Last import' });
  await expect(last).toContainText('It failed: ');
  for (const part of ['packs', 'manifests']) await mkdir(join(dataFolder, 'old', part), { recursive: true });
  await ui.getByLabel('Folder', { exact: true }).fill(join(dataFolder, 'old'));
  await ui.keyboard.press('Enter');
  await expect(last).toContainText('No version was found.');
});
