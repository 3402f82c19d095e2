// Builds the server core (with its two thin entries and its worker), the preload script and the console into out/.
// Never touches Electron's runtime. What stays outside the bundles is exactly package.json's `dependencies`.
import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';

const at = (path: string): string => resolve(import.meta.dirname, path);

export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      externalizeDeps: true,
      sourcemap: true,
      rolldownOptions: {
        input: {
          electron: at('src-main/electron/main.ts'),
          headless: at('src-main/headless.ts'),
          storeWorker: at('src-main/store/worker.ts'),
          bootWorker: at('src-main/boot/worker.ts'),
          bootFetchWorker: at('src-main/boot/fetch-worker.ts'),
          bootBuildWorker: at('src-main/boot/environment/build-worker.ts'),
        },
        // Optional natives of ws: it works without them, and bundling would turn "absent" into a crash.
        external: ['bufferutil', 'utf-8-validate'],
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      externalizeDeps: false,
      rolldownOptions: {
        input: { preload: at('src-main/electron/preload.ts') },
        // A sandboxed preload script must be CommonJS.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: at('src-renderer'),
    plugins: [react()],
    build: { outDir: at('out/renderer'), minify: true, rolldownOptions: { input: { index: at('src-renderer/index.html') } } },
  },
});
