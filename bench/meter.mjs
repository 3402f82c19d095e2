// Owns the measuring: wall clock, processor time and peak memory of commands and of a server that is already running.
// Linux only, through /proc and GNU time.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @typedef {{ cpuSeconds: number, peakMB: number }} Usage */

/** @param {string} path */
const readOr = (path) => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // the process ended meanwhile
  }
};

/** utime, stime, and those of children that were waited for, in seconds (USER_HZ is 100 on Linux). @param {number} pid */
export function cpuSecondsOf(pid) {
  const stat = readOr(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0) / 100;
}

/** Peak resident memory since resetPeak. @param {number} pid */
export function peakOf(pid) {
  return (Number(/^VmHWM:\s+(\d+)/m.exec(readOr(`/proc/${pid}/status`))?.[1] ?? 0) * 1024) / 1e6;
}

/** @param {number} pid */
export function resetPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Resident memory of a process and all below it, now, in MB: shared pages count once per process. @param {number} pid */
function treeMemory(pid) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readOr(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  let sum = 0;
  for (const queue = [pid]; queue.length > 0;) {
    const next = /** @type {number} */ (queue.pop());
    sum += (Number(/^VmRSS:\s+(\d+)/m.exec(readOr(`/proc/${next}/status`))?.[1] ?? 0) * 1024) / 1e6;
    queue.push(...(children.get(next) ?? []));
  }
  return sum;
}

/**
 * Runs a command to its end. Memory is the larger of the peak of any one process (exact) and of all together (sampled).
 * @param {string} command @param {string[]} args
 * @returns {Promise<Usage & { seconds: number, stdout: string }>}
 */
export async function measure(command, args) {
  const folder = mkdtempSync(join(tmpdir(), 'platen-meter-'));
  try {
    const report = join(folder, 'time');
    const started = performance.now();
    const child = spawn('time', ['--quiet', '-f', '%U %S %M', '-o', report, command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr, together] = ['', '', 0];
    child.stdout.on('data', (/** @type {Buffer} */ part) => (stdout += part.toString()));
    child.stderr.on('data', (/** @type {Buffer} */ part) => (stderr = (stderr + part.toString()).slice(-20_000)));
    const sampler = setInterval(() => (together = Math.max(together, treeMemory(child.pid ?? 0))), 250);
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    clearInterval(sampler);
    const seconds = (performance.now() - started) / 1000;
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
    const [user = 0, system = 0, kilobytes = 0] = readFileSync(report, 'utf8').trim().split(' ').map(Number);
    return { seconds, cpuSeconds: user + system, peakMB: Math.max((kilobytes * 1024) / 1e6, together), stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? Number.NaN) : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
