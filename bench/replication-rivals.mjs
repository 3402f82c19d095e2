// Owns the rivals of the replication benchmark: an rsync daemon here and rsync on the other side; a casync store behind a small HTTP server
// here and casync on the other side. Both copy the raw image file. Neither encrypts nor proves anything afterwards.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { nodePath } from '../scripts/node.mjs';
import { HERE } from './replication-link.mjs';
import { cpuSecondsOf, measure } from './meter.mjs';
import { must } from './sample.mjs';

/** @typedef {import('./replication-ours.mjs').Copied} Copied */

const RSYNC_PORT = 8731;
const HTTP_PORT = 8732;
const IMAGE = 'disk.img';
const OTHER = 'other.img';

export class Rivals {
  /** @param {import('./replication-link.mjs').Link} link @param {string} folder @param {string} chunks */
  constructor(link, folder, chunks) {
    this.link = link;
    this.folder = folder;
    this.chunks = chunks;
    /** @type {import('node:child_process').ChildProcess[]} */
    this.children = [];
  }

  /** @param {import('./replication-link.mjs').Link} link @param {string} folder @param {import('./sample.mjs').Sample} sample @param {string} chunks where casync's store is */
  static async start(link, folder, sample, chunks) {
    const rivals = new Rivals(link, folder, chunks);
    for (const [name, files] of Object.entries({ v1: { [IMAGE]: sample.v1 }, v2: { [IMAGE]: sample.v2 }, renamed: { [OTHER]: sample.v1 } })) {
      mkdirSync(join(folder, name));
      for (const [file, from] of Object.entries(files)) linkSync(from, join(folder, name, file));
    }
    const config = join(folder, 'rsyncd.conf');
    writeFileSync(config, `use chroot = no\nuid = 0\ngid = 0\npid file = ${join(folder, 'rsyncd.pid')}\n${['v1', 'v2', 'renamed'].map((name) => `[${name}]\npath = ${join(folder, name)}\nread only = yes\n`).join('')}`);
    symlinkSync(chunks, join(folder, 'casync'));
    rivals.rsyncd = rivals.spawn('rsync', ['--daemon', '--no-detach', `--port=${RSYNC_PORT}`, `--address=${HERE}`, `--config=${config}`]);
    rivals.httpd = rivals.spawn(nodePath(), [join(import.meta.dirname, 'replication-files.mjs'), chunks, HERE, String(HTTP_PORT)]);
    for (const port of [RSYNC_PORT, HTTP_PORT]) await answers(port);
    return rivals;
  }

  /** casync's chunks of both disks, made once and kept. @param {string} work @param {number} gigabytes @param {import('./sample.mjs').Sample} sample @param {(text: string) => void} say */
  static chunksOf(work, gigabytes, sample, say) {
    const chunks = join(work, `casync-${gigabytes}`);
    if (existsSync(join(chunks, 'done'))) return chunks;
    say('making the chunks of casync');
    rmSync(chunks, { recursive: true, force: true });
    mkdirSync(chunks, { recursive: true });
    for (const name of /** @type {const} */ (['v1', 'v2'])) must('casync', ['make', `--store=${join(chunks, 'store.castr')}`, join(chunks, `${name}.caibx`), sample[name]]);
    writeFileSync(join(chunks, 'done'), '');
    return chunks;
  }

  /** @param {string} command @param {string[]} args */
  spawn(command, args) {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    this.children.push(child);
    return child;
  }

  async stop() {
    for (const child of this.children) {
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
    }
  }

  /** rsync from one of the folders here. @param {string} target @param {'v1' | 'v2' | 'renamed'} source @param {string[]} options @returns {Promise<Copied>} */
  rsync(target, source, options) {
    mkdirSync(this.at(target), { recursive: true });
    return this.measured(this.rsyncd?.pid ?? 0, ['rsync', ...options, `rsync://${HERE}:${RSYNC_PORT}/${source}/`, `${this.at(target)}/`]);
  }

  /** casync of one of the two disks, with what the target has as seed. @param {string} target @param {'v1' | 'v2'} source @param {string} file @param {string | null} seed @returns {Promise<Copied>} */
  casync(target, source, file, seed) {
    mkdirSync(this.at(target), { recursive: true });
    const base = `http://${HERE}:${HTTP_PORT}`;
    return this.measured(this.httpd?.pid ?? 0, ['casync', 'extract', `--store=${base}/store.castr`, ...(seed === null ? [] : [`--seed=${join(this.at(target), seed)}`]), `${base}/${source}.caibx`, join(this.at(target), file)]);
  }

  /** @param {number} server @param {string[]} command @returns {Promise<Copied>} */
  async measured(server, command) {
    const [before, cpu] = [this.link.bytes(), cpuSecondsOf(server)];
    let peak = 0;
    const sampler = setInterval(() => (peak = Math.max(peak, memoryOf(server))), 100);
    const there = this.link.there(command);
    const { seconds, cpuSeconds, peakMB } = await measure(there.command, there.args);
    clearInterval(sampler);
    await wait(300); // the daemon's child is waited for, and then counts
    const sent = this.link.bytes();
    return { seconds, there: sent.there - before.there, back: sent.back - before.back, sender: { cpuSeconds: cpuSecondsOf(server) - cpu, peakMB: peak }, receiver: { cpuSeconds, peakMB } };
  }

  /** @param {string} target @param {string} file @param {string} like */
  isCopy(target, file, like) {
    must('cmp', [join(this.at(target), file), like]);
  }

  /** @param {string} target */
  at(target) {
    return join(this.folder, 'targets', target);
  }
}

/** Resident memory of a process and its children, in MB. @param {number} pid */
function memoryOf(pid) {
  const one = (/** @type {string} */ each) => {
    try {
      return (Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${each}/status`, 'latin1'))?.[1] ?? 0) * 1024) / 1e6;
    } catch {
      return 0; // it ended meanwhile
    }
  };
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').trim().split(' ').filter((each) => each !== ''));
  return [String(pid), ...children].reduce((sum, each) => sum + one(each), 0);
}

/** @param {number} port */
async function answers(port) {
  for (const until = performance.now() + 10_000; performance.now() < until; await wait(50)) {
    const socket = connect(port, HERE);
    const open = await new Promise((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)));
    socket.destroy();
    if (open) return;
  }
  throw new Error(`nobody answers on port ${port}`);
}
