// The end-to-end tests: every spec runs in Chromium against a headless server, and again in Electron where its runtime exists.
import { defineConfig } from '@playwright/test';
import type { TargetOptions } from './e2e/fixtures.ts';

export default defineConfig<TargetOptions>({
  testDir: 'e2e',
  outputDir: 'test-results',
  // Specs share loop devices and two cores with the servers they start.
  workers: 1,
  fullyParallel: false,
  forbidOnly: process.env['CI'] === 'true',
  timeout: 120_000,
  expect: { timeout: 10_000 },
  reporter: 'list',
  use: {
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    viewport: { width: 1440, height: 900 },
    launchOptions: {
      executablePath: process.env['PLATEN_CHROMIUM'] ?? '/usr/bin/chromium',
      // Nothing but loopback: no updates, no lookups, no proxy.
      args: ['--disable-background-networking', '--disable-component-update', '--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost'],
    },
  },
  projects: [
    // What only a desktop window has cannot be tested in a browser.
    { name: 'browser', testIgnore: ['**/*.desktop.spec.ts', '**/lab/**'], use: { target: 'browser' } },
    // What needs no window would only be the same test again; single tests say so by the tag @windowless.
    { name: 'electron', testIgnore: ['**/disks/**', '**/lab/**', '**/main-job-interrupted.spec.ts'], grepInvert: /@windowless/, use: { target: 'electron' } },
    // Real firmware in virtual computers: no browser at all. Whole with `npm run soak`; else what everything depends on, in some minutes.
    { name: 'lab', testMatch: process.env['PLATEN_SOAK'] === '1' ? '**/lab/*.spec.ts' : ['**/lab/uefi.spec.ts', '**/lab/bios.spec.ts'] },
  ],
});
