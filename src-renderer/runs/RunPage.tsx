// One run: its tasks to scale, how far and how fast, where the time goes, its log; what went wrong and what to do about it;
// what it waits for. Captures and deploys by hand look the same, as one task.
import { Button, Menu, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconDots, IconPlayerPlay } from '@tabler/icons-react';
import { Link } from 'wouter';
import { isRefused } from '#shared/model/run-words.ts';
import { isFinal } from '#shared/model/run.ts';
import type { RunView } from '#shared/model/run.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { NothingHere } from '../app/NothingHere.tsx';
import { fromWireError, shownError } from '../errors.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { Facts, FactsSkeleton } from '../ui/Facts.tsx';
import { Columns, PageBody, PageHead, PageHeadSkeleton, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { BatchRuns } from './BatchRuns.tsx';
import { diskFacts, runFacts } from './runFacts.tsx';
import { RunLog } from './RunLog.tsx';
import { RunProgress } from './RunProgress.tsx';
import { RunTimeline } from './RunTimeline.tsx';
import { RunWaiting } from './RunWaiting.tsx';
import { runState, runTitle, runTone } from './runWords.ts';
import { useRunActions } from './useRunActions.tsx';
import type { RunActions } from './useRunActions.tsx';
import classes from './RunPage.module.css';

const icon = <IconPlayerPlay size={18} stroke={1.6} />;

export function RunPage({ id }: { id: string }) {
  const trpc = useTRPC();
  const actions = useRunActions();
  const query = useQuery(trpc.runs.get.queryOptions({ id }));
  const run = query.data;
  if (run === undefined) {
    if (!query.isError) return <><PageHeadSkeleton icon={icon} documentTitle="Run" /><PageBody><RunSkeleton /></PageBody></>;
    const shown = shownError(query.error);
    if (shown.code === 'not-found' || shown.code === 'invalid-input') return <NothingHere />;
    return <><PageHead icon={icon} title="Run" documentTitle="Run" /><PageBody><ErrorBlock title="This run could not be read" error={shown} context={{ Run: id }} onRetry={() => void query.refetch()} /></PageBody></>;
  }
  return (
    <>
      <PageHead
        icon={icon} title={<span className={classes['title']} title={runTitle(run)}>{runTitle(run)}<span className={classes['on']}>{run.kind === 'capture' ? 'from' : 'on'} {run.computerName}</span></span>} documentTitle={runTitle(run)}
        state={<StateMark tone={runTone(run)}>{runState(run)}</StateMark>} actions={<Actions run={run} actions={actions} />}
      />
      <PageBody>
        {actions.failure !== null && <ErrorBlock title={actions.failure.title} error={actions.failure.error} context={{ Run: id }} onDismiss={actions.dismiss} />}
        {run.error !== null && <ErrorBlock title={errorTitle(run)} error={fromWireError(run.error)} context={contextOf(run)} />}
        <RunWaiting run={run} actions={actions} />
        <RunTimeline run={run} />
        <RunProgress run={run} />
        <RunLog id={id} live={!isFinal(run.state)} />
        <Columns>
          <Section title="Run"><Facts facts={runFacts(run)} /></Section>
          <Section title="Computer"><Facts facts={diskFacts(run)} /></Section>
        </Columns>
        <BatchRuns run={run} />
      </PageBody>
    </>
  );
}

/** One filled button at most: what one most likely wants of a run in this state. */
function Actions({ run, actions }: { run: RunView; actions: RunActions }) {
  const connected = useConnected();
  const repeatable = run.kind === 'job' && (run.state === 'failed' || run.state === 'cancelled' || run.state === 'lost');
  return (
    <>
      {!isFinal(run.state) && <Button variant="default" disabled={!connected} onClick={() => actions.cancel(run)}>Cancel run</Button>}
      {repeatable && <Button variant={isFinal(run.state) ? 'filled' : 'default'} disabled={!connected} onClick={() => actions.again(run)}>Run again</Button>}
      {run.state === 'succeeded' && run.imageGuid !== null && <Button component={Link} href={`/image/${run.imageGuid}`}>Open image</Button>}
      <Menu position="bottom-end" width={220}>
        <Menu.Target><Button variant="subtle" color="gray" px={6} aria-label="More commands"><IconDots size={18} /></Button></Menu.Target>
        <Menu.Dropdown aria-label="More commands">
          <Menu.Item disabled={!connected} onClick={() => actions.bundle(run)}>Diagnostic bundle</Menu.Item>
          <Menu.Item component={Link} href={`/computer/${run.computerId}`}>Open {run.computerName}</Menu.Item>
          {run.jobId !== null && <Menu.Item component={Link} href={`/job/${run.jobId}`}>Open the job</Menu.Item>}
          {run.imageGuid !== null && <Menu.Item component={Link} href={`/image/${run.imageGuid}`}>Open the image</Menu.Item>}
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

function errorTitle(run: RunView): string {
  if (run.state === 'cancelled') return 'This run was cancelled';
  if (isRefused(run)) return 'This run was refused; nothing was written';
  const failed = run.tasks.find((task) => task.state === 'failed');
  if (failed !== undefined && run.tasks.length > 1) return `Task ${failed.index + 1} failed: ${failed.summary}`;
  return run.kind === 'job' ? 'This run failed' : `The ${run.kind} failed`;
}

/** As high as a finished run without errors, so that nothing moves when it is there. */
function RunSkeleton() {
  return (
    <>
      <Section title="Tasks"><Skeleton h={32} aria-hidden /></Section>
      <div aria-hidden><Skeleton h={10} w={260} my={5} /><Skeleton h={10} mt={10} radius={5} /></div>
      <Section title="Log"><div className={classes['log']} aria-hidden /></Section>
      <Columns><Section title="Run"><FactsSkeleton rows={4} /></Section><Section title="Computer"><FactsSkeleton rows={5} /></Section></Columns>
    </>
  );
}

function contextOf(run: RunView): Record<string, string> {
  return { Run: `${runTitle(run)} (${run.id})`, Computer: run.computerName, Disk: run.disk === null ? '' : `${run.disk.path} ${run.disk.model} ${run.disk.serial}` };
}
