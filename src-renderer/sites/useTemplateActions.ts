// Owns what one can do to site templates: make, change the draft, publish, go back to a revision, delete; each with undo.
import { useMemo } from 'react';
import type { SiteTemplate, TemplateContent } from '#shared/model/replication.ts';
import { useTRPCClient } from '../api.ts';
import type { useTRPC } from '../api.ts';
import { useOfferUndo } from '../app/undo.ts';
import { useAttempt } from '../app/useAttempt.ts';

type Named = Pick<SiteTemplate, 'id' | 'name'>;
const stale = (trpc: ReturnType<typeof useTRPC>) => [trpc.sites.pathFilter(), trpc.servers.pathFilter(), trpc.replication.pathFilter()];

export function useTemplateActions() {
  const client = useTRPCClient();
  const offer = useOfferUndo();
  const { attempt, busy, failure, dismiss } = useAttempt<'template'>(stale);
  const acts = useMemo(() => {
    const about = (template: Pick<SiteTemplate, 'id'>): string => `template/${template.id}`;
    const did = (title: string, work: () => Promise<void>): Promise<boolean> => attempt('template', title, async () => { await work(); return true; }).then((done) => done === true);
    return {
      /** Its id; null where it failed. */
      create: (name: string): Promise<string | null> => attempt('template', 'The site template could not be added', async () => {
        const made = await client.sites.createTemplate.mutate({ name });
        offer(`Site template ${name} added`, about(made), [made]);
        return made.id;
      }),
      rename: (template: Named, name: string): Promise<boolean> => did(`Could not rename ${template.name}`, async () => {
        offer(`${template.name} renamed to ${name}`, about(template), [await client.sites.saveDraft.mutate({ template: template.id, name })]);
      }),
      saveDraft: (template: Named, draft: TemplateContent, message: string): Promise<boolean> => did(`The draft of ${template.name} could not be changed`, async () => {
        offer(message, about(template), [await client.sites.saveDraft.mutate({ template: template.id, draft })]);
      }),
      publish: (template: Named): Promise<boolean> => did(`${template.name} could not be published`, async () => {
        const done = await client.sites.publishTemplate.mutate({ template: template.id });
        offer(`${template.name} is published as revision ${done.revision}`, about(template), [done]);
      }),
      restore: (template: Named, revision: number): Promise<boolean> => did(`Revision ${revision} of ${template.name} could not be published again`, async () => {
        const done = await client.sites.restoreTemplate.mutate({ template: template.id, revision });
        offer(`${template.name} is as in revision ${revision} again, published as revision ${done.revision}`, about(template), [done]);
      }),
      trash: (template: Named): Promise<boolean> => did(`${template.name} could not be deleted`, async () => {
        offer(`Site template ${template.name} deleted; what its sites hold, they keep`, about(template), [await client.sites.trashTemplate.mutate({ template: template.id })]);
      }),
    };
  }, [attempt, client, offer]);
  return { ...acts, busy: busy !== null, failure, dismiss };
}
