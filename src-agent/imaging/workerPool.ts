// Owns the worker threads: the agent's own file started again, one typed channel each, tickets passed on, the first failure ends all.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AppError, CancelledError, fromWire, toAppError } from '#shared/errors.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './workerMessages.ts';

export function workerCount(): number {
  return Math.min(8, Math.max(2, availableParallelism()));
}

export type PoolOptions = {
  /** The file that starts a worker when it finds itself not to be the main thread. */
  entry: string;
  setups: WorkerSetup[];
  onMessage(worker: number, message: FromWorker): void;
  onTicketWanted(): void;
  /** Called once, with what ended the work. */
  onFailure(error: Error): void;
};

export class WorkerPool {
  readonly size: number;
  private readonly workers: Worker[];
  private ended = false;

  constructor(options: PoolOptions) {
    this.size = options.setups.length;
    const fail = (error: Error): void => {
      if (this.ended) return;
      this.ended = true;
      options.onFailure(error);
    };
    this.workers = options.setups.map((setup, index) => {
      // Chunks live outside of the heap and are counted only when the collector comes by: a small nursery makes it come often.
      const worker = new Worker(options.entry, { workerData: setup, resourceLimits: { maxYoungGenerationSizeMb: 2 } });
      worker.on('message', (message: FromWorker) => {
        if (this.ended) return;
        if (message.type === 'failed') fail(message.cancelled ? new CancelledError(message.error.message) : fromWire(message.error));
        else if (message.type === 'ticketWanted') options.onTicketWanted();
        else options.onMessage(index, message);
      });
      worker.on('error', (error) => fail(toAppError(error, 'a worker thread stopped')));
      worker.on('exit', (code) => fail(new AppError('internal', `A worker thread ended with ${code} in the middle of its work.`)));
      return worker;
    });
  }

  tell(worker: number, message: ToWorker): void {
    this.workers[worker]?.postMessage(message);
  }
  tellAll(message: ToWorker): void {
    for (const worker of this.workers) worker.postMessage(message);
  }

  /** Ends all threads; resolves when no read or write of theirs can reach the disk any more. */
  async close(): Promise<void> {
    this.ended = true;
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}
