// Owns the transfers of the boot benchmark: which server is asked for what by which client, in turns, and how it is told.
import { spawn } from 'node:child_process';
import { median } from './meter.mjs';
import { measured, onClientHalf } from './boot-servers.mjs';

/** @typedef {import('./boot-servers.mjs').Server} Server */
/** @typedef {'tftp' | 'tftp window 16' | 'http'} Way */
/** @typedef {{ way: Way, clients: number, server: string, seconds: number, bytes: number, cpuSeconds: number, peakMB: number }} Result */

/** As large as loaders never are, and as the base archive is. */
export const sizes = { tftp: 20_000_000, http: 60_000_000 };
const BLOCK_BYTES = 1432;
/** Downloads one after the other by each client: of one alone, and of many. */
const repeats = { tftp: [3, 1], 'tftp window 16': [10, 2], http: [20, 5] };

/** @type {{ way: Way, clients: number, rivals: string[] }[]} */
export const tasks = [
  { way: 'tftp', clients: 1, rivals: ['tftpd-hpa', 'atftpd'] }, { way: 'tftp', clients: 20, rivals: ['tftpd-hpa', 'atftpd'] },
  { way: 'tftp window 16', clients: 1, rivals: ['atftpd'] }, { way: 'tftp window 16', clients: 20, rivals: ['atftpd'] },
  { way: 'http', clients: 1, rivals: ['nginx'] }, { way: 'http', clients: 20, rivals: ['nginx'] },
];

/** @param {string[]} commandLine */
function done(commandLine) {
  const [command = '', ...args] = commandLine;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'ignore' });
    child.once('error', reject).once('close', (code) => (code === 0 ? resolve(undefined) : reject(new Error(`${commandLine.join(' ')} ended with ${code}`))));
  });
}

/** @param {(typeof tasks)[number]} task */
const countOf = ({ way, clients }) => repeats[way][clients === 1 ? 0 : 1] ?? 1;

/** One client's downloads. @param {(typeof tasks)[number]} task @param {Server} server */
async function client(task, { port, httpPort }) {
  const count = countOf(task);
  if (task.way === 'http') return done([...onClientHalf(), 'curl', '--silent', '--fail', '--output', '/dev/null', `http://127.0.0.1:${httpPort}/image?[1-${count}]`]);
  const options = ['--option', `blksize ${BLOCK_BYTES}`, ...(task.way === 'tftp' ? [] : ['--option', 'windowsize 16'])];
  for (let time = 0; time < count; time++) await done([...onClientHalf(), 'atftp', ...options, '--get', '--remote-file', 'loader', '--local-file', '/dev/null', '127.0.0.1', String(port)]);
}

/** @param {(typeof tasks)[number]} task @param {Server} server @returns {Promise<Result>} */
export async function transfer(task, server) {
  const bytes = sizes[task.way === 'http' ? 'http' : 'tftp'] * countOf(task) * task.clients;
  const taken = await measured(server, async () => void (await Promise.all(Array.from({ length: task.clients }, () => client(task, server)))));
  return { way: task.way, clients: task.clients, server: server.name, bytes, ...taken };
}

/** What is asked, beside whom. @type {{ way: Way, clients: number, rival: string, least: number }[]} */
const goals = [{ way: 'tftp', clients: 1, rival: 'tftpd-hpa', least: 0.75 }, { way: 'tftp window 16', clients: 1, rival: 'atftpd', least: 0.9 }];
const httpGoal = { gigabytesPerSecond: 1.25, peakMB: 300 };

/** @param {Result[]} results @param {(text: string) => void} out @returns {boolean} whether everything asked was reached */
export function printTransfers(results, out) {
  let reached = true;
  const told = (/** @type {boolean} */ is) => {
    reached &&= is;
    return is ? 'reached' : 'missed';
  };
  for (const { way, clients, rivals } of tasks) {
    const rows = results.filter((row) => row.way === way && row.clients === clients);
    if (rows.length === 0) continue;
    const rate = (/** @type {string} */ name) => median(rows.filter(({ server }) => server === name).map(({ bytes, seconds }) => bytes / seconds / 1e6));
    out(`\n${way}, ${clients} ${clients === 1 ? 'client' : 'clients'}`);
    out(cells(['', 'MB/s', '(min–max)', 'CPU s/GB', 'peak MB']));
    for (const name of ['Platen', ...rivals]) {
      const own = rows.filter(({ server }) => server === name);
      const rates = own.map(({ bytes, seconds }) => bytes / seconds / 1e6);
      out(cells([name, rate(name).toFixed(0), `(${Math.min(...rates).toFixed(0)}–${Math.max(...rates).toFixed(0)})`, median(own.map(({ cpuSeconds, bytes }) => (cpuSeconds / bytes) * 1e9)).toFixed(2), Math.max(...own.map(({ peakMB }) => peakMB)).toFixed(0)]));
    }
    for (const rival of rivals) {
      const goal = goals.find((each) => each.way === way && each.clients === clients && each.rival === rival);
      const ratio = rate('Platen') / rate(rival);
      out(`Platen is ${ratio.toFixed(2)} × as fast as ${rival}${goal === undefined ? '' : ` (goal ${goal.least} ×: ${told(ratio >= goal.least)})`}`);
    }
    if (way !== 'http' || clients === 1) continue;
    const peak = Math.max(...rows.filter(({ server }) => server === 'Platen').map(({ peakMB }) => peakMB));
    out(`goals: ${httpGoal.gigabytesPerSecond} GB/s ${told(rate('Platen') >= httpGoal.gigabytesPerSecond * 1000)}, below ${httpGoal.peakMB} MB ${told(peak < httpGoal.peakMB)}`);
  }
  return reached;
}

/** @param {string[]} row */
export function cells(row) {
  return row.map((cell, index) => (index === 0 ? cell.padEnd(12) : cell.padStart(14))).join('');
}
