// Owns what one can do to sites: add, change with the servers in it, delete; each taken back as one, and a failure kept for the editor.
import { useMemo } from 'react';
import type { z } from 'zod';
import type { PackageServer, Site, siteInputSchema } from '#shared/model/replication.ts';
import { useTRPCClient } from '../api.ts';
import type { useTRPC } from '../api.ts';
import { useOfferUndo } from '../app/undo.ts';
import type { Undoable } from '../app/undo.ts';
import { useAttempt } from '../app/useAttempt.ts';

type SiteInput = z.infer<typeof siteInputSchema>;
const stale = (trpc: ReturnType<typeof useTRPC>) => [trpc.sites.pathFilter(), trpc.servers.pathFilter(), trpc.tree.pathFilter()];

export function useSiteActions() {
  const client = useTRPCClient();
  const offer = useOfferUndo();
  const { attempt, busy, failure, dismiss } = useAttempt<'site'>(stale);
  const acts = useMemo(() => {
    const did = (title: string, work: () => Promise<void>): Promise<boolean> => attempt('site', title, async () => { await work(); return true; }).then((done) => done === true);
    return {
      /** site: null makes one. members: the servers that are to be in it. */
      save: (site: Site | null, input: SiteInput, members: readonly string[], servers: readonly PackageServer[]): Promise<boolean> => did(site === null ? 'The site could not be added' : `${site.name} could not be changed`, async () => {
        const changes: Undoable[] = [];
        let id = site?.id ?? '';
        if (site === null) {
          const made = await client.sites.create.mutate(input);
          id = made.id;
          changes.push(made);
        } else changes.push(await client.sites.save.mutate({ site: site.id, change: input }));
        for (const server of servers) {
          const wanted = members.includes(server.id) ? id : server.siteId === id ? null : server.siteId;
          // An edge server copies from a server of its site, so elsewhere it is none.
          if (wanted !== server.siteId) changes.push(await client.servers.setSite.mutate({ server: server.id, site: wanted, parent: null }));
        }
        offer(site === null ? `Site ${input.name} added` : `Site ${input.name} changed`, `site/${id}`, changes);
      }),
      trash: (site: Site): Promise<boolean> => did(`${site.name} could not be deleted`, async () => {
        offer(`Site ${site.name} deleted; its servers keep what they hold`, `site/${site.id}`, [await client.sites.trash.mutate({ site: site.id })]);
      }),
    };
  }, [attempt, client, offer]);
  return { ...acts, busy: busy !== null, failure, dismiss };
}
