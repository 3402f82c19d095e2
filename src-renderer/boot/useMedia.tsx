// Owns what one can do with boot media: make one, which downloads it, and end the secrets of all.
import { Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { MediumView } from '#shared/model/boot.ts';
import { useTRPC, useTRPCClient } from '../api.ts';
import { shownError } from '../errors.ts';
import { toastDone } from '../ui/toasts.tsx';
import type { BootFailure } from './useBootActions.ts';

export function useMedia() {
  const client = useTRPCClient();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const [busy, setBusy] = useState<'make' | 'end' | null>(null);
  const [failure, setFailure] = useState<BootFailure | null>(null);
  const acts = useMemo(() => {
    const attempt = async <T,>(what: 'make' | 'end', title: string, work: () => Promise<T>): Promise<T | null> => {
      setBusy(what);
      setFailure(null);
      try {
        return await work();
      } catch (error) {
        setFailure({ title, error: shownError(error) });
        return null;
      } finally {
        setBusy(null);
        void queries.invalidateQueries(trpc.media.pathFilter());
      }
    };
    return {
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
      dismiss: () => setFailure(null),
    };
  }, [client, queries, trpc]);
  return { ...acts, busy, failure };
}

/** The browser keeps the file where it keeps others; it is too large to hold in memory. */
function download({ path, fileName }: MediumView): void {
  const link = document.createElement('a');
  link.href = path;
  link.download = fileName;
  link.click();
}
