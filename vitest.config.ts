// Which files are tests, and how long they may take. Storms (PLATEN_SOAK=1) run for as long as they need.
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const soak = process.env['PLATEN_SOAK'] === '1';

export default defineConfig({
  test: {
    include: ['{src-shared,src-main,src-agent,src-renderer,scripts,bench}/**/*.test.{ts,tsx}'],
    environment: 'node',
    pool: 'forks',
    // Many tests start server and agent from source as processes of their own: compiled once, each start takes half as long.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, '.cache', 'tests', 'compile') },
    testTimeout: soak ? 3_600_000 : 60_000,
    hookTimeout: 60_000,
    // As with Playwright: what passes at its second attempt is named at the end of `npm test`.
    retry: !soak && process.env['CI'] === 'true' ? 1 : 0,
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
  },
});
