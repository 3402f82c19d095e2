// One run: how far, how fast, how long still, where the time goes, its log; what went wrong and what to do about it.
import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { isFinal } from '#shared/model/run.ts';
import type { RunView } from '#shared/model/run.ts';
import { formatBytes, formatDuration, formatRate } from '#shared/units.ts';
import { useTRPC, useTRPCClient } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { NothingHere } from '../app/NothingHere.tsx';
import { fromWireError, shownError } from '../errors.ts';
import type { ShownError } from '../errors.ts';
import { ProgressBar, ShareBar, Sparkline } from '../ui/Bars.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { Facts, FactsSkeleton } from '../ui/Facts.tsx';
import type { Fact } from '../ui/Facts.tsx';
import { Columns, PageBody, PageHead, PageHeadSkeleton, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { useNow } from '../ui/useNow.ts';
import { When } from '../ui/When.tsx';
import { ratesOf } from './rates.ts';
import { RunLog } from './RunLog.tsx';
import { progressText, runFraction, runState, runTitle, runTones, stageText, timeShares } from './runWords.ts';
import classes from './RunPage.module.css';

const icon = <IconPlayerPlay size={18} stroke={1.6} />;

export function RunPage({ id }: { id: string }) {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const connected = useConnected();
  const [cancelError, setCancelError] = useState<ShownError | null>(null);
  const query = useQuery(trpc.runs.get.queryOptions({ id }));
  const run = query.data;
  if (run === undefined) {
    if (!query.isError) return <><PageHeadSkeleton icon={icon} documentTitle="Run" /><PageBody><RunSkeleton /></PageBody></>;
    const shown = shownError(query.error);
    if (shown.code === 'not-found') return <NothingHere />;
    return <><PageHead icon={icon} title="Run" documentTitle="Run" /><PageBody><ErrorBlock title="This run could not be read" error={shown} context={{ Run: id }} onRetry={() => void query.refetch()} /></PageBody></>;
  }
  const cancel = (): void => {
    setCancelError(null);
    client.runs.cancel.mutate({ id }).catch((error: unknown) => setCancelError(shownError(error)));
  };
  return (
    <>
      <PageHead
        icon={icon} title={<span className={classes['title']}>{runTitle(run)}</span>} documentTitle={runTitle(run)}
        state={<StateMark tone={runTones[run.state]}>{runState(run)}</StateMark>}
        actions={!isFinal(run.state) ? <Button variant="default" disabled={!connected} onClick={cancel}>Cancel run</Button> : run.state === 'succeeded' && run.imageGuid !== null ? <Button component={Link} href={`/image/${run.imageGuid}`}>Open image</Button> : undefined}
      />
      <PageBody>
        {cancelError !== null && <ErrorBlock title="This run could not be cancelled" error={cancelError} context={{ Run: id }} onDismiss={() => setCancelError(null)} />}
        {run.error !== null && <ErrorBlock title={`The ${run.kind} ${run.state === 'cancelled' ? 'was cancelled' : 'failed'}`} error={fromWireError(run.error)} context={contextOf(run)} />}
        {run.progress !== null && <Progress run={run} />}
        {run.progress === null && !isFinal(run.state) && <p className="dim">{run.kind === 'deploy' ? 'Waits until the version is verified; it starts by itself.' : 'Waits for the computer; it starts by itself.'}</p>}
        <Columns>
          <Section title="Run"><Facts facts={facts(run)} /></Section>
          <Section title="Disk"><Facts facts={[
            { name: 'Computer', value: <Link href={`/computer/${run.computerId}`}>{run.computerName}</Link> },
            { name: 'Device', value: <span className="mono">{run.disk?.path ?? '–'}</span> },
            { name: 'Model', value: run.disk?.model || '–' },
            { name: 'Serial', value: run.disk?.serial || '–' },
            { name: 'Size', value: run.disk === null ? '–' : formatBytes(run.disk.sizeBytes) },
          ]}
          />
          </Section>
        </Columns>
        <RunLog id={id} live={!isFinal(run.state)} />
      </PageBody>
    </>
  );
}

function Progress({ run }: { run: RunView }) {
  const progress = run.progress;
  if (progress === null) return null;
  const rates = ratesOf(run.id);
  const running = run.state === 'running';
  const shares = timeShares(progress.where);
  const whereTitle = isFinal(run.state) ? 'Where the time went' : 'Where the time goes';
  const tone = run.state === 'succeeded' ? 'ok' : run.state === 'failed' ? 'fail' : 'run';
  return (
    <div className={classes['progress']}>
      <div className={classes['bar']} data-alone={!(running && rates.length > 2)}>
        <div className={classes['line']}>
          <strong>{running ? stageText(progress) : runState(run)}</strong>
          <span>{running ? progressText(progress) : `${formatBytes(progress.doneBytes)} of ${formatBytes(progress.totalBytes)}`}</span>
        </div>
        <ProgressBar fraction={runFraction(progress)} label={runTitle(run)} tone={tone} />
        <div className={`${classes['line']} dim`}>
          <span>{formatBytes(progress.sentBytes)} {run.kind === 'capture' ? 'sent' : 'fetched'}</span>
        </div>
      </div>
      {running && rates.length > 2 && (
        <div className={classes['rate']}>
          <Sparkline values={rates} label={`Rate of the last ${rates.length} reports, now ${formatRate(progress.rateBytesPerSecond)}`} />
          <span className="dim">Rate now {formatRate(progress.rateBytesPerSecond)}</span>
        </div>
      )}
      {shares.length > 0 && <div className={classes['where']}><h2>{whereTitle}</h2><ShareBar shares={shares} label={whereTitle} /></div>}
    </div>
  );
}

/** As high as a finished run without errors, so that nothing moves when it is there. */
function RunSkeleton() {
  return (
    <>
      <div aria-hidden><Skeleton h={10} w={260} my={5} /><Skeleton h={10} mt={10} radius={5} /></div>
      <Columns><Section title="Run"><FactsSkeleton rows={4} /></Section><Section title="Disk"><FactsSkeleton rows={5} /></Section></Columns>
      <Section title="Log"><div className={classes['log']} aria-hidden /></Section>
    </>
  );
}

function facts(run: RunView): (Fact | null)[] {
  const image = run.versionNumber === null ? run.imageName : `${run.imageName}, version ${run.versionNumber}`;
  return [
    { name: 'Image', value: run.imageGuid === null ? image : <Link href={`/image/${run.imageGuid}`}>{image}</Link> },
    { name: 'Started', value: <When at={run.startedAt} /> },
    run.endedAt === null ? { name: 'Running for', value: <Elapsed since={run.startedAt} /> } : { name: 'Took', value: formatDuration((run.endedAt - run.startedAt) / 1000) },
    { name: 'Started by', value: run.actor },
    ...resultFacts(run.result),
  ];
}

function Elapsed({ since }: { since: number }) {
  return formatDuration((useNow() - since) / 1000);
}

/** The figures the agent gave at the end: named by their keys, units by the keys' endings. */
function resultFacts(result: RunView['result']): Fact[] {
  return Object.entries(result ?? {}).flatMap(([key, value]) => {
    // How long it took is said already.
    if ((typeof value !== 'number' && typeof value !== 'string') || key === 'seconds') return [];
    if (key === 'rateBytesPerSecond' && typeof value === 'number') return [{ name: 'Average rate', value: formatRate(value) }];
    const shown = typeof value === 'string' ? value : /bytes$/i.test(key) ? formatBytes(value) : /ms$|milliseconds$/i.test(key) ? formatDuration(value / 1000) : value.toLocaleString('en');
    const words = key.replace(/(Bytes|Ms|Milliseconds)$/, '').replaceAll(/([A-Z])/g, ' $1').toLowerCase().trim();
    return [{ name: words.charAt(0).toUpperCase() + words.slice(1), value: shown.length > 40 ? <span className="mono">{shown}</span> : shown }];
  });
}

function contextOf(run: RunView): Record<string, string> {
  return { Run: `${runTitle(run)} (${run.id})`, Computer: run.computerName, Disk: run.disk === null ? '' : `${run.disk.path} ${run.disk.model} ${run.disk.serial}` };
}
