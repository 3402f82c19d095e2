// Owns the one ticking clock of the console: every text that ages re-renders from it, and nothing else runs a timer for that.
import { useSyncExternalStore } from 'react';

let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The time, to the second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
/** The time, to the minute: for lists, which need not re-render each second. */
export function useMinute(): number {
  return useSyncExternalStore(subscribe, () => now - (now % 10_000));
}
