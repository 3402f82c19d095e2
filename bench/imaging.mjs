// `npm run bench`: capture, capture again after a change, and deploy of one disk, Platen beside partclone and zstd, in turns.
// Prints medians, ranges and ratios; says what was measured and on what. README.md tells how to read it.
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../scripts/build.mjs';
import { median } from './meter.mjs';
import { Platen } from './ours.mjs';
import { printReport } from './report.mjs';
import { rivalCapture, rivalDeploy } from './rival.mjs';
import { makeSample, must } from './sample.mjs';

/** @typedef {import('./report.mjs').Task} Task */
/** @typedef {import('./report.mjs').Result} Result */

/** @type {Task[]} */
const tasks = ['capture', 'recapture', 'deploy'];
/** @type {Record<Task, string[]>} */
const contenders = { capture: ['platen', 'partclone', 'partclone -a0'], recapture: ['platen', 'partclone', 'partclone -a0'], deploy: ['platen', 'partclone'] };

/** @param {string} text */
const say = (text) => process.stderr.write(`bench: ${text}\n`);

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' }, gb: { type: 'string', default: '3.26' }, work: { type: 'string', default: join(tmpdir(), 'platen-bench') },
      only: { type: 'string', multiple: true }, json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write('usage: npm run bench -- [--rounds N] [--gb GIGABYTES] [--only capture|recapture|deploy]… [--work FOLDER] [--json]\n');
    process.exit(0);
  }
  const only = (values.only ?? []).flatMap((text) => text.split(','));
  const [rounds, gigabytes] = [Number(values.rounds), Number(values.gb)];
  if (!Number.isInteger(rounds) || rounds < 1 || !(gigabytes >= 0.05) || only.some((name) => !tasks.includes(/** @type {Task} */ (name)))) {
    say('--rounds is a number from 1, --gb from 0.05, --only one of capture, recapture, deploy');
    process.exit(2);
  }
  return { rounds, gigabytes, work: values.work, json: values.json, tasks: only.length === 0 ? tasks : tasks.filter((name) => only.includes(name)) };
}

/** One round on a fresh data folder: every task, its contenders in an order that rotates with the round. */
class Round {
  /** @param {string} folder @param {import('./sample.mjs').Sample} sample @param {number} round */
  constructor(folder, sample, round) {
    this.folder = folder;
    this.sample = sample;
    this.round = round;
    this.data = join(folder, 'data');
    this.store = join(folder, 'rival-v1.zst');
    this.captured = 0;
  }

  /** @param {Task[]} wanted @returns {Promise<Result[]>} */
  async run(wanted) {
    const results = [];
    for (const task of wanted) {
      await this.prepare(task);
      const order = contenders[task].map((_, index, all) => all[(index + this.round) % all.length] ?? '');
      for (const contender of order) {
        must('sync', []);
        const result = await (contender === 'platen' ? this.platen(task) : this.rival(task, contender === 'partclone'));
        results.push({ task, contender, round: this.round, ...result });
        say(`round ${this.round + 1}, ${task}, ${contender}: ${result.seconds.toFixed(2)} s`);
      }
    }
    return results;
  }

  /** What a task builds on and was not timed in this round. @param {Task} task */
  async prepare(task) {
    if (task === 'capture') return;
    if (this.captured === 0) await this.withServer((platen) => this.captureOurs(platen, this.sample.v1));
    if (task === 'deploy' && !existsSync(this.store)) await rivalCapture({ disk: this.sample.v1, store: this.store, checksums: true });
  }

  /** A server process of its own per measurement, so that its peak memory is this task's. @template T @param {(platen: Platen) => Promise<T>} work */
  async withServer(work) {
    const platen = await Platen.start(this.data);
    try {
      return await work(platen);
    } finally {
      await platen.stop();
    }
  }

  /** @param {Platen} platen @param {string} disk */
  async captureOurs(platen, disk) {
    const timing = await platen.capture(disk);
    const { seconds, cpuSeconds, version } = await platen.untilReady();
    this.captured += 1;
    return { ...timing, storedMB: version.storedBytes / 1e6, verify: { seconds, cpuSeconds } };
  }

  /** @param {Task} task */
  platen(task) {
    return this.withServer(async (platen) => {
      if (task !== 'deploy') return this.captureOurs(platen, task === 'capture' ? this.sample.v1 : this.sample.v2);
      return this.onTarget((target) => platen.deploy(1, target));
    });
  }

  /** @param {Task} task @param {boolean} checksums */
  async rival(task, checksums) {
    if (task === 'deploy') return this.onTarget((target) => rivalDeploy({ store: this.store, target }));
    const store = task === 'capture' && checksums ? this.store : join(this.folder, 'rival-other.zst');
    const timing = await rivalCapture({ disk: task === 'capture' ? this.sample.v1 : this.sample.v2, store, checksums });
    const storedMB = statSync(store).size / 1e6;
    if (store !== this.store) rmSync(store);
    return { ...timing, storedMB };
  }

  /** A blank target of the disk's size; afterwards checked, outside the time taken. @template T @param {(target: string) => Promise<T>} work */
  async onTarget(work) {
    const target = join(this.folder, 'target.img');
    writeFileSync(target, '');
    truncateSync(target, this.sample.diskBytes);
    try {
      const timing = await work(target);
      if (this.round === 0) checkCopy(this.sample.v1, target);
      return timing;
    } finally {
      rmSync(target);
    }
  }
}

/** The copy is clean and every used block is the source's. @param {string} source @param {string} target */
function checkCopy(source, target) {
  must('e2fsck', ['-fn', target]);
  const digest = (/** @type {string} */ file) => must('bash', ['-c', 'set -o pipefail; partclone.ext4 -c -a0 -s "$1" -o - -L /dev/null 2>/dev/null | sha256sum', 'bash', file]);
  if (digest(source) !== digest(target)) throw new Error('the deployed disk is not the captured one: a used block differs');
}

async function main() {
  const options = readOptions();
  await build();
  mkdirSync(options.work, { recursive: true });
  const sample = makeSample(options.work, options.gigabytes, say);
  const results = [];
  for (let round = 0; round < options.rounds; round++) {
    // Warm page cache: what is compared is the programs, not this machine's disk.
    for (const file of [sample.v1, sample.v2]) must('sh', ['-c', 'cat "$1" > /dev/null', 'sh', file]);
    const folder = mkdtempSync(join(options.work, 'round-'));
    try {
      results.push(...(await new Round(folder, sample, round).run(options.tasks)));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const machine = { cpus: cpus().length, model: cpus()[0]?.model ?? '', memoryGB: Math.round(totalmem() / 1e9), node: process.version };
  if (options.json) process.stdout.write(`${JSON.stringify({ machine, sample, results }, null, 1)}\n`);
  else printReport({ machine, sample, results, median });
}

await main().catch((error) => {
  say(error.message);
  process.exitCode = 1;
});
