// Owns how a session waits: the system's clock, the end of a signal, and a bell that is never missed.
import type { Clock } from './task.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, ms));
    if (signal.aborted) done();
    else signal.addEventListener('abort', done);
  }),
};

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Rung while nobody waits, it wakes the next who does. */
export class Bell {
  private rung = false;
  private wake: () => void = () => undefined;

  ring(): void {
    this.rung = true;
    this.wake();
  }
  async wait(signal: AbortSignal): Promise<void> {
    if (!this.rung && !signal.aborted) await Promise.race([new Promise<void>((resolve) => (this.wake = resolve)), aborted(signal)]);
    this.rung = false;
  }
}
