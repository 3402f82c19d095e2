// Every revision of a site template, the newest first; each can be published again.
import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { SiteTemplate } from '#shared/model/replication.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody } from '../ui/Page.tsx';
import { When } from '../ui/When.tsx';
import type { Publishing } from './PublishDialog.tsx';
import { contentWords, sameContent } from './templateWords.ts';
import classes from './Sites.module.css';

export function TemplateHistory({ template, onRestore }: { template: SiteTemplate; onRestore: (publishing: Publishing) => void }) {
  const trpc = useTRPC();
  const connected = useConnected();
  const query = useQuery(trpc.sites.templateHistory.queryOptions({ template: template.id }));
  if (query.data === undefined) return <PageBody>{query.isError ? <ErrorBlock title="The revisions could not be read" error={shownError(query.error)} onRetry={() => void query.refetch()} /> : <Skeleton h={96} />}</PageBody>;
  if (query.data.length === 0) return <PageBody><EmptyState icon={null} title="Revisions will be here: what was published, when and by whom, to be published again. This template was never published." help="package-servers" /></PageBody>;
  return (
    <PageBody>
      <ol className={classes['revisions']} aria-label="Revisions">
        {query.data.toSorted((left, right) => right.revision - left.revision).map((revision) => {
          const current = revision.revision === template.revision;
          return (
            <li key={revision.revision}>
              <strong>Revision {revision.revision}</strong>
              <span className="dim"><When at={revision.at} /> by {revision.actor}</span>
              <span>{contentWords(revision.content)}</span>
              {current ? <span className="dim">published now</span> : <Button variant="subtle" color="gray" size="compact-sm" disabled={!connected || (template.published !== null && sameContent(revision.content, template.published))} aria-label={`Publish again… Revision ${revision.revision}`} onClick={() => onRestore({ revision: revision.revision, content: revision.content })}>Publish again…</Button>}
            </li>
          );
        })}
      </ol>
    </PageBody>
  );
}
