// Owns what one can do with boot media: make one, which downloads it, and end the secrets of all.
import { Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useMemo } from 'react';
import type { MediumView } from '#shared/model/boot.ts';
import { useTRPCClient } from '../api.ts';
import type { useTRPC } from '../api.ts';
import { useAttempt } from '../app/useAttempt.ts';
import { toastDone } from '../ui/toasts.tsx';

const stale = (trpc: ReturnType<typeof useTRPC>) => [trpc.media.pathFilter()];

export function useMedia() {
  const client = useTRPCClient();
  const { attempt, ...state } = useAttempt<'make' | 'end'>(stale);
  const acts = useMemo(() => ({
    /** null where it failed, which is shown. */
    make: (server: string): Promise<MediumView | null> => attempt('make', 'The boot medium could not be made', async () => {
      const medium = await client.media.prepare.mutate({ server });
      download(medium);
      return medium;
    }),
    end: (made: number): void => {
      modals.openConfirmModal({
        title: `End the secrets of ${made === 1 ? 'the boot medium' : `${made} boot media`}?`,
        children: <Text size="sm">They still start, and this server refuses them: no portal opens. Media have to be made and written again. Computers that run at this moment are not disturbed.</Text>,
        labels: { confirm: 'End the secrets', cancel: 'Keep them' }, confirmProps: { color: 'red' }, cancelProps: { 'data-autofocus': true },
        onConfirm: () => void attempt('end', 'The secrets could not be ended', async () => {
          const { revoked } = await client.media.revoke.mutate();
          toastDone(`Ended the secrets of ${revoked} boot ${revoked === 1 ? 'medium' : 'media'}`);
        }),
      });
    },
  }), [attempt, client]);
  return { ...acts, ...state };
}

/** The browser keeps the file where it keeps others; it is too large to hold in memory. */
function download({ path, fileName }: MediumView): void {
  const link = document.createElement('a');
  link.href = path;
  link.download = fileName;
  link.click();
}
