// Brings a checkout to the state in which it can build and run: npm's packages as locked, then Debian's packages.
// Plain Node 20 without dependencies, because it runs before anything is installed. Speaks on stderr only.
// Options: --test (what tests need as well), --system (install Debian's packages through sudo), --no-system (never install them).
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { hasApt, installCommand, installPackages, missingPackages } from './debian.mjs';
import { withLock } from './lock.mjs';
import { oldestNode, run, runningNode } from './node.mjs';
import { isProgram, root } from './sources.mjs';

const oldestNpm = 11;
const lockFile = join(root, 'package-lock.json');
const stampFile = join(root, 'node_modules', '.platen-setup');

/** @param {string} text */
const say = (text) => process.stderr.write(`setup: ${text}\n`);

const platform = `${process.platform}-${process.arch}`;
const lockHash = () => createHash('sha256').update(readFileSync(lockFile)).digest('hex');

/** True when node_modules is what package-lock.json says. */
export function areModulesFresh() {
  try {
    const stamp = JSON.parse(readFileSync(stampFile, 'utf8'));
    const { size, mtimeMs } = statSync(lockFile);
    if (stamp.platform !== platform) return false;
    if (stamp.size === size && stamp.mtimeMs === mtimeMs) return true;
    if (stamp.hash !== lockHash()) return false;
    writeStamp();
    return true;
  } catch {
    return false; // no stamp yet, or none that can be read
  }
}

function writeStamp() {
  const { size, mtimeMs } = statSync(lockFile);
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ platform, hash: lockHash(), size, mtimeMs }));
}

/**
 * True when somebody ran npm by hand and node_modules holds exactly what the lock names.
 * npm's own record of what it installed leaves out optional packages of other platforms, and so does this.
 */
function wasInstalledByHand() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  /** @typedef {Record<string, { version?: string, integrity?: string, optional?: boolean }>} Packages */
  const installed = /** @type {Packages} */ (JSON.parse(readFileSync(record, 'utf8')).packages);
  const locked = /** @type {Packages} */ (JSON.parse(readFileSync(lockFile, 'utf8')).packages);
  const matches = Object.entries(locked).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    if (found === undefined) return entry.optional === true;
    return found.version === entry.version && found.integrity === entry.integrity && existsSync(join(root, path));
  });
  return matches && Object.keys(installed).every((path) => locked[path] !== undefined);
}

/**
 * npm must not run on the Node in the very node_modules that it is about to replace.
 * @param {string[]} args
 */
function npm(args) {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.endsWith(join('node_modules', '.bin')));
  return run('npm', args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH: folders.join(delimiter) } });
}

async function checkNpm() {
  const { code, output } = await npm(['--version']);
  if (code !== 0) throw new Error(`npm was not found. Install Node ${oldestNode} or newer with npm ${oldestNpm} or newer.`);
  const version = /^\d+\.\d+\.\d+/m.exec(output)?.[0] ?? '0'; // npm's warnings may stand before it
  if (Number(version.split('.')[0]) < oldestNpm) throw new Error(`npm ${version} is too old: its lock handling differs. Run "npm install -g npm@${oldestNpm}" and try again.`);
}

async function installModules() {
  await checkNpm();
  say('installing the packages that package-lock.json names (npm ci)');
  const started = performance.now();
  rmSync(stampFile, { force: true });
  // npm runs on the system's Node, older than what some packages ask for; they run on the Node 24 they bring. Hence the log level.
  const { code, output } = await npm(['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (code !== 0) throw new Error(`npm ci failed (exit ${code}):\n${output.trimEnd()}`);
  writeStamp();
  say(`packages installed in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** Installs what package-lock.json names, unless it is there. Throws with words for a person. */
export async function setUpModules() {
  if (runningNode < oldestNode) throw new Error(`Node ${process.version} is too old: Platen needs Node ${oldestNode} or newer to set itself up.`);
  if (areModulesFresh()) return;
  mkdirSync(join(root, '.cache'), { recursive: true });
  await withLock(join(root, '.cache', 'setup.lock'), 'setup', async () => {
    if (areModulesFresh()) return; // another process did it meanwhile
    if (wasInstalledByHand()) writeStamp();
    else await installModules();
  });
}

/**
 * Installs Debian's packages as root (or through sudo when told to); otherwise says which command does it.
 * @param {import('./debian.mjs').Purpose} purpose
 * @param {'auto' | 'sudo' | 'never'} system
 * @returns {Promise<boolean>} whether everything is there now
 */
export async function setUpSystem(purpose, system) {
  const missing = missingPackages(purpose);
  if (missing.length === 0) return true;
  const names = missing.map((entry) => entry.name).join(', ');
  if (!hasApt()) {
    say(`not found on this machine: ${missing.map((entry) => entry.command).join(', ')} (Debian calls the packages ${names}). Install them with this system's package manager.`);
    return false;
  }
  if (system === 'never' || (system === 'auto' && process.getuid?.() !== 0)) {
    say(`missing: ${names}. Install them with:\n  ${installCommand(missing)}\nor run "npm run setup -- --system${purpose === 'run' ? '' : ' --test'}".`);
    return false;
  }
  say(`installing Debian packages: ${names}`);
  await installPackages(missing);
  const still = missingPackages(purpose);
  if (still.length > 0) throw new Error(`installed, but these commands are still not found: ${still.map((entry) => entry.command).join(', ')}`);
  return true;
}

/** @param {string[]} args */
async function main(args) {
  const unknown = args.find((arg) => !['--test', '--system', '--no-system'].includes(arg));
  if (unknown !== undefined) {
    say(`unknown option ${unknown}. Options: --test (what tests need as well), --system (install Debian packages through sudo), --no-system (never install them).`);
    process.exitCode = 2;
    return;
  }
  await setUpModules();
  const system = args.includes('--no-system') ? 'never' : args.includes('--system') ? 'sudo' : 'auto';
  if (!(await setUpSystem(args.includes('--test') ? 'test' : 'run', system))) process.exitCode = 1;
}

if (isProgram(import.meta.url)) {
  await main(process.argv.slice(2)).catch((error) => {
    say(error.message);
    process.exitCode = 1;
  });
}
