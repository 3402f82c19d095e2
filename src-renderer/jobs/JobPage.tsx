// One job: heading with its state and *Run on…*, tabs below: tasks, what the portal shows of it, runs, history.
import { Button, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { JobDetail } from '#shared/model/job.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { NothingHere } from '../app/NothingHere.tsx';
import { shownError } from '../errors.ts';
import { setObjectError, useObjectError } from '../images/objectErrors.ts';
import { NodeIcon } from '../tree/NodeIcon.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody, PageHead, PageHeadSkeleton, PageTabs } from '../ui/Page.tsx';
import { JobHead } from './JobHead.tsx';
import { JobHistory } from './JobHistory.tsx';
import { JobRuns } from './JobRuns.tsx';
import { PortalTab } from './PortalTab.tsx';
import { RowsSkeleton } from './RowsSkeleton.tsx';
import { openRunSheet } from './runSheetStore.ts';
import { TasksTab } from './TasksTab.tsx';
import classes from './JobPage.module.css';

const icon = <NodeIcon kind="job" />;
const tabTitles = [{ id: 'tasks', title: 'Tasks' }, { id: 'portal', title: 'Portal' }, { id: 'runs', title: 'Runs' }, { id: 'history', title: 'History' }];
const mostCounted = 100;

export function JobPage({ id, tab }: { id: string; tab: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.jobs.get.queryOptions({ job: id }));
  const item = `job/${id}`;
  const error = useObjectError(item);
  const job = query.data;
  const runs = useQuery(trpc.runs.list.queryOptions({ job: job?.id ?? '', limit: mostCounted }, { enabled: job !== undefined }));
  if (job === undefined) {
    if (!query.isError) return <><PageHeadSkeleton icon={icon} documentTitle="Job" /><PageTabs base={`/${item}`} active={tab} tabs={tabTitles} /><PageBody><RowsSkeleton /></PageBody></>;
    const shown = shownError(query.error);
    if (shown.code === 'not-found') return <NothingHere />;
    return <><PageHead icon={icon} title="Job" documentTitle="Job" /><PageBody><ErrorBlock title="This job could not be read" error={shown} context={{ Job: id }} onRetry={() => void query.refetch()} /></PageBody></>;
  }
  const runCount = runs.data === undefined ? undefined : runs.data.length < mostCounted ? String(runs.data.length) : `${mostCounted}+`;
  const counts: Record<string, string | undefined> = { tasks: String(job.taskCount), runs: runCount, history: String(job.rev) };
  return (
    <>
      <Head job={job} />
      <PageTabs base={`/${item}`} active={tab} tabs={tabTitles.map((each) => { const count = counts[each.id]; return count === undefined ? each : { ...each, count }; })} />
      {error !== undefined && <div className={classes['error']}><ErrorBlock title={error.title} error={error.error} context={{ Job: `${job.name} (${job.id})` }} onDismiss={() => setObjectError(item, null)} /></div>}
      {tab === 'portal' ? <PortalTab item={item} name={job.name} description={job.description} showInPortal={job.showInPortal} published={job.published} inTrash={job.trashedAt !== null} path={job.path} runs={null} problem={job.problem} />
        : tab === 'runs' ? <JobRuns job={job} /> : tab === 'history' ? <JobHistory job={job} /> : <TasksTab job={job} />}
    </>
  );
}

function Head({ job }: { job: JobDetail }) {
  const connected = useConnected();
  const item = `job/${job.id}`;
  return (
    <JobHead
      item={item} name={job.name} icon={icon} inTrash={job.trashedAt !== null} path={job.path} published={job.published} showInPortal={job.showInPortal}
      state={job.problem === null ? { tone: 'ok', words: 'Ready' } : { tone: job.taskCount === 0 ? 'wait' : 'warn', words: job.taskCount === 0 ? 'No tasks yet' : `Can’t run: ${job.problem}` }}
      actions={
        <Tooltip label={job.problem ?? ''} disabled={job.problem === null}>
          <Button disabled={!connected} {...(job.problem === null ? {} : { 'data-disabled': true, 'aria-disabled': true })} onClick={() => { if (job.problem === null) openRunSheet({ what: item }); }}>Run on…</Button>
        </Tooltip>
      }
    />
  );
}
