// The agent's one entry: the command line on the main thread, a capture's or deploy's worker on any other. Being the same file keeps
// the bundle at one.
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { WorkerSetup } from './imaging/workerMessages.ts';

/** The first with zstd built in that is maintained for long. */
const leastNode = 24;

// Imported where it is needed: a worker starts in a fraction of the time and memory without the command line's modules.
async function start(): Promise<void> {
  if (isMainThread && Number(process.versions.node.split('.')[0]) < leastNode) {
    process.stderr.write(`The agent needs Node ${leastNode} or newer; this is ${process.version}. Start it as "platen agent", which brings its own.\n`);
    process.exitCode = 1;
  } else if (isMainThread) {
    const { runAgent } = await import('./cli.ts');
    process.exitCode = await runAgent({ argv: process.argv.slice(2), env: process.env, entry: fileURLToPath(import.meta.url) });
  } else if (parentPort !== null) {
    // Set by workerPool.ts; only this program starts this file as a thread.
    const setup = workerData as WorkerSetup;
    if (setup.role === 'capture') (await import('./imaging/captureWorker.ts')).runCaptureWorker(setup, parentPort);
    else (await import('./imaging/deployWorker.ts')).runDeployWorker(setup, parentPort);
  }
}
void start();
