// Builds the agent into one file (out/agent/agent.cjs) that plain Node runs, with one prebuilt native module beside it.
import { copyFileSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, resolve } from 'node:path';
import { defineConfig } from 'vite';
import type { Plugin } from 'vite';

const at = (path: string): string => resolve(import.meta.dirname, path);
const outDir = at('out/agent');

/** Puts the prebuilt hash module beside the agent: the boot environment carries no node_modules to load it from. */
function copyHash(): Plugin {
  return {
    name: 'platen-copy-hash',
    writeBundle() {
      const from = at('node_modules/@napi-rs/blake-hash-linux-x64-gnu');
      const file = readdirSync(from).find((name) => name.endsWith('.node'));
      if (file === undefined) throw new Error(`${from} holds no prebuilt module; run "npm run setup" again.`);
      mkdirSync(outDir, { recursive: true });
      // Renamed into place: a program that has the module mapped, or loads it just now, never sees half of it (SIGBUS).
      const part = join(outDir, `blake3.${process.pid}.part`);
      copyFileSync(join(from, file), part);
      renameSync(part, join(outDir, 'blake3.node'));
    },
  };
}

export default defineConfig({
  plugins: [copyHash()],
  ssr: { noExternal: true },
  build: {
    ssr: true,
    target: 'node24',
    outDir,
    emptyOutDir: true,
    copyPublicDir: false,
    minify: true,
    sourcemap: true,
    rolldownOptions: {
      input: { agent: at('src-agent/main.ts') },
      external: [...builtinModules.flatMap((name) => [name, `node:${name}`]), 'bufferutil', 'utf-8-validate'],
      output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
    },
  },
});
