// Owns how often anybody may try a join token: a few times a minute from one address, and a bounded number from all of them. Pure.
import { AppError } from '#shared/errors.ts';

const MINUTE_MS = 60_000;
const PER_ADDRESS = 10;
const OF_ALL = 60;

export class JoinPace {
  readonly #now: () => number;
  #since: number;
  #count = 0;
  #byAddress = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  spend(address: string): void {
    if (this.#now() - this.#since >= MINUTE_MS) {
      this.#since = this.#now();
      this.#count = 0;
      this.#byAddress = new Map();
    }
    const mine = (this.#byAddress.get(address) ?? 0) + 1;
    // Refused tries of one address do not use up what all have together.
    if (mine > PER_ADDRESS || this.#count >= OF_ALL) throw new AppError('too-many-requests', 'Too many tries to join. Wait a minute, then start the package server again.');
    this.#byAddress.set(address, mine);
    this.#count++;
  }
}
