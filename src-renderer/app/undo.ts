// Owns how this window takes back what it changed: the server keeps each change's inverse, this keeps their ids and asks for them.
// Shown as a message with *Undo*; Ctrl+Z goes through them backwards, long after the message has gone.
import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTRPCClient } from '../api.ts';
import { shownError } from '../errors.ts';
import { toastDone, toastFailed, toastUndo } from '../ui/toasts.tsx';

/** What a change answered; null where it can't be taken back. */
export type Undoable = { undo: number | null };
/** @param about what it concerns, for withdrawUndo @param changes those of one command, taken back together */
export type OfferUndo = (message: string, about: string, changes: readonly Undoable[]) => void;

export function useOfferUndo(): OfferUndo {
  const client = useTRPCClient();
  const queries = useQueryClient();
  return useMemo(() => {
    const takeBack = async (message: string, ids: readonly number[]): Promise<void> => {
      try {
        for (const id of ids.toReversed()) await client.undo.run.mutate({ id });
        toastDone(`Undone: ${message}`);
      } catch (error) {
        toastFailed(`Could not undo “${message}”`, shownError(error));
      }
      // Whatever it was: it is taken back everywhere at once, without waiting for the server's notice.
      void queries.invalidateQueries();
    };
    return (message, about, changes) => {
      const ids = changes.flatMap(({ undo }) => (undo === null ? [] : [undo]));
      if (ids.length === 0) toastDone(message);
      else toastUndo(message, about, () => void takeBack(message, ids));
    };
  }, [client, queries]);
}
