// One set of fixtures for both targets: `server` is a headless server on a data folder of its own, `ui` the console's first
// page: in Chromium, or in Electron attached to that server. Specs must not care which.
import { test as base, _electron } from '@playwright/test';
import type { Page } from '@playwright/test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { electronBinary, hasDisplay } from '../scripts/electron.mjs';
import { root } from '../scripts/sources.mjs';
import { startTestServer } from './server.ts';
import type { TestServer } from './server.ts';

export { expect } from '@playwright/test';

export type TargetOptions = { target: 'browser' | 'electron' };
type Fixtures = { dataFolder: string; server: TestServer; ui: Page };

/** Why Electron cannot be started here, or null. */
function electronLack(): string | null {
  const lack = electronBinary() === null
    ? 'Electron\'s runtime is not installed here (run "npm start" once where its download site can be reached)'
    : hasDisplay() ? null : 'Electron needs a display (run under xvfb-run)';
  if (lack !== null && process.env['E2E_REQUIRE_ELECTRON'] === '1') throw new Error(lack);
  return lack;
}

export const test = base.extend<Fixtures & TargetOptions>({
  target: ['browser', { option: true }],

  dataFolder: async ({ target }, use) => {
    // First in the chain, so that nothing is started for a test that is going to be skipped.
    const lack = target === 'electron' ? electronLack() : null;
    test.skip(lack !== null, lack ?? '');
    const folder = await mkdtemp(join(tmpdir(), 'platen-e2e-'));
    await use(folder);
    await rm(folder, { recursive: true, force: true });
  },

  server: async ({ dataFolder }, use, testInfo) => {
    const server = await startTestServer(dataFolder);
    await use(server);
    await server.stop();
    if (testInfo.status !== testInfo.expectedStatus) await testInfo.attach('server.log', { body: server.log(), contentType: 'text/plain' });
  },

  ui: async ({ target, server, page }, use) => {
    if (target === 'browser') {
      await page.goto(server.address);
      await use(page);
      return;
    }
    const app = await _electron.launch({
      executablePath: electronBinary() ?? '',
      args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), root, '--data', server.dataFolder],
    });
    await use(await app.firstWindow());
    await app.close();
  },
});
