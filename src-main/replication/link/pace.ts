// Owns that something asked for from outside happens at most once in a while, however often it is asked for; and how long the link waits before
// it looks for its console again. Pure.

/** How a look for the console ended. */
export type Outcome = 'worked' | 'away' | 'refused' | 'retired';
/** The console does not know this server, or its key: a person must do something, so there is no hurry. */
const REFUSED_PAUSE_MS = 300_000;
/** Whoever takes a retired server back waits for it: with half as much more, by chance, it asks within 30 s. */
const RETIRED_PAUSE_MS = 20_000;

/** @param pauseMs as it has grown since the console was there last */
export function pauseAfter(outcome: Outcome, pauseMs: number): number {
  if (outcome === 'retired') return RETIRED_PAUSE_MS;
  return outcome === 'refused' ? Math.max(pauseMs, REFUSED_PAUSE_MS) : pauseMs;
}

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
