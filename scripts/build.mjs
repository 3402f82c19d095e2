// `npm run build`: bundles server, preload script, console and agent into out/, unless out/ was built from these very sources.
// --force builds anyway, --verbose shows the bundlers' output. Speaks on stderr only.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { withLock } from './lock.mjs';
import { childEnv, nodePath, run } from './node.mjs';
import { isBuildFresh, isProgram, products, root, sourceKeys, writeBuildStamp } from './sources.mjs';

/** @param {string} text */
const say = (text) => process.stderr.write(`build: ${text}\n`);

/**
 * Builds if needed; throws with the bundler's words when it fails.
 * @param {{ force?: boolean, verbose?: boolean }} [options]
 */
export async function build(options = {}) {
  if (options.force !== true && isBuildFresh()) return;
  mkdirSync(join(root, '.cache'), { recursive: true });
  await withLock(join(root, '.cache', 'build.lock'), 'build', async () => {
    if (options.force !== true && isBuildFresh()) return; // another process did it meanwhile
    say('sources changed; bundling');
    const started = performance.now();
    const keys = sourceKeys();
    const results = await Promise.all([
      bundle(['node_modules/electron-vite/bin/electron-vite.js', 'build'], options.verbose === true),
      bundle(['node_modules/vite/bin/vite.js', 'build', '--config', 'vite.agent.config.ts'], options.verbose === true),
    ]);
    const failed = results.filter((result) => result.code !== 0);
    if (failed.length > 0) throw new Error(`bundling failed:\n${failed.map((result) => stripVTControlCharacters(result.output).trimEnd()).join('\n')}`);
    const missing = products.filter((file) => !existsSync(join(root, file)));
    if (missing.length > 0) throw new Error(`bundling ended without ${missing.join(', ')}`);
    writeBuildStamp(keys);
    say(`done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  });
}

/** @param {string[]} args @param {boolean} verbose */
async function bundle(args, verbose) {
  const result = await run(nodePath(), args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...childEnv(), NO_COLOR: '1', FORCE_COLOR: '0' } });
  if (verbose) process.stderr.write(result.output);
  return result;
}

if (isProgram(import.meta.url)) {
  await build({ force: process.argv.includes('--force'), verbose: process.argv.includes('--verbose') }).catch((error) => {
    say(error.message);
    process.exitCode = 1;
  });
}
