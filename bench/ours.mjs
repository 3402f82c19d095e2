// Owns running Platen for the benchmark: the built server on a data folder of its own, and the built agent against it.
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { nodePath } from '../scripts/node.mjs';
import { root } from '../scripts/sources.mjs';
import { cpuSecondsOf, measure, peakOf, resetPeak } from './meter.mjs';

/** @typedef {import('./meter.mjs').Usage} Usage */
/** @typedef {{ seconds: number, client: Usage, server: Usage }} Timing */
/** @typedef {{ number: number, state: string, storedBytes: number, newBytes: number }} Version */

const agent = join(root, 'out', 'agent', 'agent.cjs');
const imageName = 'Benchmark';

/** A running server and what the benchmark does with it. */
export class Platen {
  /** @param {import('node:child_process').ChildProcess} child @param {{ url: string, token: string, pid: number }} ready */
  constructor(child, ready) {
    this.child = child;
    this.ready = ready;
    this.socket = createWSClient({ url: `${ready.url.replace(/^http/, 'ws')}/api`, connectionParams: { token: ready.token } });
    this.api = /** @type {any} */ (createTRPCClient({ links: [wsLink({ client: this.socket })] }));
  }

  /** @param {string} dataFolder @param {string[]} [options] of `platen serve` */
  static async start(dataFolder, options = []) {
    const child = spawn(nodePath(), [join(root, 'out', 'main', 'headless.js'), 'serve', '--json', '--data', dataFolder, '--http-port', '0', ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
    let words = '';
    child.stderr?.on('data', (/** @type {Buffer} */ part) => (words = (words + part.toString()).slice(-5000)));
    const ready = await new Promise((resolve, reject) => {
      if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
      child.once('error', reject).once('close', (code) => reject(new Error(`the server ended with ${code}:\n${words}`)));
    });
    return new Platen(child, ready);
  }

  async stop() {
    await this.socket.close();
    const ended = once(this.child, 'close');
    this.child.kill('SIGTERM');
    await ended;
  }

  /** The agent's command, from its start to its end, with what the server spent meanwhile. @param {string[]} args @returns {Promise<Timing>} */
  async agent(args) {
    const { pid, url, token } = this.ready;
    resetPeak(pid);
    const before = cpuSecondsOf(pid);
    const { seconds, cpuSeconds, peakMB } = await measure(nodePath(), [agent, ...args, '--image', imageName, '--server', url, '--token', token, '--json']);
    return { seconds, client: { cpuSeconds, peakMB }, server: { cpuSeconds: cpuSecondsOf(pid) - before, peakMB: peakOf(pid) } };
  }

  /** @param {string} disk */
  capture(disk) {
    return this.agent(['capture', '--disk', disk]);
  }

  /** @param {number} version @param {string} disk */
  deploy(version, disk) {
    return this.agent(['deploy', '--disk', disk, '--version', String(version), '--yes']);
  }

  /** @returns {Promise<Version>} */
  async newest() {
    const image = await this.api.images.get.query({ image: imageName });
    return image.newest;
  }

  /** Waits until the server has re-hashed what the last capture brought; seconds from now and processor time. */
  async untilReady() {
    const { pid } = this.ready;
    const [started, before] = [performance.now(), cpuSecondsOf(pid)];
    for (;;) {
      const version = await this.newest();
      if (version.state === 'damaged') throw new Error('the captured version is damaged');
      if (version.state === 'ready') return { seconds: (performance.now() - started) / 1000, cpuSeconds: cpuSecondsOf(pid) - before, version };
      await wait(50);
    }
  }
}
