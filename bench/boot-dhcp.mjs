// Owns the part of the boot benchmark that asks how soon DHCP is answered while a deploy takes the machine: a real server with network boot
// on ports of its own, agents that deploy files as disks, and a room of computers that ask meanwhile.
import { spawn } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodePath } from '../scripts/node.mjs';
import { root } from '../scripts/sources.mjs';
import { cells } from './boot-transfer.mjs';
import { median, peakOf, resetPeak } from './meter.mjs';
import { Platen } from './ours.mjs';

/** @typedef {{ requests: number, answers: number, seconds: number, p50: number, p99: number, longest: number }} Asked */
/** @typedef {{ round: number, idle: Asked, most: Asked, deploying: Asked, mostDeploying: Asked, deploys: number, peakMB: number }} Result */

const SECONDS = 8;
const RATE = 200;
const DEPLOYS = 2;
const P99_GOAL_MS = 20;

/** @param {number} port @param {{ seconds: number, rate: number }} how @returns {Promise<Asked>} */
function ask(port, { seconds, rate }) {
  return new Promise((resolve, reject) => {
    const child = spawn(nodePath(), [join(root, 'bench', 'boot-dhcp-client.mjs'), String(port), String(seconds), String(rate)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let words = '';
    child.stdout.on('data', (/** @type {Buffer} */ part) => (words += part.toString()));
    child.once('error', reject).once('close', (code) => (code === 0 ? resolve(JSON.parse(words)) : reject(new Error(`the asking computers ended with ${code}`))));
  });
}

/**
 * @param {{ folder: string, sample: import('./sample.mjs').Sample, round: number, say: (text: string) => void }} options folder: empty, for the server's data
 * @returns {Promise<Result>}
 */
export async function measureDhcp({ folder, sample, round, say }) {
  const platen = await Platen.start(join(folder, 'data'), ['--interface', 'lo', '--dhcp', 'proxy', ...['dhcp', 'pxe', 'tftp', 'boot'].flatMap((name) => [`--${name}-port`, '0'])]);
  try {
    const { ports, problem } = await platen.api.boot.status.query();
    if (ports === null) throw new Error(`network boot does not serve: ${problem}`);
    await platen.capture(sample.v1);
    await platen.untilReady();
    const idle = await ask(ports.pxe, { seconds: SECONDS, rate: RATE });
    const most = await ask(ports.pxe, { seconds: SECONDS / 2, rate: 0 });
    resetPeak(platen.ready.pid);
    let [over, deploys] = [false, 0];
    const deploying = Array.from({ length: DEPLOYS }, async (_, index) => {
      for (let time = 0; !over; time++) {
        const target = join(folder, `target-${index}-${time % 2}`);
        writeFileSync(target, '');
        truncateSync(target, sample.diskBytes);
        await platen.deploy(1, target);
        deploys++;
      }
    });
    const [loaded, mostLoaded] = await Promise.race([
      (async () => [await ask(ports.pxe, { seconds: SECONDS * 2, rate: RATE }), await ask(ports.pxe, { seconds: SECONDS / 2, rate: 0 })])(),
      Promise.all(deploying).then(() => /** @type {Asked[]} */ ([])),
    ]).finally(() => (over = true));
    await Promise.all(deploying);
    if (loaded === undefined || mostLoaded === undefined) throw new Error('the deploys ended before they were asked to');
    say(`round ${round + 1}, DHCP: p99 ${idle.p99.toFixed(1)} ms idle, ${loaded.p99.toFixed(1)} ms while ${DEPLOYS} computers were deployed to`);
    return { round, idle, most, deploying: loaded, mostDeploying: mostLoaded, deploys, peakMB: peakOf(platen.ready.pid) };
  } finally {
    await platen.stop();
  }
}

/** @param {Result[]} results @param {(text: string) => void} out @returns {boolean} */
export function printDhcp(results, out) {
  if (results.length === 0) return true;
  out(`\nDHCP (requests to the boot server's port, ${RATE} a second), ${DEPLOYS} deploys at a time beside it`);
  out(cells(['', 'p50 ms', 'p99 ms', 'longest ms', 'unanswered', 'most a second']));
  const row = (/** @type {string} */ name, /** @type {'idle' | 'deploying'} */ kind, /** @type {'most' | 'mostDeploying'} */ most) => {
    const of = (/** @type {(asked: Asked) => number} */ pick) => median(results.map((result) => pick(result[kind])));
    const lost = results.reduce((sum, result) => sum + result[kind].requests - result[kind].answers, 0);
    out(cells([name, of(({ p50 }) => p50).toFixed(2), of(({ p99 }) => p99).toFixed(1), of(({ longest }) => longest).toFixed(1), String(lost), median(results.map((result) => result[most].answers / result[most].seconds)).toFixed(0)]));
    return of(({ p99 }) => p99);
  };
  row('idle', 'idle', 'most');
  const p99 = row('deploying', 'deploying', 'mostDeploying');
  out(`goal: p99 below ${P99_GOAL_MS} ms while deploying: ${p99 < P99_GOAL_MS ? 'reached' : 'missed'}. The server's peak meanwhile: ${Math.max(...results.map(({ peakMB }) => peakMB)).toFixed(0)} MB`);
  return p99 < P99_GOAL_MS;
}
