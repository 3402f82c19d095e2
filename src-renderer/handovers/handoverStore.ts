// Which hand-over the wizard is open for; any place may open it.
import { useSyncExternalStore } from 'react';

/** images: those whose owner changes. server: the one that leaves, or is lost. */
export type HandoverSubject = { kind: 'take-ownership'; images: { guid: string; name: string }[] } | { kind: 'retire' | 'replace' | 'recover'; server: { id: string; name: string } };

let subject: HandoverSubject | null = null;
const listeners = new Set<() => void>();

export function openHandover(next: HandoverSubject | null): void {
  subject = next;
  for (const listener of listeners) listener();
}
export function useHandoverSubject(): HandoverSubject | null {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => { listeners.delete(listener); };
  }, () => subject);
}
