// Owns how the replication benchmark's results are told: one table per task, medians with ranges, ratios to rsync -az, and what was asked for.
import { median } from './meter.mjs';
import { CONTENT_SHARE } from './replication-link.mjs';

/** @typedef {'first' | 'patched' | 'renamed' | 'nothing'} Task */
/** @typedef {import('./replication-ours.mjs').Copied & { task: Task, contender: string, round: number }} Result */
/** @typedef {{ machine: { cpus: number, model: string, memoryGB: number, node: string, load: number[] }, sample: import('./sample.mjs').Sample, megabits: number, results: Result[], idle: { seconds: number, there: number, back: number, cpuSeconds: number, peakMB: number }[] }} Report */

const FIRST_GOAL = 0.95;
const IDLE_SECONDS = 2;
const IDLE_BYTES = 1e6;
const titles = { first: 'first copy', patched: 'patched version', renamed: 'the same content under another name', nothing: 'nothing to do' };

/** @param {Report} report @returns {boolean} whether all that was asked was reached */
export function printReport({ machine, sample, megabits, results, idle }) {
  const out = (/** @type {string} */ text) => void process.stdout.write(`${text}\n`);
  out(`Disk: ext4 without a partition table, ${(sample.diskBytes / 1e9).toFixed(2)} GB, ${(sample.usedBytes / 1e9).toFixed(2)} GB used. ${sample.said.join('; ')}.`);
  out(`Link: ${megabits} Mbit/s each way. Machine: ${machine.cpus} × ${machine.model}, ${machine.memoryGB} GB, Node ${machine.node}; load ${machine.load.map((each) => each.toFixed(1)).join(', ')}. Page cache warm.`);
  const verdicts = [];
  for (const task of /** @type {const} */ (['first', 'patched', 'renamed', 'nothing'])) {
    const rows = results.filter((result) => result.task === task);
    if (rows.length > 0) verdicts.push(...printTask(out, task, rows, megabits));
  }
  if (idle.length > 0) verdicts.push(printIdle(out, idle));
  return verdicts.every((reached) => reached);
}

/** @param {(text: string) => void} out @param {keyof typeof titles} task @param {Result[]} rows @param {number} megabits @returns {boolean[]} */
function printTask(out, task, rows, megabits) {
  const names = [...new Set(rows.map((row) => row.contender))].sort((a, b) => Number(b === 'platen') - Number(a === 'platen') || b.localeCompare(a));
  const turns = Math.max(...names.map((name) => rows.filter((row) => row.contender === name).length));
  out(`\n${titles[task]}, ${turns} ${turns === 1 ? 'turn' : 'turns'}`);
  out(line(['', 'MB on wire', 'there', 'back', 'seconds', '(min–max)', 'proved s', 'CPU s sender', 'receiver', 'MB sender', 'receiver']));
  /** @param {string} name @param {(row: Result) => number} pick */
  const of = (name, pick) => median(rows.filter((row) => row.contender === name).map(pick));
  for (const name of names) {
    const seconds = rows.filter((row) => row.contender === name).map((row) => row.seconds);
    out(line([
      name, mega(of(name, (row) => row.there + row.back)), mega(of(name, (row) => row.there)), mega(of(name, (row) => row.back)), of(name, (row) => row.seconds).toFixed(2), `(${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)})`,
      name === 'platen' && task !== 'nothing' ? of(name, (row) => row.readySeconds ?? Number.NaN).toFixed(2) : '–', of(name, (row) => row.sender.cpuSeconds).toFixed(1), of(name, (row) => row.receiver.cpuSeconds).toFixed(1),
      of(name, (row) => row.sender.peakMB).toFixed(0), of(name, (row) => row.receiver.peakMB).toFixed(0),
    ]));
  }
  if (!names.includes('platen')) return [];
  const said = rows.find((row) => row.contender === 'platen')?.said;
  if (said !== undefined) out(`Platen: ${said}`);
  const bytes = (/** @type {Result} */ row) => row.there + row.back;
  const ratios = names.filter((name) => name !== 'platen').map((name) => `${(of('platen', bytes) / of(name, bytes)).toFixed(2)} × the bytes and ${(of('platen', (row) => row.seconds) / of(name, (row) => row.seconds)).toFixed(2)} × the time of ${name}`);
  if (ratios.length > 0 && task !== 'nothing') out(`Platen took ${ratios.join('; ')}`);
  if (task === 'first') {
    const share = of('platen', (row) => row.there / row.seconds) / (megabits * 125_000);
    return [verdict(out, `Of what the link carries (${(megabits * CONTENT_SHARE).toFixed(1)} Mbit/s of content), from the assignment until all was there: ${share.toFixed(3)}`, `at least ${FIRST_GOAL}`, share >= FIRST_GOAL)];
  }
  if (task === 'patched' && names.includes('rsync -az')) {
    const [size, time] = [of('platen', bytes) / of('rsync -az', bytes), of('platen', (row) => row.seconds) / of('rsync -az', (row) => row.seconds)];
    return [verdict(out, `Beside rsync -az: ${size.toFixed(2)} × the bytes, ${time.toFixed(2)} × the time`, 'at most 1.0 × both', size <= 1 && time <= 1)];
  }
  return [];
}

/** @param {(text: string) => void} out @param {Report['idle']} idle */
function printIdle(out, idle) {
  const seconds = median(idle.map((each) => each.seconds));
  const bytes = median(idle.map((each) => each.there + each.back));
  out(`\nnothing to do, 1,000 images × 5 servers: all come back at once, ${idle.length} ${idle.length === 1 ? 'turn' : 'turns'}`);
  return verdict(out, `${seconds.toFixed(3)} s, ${(bytes / 1e3).toFixed(1)} kB on the wire, ${median(idle.map((each) => each.cpuSeconds)).toFixed(2)} CPU s and ${median(idle.map((each) => each.peakMB)).toFixed(0)} MB at the console`, 'under 2 s and 1 MB', seconds < IDLE_SECONDS && bytes < IDLE_BYTES);
}

/** @param {(text: string) => void} out @param {string} what @param {string} goal @param {boolean} reached */
function verdict(out, what, goal, reached) {
  out(`${what} (goal: ${goal}: ${reached ? 'reached' : 'missed'})`);
  return reached;
}

/** @param {number} bytes */
function mega(bytes) {
  return (bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 2);
}

/** @param {string[]} cells */
function line(cells) {
  return cells.map((cell, index) => (index === 0 ? cell.padEnd(18) : cell.padStart(index === 5 ? 16 : index === 7 ? 14 : 11))).join('');
}
