// `npm run bench:boot`: boot files over TFTP and HTTP beside tftpd-hpa, atftpd and nginx, in turns, and DHCP while a deploy takes the
// machine. Prints medians, ranges, ratios and the goals. README.md tells how to read it.
import { spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../scripts/build.mjs';
import { nodePath, run } from '../scripts/node.mjs';
import { root } from '../scripts/sources.mjs';
import { measureDhcp, printDhcp } from './boot-dhcp.mjs';
import { obtainRivals, startOurs, startRival } from './boot-servers.mjs';
import { printTransfers, sizes, tasks, transfer } from './boot-transfer.mjs';
import { makeSample } from './sample.mjs';

const parts = ['tftp', 'http', 'dhcp'];
/** @param {string} text */
const say = (text) => process.stderr.write(`bench: ${text}\n`);
/** @param {string} text */
const out = (text) => void process.stdout.write(`${text}\n`);

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' }, work: { type: 'string', default: join(tmpdir(), 'platen-bench') }, gb: { type: 'string', default: '0.5' }, only: { type: 'string', multiple: true },
      'in-front': { type: 'boolean', default: false }, 'no-build': { type: 'boolean', default: false }, json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    out('usage: npm run bench:boot -- [--rounds N] [--only tftp|http|dhcp]… [--in-front] [--gb GIGABYTES] [--work FOLDER] [--no-build] [--json]');
    process.exit(0);
  }
  const only = values.only ?? parts;
  const [rounds, gigabytes] = [Number(values.rounds), Number(values.gb)];
  if (!Number.isInteger(rounds) || rounds < 1 || !(gigabytes >= 0.05) || only.some((name) => !parts.includes(name))) {
    say('--rounds is a number from 1, --gb from 0.05, --only one of tftp, http, dhcp');
    process.exit(2);
  }
  if (process.getuid?.() !== 0) {
    say('needs root: the rivals change their user, and the disks are made by mounting');
    process.exit(2);
  }
  return { rounds, gigabytes, only, work: values.work, json: values.json, builds: values['no-build'] !== true, inFront: values['in-front'] };
}

/** What is served: no part of it twice, and not to be compressed. @param {string} work */
function makeFiles(work) {
  const folder = join(work, 'boot-files');
  mkdirSync(folder, { recursive: true });
  const files = Object.fromEntries(Object.entries({ loader: sizes.tftp, image: sizes.http }).map(([name, sizeBytes]) => {
    const path = join(folder, name);
    if (!existsSync(path) || statSync(path).size !== sizeBytes) writeFileSync(path, randomFillSync(Buffer.alloc(sizeBytes)));
    return [name, path];
  }));
  return { folder, files };
}

/** Every server runs all the time and is asked in turns, in an order that rotates with the round. @param {ReturnType<typeof readOptions>} options */
async function measureTransfers({ work, rounds, only }) {
  const wanted = tasks.filter(({ way }) => only.includes(way === 'http' ? 'http' : 'tftp'));
  if (wanted.length === 0) return [];
  const { folder, files } = makeFiles(work);
  const rivals = obtainRivals(work, say);
  const names = /** @type {('tftpd-hpa' | 'atftpd' | 'nginx')[]} */ ([...new Set(wanted.flatMap((task) => task.rivals))]);
  const servers = [await startOurs({ thread: join(root, 'out', 'main', 'bootWorker.js'), files })];
  const results = [];
  try {
    for (const name of names) servers.push(await startRival(name, { rivals, files: folder, work }));
    for (let round = 0; round < rounds; round++) {
      for (const task of wanted) {
        const contenders = servers.filter(({ name }) => name === 'Platen' || task.rivals.includes(name));
        for (const [index] of contenders.entries()) {
          const server = contenders[(index + round) % contenders.length];
          if (server === undefined) continue;
          const result = await transfer(task, server);
          results.push({ ...result, round, load: loadavg()[0] });
          say(`round ${round + 1}, ${task.way}, ${task.clients}: ${server.name} ${(result.bytes / result.seconds / 1e6).toFixed(0)} MB/s`);
        }
      }
    }
  } finally {
    for (const server of servers) await server.stop();
  }
  return results;
}

/** @param {ReturnType<typeof readOptions>} options */
async function measureAnswers({ work, rounds, gigabytes, only }) {
  if (!only.includes('dhcp')) return [];
  const { code, output } = await run(nodePath(), [join(root, 'bin', 'platen'), 'boot', 'build'], { stdio: ['ignore', 'pipe', 'pipe'] });
  if (code !== 0) throw new Error(`platen boot build failed: ${output}`);
  const sample = makeSample(work, gigabytes, say);
  const results = [];
  for (let round = 0; round < rounds; round++) {
    const folder = mkdtempSync(join(work, 'dhcp-'));
    try {
      results.push(await measureDhcp({ folder, sample, round, say }));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  return results;
}

/**
 * Linux shares processors among sessions first: a session of the benchmark's own goes before others, so that a busy machine disturbs less. Within
 * it servers and clients share as always.
 */
async function goInFront() {
  const [, ...args] = process.argv;
  const child = spawn(process.execPath, args, { stdio: 'inherit', detached: true, env: { ...process.env, PLATEN_BENCH_SESSION: '1' } });
  const stop = () => child.kill('SIGINT');
  process.once('SIGINT', stop).once('SIGTERM', stop);
  process.exitCode = await new Promise((resolve) => {
    child.once('close', (code) => resolve(code ?? 1));
  });
}

async function main() {
  const options = readOptions();
  if (options.inFront && process.env['PLATEN_BENCH_SESSION'] !== '1') return goInFront();
  if (options.inFront) writeFileSync('/proc/self/autogroup', '-20');
  if (options.builds) await build();
  mkdirSync(options.work, { recursive: true });
  const load = (loadavg()[0] ?? 0).toFixed(1);
  const transfers = await measureTransfers(options);
  const answers = await measureAnswers(options);
  const machine = { cpus: cpus().length, model: cpus()[0]?.model ?? '', memoryGB: Math.round(totalmem() / 1e9), node: process.version, load };
  if (options.json) return out(JSON.stringify({ machine, transfers, answers }, null, 1));
  out(`Machine: ${machine.cpus} × ${machine.model}, ${machine.memoryGB} GB, Node ${machine.node}; load ${load} before. Loopback, page cache warm, ${options.rounds} ${options.rounds === 1 ? 'turn' : 'turns'}${options.inFront ? ', in front of other work' : ''}.`);
  const all = [printTransfers(transfers, out), printDhcp(answers, out)];
  if (all.includes(false)) process.exitCode = 1;
}

await main().catch((error) => {
  say(error.message);
  process.exitCode = 1;
});
