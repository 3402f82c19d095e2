// The agent's one entry: the command line on the main thread, a capture's or deploy's worker on any other. Being the same file keeps
// the bundle at one.
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { runAgent } from './cli.ts';
import { runCaptureWorker } from './imaging/captureWorker.ts';
import { runDeployWorker } from './imaging/deployWorker.ts';
import type { WorkerSetup } from './imaging/workerMessages.ts';

if (isMainThread) {
  void runAgent({ argv: process.argv.slice(2), env: process.env, entry: fileURLToPath(import.meta.url) }).then((code) => {
    process.exitCode = code;
  });
} else if (parentPort !== null) {
  // Set by workerPool.ts; only this program starts this file as a thread.
  const setup = workerData as WorkerSetup;
  if (setup.role === 'capture') runCaptureWorker(setup, parentPort);
  else runDeployWorker(setup, parentPort);
}
