// Owns the servers that the boot benchmark compares: ours, and the rivals out of Debian's packages, unpacked into a folder and not installed,
// so that no service of theirs ever starts on this machine. Each is a child process that is left running and measured through /proc.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { nodePath } from '../scripts/node.mjs';
import { root } from '../scripts/sources.mjs';
import { cpuSecondsOf } from './meter.mjs';
import { must } from './sample.mjs';

/** @typedef {{ name: string, pid: number, port: number, httpPort: number, stop: () => Promise<void> }} Server */

const packages = ['tftpd-hpa', 'atftpd', 'nginx', 'libwrap0'];
const address = '127.0.0.1';

/** As on two machines: servers have one half of the processors, clients the other. Where the scheduler puts two that answer each other otherwise decides more than they do. */
const half = Math.floor(cpus().length / 2);
const onServerHalf = () => (half === 0 ? [] : ['taskset', '--cpu-list', `0-${half - 1}`]);
export const onClientHalf = () => (half === 0 ? [] : ['taskset', '--cpu-list', `${half}-${cpus().length - 1}`]);

/** The folder with the rivals' programs; fetched once. @param {string} work @param {(text: string) => void} say */
export function obtainRivals(work, say) {
  const folder = join(work, 'rivals');
  if (existsSync(folder)) return folder;
  const made = `${folder}.part`;
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  say(`fetching ${packages.join(', ')} (apt-get download)`);
  must('sh', ['-c', `cd "$1" && shift && apt-get -q download "$@" && for file in *.deb; do dpkg-deb -x "$file" . && rm "$file"; done`, 'sh', made, ...packages]);
  renameSync(made, folder);
  return folder;
}

async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => {
    probe.listen(0, address, () => resolve(undefined));
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
}

/** @param {string} name @param {string[]} commandLine @param {NodeJS.ProcessEnv} [env] */
function started(name, commandLine, env = process.env) {
  const [command = '', ...args] = [...onServerHalf(), ...commandLine];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let words = '';
  child.stderr.on('data', (/** @type {Buffer} */ part) => (words = (words + part.toString()).slice(-3000)));
  child.once('error', (error) => (words += error.message));
  const ended = new Promise((resolve) => {
    child.once('close', resolve);
  });
  const check = () => {
    if (child.pid === undefined || child.exitCode !== null) throw new Error(`${name} ended: ${words}`);
    return child.pid;
  };
  const stop = async () => {
    child.kill('SIGTERM');
    const forced = setTimeout(() => child.kill('SIGKILL'), 3000);
    await ended;
    clearTimeout(forced);
  };
  return { child, check, stop };
}

/** @param {{ thread: string, files: Record<string, string> }} options @returns {Promise<Server>} */
export async function startOurs({ thread, files }) {
  const { child, check, stop } = started('the boot listeners', [nodePath(), join(root, 'bench', 'boot-server.mjs'), thread, ...Object.entries(files).map(([name, path]) => `${name}=${path}`)]);
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('close', () => {
      try {
        check();
      } catch (error) {
        reject(error);
      }
    });
  });
  const ports = JSON.parse(line);
  return { name: 'Platen', pid: check(), port: ports.tftp, httpPort: ports.http, stop };
}

/** @param {'tftpd-hpa' | 'atftpd' | 'nginx'} name @param {{ rivals: string, files: string, work: string }} options files: the folder served @returns {Promise<Server>} */
export async function startRival(name, { rivals, files, work }) {
  const port = await freePort();
  const library = ['usr/lib', 'lib'].flatMap((folder) => [join(rivals, folder, 'x86_64-linux-gnu'), join(rivals, folder)]).join(':');
  const program = (/** @type {string} */ file) => join(rivals, 'usr', 'sbin', file);
  const lines = {
    'tftpd-hpa': [program('in.tftpd'), '--foreground', '--address', `${address}:${port}`, '--user', 'root', '--secure', files],
    atftpd: [program('atftpd'), '--daemon', '--no-fork', '--port', String(port), '--bind-address', address, '--user', 'root', '--group', 'root', '--logfile', '/dev/null', '--maxthread', '100', files],
    nginx: [program('nginx'), '-p', work, '-c', nginxConfiguration(work, files, port), '-e', 'stderr'],
  };
  const { check, stop } = started(name, lines[name], { ...process.env, LD_LIBRARY_PATH: library });
  await wait(700);
  return { name, pid: check(), port, httpPort: port, stop };
}

/** As it is usually run, with a worker for each processor; no log. @param {string} work @param {string} files @param {number} port */
function nginxConfiguration(work, files, port) {
  const path = join(work, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${join(work, `nginx-${kind}`)};`).join(' ');
  writeFileSync(path, `user root; daemon off; worker_processes auto; pid ${join(work, 'nginx.pid')}; error_log stderr;\nevents { worker_connections 1024; }\nhttp { access_log off; sendfile on; tcp_nopush on; ${temporary} server { listen ${address}:${port}; root ${files}; } }\n`);
  return path;
}

/** A process and all below it. @param {number} pid @returns {number[]} */
function treeOf(pid) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statusOf(Number(name), 'PPid'));
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [pid];
  for (const each of found) found.push(...(children.get(each) ?? []));
  return found;
}
/** @param {number} pid @param {string} field */
function statusOf(pid, field) {
  try {
    return new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '0';
  } catch {
    return '0'; // it ended meanwhile
  }
}

/**
 * Processor seconds and peak memory of a server while something is done with it. Children that come and go are looked at ten times a
 * second, so that the last tenth of a second of each may be missed.
 * @param {Server} server @param {() => Promise<void>} work @returns {Promise<{ seconds: number, cpuSeconds: number, peakMB: number }>}
 */
export async function measured({ pid }, work) {
  /** @type {Map<number, { cpu: number, peak: number }>} */
  const seen = new Map();
  const before = new Map(treeOf(pid).map((each) => [each, cpuSecondsOf(each)]));
  for (const each of before.keys()) writeFileSync(`/proc/${each}/clear_refs`, '5');
  const look = () => {
    for (const each of treeOf(pid)) {
      const cpu = cpuSecondsOf(each) - (before.get(each) ?? 0);
      const peak = (Number(statusOf(each, 'VmHWM')) * 1024) / 1e6;
      const known = seen.get(each) ?? { cpu: 0, peak: 0 };
      seen.set(each, { cpu: Math.max(known.cpu, cpu), peak: Math.max(known.peak, peak) });
    }
  };
  const sampler = setInterval(look, 100);
  const from = performance.now();
  try {
    await work();
  } finally {
    clearInterval(sampler);
  }
  const seconds = (performance.now() - from) / 1000;
  look();
  const all = [...seen.values()];
  return { seconds, cpuSeconds: all.reduce((sum, { cpu }) => sum + cpu, 0), peakMB: all.reduce((sum, { peak }) => sum + peak, 0) };
}
