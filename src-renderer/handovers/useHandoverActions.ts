// Owns what one can do with hand-overs: begin, give everything back, let a server go, and take that back.
import { useMemo } from 'react';
import type { Handover, HandoverRequest } from '#shared/model/replication.ts';
import { useTRPCClient } from '../api.ts';
import type { useTRPC } from '../api.ts';
import { useOfferUndo } from '../app/undo.ts';
import { useAttempt } from '../app/useAttempt.ts';
import { toastDone, toastUndo, withdrawUndo } from '../ui/toasts.tsx';

const stale = (trpc: ReturnType<typeof useTRPC>) => [trpc.handovers.pathFilter(), trpc.servers.pathFilter(), trpc.replication.pathFilter(), trpc.images.pathFilter(), trpc.tree.pathFilter()];

export function useHandoverActions() {
  const client = useTRPCClient();
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
    return {
      /** digest: of the preview that was shown; refused where it would do something else by now. */
      begin: (request: HandoverRequest, digest: string, title: string): Promise<Handover | null> => attempt('begin', `“${title}” could not begin`, async () => {
        const begun = await client.handovers.begin.mutate({ request, digest });
        toastUndo(`Begun: ${title}`, about(begun), () => void cancel(begun, title));
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
  }, [attempt, client, offer]);
  return { ...acts, ...state };
}
