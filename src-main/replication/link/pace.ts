// Owns that something asked for from outside happens at most once in a while, however often it is asked for. Pure.

export class Pace {
  readonly #everyMs: number;
  readonly #now: () => number;
  #last = -Infinity;

  /** @param now a clock that nobody sets */
  constructor(everyMs: number, now: () => number) {
    this.#everyMs = everyMs;
    this.#now = now;
  }
  /** @returns whether it may happen now; then it counts as done */
  take(): boolean {
    if (this.#now() - this.#last < this.#everyMs) return false;
    this.#last = this.#now();
    return true;
  }
}
