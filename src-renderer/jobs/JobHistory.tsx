// The revisions of a job: who changed what when, the tasks each of them had, and back to any of them.
import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { JobDetail, JobRevision } from '#shared/model/job.ts';
import { isPublished } from '#shared/model/menu.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { Facts } from '../ui/Facts.tsx';
import { PageBody } from '../ui/Page.tsx';
import { When } from '../ui/When.tsx';
import { ComparedTasks } from './Conflict.tsx';
import { RowsSkeleton } from './RowsSkeleton.tsx';
import { useJobActions } from './useJobActions.tsx';
import classes from './JobPage.module.css';

export function JobHistory({ job }: { job: JobDetail }) {
  const trpc = useTRPC();
  const history = useQuery(trpc.jobs.history.queryOptions({ job: job.id }));
  const [chosen, setChosen] = useState<number | null>(null);
  if (history.data === undefined) {
    return <PageBody>{history.isError ? <ErrorBlock title="The history could not be read" error={shownError(history.error)} context={{ Job: job.id }} onRetry={() => void history.refetch()} /> : <RowsSkeleton />}</PageBody>;
  }
  const revisions = history.data.toSorted((left, right) => right.rev - left.rev);
  const shown = revisions.find((revision) => revision.rev === chosen) ?? revisions[0];
  const before = revisions.find((revision) => shown !== undefined && revision.rev < shown.rev);
  return (
    <PageBody>
      <div className={classes['columns']}>
        <ol className={classes['revisions']} aria-label="Revisions">
          {revisions.map((revision) => (
            <li key={revision.rev}>
              <button type="button" aria-current={revision === shown} onClick={() => setChosen(revision.rev)}>
                <span className={classes['number']}>{revision.rev}</span><span>{revision.message}</span><span className={classes['dim']}>{revision.rev === job.rev && 'now'}</span>
                <small><When at={revision.at} /> by {revision.actor}</small>
              </button>
            </li>
          ))}
        </ol>
        {shown !== undefined && <Revision job={job} revision={shown} before={before} />}
      </div>
    </PageBody>
  );
}

function Revision({ job, revision, before }: { job: JobDetail; revision: JobRevision; before: JobRevision | undefined }) {
  const actions = useJobActions();
  const queries = useQueryClient();
  const trpc = useTRPC();
  const connected = useConnected();
  const current = revision.rev === job.rev;
  const restore = async (): Promise<void> => {
    await actions.restoreRevision({ item: `job/${job.id}`, name: job.name, rev: revision.rev });
    await queries.invalidateQueries(trpc.jobs.pathFilter());
  };
  const removed = before?.tasks.filter((task) => !revision.tasks.some((each) => each.id === task.id)) ?? [];
  const scripts = revision.tasks.filter((task) => task.type === 'script');
  return (
    <section className={classes['revision']} aria-label={`Revision ${revision.rev}`}>
      <div className={classes['revisionHead']}>
        <h2>Revision {revision.rev}</h2>
        {current && <span className="dim">What the job is now</span>}
        {!current && job.trashedAt === null && <Button variant="default" disabled={!connected} onClick={() => void restore()}>Restore revision {revision.rev}</Button>}
      </div>
      <Facts facts={[
        { name: 'Name', value: revision.name }, { name: 'Portal text', value: revision.description === '' ? <span className="dim">None</span> : revision.description },
        { name: 'In portal', value: revision.showInPortal ? 'Yes, by the switch' : isPublished(revision.name, false) ? 'Yes, by the tag in its name' : 'No' },
      ]}
      />
      <ComparedTasks tasks={revision.tasks} other={before?.tasks ?? null} words={{ changed: 'changed', added: 'added' }} />
      {removed.length > 0 && before !== undefined && <p className="dim">Not there any more since revision {before.rev}: {removed.length === 1 ? '1 task' : `${removed.length} tasks`}.</p>}
      {scripts.map((task) => <div key={task.id}><p className="dim">{task.title.trim() === '' ? 'Script' : task.title}</p><pre className={classes['script']} tabIndex={0}>{task.text}</pre></div>)}
    </section>
  );
}
