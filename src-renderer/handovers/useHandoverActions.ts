// Owns what one can do with hand-overs: begin, give everything back, let a server go, and take that back.
import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Handover, HandoverRequest } from '#shared/model/replication.ts';
import { useTRPCClient } from '../api.ts';
import type { useTRPC } from '../api.ts';
import { useOfferUndo } from '../app/undo.ts';
import { useAttempt } from '../app/useAttempt.ts';
import { shownError } from '../errors.ts';
import { toastDone, toastFailed, toastUndo, withdrawUndo } from '../ui/toasts.tsx';
import { isOpen } from './handoverWords.ts';

const stale = (trpc: ReturnType<typeof useTRPC>) => [trpc.handovers.pathFilter(), trpc.servers.pathFilter(), trpc.replication.pathFilter(), trpc.images.pathFilter(), trpc.tree.pathFilter()];

export function useHandoverActions() {
  const client = useTRPCClient();
  const queries = useQueryClient();
  const offer = useOfferUndo();
  const { attempt, ...state } = useAttempt<'begin' | 'cancel' | 'letGo' | 'undo'>(stale);
  const acts = useMemo(() => {
    const about = ({ id }: Pick<Handover, 'id'>): string => `handover/${id}`;
    const cancel = (handover: Pick<Handover, 'id'>, title: string): Promise<Handover | null> => attempt('cancel', `“${title}” could not be cancelled`, async () => {
      const done = await client.handovers.cancel.mutate({ id: handover.id });
      withdrawUndo(about(handover));
      toastDone(`Cancelled: ${title}. Owners are what they were.`);
      return done;
    });
    /** From the message that says it began: by then it may be through. Whoever began it may be anywhere, so a failure is said as a message, too. */
    const takeBegunBack = async (id: string, title: string): Promise<void> => {
      try {
        const now = await client.handovers.get.query({ id });
        if (isOpen(now)) await client.handovers.cancel.mutate({ id });
        else if (now.undo !== null) await client.undo.run.mutate({ id: now.undo });
        else throw new Error(now.state === 'cancelled' ? 'It was cancelled already, so there is nothing to take back.' : 'It is through, and what was done since can’t be taken back from here. Hand the images over again where they should be.');
        toastDone(`Undone: ${title}. Owners are what they were.`);
      } catch (error) {
        toastFailed(`“${title}” could not be taken back`, shownError(error));
      }
      void queries.invalidateQueries();
    };
    return {
      /** digest: of the preview that was shown; refused where it would do something else by now. */
      begin: (request: HandoverRequest, digest: string, title: string): Promise<Handover | null> => attempt('begin', `“${title}” could not begin`, async () => {
        const begun = await client.handovers.begin.mutate({ request, digest });
        toastUndo(`Begun: ${title}`, about(begun), () => void takeBegunBack(begun.id, title));
        return begun;
      }),
      cancel,
      letGo: (handover: Handover, name: string): Promise<Handover | null> => attempt('letGo', `${name} could not be let go`, async () => {
        const done = await client.handovers.letGo.mutate({ id: handover.id });
        withdrawUndo(about(handover));
        offer(`${name} is let go`, about(handover), [{ undo: done.undo }]);
        return done;
      }),
      /** Takes back what was done: every image, or letting a server go. */
      takeBack: (undo: number, title: string): Promise<boolean | null> => attempt('undo', `“${title}” could not be taken back`, async () => {
        await client.undo.run.mutate({ id: undo });
        toastDone(`Undone: ${title}`);
        return true;
      }),
    };
  }, [attempt, client, offer, queries]);
  return { ...acts, ...state };
}
