// Runs of one job, on which computers and how they went; the newest first.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useLocation } from 'wouter';
import type { JobDetail } from '#shared/model/job.ts';
import type { RunView } from '#shared/model/run.ts';
import { formatDuration } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { activityAddress } from '../runs/activityFilters.ts';
import { runState, runTone } from '../runs/runWords.ts';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { openRunSheet } from './runSheetStore.ts';

const most = 1000;
const columns: Column<RunView>[] = [
  { id: 'computer', title: 'Computer', width: 'minmax(150px, 1fr)', sortValue: (run) => run.computerName, render: (run) => <Link href={`/run/${run.id}`}><MiddleText text={run.computerName} /></Link> },
  { id: 'state', title: 'State', width: 'minmax(190px, 1.2fr)', sortValue: runState, render: (run) => <StateMark tone={runTone(run)}>{runState(run)}</StateMark> },
  { id: 'task', title: 'Task', width: 'minmax(160px, 2fr)', render: (run) => <MiddleText text={run.tasks[Math.min(run.taskIndex, run.tasks.length - 1)]?.summary ?? ''} /> },
  { id: 'by', title: 'By', width: 'minmax(80px, 0.6fr)', sortValue: (run) => run.actor, render: (run) => <MiddleText text={run.actor} /> },
  { id: 'took', title: 'Took', width: '80px', numeric: true, sortValue: (run) => (run.endedAt ?? Number.MAX_SAFE_INTEGER) - run.startedAt, render: (run) => (run.endedAt === null ? '' : formatDuration((run.endedAt - run.startedAt) / 1000)) },
  { id: 'started', title: 'Started', width: '120px', sortValue: (run) => run.startedAt, render: (run) => <When at={run.startedAt} /> },
];

export function JobRuns({ job }: { job: JobDetail }) {
  const trpc = useTRPC();
  const [, navigate] = useLocation();
  const runs = useQuery(trpc.runs.list.queryOptions({ job: job.id, limit: most }));
  if (runs.data === undefined && runs.isError) return <PageBody><ErrorBlock title="The runs could not be read" error={shownError(runs.error)} context={{ Job: job.id }} onRetry={() => void runs.refetch()} /></PageBody>;
  if (runs.data?.length === 0) {
    return (
      <PageBody>
        <EmptyState icon={null} title="Runs will be here: this job on one computer each, while it runs and afterwards. It has not run yet." help="first-deploy">
          {job.problem === null && job.trashedAt === null && <Button onClick={() => openRunSheet({ what: `job/${job.id}` })}>Run on…</Button>}
        </EmptyState>
      </PageBody>
    );
  }
  return (
    <PageBody plain>
      <DataTable label="Runs of this job" columns={columns} rows={runs.data} rowKey={(run) => run.id} onOpen={(run) => navigate(`/run/${run.id}`)} initialSort={{ column: 'started', descending: true }} />
      {runs.data?.length === most && <p className="dim" style={{ padding: '8px 24px' }}>The newest {most}. <Link href={activityAddress({ job: job.id })}>All of them in Activity</Link></p>}
    </PageBody>
  );
}
