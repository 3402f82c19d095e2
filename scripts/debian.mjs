// Debian's packages that Platen uses (resources/debian-packages.txt): which are missing, and how to install them.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { run, withSystemFolders } from './node.mjs';
import { root } from './sources.mjs';

/** Each purpose needs what those before it need as well. @typedef {'run' | 'demo' | 'test'} Purpose */
/** @typedef {{ name: string, purpose: Purpose, command: string, why: string }} DebianPackage */

/** @type {readonly Purpose[]} */
const purposes = ['run', 'demo', 'test'];

/**
 * @param {string} text the list's text
 * @returns {DebianPackage[]}
 */
export function parsePackages(text) {
  return text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#')).map((line) => {
    const [name = '', word = '', command = '', why = ''] = line.split('|').map((field) => field.trim());
    const purpose = purposes.find((known) => known === word);
    if (name === '' || command === '' || why === '' || purpose === undefined) throw new Error(`resources/debian-packages.txt: cannot read "${line}"`);
    return { name, purpose, command, why };
  });
}

/**
 * What a purpose needs and this machine lacks.
 * @param {Purpose} purpose
 * @returns {DebianPackage[]}
 */
export function missingPackages(purpose) {
  const wanted = parsePackages(readFileSync(join(root, 'resources', 'debian-packages.txt'), 'utf8')).filter((entry) => purposes.indexOf(entry.purpose) <= purposes.indexOf(purpose));
  // The commands are what counts: they may come from elsewhere than Debian's packages (PLATEN_CHROMIUM, another distribution).
  const folders = withSystemFolders(process.env['PATH']).split(delimiter);
  return wanted.filter((entry) => {
    if (entry.command === 'chromium' && process.env['PLATEN_CHROMIUM'] !== undefined) return false;
    return !folders.some((folder) => folder !== '' && existsSync(join(folder, entry.command)));
  });
}

/** @param {DebianPackage[]} packages */
export function installCommand(packages) {
  return `sudo apt-get install --no-install-recommends -y ${packages.map((entry) => entry.name).join(' ')}`;
}

export const hasApt = () => existsSync('/usr/bin/apt-get');

/**
 * Installs packages with apt-get; mirrors fail for moments, so each step is tried three times.
 * @param {DebianPackage[]} packages
 * @param {number} [pauseMs] before the second attempt; twice that before the third
 * @returns {Promise<void>}
 */
export async function installPackages(packages, pauseMs = 5000) {
  const isRoot = process.getuid?.() === 0;
  const lead = isRoot ? [] : ['sudo'];
  if (!isRoot && spawnSync('sudo', ['-V'], { stdio: 'ignore' }).status !== 0) throw new Error('--system needs root or sudo; run as root: apt-get install …');
  const noninteractive = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3', '-q'];
  await retried([...lead, ...noninteractive, 'update'], 'apt-get update', pauseMs);
  await retried([...lead, ...noninteractive, 'install', '-y', '--no-install-recommends', ...packages.map((entry) => entry.name)], 'apt-get install', pauseMs);
}

/** @param {string[]} commandLine @param {string} what @param {number} pauseMs */
async function retried(commandLine, what, pauseMs) {
  const [command = '', ...args] = commandLine;
  const attempts = 3;
  for (let attempt = 1; ; attempt += 1) {
    const { code, output } = await run(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: process.env });
    if (code === 0) return;
    if (attempt === attempts) throw new Error(`${what} failed ${attempts} times (exit ${code}):\n${output.trimEnd().split('\n').slice(-15).join('\n')}`);
    process.stderr.write(`setup: ${what} failed (exit ${code}), trying again\n`);
    await wait(attempt * pauseMs);
  }
}
