// Owns what one can do to package servers: add, rename, place at a site, limit, put out; with undo where it can be taken back, and a
// failure kept for the page that shows it.
import { Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { z } from 'zod';
import type { joinTokenSchema, PackageServer } from '#shared/model/replication.ts';
import { formatRate } from '#shared/units.ts';
import { useTRPC, useTRPCClient } from '../api.ts';
import { useOfferUndo } from '../app/undo.ts';
import { shownError } from '../errors.ts';
import type { ShownError } from '../errors.ts';
import { toastDone } from '../ui/toasts.tsx';
import { lossOf } from './revoking.ts';

export type JoinToken = z.infer<typeof joinTokenSchema>;
type Named = Pick<PackageServer, 'id' | 'name'>;

export function useServerActions() {
  const client = useTRPCClient();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const offer = useOfferUndo();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<{ title: string; error: ShownError } | null>(null);
  const acts = useMemo(() => {
    const attempt = async <T,>(title: string, work: () => Promise<T>): Promise<T | null> => {
      setBusy(true);
      setFailure(null);
      try {
        return await work();
      } catch (error) {
        setFailure({ title, error: shownError(error) });
        return null;
      } finally {
        setBusy(false);
        for (const filter of [trpc.servers.pathFilter(), trpc.sites.pathFilter(), trpc.tree.pathFilter()]) void queries.invalidateQueries(filter);
      }
    };
    const about = (server: Named): string => `server/${server.id}`;
    return {
      /** The token is in this answer and nowhere else; null where it failed, which is shown. */
      add: (input: { name: string; site: string | null }): Promise<JoinToken | null> => attempt('The package server could not be added', () => client.servers.add.mutate(input)),
      rename: (server: Named, name: string) => attempt(`Could not rename ${server.name}`, async () => {
        offer(`${server.name} renamed to ${name}`, about(server), [await client.servers.rename.mutate({ server: server.id, name })]);
      }),
      place: (server: Pick<PackageServer, 'id' | 'name' | 'parentId'>, site: { id: string; name: string } | null) => attempt(`The site of ${server.name} could not be changed`, async () => {
        // An edge server copies from a server of its site, so elsewhere it is none.
        offer(site === null ? `${server.name} is at no site now` : `${server.name} is at ${site.name} now`, about(server), [await client.servers.setSite.mutate({ server: server.id, site: site?.id ?? null, parent: null })]);
      }),
      limit: (server: Named, bytesPerSecond: number | null) => attempt(`The limit of ${server.name} could not be changed`, async () => {
        offer(bytesPerSecond === null ? `${server.name} has no limit of its own now` : `${server.name} gets at most ${formatRate(bytesPerSecond)} now`, about(server), [await client.servers.setLimit.mutate({ server: server.id, bytesPerSecond })]);
      }),
      /** Can't be taken back but by joining again, so it says first what is lost. */
      revoke: (server: PackageServer): void => {
        modals.openConfirmModal({
          title: `Revoke ${server.name}?`, children: <ul style={{ paddingLeft: 18 }}>{lossOf(server).map((line) => <li key={line}><Text size="sm" component="span">{line}</Text></li>)}</ul>,
          labels: { confirm: `Revoke ${server.name}`, cancel: 'Keep it' }, confirmProps: { color: 'red' }, cancelProps: { 'data-autofocus': true }, closeButtonProps: { 'aria-label': 'Close' },
          onConfirm: () => void attempt(`${server.name} could not be revoked`, async () => {
            await client.servers.revoke.mutate({ server: server.id, force: server.ownedImages > 0 });
            toastDone(`${server.name} is revoked`);
          }),
        });
      },
      dismiss: () => setFailure(null),
    };
  }, [client, offer, queries, trpc]);
  return { ...acts, busy, failure };
}
