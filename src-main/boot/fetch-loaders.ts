// Owns fetching the loaders by TFTP as a computer would, with a client that is not ours: the package `tftp`, in a short-lived thread.
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { AppError } from '#shared/errors.ts';

export type FetchOrder = { names: readonly string[]; address: string; port: number; /** Until a packet is sent again. */ timeoutMs: number };
export type Fetched = { name: string; sizeBytes: number } | { name: string; problem: string };

const TRIES = 2;

/** Rejects where the client could not be run at all, or not within the limit. A client that died of a stray packet is run again once. */
export async function fetchLoaders(order: FetchOrder, limitMs: number): Promise<Fetched[]> {
  for (let left = TRIES; ; left--) {
    try {
      return await inThread(order, limitMs);
    } catch (error) {
      if (left <= 1 || error instanceof AppError) throw error;
    }
  }
}

async function inThread(order: FetchOrder, limitMs: number): Promise<Fetched[]> {
  const worker = new Worker(workerAddress(), { name: 'preflight', workerData: order });
  let limit: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Fetched[]>((resolve, reject) => {
      limit = setTimeout(() => reject(new AppError('io', `The loaders were not fetched from ${order.address}, UDP port ${order.port}, within ${Math.round(limitMs / 1000)} s.`)), limitMs);
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the client ended')));
    });
  } finally {
    clearTimeout(limit);
    await worker.terminate();
  }
}

/** From source the thread runs as it is; bundled, it is an entry of its own beside the bundle or its chunks' folder. */
function workerAddress(): URL {
  if (import.meta.url.endsWith('.ts')) return new URL('./fetch-worker.ts', import.meta.url);
  const beside = new URL('./bootFetchWorker.js', import.meta.url);
  return existsSync(beside) ? beside : new URL('../bootFetchWorker.js', import.meta.url);
}
