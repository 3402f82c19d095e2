// Which of the dialogs that concern objects of the tree is open: *Move to…*, or *Merge…*. Any place may open one.
import { useSyncExternalStore } from 'react';
import type { DragItem } from './dropRules.ts';

export type ObjectDialog = { kind: 'move'; items: readonly DragItem[] } | { kind: 'merge'; computer: { id: string; name: string }; with?: { id: string; name: string } };

let open: ObjectDialog | null = null;
const listeners = new Set<() => void>();

/** null closes it. */
export function openObjectDialog(dialog: ObjectDialog | null): void {
  open = dialog;
  for (const listener of listeners) listener();
}
export function useObjectDialog(): ObjectDialog | null {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => { listeners.delete(listener); };
  }, () => open);
}
