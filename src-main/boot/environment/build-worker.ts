// The thread in which the boot environment is built: it compresses for seconds to minutes, which nothing else should wait for.
import { parentPort, workerData } from 'node:worker_threads';
import { toAppError, type WireError } from '#shared/errors.ts';
import { buildEnvironment, type BuildOptions, type BuildRecord } from './build.ts';

export type BuildOrder = Omit<BuildOptions, 'say'>;
export type BuildMessage = { type: 'said'; text: string } | { type: 'done'; record: BuildRecord } | { type: 'failed'; error: WireError };

const say = (message: BuildMessage): void => parentPort?.postMessage(message);
if (parentPort !== null) {
  // Set by service.ts, which alone starts this file.
  const order = workerData as BuildOrder;
  buildEnvironment({ ...order, say: (text) => say({ type: 'said', text }) })
    .then((record) => say({ type: 'done', record }), (error: unknown) => say({ type: 'failed', error: toAppError(error).toWire() }));
}
