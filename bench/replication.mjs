// `npm run bench:replication`: a version copied to a package server behind a link of 100 Mbit/s, beside rsync and casync with the same disk image, in
// turns: first copy, a patched version, the same content under another name, nothing to do. README.md tells how to read it.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../scripts/build.mjs';
import { measureIdle } from './replication-idle.mjs';
import { inOwnNamespace, Link } from './replication-link.mjs';
import { Pair } from './replication-ours.mjs';
import { printReport } from './replication-report.mjs';
import { Rivals } from './replication-rivals.mjs';
import { makeSample, must } from './sample.mjs';

/** @typedef {import('./replication-ours.mjs').Copied} Copied */
/** @typedef {import('./replication-report.mjs').Task} Task */
/** @typedef {import('./replication-report.mjs').Result} Result */

/** Many small files and some large ones, as a system has them: about 15,000 in 0.4 GB. */
const sources = ['/usr/include', '/usr/lib/python3', '/usr/lib/python3.11', '/usr/share/vim', '/usr/share/perl', '/usr/lib/x86_64-linux-gnu', '/usr/share', '/usr/lib'];
/** @param {string} text */
const say = (text) => process.stderr.write(`bench: ${text}\n`);

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' }, gb: { type: 'string', default: '0.4' }, megabits: { type: 'string', default: '100' }, work: { type: 'string', default: join(tmpdir(), 'platen-bench', 'replication') },
      only: { type: 'string', multiple: true }, 'no-build': { type: 'boolean', default: false }, json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write('usage: npm run bench:replication -- [--rounds N] [--gb GIGABYTES] [--megabits N] [--only platen|rsync|casync|idle]… [--no-build] [--work FOLDER] [--json]\n');
    process.exit(0);
  }
  const only = (values.only ?? []).flatMap((text) => text.split(','));
  const [rounds, gigabytes, megabits] = [Number(values.rounds), Number(values.gb), Number(values.megabits)];
  if (!Number.isInteger(rounds) || rounds < 1 || !(gigabytes >= 0.05) || !(megabits >= 1) || only.some((name) => !['platen', 'rsync', 'casync', 'idle'].includes(name))) {
    say('--rounds is a number from 1, --gb from 0.05, --megabits from 1, --only one of platen, rsync, casync, idle');
    process.exit(2);
  }
  return { rounds, gigabytes, megabits, work: values.work, json: values.json, build: !values['no-build'], has: (/** @type {string} */ name) => only.length === 0 || only.includes(name) };
}

/** One round: each contender on empty folders, its tasks in order, because one builds on another. */
class Round {
  /** @param {{ link: Link, folder: string, sample: import('./sample.mjs').Sample, chunks: string, round: number }} parts */
  constructor(parts) {
    this.parts = parts;
    /** @type {Result[]} */
    this.results = [];
  }

  /** @param {Task} task @param {string} contender @param {Copied} copied */
  add(task, contender, copied) {
    this.results.push({ task, contender, round: this.parts.round, ...copied });
    say(`round ${this.parts.round + 1}, ${task}, ${contender}: ${copied.seconds.toFixed(2)} s, ${((copied.there + copied.back) / 1e6).toFixed(2)} MB${copied.readySeconds === undefined ? '' : `, proved after ${copied.readySeconds.toFixed(2)} s`}${copied.said === undefined ? '' : ` (${copied.said})`}`);
  }

  async platen() {
    const { link, folder, sample } = this.parts;
    const pair = await Pair.start(link, join(folder, 'platen'));
    try {
      await pair.capture('Lab', sample.v1);
      this.add('first', 'platen', await pair.copy('Lab'));
      await pair.capture('Lab under another name', sample.v1);
      this.add('renamed', 'platen', await pair.copy('Lab under another name'));
      await pair.capture('Lab', sample.v2);
      this.add('patched', 'platen', await pair.copy('Lab'));
      this.add('nothing', 'platen', await pair.again());
    } finally {
      await pair.stop();
    }
  }

