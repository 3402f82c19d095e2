// `npm run demo`: the main job before your eyes. Makes a sample disk, starts a server, captures the disk, deploys it on a larger
// blank one, proves that both are equal, and leaves the console open on the result.
// Options: --data DIR (keep the image), --http-port N, --exit (end instead of leaving the console open; CI=true does the same).
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { addressOf, openBrowser } from './browser.mjs';
import { build } from './build.mjs';
import { checkFileSystems, diskBytes, hashVolume, makeBlankDisk, makeSampleDisk, tableOf, usedBytes, volumes } from './demo-disk.mjs';
import { childEnv, nodePath } from './node.mjs';
import { setUpModules, setUpSystem } from './setup.mjs';
import { isProgram, root } from './sources.mjs';

const image = 'Sample disk';
const targetBytes = diskBytes + 1024 ** 3;

/** @param {number} bytes */
const inUnits = (bytes) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(0)} MB`);
/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`);

/**
 * Performs a step and prints how long it took, with the figures it returns.
 * @param {string} title @param {(seconds: () => number) => Promise<string> | string} perform
 */
async function step(title, perform) {
  process.stdout.write(`• ${title.padEnd(46)} `);
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const figures = await perform(seconds);
  say(`${seconds().toFixed(1).padStart(6)} s   ${figures}`);
}

/**
 * Runs `platen …` to its end and returns its JSON document.
 * @param {string[]} args @param {NodeJS.ProcessEnv} env
 * @returns {Promise<any>}
 */
function platen(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(nodePath(), [join(root, 'bin', 'platen'), ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...childEnv(), ...env } });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => { out += chunk; });
    child.stderr.on('data', (chunk) => { err += chunk; });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(out));
      else reject(new Error(`platen ${args.join(' ')} ended with ${code}: ${(out || err).trim()}`));
    });
  });
}

/**
 * @typedef {{ url: string, token: string, address: string, ended: Promise<number>, stop(): Promise<void> }} DemoServer
 * @param {string} data @param {string} port
 * @returns {Promise<DemoServer>}
 */
function startServer(data, port) {
  const child = spawn(nodePath(), [join(root, 'bin', 'platen'), 'serve', '--json', '--data', data, '--http-port', port], { stdio: ['ignore', 'pipe', 'pipe'], env: childEnv() });
  let log = '';
  child.stderr.on('data', (chunk) => { log = `${log}${chunk}`.slice(-4000); });
  /** @type {Promise<number>} */
  const ended = new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  return new Promise((resolve, reject) => {
    ended.then((code) => reject(new Error(`the server ended with ${code} before it was ready: ${log.trim()}`)), reject);
    child.once('error', reject);
    createInterface({ input: child.stdout }).once('line', (line) => {
      const { url, token } = JSON.parse(line);
      resolve({
        url, token, address: addressOf(line) ?? url, ended,
        stop: async () => {
          child.kill('SIGTERM');
          await ended;
        },
      });
    });
  });
}

/**
 * Waits until the newest version is proved to be intact on disk.
 * @param {NodeJS.ProcessEnv} env
 */
async function waitReady(env) {
  for (;;) {
    /** @type {Array<{ number: number, state: string, usedBytes: number, newBytes: number, storedBytes: number }>} */
    const versions = (await platen(['image', 'show', image], env)).versions;
    const newest = versions.reduce((last, version) => (version.number > last.number ? version : last));
    if (newest.state === 'ready') return newest;
    if (newest.state !== 'verifying') throw new Error(`version ${newest.number} is ${newest.state}`);
    await wait(200);
  }
}

/**
 * The steps, each printed with its figures.
 * @param {string} work @param {DemoServer} server @param {string} source @param {string} target
 */
async function perform(work, server, source, target) {
  const env = { PLATEN_SERVER: server.url, PLATEN_TOKEN: server.token };
  let sourceHashes = /** @type {string[]} */ ([]);
  await step(`Make a sample disk of ${inUnits(diskBytes)}`, () => {
    makeSampleDisk(source, work);
    return `GPT: FAT32, ext4, swap; ${inUnits(usedBytes(source))} in use`;
  });
  await step('Note what is on it', () => {
    sourceHashes = Object.values(volumes).map((volume) => hashVolume(source, volume));
    return `${sourceHashes.length} volumes hashed`;
  });
  await step('Capture it', async (seconds) => {
    await platen(['agent', 'capture', '--disk', source, '--image', image], env);
    return `${inUnits(usedBytes(source) / seconds())}/s`;
  });
  await step('Re-hash the new version from disk', async () => {
    const version = await waitReady(env);
    return `version ${version.number} is ready: ${inUnits(version.usedBytes)} used, ${inUnits(version.newBytes)} new, ${inUnits(version.storedBytes)} in the store`;
  });
  await step('Capture it again, unchanged', async () => {
    await platen(['agent', 'capture', '--disk', source, '--image', image], env);
    const version = await waitReady(env);
    return `version ${version.number}: ${inUnits(version.newBytes)} new`;
  });
  await step(`Deploy it to a blank disk of ${inUnits(targetBytes)}`, async (seconds) => {
    makeBlankDisk(target, targetBytes);
    await platen(['agent', 'deploy', '--disk', target, '--image', image, '--yes'], env);
    return `${inUnits(usedBytes(target))} written, ${inUnits(usedBytes(target) / seconds())}/s`;
  });
  await step('Prove it: partition table, checkers, hashes', () => {
    if (tableOf(target) !== tableOf(source)) throw new Error(`the partition tables differ:\n${tableOf(source)}\n${tableOf(target)}`);
    checkFileSystems(target, work);
    Object.values(volumes).forEach((volume, index) => {
      if (hashVolume(target, volume) !== sourceHashes[index]) throw new Error(`${volume.name} differs from the source`);
    });
    return 'sfdisk equal, e2fsck and fsck.vfat clean, every volume equal byte for byte';
  });
}

/** @param {string[]} args */
async function main(args) {
  const { values } = parseArgs({ args, options: { data: { type: 'string' }, 'http-port': { type: 'string' }, exit: { type: 'boolean' } } });
  await setUpModules();
  if (!(await setUpSystem('demo', 'auto'))) throw new Error('the demo needs these tools; install them and run it again');
  await build();
  // Not /tmp, which is memory on many machines.
  const work = mkdtempSync(join(existsSync('/var/tmp') ? '/var/tmp' : tmpdir(), 'platen-demo-'));
  /** @type {DemoServer | undefined} */
  let server;
  try {
    server = await startServer(values.data ?? join(work, 'data'), values['http-port'] ?? '0');
    const [source, target] = [join(work, 'sample.img'), join(work, 'target.img')];
    await perform(work, server, source, target);
    if (values.exit === true || process.env['CI'] === 'true') return;
    say(`\nThe console shows the result: ${server.address}\nThe disks: ${source}\n           ${target}\nCtrl-C ends the demo${values.data === undefined ? ' and removes all of it' : ' and removes the disks'}.`);
    openBrowser(server.address);
    await Promise.race([server.ended, new Promise((resolve) => { for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, resolve); })]);
  } finally {
    await server?.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

if (isProgram(import.meta.url)) {
  await main(process.argv.slice(2)).catch((error) => {
    process.stderr.write(`\ndemo: ${error.message}\n`);
    process.exitCode = 1;
  });
}
