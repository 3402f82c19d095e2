// Owns what one can do to package servers: add, rename, place at a site, limit, put out; with undo where it can be taken back, and a
// failure kept for the page that shows it.
import { Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useMemo } from 'react';
import type { z } from 'zod';
import type { joinTokenSchema, PackageServer } from '#shared/model/replication.ts';
import { formatRate } from '#shared/units.ts';
import { useTRPCClient } from '../api.ts';
import type { useTRPC } from '../api.ts';
import { useOfferUndo } from '../app/undo.ts';
import { useAttempt } from '../app/useAttempt.ts';
import { toastDone } from '../ui/toasts.tsx';
import { lossOf } from './revoking.ts';

export type JoinToken = z.infer<typeof joinTokenSchema>;
type Named = Pick<PackageServer, 'id' | 'name'>;
const stale = (trpc: ReturnType<typeof useTRPC>) => [trpc.servers.pathFilter(), trpc.sites.pathFilter(), trpc.tree.pathFilter()];

export function useServerActions() {
  const client = useTRPCClient();
  const offer = useOfferUndo();
  const { attempt, busy, failure, dismiss } = useAttempt<'server'>(stale);
  const acts = useMemo(() => {
    const about = (server: Named): string => `server/${server.id}`;
    return {
      /** The token is in this answer and nowhere else; null where it failed, which is shown. */
      add: (input: { name: string; site: string | null; parent: string | null }): Promise<JoinToken | null> => attempt('server', 'The package server could not be added', () => client.servers.add.mutate(input)),
      rename: (server: Named, name: string) => attempt('server', `Could not rename ${server.name}`, async () => {
        offer(`${server.name} renamed to ${name}`, about(server), [await client.servers.rename.mutate({ server: server.id, name })]);
      }),
      /** An edge server copies from a server of its site, so at another site it is none. */
      place: (server: Named, site: { id: string; name: string } | null) => attempt('server', `The site of ${server.name} could not be changed`, async () => {
        offer(site === null ? `${server.name} is at no site now` : `${server.name} is at ${site.name} now`, about(server), [await client.servers.setSite.mutate({ server: server.id, site: site?.id ?? null, parent: null })]);
      }),
      /** parent: null copies from all servers. */
      copyFrom: (server: Pick<PackageServer, 'id' | 'name' | 'siteId'>, parent: Named | null) => attempt('server', `Where ${server.name} copies from could not be changed`, async () => {
        offer(parent === null ? `${server.name} copies from any server now` : `${server.name} copies from ${parent.name} alone now`, about(server), [await client.servers.setSite.mutate({ server: server.id, site: server.siteId, parent: parent?.id ?? null })]);
      }),
      limit: (server: Named, bytesPerSecond: number | null) => attempt('server', `The limit of ${server.name} could not be changed`, async () => {
        offer(bytesPerSecond === null ? `${server.name} has no limit of its own now` : `${server.name} gets at most ${formatRate(bytesPerSecond)} now`, about(server), [await client.servers.setLimit.mutate({ server: server.id, bytesPerSecond })]);
      }),
      /** Can't be taken back but by joining again, so it says first what is lost. */
      revoke: (server: PackageServer): void => {
        modals.openConfirmModal({
          title: `Revoke ${server.name}?`, children: <ul style={{ paddingLeft: 18 }}>{lossOf(server).map((line) => <li key={line}><Text size="sm" component="span">{line}</Text></li>)}</ul>,
          labels: { confirm: `Revoke ${server.name}`, cancel: 'Keep it' }, confirmProps: { color: 'red' }, cancelProps: { 'data-autofocus': true }, closeButtonProps: { 'aria-label': 'Close' },
          onConfirm: () => void attempt('server', `${server.name} could not be revoked`, async () => {
            await client.servers.revoke.mutate({ server: server.id, force: server.ownedImages > 0 });
            toastDone(`${server.name} is revoked`);
          }),
        });
      },
    };
  }, [attempt, client, offer]);
  return { ...acts, busy: busy !== null, failure, dismiss };
}
