// Pure: keys pressed faster than the list they are meant for: each in its turn, once the list is there. Enter chooses from what was searched
// for, never from what stood there before.

export type PickerKey = { step: number } | { enter: true };
export const pickerSteps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 6, PageUp: -6 };

export function pickerKey(key: string): PickerKey | null {
  const step = pickerSteps[key];
  return step !== undefined ? { step } : key === 'Enter' ? { enter: true } : null;
}

/** Where the keys lead from a place in a list of so many, and the places that Enter was pressed at, in order. */
export function playKeys(keys: readonly PickerKey[], from: number, count: number): { place: number; entered: number[] } {
  let place = Math.max(0, Math.min(from, count - 1));
  const entered: number[] = [];
  for (const key of keys) {
    if ('step' in key) place = Math.max(0, Math.min(count - 1, place + key.step));
    else if (count > 0) entered.push(place);
  }
  return { place, entered };
}