  async rsync() {
    await this.withRivals(async (rivals) => {
      const { sample, round } = this.parts;
      const [plain, inPlace] = [['-az'], ['-a', '--inplace', '--no-whole-file']];
      this.add('first', 'rsync -az', await rivals.rsync('plain', 'v1', plain));
      must('cp', ['-a', '--sparse=always', rivals.at('plain'), rivals.at('inplace')]);
      this.add('renamed', 'rsync -az', await rivals.rsync('plain', 'renamed', plain));
      this.add('renamed', 'rsync -az --fuzzy', await rivals.rsync('inplace', 'renamed', ['-az', '--fuzzy']));
      this.add('patched', 'rsync -az', await rivals.rsync('plain', 'v2', plain));
      this.add('patched', 'rsync --inplace', await rivals.rsync('inplace', 'v2', inPlace));
      this.add('nothing', 'rsync -az', await rivals.rsync('plain', 'v2', plain));
      this.add('nothing', 'rsync --inplace', await rivals.rsync('inplace', 'v2', inPlace));
      if (round === 0) for (const target of ['plain', 'inplace']) rivals.isCopy(target, 'disk.img', sample.v2);
    });
  }

  async casync() {
    await this.withRivals(async (rivals) => {
      const { sample, round } = this.parts;
      this.add('first', 'casync', await rivals.casync('casync', 'v1', 'disk.img', null));
      this.add('renamed', 'casync', await rivals.casync('casync', 'v1', 'other.img', 'disk.img'));
      this.add('patched', 'casync', await rivals.casync('casync', 'v2', 'new.img', 'disk.img'));
      this.add('nothing', 'casync', await rivals.casync('casync', 'v2', 'again.img', 'new.img'));
      if (round === 0) rivals.isCopy('casync', 'new.img', sample.v2);
    });
  }

  /** @param {(rivals: Rivals) => Promise<void>} work */
  async withRivals(work) {
    const { link, folder, sample, chunks } = this.parts;
    const rivals = await Rivals.start(link, mkdtempSync(join(folder, 'rivals-')), sample, chunks);
    try {
      await work(rivals);
    } finally {
      await rivals.stop();
    }
  }
}

async function main() {
  const options = readOptions();
  if (!inOwnNamespace()) return;
  if (options.build) await build();
  mkdirSync(options.work, { recursive: true });
  for (const left of readdirSync(options.work)) if (left.startsWith('replication-')) rmSync(join(options.work, left), { recursive: true });
  const sample = makeSample(options.work, options.gigabytes, say, sources);
  const chunks = options.has('casync') ? Rivals.chunksOf(options.work, options.gigabytes, sample, say) : options.work;
  const load = [loadavg()[0] ?? 0];
  const link = Link.make(options.megabits);
  /** @type {Result[]} */
  const results = [];
  const folder = mkdtempSync(join(options.work, 'replication-'));
  /** @type {Awaited<ReturnType<typeof measureIdle>>[]} */
  const idle = [];
  try {
    const contenders = /** @type {const} */ (['platen', 'rsync', 'casync']).filter((name) => options.has(name));
    for (let round = 0; round < options.rounds; round++) {
      // Warm page cache: what is compared is the programs and the link, not this machine's disk.
      for (const file of [sample.v1, sample.v2]) must('sh', ['-c', 'cat "$1" > /dev/null', 'sh', file]);
      for (let turn = 0; turn < contenders.length; turn++) {
        const own = mkdtempSync(join(folder, 'turn-'));
        const one = new Round({ link, folder: own, sample, chunks, round });
        must('sync', []);
        await one[contenders[(turn + round) % contenders.length] ?? 'platen']();
        results.push(...one.results);
        rmSync(own, { recursive: true });
      }
      if (options.has('idle') && round === 0) {
        // The rest is told also where this fails.
        await measureIdle(link, mkdtempSync(join(folder, 'idle-')), { images: 1000, servers: 5 }).then((one) => idle.push(one), (error) => {
          say(`1,000 images × 5 servers could not be measured: ${error.message}`);
          process.exitCode = 1;
        });
      }
      load.push(loadavg()[0] ?? 0);
    }
  } finally {
    link.end();
    rmSync(folder, { recursive: true });
  }
  const machine = { cpus: cpus().length, model: cpus()[0]?.model ?? '', memoryGB: Math.round(totalmem() / 1e9), node: process.version, load };
  if (options.json) process.stdout.write(`${JSON.stringify({ machine, sample, megabits: options.megabits, results, idle }, null, 1)}\n`);
  else process.exitCode = printReport({ machine, sample, megabits: options.megabits, results, idle }) ? 0 : 1;
}

await main().catch((error) => {
  say(error.message);
  process.exitCode = 1;
});
