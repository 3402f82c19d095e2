// Owns what one can do to sites: add, change with the servers in it, delete; each taken back as one, and a failure kept for the editor.
import { useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { z } from 'zod';
import type { PackageServer, Site, siteInputSchema } from '#shared/model/replication.ts';
import { useTRPC, useTRPCClient } from '../api.ts';
import { useOfferUndo } from '../app/undo.ts';
import type { Undoable } from '../app/undo.ts';
import { shownError } from '../errors.ts';
import type { ShownError } from '../errors.ts';

type SiteInput = z.infer<typeof siteInputSchema>;

export function useSiteActions() {
  const client = useTRPCClient();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const offer = useOfferUndo();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<{ title: string; error: ShownError } | null>(null);
  const acts = useMemo(() => {
    const attempt = async (title: string, work: () => Promise<void>): Promise<boolean> => {
      setBusy(true);
      setFailure(null);
      try {
        await work();
        return true;
      } catch (error) {
        setFailure({ title, error: shownError(error) });
        return false;
      } finally {
        setBusy(false);
        for (const filter of [trpc.sites.pathFilter(), trpc.servers.pathFilter(), trpc.tree.pathFilter()]) void queries.invalidateQueries(filter);
      }
    };
    return {
      /** site: null makes one. members: the servers that are to be in it. */
      save: (site: Site | null, input: SiteInput, members: readonly string[], servers: readonly PackageServer[]): Promise<boolean> => attempt(site === null ? 'The site could not be added' : `${site.name} could not be changed`, async () => {
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
      trash: (site: Site): Promise<boolean> => attempt(`${site.name} could not be deleted`, async () => {
        offer(`Site ${site.name} deleted; its servers keep what they hold`, `site/${site.id}`, [await client.sites.trash.mutate({ site: site.id })]);
      }),
      dismiss: () => setFailure(null),
    };
  }, [client, offer, queries, trpc]);
  return { ...acts, busy, failure };
}
