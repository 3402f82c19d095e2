// `npm start`: sets up, builds, and opens the console: in Electron where it can, else headless with the browser on it.
// Arguments after `--` go to the server (`npm start -- --data DIR --http-port 0`).
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { addressOf, openBrowser, refusalOf, runningAddress } from './browser.mjs';
import { build } from './build.mjs';
import { findElectron } from './electron.mjs';
import { childEnv, nodePath, superviseChild } from './node.mjs';
import { setUpModules, setUpSystem } from './setup.mjs';
import { root } from './sources.mjs';

/** @typedef {import('./browser.mjs').Refusal} Refusal */

/** @param {string} text */
const say = (text) => process.stderr.write(`start: ${text}\n`);

/** @param {string[]} args */
async function main(args) {
  await setUpModules();
  // The console works without them; only capturing and deploying on this very machine needs them.
  await setUpSystem('run', 'auto').catch((error) => say(error.message));
  await build();
  const electron = await findElectron();
  if ('binary' in electron) return runElectron(electron.binary, args);
  say(`headless, because ${electron.reason}`);
  return runHeadless(args);
}

/** @param {string} binary @param {string[]} args */
function runElectron(binary, args) {
  // Chromium refuses its sandbox to root; the window shows nothing but this server's own pages.
  const flags = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  if (flags.length > 0) say('running as root, so the window runs without its sandbox');
  return superviseChild(spawn(binary, [...flags, root, ...args], { stdio: 'inherit', env: childEnv() }), 'SIGTERM');
}

/** @param {string[]} args */
async function runHeadless(args) {
  if (args.includes('--help')) return superviseChild(spawn(nodePath(), [join(root, 'out', 'main', 'headless.js'), 'serve', ...args], { stdio: 'inherit', env: childEnv() }), 'SIGTERM');
  const json = args.includes('--json');
  const child = spawn(nodePath(), [join(root, 'out', 'main', 'headless.js'), 'serve', '--json', ...args.filter((arg) => arg !== '--json')], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'], env: childEnv(),
  });
  /** @type {Refusal | null} */
  let refusal = null;
  createInterface({ input: /** @type {import('node:stream').Readable} */ (child.stdout) }).on('line', (line) => {
    const address = addressOf(line);
    refusal ??= refusalOf(line);
    if (json || (address === null && refusal === null)) process.stdout.write(`${line}\n`);
    else if (address !== null) show(address);
  });
  const code = await superviseChild(child, 'SIGTERM');
  const refused = /** @type {Refusal | null} */ (refusal);
  if (json || refused === null) return code;
  const running = refused.code === 'data-folder-in-use' && typeof refused.folder === 'string' ? runningAddress(refused.folder) : null;
  if (running === null) {
    say(`${refused.message} (${refused.shortCode})`);
    return code;
  }
  // Somebody who starts it twice wants the console.
  say(`Platen runs already on ${refused.folder}${refused.pid === undefined ? '' : ` (process ${refused.pid})`}; this is its console`);
  show(running);
  return 0;
}

/** @param {string} address */
function show(address) {
  process.stdout.write(`Platen's console: ${address}\n`);
  if (!openBrowser(address)) say('open that address in a browser');
}

process.exitCode = await main(process.argv.slice(2)).catch((error) => {
  say(error.message);
  return 1;
});
