// All runs: active ones first, then the newest, narrowed by state, computer, job and text; several cancelled at once; older ones
// page by page. What it is narrowed to stands in the address.
import { Button } from '@mantine/core';
import { IconActivity } from '@tabler/icons-react';
import { useCallback, useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import { isFinal } from '#shared/model/run.ts';
import type { RunView } from '#shared/model/run.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { CaptureCommand } from '../images/CaptureCommand.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { ActivityBar } from './ActivityBar.tsx';
import { activityColumns } from './activityColumns.tsx';
import { activityAddress, isNarrowed, readFilters } from './activityFilters.ts';
import type { ActivityFilters } from './activityFilters.ts';
import { useRunActions, count } from './useRunActions.tsx';
import { useRunPages } from './useRunPages.ts';
import classes from './ActivityPage.module.css';

const none: ReadonlySet<string> = new Set();

export function ActivityPage({ shown }: { shown?: string | undefined }) {
  const [, navigate] = useLocation();
  const connected = useConnected();
  const actions = useRunActions();
  const filters = useMemo(() => readFilters(shown), [shown]);
  const pages = useRunPages(filters);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(none);
  const rows = pages.rows;
  // Runs that ended meanwhile fall out of the choice by themselves.
  const chosenRuns = useMemo(() => (rows ?? []).filter((run) => chosen.has(run.id) && !isFinal(run.state)), [rows, chosen]);
  const change = (next: Partial<ActivityFilters>): void => { setChosen(none); navigate(activityAddress({ ...filters, ...next }), { replace: true }); };
  const toggle = useCallback((run: RunView, on: boolean): void => setChosen((now) => { const next = new Set(now); if (on) next.add(run.id); else next.delete(run.id); return next; }), []);
  const columns = useMemo(() => activityColumns(chosen, toggle), [chosen, toggle]);
  const cancellable = (rows ?? []).filter((run) => !isFinal(run.state));
  const active = cancellable.length;
  const failed = pages.error !== null;
  const empty = rows?.length === 0 && !failed;
  return (
    <>
      <PageHead icon={<IconActivity size={18} stroke={1.6} />} title="Activity" documentTitle="Activity" state={active > 0 && <span className="dim">{active} active</span>} />
      <PageBody plain>
        {(isNarrowed(filters) || !empty) && <ActivityBar filters={filters} rows={rows ?? []} onChange={change} />}
        {actions.failure !== null && <div className={classes['failure']}><ErrorBlock title={actions.failure.title} error={actions.failure.error} onDismiss={actions.dismiss} /></div>}
        {chosenRuns.length > 0 && (
          <div className={classes['chosen']} role="region" aria-label="Chosen runs">
            <span>{count(chosenRuns.length)} chosen</span>
            <Button color="red" disabled={!connected} onClick={() => actions.cancelMany(chosenRuns, () => setChosen(none))}>Cancel {count(chosenRuns.length)}</Button>
            {chosenRuns.length < active && <Button variant="default" onClick={() => setChosen(new Set(cancellable.map((run) => run.id)))}>Choose all {active} active</Button>}
            <Button variant="subtle" color="gray" onClick={() => setChosen(none)}>Choose none</Button>
          </div>
        )}
        {failed && <div className={classes['failure']}><ErrorBlock title="The runs could not be read" error={shownError(pages.error)} onRetry={pages.retry} /></div>}
        {empty && !isNarrowed(filters) && <EmptyState icon={<IconActivity size={32} stroke={1.4} />} title="Captures, deploys and jobs will be here while they run, and afterwards. This command starts a capture." help="images"><CaptureCommand /></EmptyState>}
        {empty && isNarrowed(filters) && <EmptyState icon={<IconActivity size={32} stroke={1.4} />} title={pages.hasMore ? 'None of the runs that were read so far fits.' : 'No run fits.'}><Button variant="default" onClick={() => navigate('/activity', { replace: true })}>Show all</Button></EmptyState>}
        {!failed && !empty && <DataTable label="Runs" columns={columns} rows={rows} rowKey={(run) => run.id} onOpen={(run) => navigate(`/run/${run.id}`)} />}
        {pages.hasMore && !failed && (
          <div className={classes['more']}>
            <span className="dim">{filters.text === '' ? `${rows?.length ?? 0} shown` : `${rows?.length ?? 0} of the ${pages.readCount} runs that were read fit`}</span>
            <Button variant="default" disabled={!connected || pages.isReading} loading={pages.isReading} onClick={pages.more}>Show older</Button>
          </div>
        )}
      </PageBody>
    </>
  );
}
