// Whether the dialog with the capture or deploy command is open, and for which image; any place may open it.
import { useSyncExternalStore } from 'react';

export type CommandRequest = { task: 'capture' | 'deploy'; image: string; version?: number };

let request: CommandRequest | null = null;
const listeners = new Set<() => void>();
function set(next: CommandRequest | null): void {
  request = next;
  for (const listener of listeners) listener();
}

export function openCaptureDialog(image = ''): void {
  set({ task: 'capture', image });
}
export function openDeployDialog(image: string, version?: number): void {
  set({ task: 'deploy', image, ...(version === undefined ? {} : { version }) });
}
export function closeCommandDialog(): void {
  set(null);
}
export function useCommandRequest(): CommandRequest | null {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => { listeners.delete(listener); };
  }, () => request);
}
