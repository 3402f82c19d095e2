// Owns the pool of worker threads that re-hash frames: started at first use, at most one batch per thread under way.
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { AppError } from '#shared/errors.ts';
import { encodeCheckEntries, type CheckAnswer, type CheckEntry } from './worker-messages.ts';

type Job = { id: number; path: string; entries: Uint8Array; resolve: (outcomes: Uint8Array) => void; reject: (error: Error) => void };

/** From source the worker runs as it is; bundled, it is an entry of its own beside the bundle (or beside its chunks' folder). */
function workerAddress(): URL {
  if (import.meta.url.endsWith('.ts')) return new URL('./worker.ts', import.meta.url);
  const beside = new URL('./storeWorker.js', import.meta.url);
  return existsSync(beside) ? beside : new URL('../storeWorker.js', import.meta.url);
}

export class CheckWorkers {
  readonly #limit: number;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Job>();
  readonly #waiting: Job[] = [];
  #nextId = 1;
  #closed = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#limit;
  }

  /** One CheckOutcome per entry; all entries lie in the pack at `path`. */
  check(path: string, entries: readonly CheckEntry[]): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new AppError('server-closing', 'The image store is closing.'));
        return;
      }
      this.#waiting.push({ id: this.#nextId++, path, entries: encodeCheckEntries(entries), resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const closing = new AppError('server-closing', 'The image store is closing.');
    for (const job of this.#waiting.splice(0)) job.reject(closing);
    const workers = [...this.#idle.splice(0), ...this.#busy.keys()];
    for (const job of this.#busy.values()) job.reject(closing);
    this.#busy.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#idle.pop() ?? (this.#busy.size < this.#limit ? this.#start() : null);
      if (worker === null) return;
      const job = this.#waiting.shift();
      if (job === undefined) return;
      this.#busy.set(worker, job);
      worker.ref();
      worker.postMessage({ id: job.id, path: job.path, entries: job.entries });
    }
  }

  #start(): Worker {
    const worker = new Worker(workerAddress());
    worker.on('message', (answer: CheckAnswer) => {
      const job = this.#busy.get(worker);
      if (job === undefined || job.id !== answer.id) return;
      this.#busy.delete(worker);
      // Only work under way keeps the process alive.
      worker.unref();
      this.#idle.push(worker);
      job.resolve(answer.outcomes);
      this.#next();
    });
    worker.on('error', (error) => this.#lose(worker, error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => this.#lose(worker, new Error('a store worker ended')));
    return worker;
  }

  #lose(worker: Worker, error: Error): void {
    const at = this.#idle.indexOf(worker);
    if (at >= 0) this.#idle.splice(at, 1);
    const job = this.#busy.get(worker);
    this.#busy.delete(worker);
    job?.reject(error);
    if (!this.#closed) this.#next();
  }
}
