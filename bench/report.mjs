// Owns how the benchmark's results are told: one table per task, medians with ranges, and the ratios that count.

/** @typedef {'capture' | 'recapture' | 'deploy'} Task */
/** @typedef {{ task: Task, contender: string, round: number, seconds: number, client: import('./meter.mjs').Usage, server: import('./meter.mjs').Usage, storedMB?: number, verify?: { seconds: number, cpuSeconds: number } }} Result */

/** What is asked of Platen, in times the speed of checksummed partclone. @type {Record<Task, number>} */
const goals = { capture: 1.5, recapture: 3, deploy: 1 };
const memoryGoalMB = 300;

/**
 * @param {{ machine: { cpus: number, model: string, memoryGB: number, node: string }, sample: import('./sample.mjs').Sample, results: Result[], median: (values: number[]) => number }} report
 */
export function printReport({ machine, sample, results, median }) {
  const out = (/** @type {string} */ text) => void process.stdout.write(`${text}\n`);
  out(`Disk: ext4 without a partition table, ${(sample.diskBytes / 1e9).toFixed(2)} GB, ${(sample.usedBytes / 1e9).toFixed(2)} GB used. ${sample.said.join('; ')}.`);
  out(`Machine: ${machine.cpus} × ${machine.model}, ${machine.memoryGB} GB, Node ${machine.node}. Page cache warm; everything stored or written is synced before the clock stops.`);
  for (const task of /** @type {const} */ (['capture', 'recapture', 'deploy'])) {
    const rows = results.filter((result) => result.task === task);
    if (rows.length > 0) printTask(out, task, rows, median);
  }
}

/** @param {(text: string) => void} out @param {keyof typeof goals} task @param {Result[]} rows @param {(values: number[]) => number} median */
function printTask(out, task, rows, median) {
  const names = [...new Set(rows.map((row) => row.contender))].sort((a, b) => Number(b === 'platen') - Number(a === 'platen') || a.localeCompare(b));
  const turns = rows.filter((row) => row.contender === 'platen').length;
  out(`\n${task}, ${turns} ${turns === 1 ? 'turn' : 'turns'}`);
  out(line(['', 'seconds', '(min–max)', 'CPU s client', 'CPU s server', 'MB client', 'MB server', 'stored MB']));
  for (const name of names) {
    const own = rows.filter((row) => row.contender === name);
    /** @param {(row: Result) => number} pick */
    const of = (pick) => own.map(pick);
    const seconds = of((row) => row.seconds);
    out(line([
      name, median(seconds).toFixed(2), `(${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)})`,
      median(of((row) => row.client.cpuSeconds)).toFixed(1), median(of((row) => row.server.cpuSeconds)).toFixed(1),
      Math.max(...of((row) => row.client.peakMB)).toFixed(0), Math.max(...of((row) => row.server.peakMB)).toFixed(0),
      task === 'deploy' ? '' : median(of((row) => row.storedMB ?? 0)).toFixed(0),
    ]));
  }
  const ours = rows.filter((row) => row.contender === 'platen');
  const time = median(ours.map((row) => row.seconds));
  for (const name of names.filter((other) => other !== 'platen')) {
    const ratio = median(rows.filter((row) => row.contender === name).map((row) => row.seconds)) / time;
    const goal = name === 'partclone' ? ` (goal ${goals[task].toFixed(1)} ×: ${ratio >= goals[task] ? 'reached' : 'missed'})` : '';
    out(`Platen is ${ratio.toFixed(2)} × as fast as ${name}${goal}`);
  }
  const memory = Math.max(...ours.flatMap((row) => [row.client.peakMB, row.server.peakMB]));
  out(`Platen's largest process: ${memory.toFixed(0)} MB (goal ${memoryGoalMB} MB: ${memory <= memoryGoalMB ? 'reached' : 'missed'})`);
  const verified = ours.flatMap((row) => (row.verify === undefined ? [] : [row.verify]));
  if (verified.length > 0) {
    out(`Re-hash of what arrived, after the capture: ${median(verified.map((entry) => entry.seconds)).toFixed(2)} s, ${median(verified.map((entry) => entry.cpuSeconds)).toFixed(1)} CPU s (not in the time above)`);
  }
}

/** @param {string[]} cells */
function line(cells) {
  return cells.map((cell, index) => (index === 0 ? cell.padEnd(14) : cell.padStart(index === 2 ? 16 : 13))).join('');
}
