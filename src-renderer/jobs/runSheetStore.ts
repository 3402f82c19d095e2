// Whether the sheet that starts jobs on computers is open, and with what: any place may open it (a drop, *Run on…*, a computer's
// page). What is left out is asked for in the sheet. Nothing runs before its button is pressed.
import { useSyncExternalStore } from 'react';
import { pickerKey } from './pickerKeys.ts';
import type { PickerKey } from './pickerKeys.ts';

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
  // The field that has the focus then is the one that computers are chosen in.
  if (wanted.what !== undefined && (wanted.computers ?? []).length + (wanted.groups ?? []).length === 0) keepEarlyKeys();
}
export function closeRunSheet(): void {
  takeEarlyKeys();
  set(null);
}

let early: { keys: PickerKey[]; text: string } = { keys: [], text: '' };
/** Keys pressed while the sheet comes are meant for its field, not for what had the focus before. */
function keepEarlyKeys(): void {
  takeEarlyKeys();
  addEventListener('keydown', keep, { capture: true });
  // A sheet that does not come must not keep the keyboard.
  giveUp = setTimeout(() => void takeEarlyKeys(), 2000);
}
function keep(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const key = pickerKey(event.key);
  // Text first, then keys, as one searches: a letter after a key would be another search.
  if (key !== null) early.keys.push(key);
  else if (event.key.length === 1 && early.keys.length === 0) early.text += event.key;
  else return;
  event.preventDefault();
  event.stopPropagation();
}
let giveUp: ReturnType<typeof setTimeout> | undefined;
/** What was pressed until now; from now on the field hears it itself. */
export function takeEarlyKeys(): { keys: PickerKey[]; text: string } {
  removeEventListener('keydown', keep, { capture: true });
  clearTimeout(giveUp);
  const taken = early;
  early = { keys: [], text: '' };
  return taken;
}
export function useRunSheetRequest(): RunSheetRequest | null {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => { listeners.delete(listener); };
  }, () => request);
}
