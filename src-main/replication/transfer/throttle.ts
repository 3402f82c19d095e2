// Owns how fast transfers go together: a bucket of bytes that fills at the allowed rate. Whoever reads from the network takes what it
// read and waits while the bucket is in debt, so the sender is slowed by TCP and not by us asking less often.
import { setTimeout as sleep } from 'node:timers/promises';

/** So much may come at once after a pause. */
const BURST_SECONDS = 0.25;
const LONGEST_PAUSE_MS = 1000;

export class Throttle {
  readonly #clock: () => number;
  #rate: number | null;
  #level = 0;
  #at: number;

  constructor(rate: number | null, clock: () => number = () => performance.now()) {
    this.#rate = rate;
    this.#clock = clock;
    this.#at = clock();
  }

  /** Bytes in a second; null for no limit. Takes effect at once, for those who wait too. */
  set rate(rate: number | null) {
    this.#fill();
    this.#rate = rate;
    this.#level = Math.min(this.#level, 0);
  }

  /** Resolves when these bytes, which have come already, are paid for. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    this.#fill();
    this.#level -= bytes;
    while (this.#rate !== null && this.#level < 0) {
      await sleep(Math.min(LONGEST_PAUSE_MS, Math.max(1, (-this.#level / this.#rate) * 1000)), undefined, signal === undefined ? {} : { signal });
      this.#fill();
    }
  }

  #fill(): void {
    const now = this.#clock();
    if (this.#rate === null) this.#level = 0;
    else this.#level = Math.min(this.#rate * BURST_SECONDS, this.#level + ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
  }
}
