// Owns the failures of actions, kept at the object they concern until they are solved or dismissed.
import { useSyncExternalStore } from 'react';
import type { ShownError } from '../errors.ts';

export type ObjectError = { title: string; error: ShownError };

let errors: ReadonlyMap<string, ObjectError> = new Map();
const listeners = new Set<() => void>();

export function setObjectError(object: string, error: ObjectError | null): void {
  if (error === null && !errors.has(object)) return;
  const next = new Map(errors);
  if (error === null) next.delete(object);
  else next.set(object, error);
  errors = next;
  for (const listener of listeners) listener();
}

export function useObjectError(object: string): ObjectError | undefined {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => { listeners.delete(listener); };
  }, () => errors.get(object));
}
