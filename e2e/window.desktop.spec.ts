// What only the desktop shell can show; run where Electron's runtime is. The contract itself is proved without it
// (src-main/electron/shell.integration.test.ts).
import { expect, test } from './fixtures.ts';

test('the window shows the console of the running server and offers the desktop bridge', async ({ ui, server }) => {
  expect(new URL(ui.url()).origin).toBe(server.url);
  await expect(ui).toHaveTitle(/Platen/);
  expect(await ui.evaluate(() => Object.keys((window as unknown as { desktop: object }).desktop).sort())).toEqual(['notify', 'openDirectoryDialog', 'platform', 'revealInFolder', 'version']);
});

test('the page has neither Node nor a way out of the server', async ({ ui, server }) => {
  expect(await ui.evaluate(() => [typeof (globalThis as { require?: unknown }).require, typeof (globalThis as { process?: unknown }).process])).toEqual(['undefined', 'undefined']);
  expect(await ui.evaluate(() => window.open('http://127.0.0.1:1/') === null)).toBe(true);
  await ui.evaluate(() => { location.href = 'http://127.0.0.1:1/'; });
  await expect.poll(() => new URL(ui.url()).origin).toBe(server.url);
});
