// Owns Platen's part of the replication benchmark: a console here, a package server on the other side of the link, both the built program;
// versions are captured at the console by the built agent, then sent for by setting where the image goes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { nodePath } from '../scripts/node.mjs';
import { root } from '../scripts/sources.mjs';
import { HERE } from './replication-link.mjs';
import { cpuSecondsOf, measure, peakOf, resetPeak } from './meter.mjs';
import { Platen } from './ours.mjs';

/** @typedef {import('./meter.mjs').Usage} Usage */
/** @typedef {{ seconds: number, readySeconds?: number, there: number, back: number, sender: Usage, receiver: Usage, said?: string }} Copied */

const headless = join(root, 'out', 'main', 'headless.js');
const agent = join(root, 'out', 'agent', 'agent.cjs');
const SERVER = 'far';
const LIMIT_MS = 300_000;

export class Pair {
  /** @param {import('./replication-link.mjs').Link} link @param {Platen} console @param {string} folder */
  constructor(link, console, folder) {
    this.link = link;
    this.console = console;
    this.folder = folder;
    /** @type {import('node:child_process').ChildProcess | null} */
    this.far = null;
  }

  /** @param {import('./replication-link.mjs').Link} link @param {string} folder */
  static async start(link, folder) {
    const pair = new Pair(link, await Platen.start(join(folder, 'here'), ['--host', '0.0.0.0']), folder);
    try {
      await pair.api.settings.set.mutate({ defaultScope: 'none' });
      const { token } = await pair.api.servers.add.mutate({ name: SERVER });
      await pair.startFar(['--package-server', '--join', `https://${HERE}:${new URL(pair.console.ready.url).port}`, '--join-token', token]);
      return pair;
    } catch (error) {
      await pair.stop();
      throw error;
    }
  }

  get api() {
    return this.console.api;
  }

  /** @param {string[]} more */
  async startFar(more = []) {
    const { command, args } = this.link.there([nodePath(), headless, 'serve', '--json', '--data', join(this.folder, 'there'), '--http-port', '0', ...more]);
    const far = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.far = far;
    let words = '';
    far.stderr?.on('data', (/** @type {Buffer} */ part) => (words = (words + part.toString()).slice(-5000)));
    await until('the package server connects', async () => {
      if (far.exitCode !== null) throw new Error(`the package server ended with ${far.exitCode}:\n${words}`);
      return (await this.api.servers.list.query()).some((/** @type {{ name: string, connected: boolean }} */ server) => server.name === SERVER && server.connected);
    });
  }

  async stopFar() {
    if (this.far === null || this.far.exitCode !== null) return;
    const ended = once(this.far, 'close');
    this.far.kill('SIGTERM');
    await ended;
  }

  async stop() {
    await this.stopFar();
    await this.console.stop();
  }

  /** A capture at the console, held back there. @param {string} image @param {string} disk */
  async capture(image, disk) {
    const exists = (await this.api.images.list.query()).some((/** @type {{ name: string }} */ each) => each.name === image);
    if (exists) await this.setScope(image, 'none');
    const { url, token } = this.console.ready;
    await measure(nodePath(), [agent, 'capture', '--disk', disk, '--image', image, '--server', url, '--token', token, '--json']);
    return until('the capture is proved', async () => {
      const { newest } = await this.api.images.get.query({ image });
      return newest?.state === 'ready' ? /** @type {{ guid: string, storedBytes: number, newBytes: number }} */ (newest) : null;
    });
  }

  /** @param {string} image @param {'all' | 'none'} scope */
  async setScope(image, scope) {
    await this.api.replication.setScope.mutate({ images: [image], scope });
  }

  /** The newest version of an image, from the moment it is assigned: until all of it is there (`seconds`), and until it is proved there. @param {string} image @returns {Promise<Copied>} */
  async copy(image) {
    const { newest } = await this.api.images.get.query({ image });
    const pids = { sender: this.console.ready.pid, receiver: this.far?.pid ?? 0 };
    for (const pid of Object.values(pids)) resetPeak(pid);
    const cpu = { sender: cpuSecondsOf(pids.sender), receiver: cpuSecondsOf(pids.receiver) };
    const before = this.link.bytes();
    const startedAt = Date.now();
    await this.setScope(image, 'all');
    const transfer = await until('the copy arrives', async () => {
      const [last] = await this.api.servers.transfers.query({ server: SERVER, version: newest.guid, limit: 1 });
      if (last !== undefined && last.outcome !== 'done') throw new Error(`the transfer ended so: ${last.outcome} ${last.problem ?? ''}`);
      return last;
    });
    const after = await until('the copy is proved', async () => {
      const rows = await this.api.replication.matrix.query({ image });
      const own = (await this.api.servers.get.query({ server: SERVER })).id;
      const cell = rows.find((/** @type {{ versionGuid: string }} */ row) => row.versionGuid === newest.guid)?.cells.find((/** @type {{ serverId: string }} */ each) => each.serverId === own);
      return cell?.state === 'ready' ? Date.now() : null;
    });
    const sent = this.link.bytes();
    const usage = (/** @type {'sender' | 'receiver'} */ which) => ({ cpuSeconds: cpuSecondsOf(pids[which]) - cpu[which], peakMB: peakOf(pids[which]) });
    return {
      seconds: (transfer.endedAt - startedAt) / 1000, readySeconds: (after - startedAt) / 1000, there: sent.there - before.there, back: sent.back - before.back, sender: usage('sender'), receiver: usage('receiver'),
      said: `${transfer.chunksWhole} chunks whole, ${transfer.chunksDelta} as differences, ${transfer.chunksHere} were there; ${(transfer.wireBytes / 1e6).toFixed(2)} MB of content and manifest`,
    };
  }

  /** The package server is started again and finds all as it was: from its first packet until both sides agree. @returns {Promise<Copied>} */
  async again() {
    await this.stopFar();
    const pid = this.console.ready.pid;
    resetPeak(pid);
    const [before, cpu] = [this.link.bytes(), cpuSecondsOf(pid)];
    let first = 0;
    const watching = setInterval(() => {
      if (first === 0 && this.link.bytes().back > before.back) first = performance.now();
    }, 20);
    await this.startFar();
    const seconds = (performance.now() - (first === 0 ? performance.now() : first)) / 1000;
    clearInterval(watching);
    await wait(1000);
    const sent = this.link.bytes();
    return { seconds, there: sent.there - before.there, back: sent.back - before.back, sender: { cpuSeconds: cpuSecondsOf(pid) - cpu, peakMB: peakOf(pid) }, receiver: { cpuSeconds: cpuSecondsOf(this.far?.pid ?? 0), peakMB: peakOf(this.far?.pid ?? 0) }, said: 'the start of the program is in the receiver\'s processor time' };
  }
}

/** @template T @param {string} what @param {() => Promise<T>} look @returns {Promise<NonNullable<T>>} */
async function until(what, look) {
  for (const end = performance.now() + LIMIT_MS; performance.now() < end; await wait(40)) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
  }
  throw new Error(`it took too long until ${what}`);
}
