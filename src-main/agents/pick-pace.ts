// Owns how often a computer may pick: each pick makes runs and ends others, which stay for weeks. Far more than a person can, far less
// than a program.
import { AppError } from '#shared/errors.ts';

const BURST = 20;
const EVERY_MS = 2000;
/** More computers than pick within a burst's time; who has not picked for so long begins anew anyway. */
const MOST_KEPT = 10_000;

export class PickPace {
  readonly #clock: () => number;
  readonly #left = new Map<string, { picks: number; at: number }>();

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Throws where it is too soon. */
  spend(computerId: string): void {
    const now = this.#clock();
    const before = this.#left.get(computerId) ?? { picks: BURST, at: now };
    const picks = Math.min(BURST, before.picks + Math.max(0, now - before.at) / EVERY_MS);
    if (picks < 1) throw new AppError('too-many-requests', 'This computer has asked for jobs too often in the last minute, so nothing was scheduled. Wait a moment, then choose again.', { computerId });
    this.#left.delete(computerId);
    this.#left.set(computerId, { picks: picks - 1, at: now });
    const [oldest] = this.#left.keys();
    if (this.#left.size > MOST_KEPT && oldest !== undefined) this.#left.delete(oldest);
  }
}
