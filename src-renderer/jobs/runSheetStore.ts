// Whether the sheet that starts jobs on computers is open, and with what: any place may open it (a drop, *Run on…*, a computer's
// page). What is left out is asked for in the sheet. Nothing runs before its button is pressed.
import { useSyncExternalStore } from 'react';

/** what: "job/<id>" or "folder/<id>". computers, groups: their ids. */
export type RunSheetRequest = { what?: string; computers?: string[]; groups?: string[] };

let request: RunSheetRequest | null = null;
const listeners = new Set<() => void>();
function set(next: RunSheetRequest | null): void {
  request = next;
  for (const listener of listeners) listener();
}

export function openRunSheet(wanted: RunSheetRequest): void {
  set(wanted);
}
export function closeRunSheet(): void {
  set(null);
}
export function useRunSheetRequest(): RunSheetRequest | null {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => { listeners.delete(listener); };
  }, () => request);
}
