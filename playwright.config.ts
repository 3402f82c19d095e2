// The end-to-end tests: every spec runs in Chromium against a headless server, and again in Electron where its runtime exists.
import { defineConfig } from '@playwright/test';
import type { TargetOptions } from './e2e/fixtures.ts';

/** The replication lab's stories that are worth their time in every `npm test`; all of them with `npm run soak`. */
const stories = process.env['PLATEN_SOAK'] === '1' ? ['**/replication/*.spec.ts'] : ['retirement', 'source-emptied', 'patch-at-a-site', 'owner-dead', 'deleted-while-away'].map((story) => `**/replication/${story}.spec.ts`);
const disks = ['**/disks/*.spec.ts', '**/main-job*.spec.ts', '**/first-day.spec.ts', '**/keyboard.spec.ts'];

export default defineConfig<TargetOptions>({
  testDir: 'e2e',
  outputDir: 'test-results',
  // Two cores; each test has a server, ports and folders of its own.
  workers: 2,
  fullyParallel: true,
  forbidOnly: process.env['CI'] === 'true',
  // Generous: what passes costs nothing, and two busy cores must not make a failure.
  timeout: 240_000,
  expect: { timeout: 20_000 },
  // A test that passes at its second attempt is named at the end of `npm test`: something in it still depends on time.
  retries: process.env['CI'] === 'true' ? 1 : 0,
  reporter: 'list',
  use: {
    // The pictures of a trace cost more than the tests do.
    trace: { mode: 'retain-on-failure', screenshots: false },
    screenshot: 'only-on-failure',
    viewport: { width: 1440, height: 900 },
    launchOptions: {
      executablePath: process.env['PLATEN_CHROMIUM'] ?? '/usr/bin/chromium',
      // Nothing but loopback: no updates, no lookups, no proxy.
      args: ['--disable-background-networking', '--disable-component-update', '--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost'],
    },
  },
  projects: [
    // Whole disks on loop devices, one at a time: they fill memory and disk, and lines of a set speed are timed. First, as the longest.
    { name: 'disks', testMatch: disks, workers: 1, fullyParallel: false, use: { target: 'browser' } },
    // What only a desktop window has cannot be tested in a browser.
    { name: 'browser', testIgnore: [...disks, '**/*.desktop.spec.ts', '**/lab/**', '**/replication/**'], use: { target: 'browser' } },
    // What needs no window would only be the same test again; single tests say so by the tag @windowless.
    { name: 'electron', testIgnore: ['**/disks/**', '**/lab/**', '**/replication/**', '**/main-job-interrupted.spec.ts'], workers: 1, fullyParallel: false, grepInvert: /@windowless/, use: { target: 'electron' } },
    // Headquarters and package servers as processes on a network of their own.
    { name: 'replication', testMatch: stories, timeout: process.env['PLATEN_SOAK'] === '1' ? 3_600_000 : 300_000, use: { target: 'browser' } },
    // Real firmware in virtual computers: no browser at all. Whole with `npm run soak`; else what everything depends on, in some minutes.
    { name: 'lab', fullyParallel: false, testMatch: process.env['PLATEN_SOAK'] === '1' ? '**/lab/*.spec.ts' : ['**/lab/uefi.spec.ts', '**/lab/bios.spec.ts', '**/lab/secure-proxy.spec.ts'] },
  ],
});
