// Which files are tests, and how long they may take. Storms (PLATEN_SOAK=1) run for as long as they need.
import { defineConfig } from 'vitest/config';

const soak = process.env['PLATEN_SOAK'] === '1';

export default defineConfig({
  test: {
    include: ['{src-shared,src-main,src-agent,src-renderer,scripts,bench}/**/*.test.{ts,tsx}'],
    environment: 'node',
    pool: 'forks',
    testTimeout: soak ? 3_600_000 : 60_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
  },
});
