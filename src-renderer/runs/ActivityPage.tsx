// All runs: active ones first, then the newest.
import { useQuery } from '@tanstack/react-query';
import { IconActivity } from '@tabler/icons-react';
import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import { isFinal } from '#shared/model/run.ts';
import type { RunView } from '#shared/model/run.ts';
import { formatBytes, formatDuration } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { CaptureCommand } from '../images/CaptureCommand.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { progressText, runState, runTitle, runTones } from './runWords.ts';

const columns: Column<RunView>[] = [
  { id: 'what', title: 'Run', width: 'minmax(200px, 2fr)', sortValue: runTitle, render: (run) => <Link href={`/run/${run.id}`}><MiddleText text={runTitle(run)} /></Link> },
  { id: 'computer', title: 'Computer', width: 'minmax(110px, 1fr)', sortValue: (run) => run.computerName, render: (run) => <MiddleText text={run.computerName} /> },
  { id: 'state', title: 'State', width: 'minmax(130px, 1fr)', sortValue: (run) => run.state, render: (run) => <StateMark tone={runTones[run.state]}>{runState(run)}</StateMark> },
  { id: 'amount', title: 'Amount', width: 'minmax(150px, 1.4fr)', render: (run) => (run.progress === null ? '' : isFinal(run.state) ? formatBytes(run.progress.doneBytes) : <span title={progressText(run.progress)}>{formatBytes(run.progress.doneBytes)} of {formatBytes(run.progress.totalBytes)}</span>) },
  { id: 'took', title: 'Took', width: '80px', numeric: true, sortValue: (run) => (run.endedAt ?? Number.MAX_SAFE_INTEGER) - run.startedAt, render: (run) => (run.endedAt === null ? '' : formatDuration((run.endedAt - run.startedAt) / 1000)) },
  { id: 'started', title: 'Started', width: '120px', sortValue: (run) => run.startedAt, render: (run) => <When at={run.startedAt} /> },
];

export function ActivityPage() {
  const trpc = useTRPC();
  const [, navigate] = useLocation();
  const runs = useQuery(trpc.runs.list.queryOptions({ limit: 1000 }));
  const ordered = useMemo(() => runs.data?.toSorted((left, right) => Number(isFinal(left.state)) - Number(isFinal(right.state)) || right.startedAt - left.startedAt), [runs.data]);
  const failed = runs.isError && runs.data === undefined;
  return (
    <>
      <PageHead icon={<IconActivity size={18} stroke={1.6} />} title="Activity" documentTitle="Activity" state={ordered !== undefined && ordered.length > 0 && <span className="dim">{ordered.filter((run) => !isFinal(run.state)).length} active</span>} />
      <PageBody plain>
        {failed && <div style={{ padding: 24 }}><ErrorBlock title="The runs could not be read" error={shownError(runs.error)} onRetry={() => void runs.refetch()} /></div>}
        {ordered?.length === 0 && <EmptyState icon={<IconActivity size={32} stroke={1.4} />} title="Captures and deploys will be here while they run, and afterwards. This command starts a capture." help="images"><CaptureCommand /></EmptyState>}
        {!failed && ordered?.length !== 0 && <DataTable label="Runs" columns={columns} rows={ordered} rowKey={(run) => run.id} onOpen={(run) => navigate(`/run/${run.id}`)} />}
      </PageBody>
    </>
  );
}
