// Pictures of every screen in every state, into the folder PLATEN_SCREENSHOTS names. A configuration of its own, so that an
// ordinary test run neither takes nor skips them: npx playwright test -c e2e/screenshots.config.ts
import { defineConfig } from '@playwright/test';
import base from '../playwright.config.ts';

export default defineConfig({
  testDir: '.',
  testMatch: 'screenshots.shots.ts',
  workers: 1,
  reporter: 'line',
  timeout: 180_000,
  use: { ...base.use, trace: 'off', screenshot: 'off' },
});
