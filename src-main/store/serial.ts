// Owns taking turns: work given to one Serial runs one at a time, in order. And the pause that lets other work in between slices.

export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    // A failure belongs to whoever asked for the work, never to the next in line.
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Lets sockets and timers run between two slices of a long loop. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
