// Owns the short messages at the lower right: done with *Undo* (10 s), and failures that stay until dismissed; and what Ctrl+Z takes
// back, the last first, also when its message has gone.
import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconCheck, IconCircleXFilled } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { ShownError } from '../errors.ts';
import classes from './toasts.module.css';

const undoMs = 10_000;
const mostUndoable = 100;
type Undoable = { id: string; about: string; undo: () => void };
const undoable: Undoable[] = [];

export function toastDone(message: ReactNode): void {
  notifications.show({ message, color: 'green', icon: <IconCheck size={16} />, autoClose: 4000, withCloseButton: true, closeButtonProps: { 'aria-label': 'Dismiss' } });
}

/** @param about what it concerns, so that the offer can be withdrawn when undoing has become impossible or needless */
export function toastUndo(message: ReactNode, about: string, undo: () => void): void {
  const id = crypto.randomUUID();
  const run = (): void => {
    forget(id);
    notifications.hide(id);
    undo();
  };
  undoable.push({ id, about, undo: run });
  if (undoable.length > mostUndoable) undoable.shift();
  notifications.show({
    id, autoClose: undoMs, withCloseButton: true, closeButtonProps: { 'aria-label': 'Dismiss' }, icon: <IconCheck size={16} />, color: 'gray',
    message: <span className={classes['undo']}><span>{message}</span><Button variant="default" onClick={run}>Undo</Button></span>,
  });
}

export function toastFailed(title: string, error: ShownError): void {
  notifications.show({
    title: `${title} (${error.short})`, message: error.message, color: 'red', icon: <IconCircleXFilled size={16} />, autoClose: false, withCloseButton: true, closeButtonProps: { 'aria-label': 'Dismiss' },
  });
}

/** Takes back the offers to undo what was done to this object. */
export function withdrawUndo(about: string): void {
  for (const { id } of undoable.filter((item) => item.about === about)) {
    forget(id);
    notifications.hide(id);
  }
}

/** Undoes what this window did last; false where there is nothing (left) to undo. */
export function undoLast(): boolean {
  const last = undoable.at(-1);
  last?.undo();
  return last !== undefined;
}
function forget(id: string): void {
  const index = undoable.findIndex((item) => item.id === id);
  if (index >= 0) undoable.splice(index, 1);
}
