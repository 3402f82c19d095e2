// Owns running the rival as its users do: partclone into zstd, over loopback to a process that keeps the stream and syncs it, and
// the inverse. Its time ends when both ends are done and the last byte is on the disk.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { nodePath } from '../scripts/node.mjs';
import { root } from '../scripts/sources.mjs';
import { measure } from './meter.mjs';

/** @typedef {import('./ours.mjs').Timing} Timing */

/** @param {'keep' | 'send'} mode @param {string} file */
async function farEnd(mode, file) {
  const child = spawn(nodePath(), [join(root, 'bench', 'wire.mjs'), mode, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the rival\'s far end stopped');
    return JSON.parse(value);
  };
  return { port: Number((await next()).port), done: next, child };
}

/**
 * @param {'keep' | 'send'} mode @param {string} file @param {(port: number) => string} pipeline of bash
 * @returns {Promise<Timing>}
 */
async function overLoopback(mode, file, pipeline) {
  const far = await farEnd(mode, file);
  try {
    const started = performance.now();
    const { cpuSeconds, peakMB } = await measure('bash', ['-c', `set -o pipefail; ${pipeline(far.port)}`]);
    const server = await far.done();
    return { seconds: (performance.now() - started) / 1000, client: { cpuSeconds, peakMB }, server };
  } finally {
    far.child.kill();
  }
}

const log = '/dev/null';

/** @param {{ disk: string, store: string, checksums: boolean }} options */
export function rivalCapture({ disk, store, checksums }) {
  return overLoopback('keep', store, (port) => `partclone.ext4 -c -f 1 ${checksums ? '' : '-a0 '}-s '${disk}' -o - -L ${log} 2>/dev/null | zstd -q -3 -T0 > /dev/tcp/127.0.0.1/${port}`);
}

/** @param {{ store: string, target: string }} options the target exists and has the disk's size */
export function rivalDeploy({ store, target }) {
  return overLoopback('send', store, (port) => `zstd -q -dc < /dev/tcp/127.0.0.1/${port} | partclone.ext4 -r -f 1 -s - -O '${target}' -L ${log} > /dev/null 2>&1 && sync '${target}'`);
}
