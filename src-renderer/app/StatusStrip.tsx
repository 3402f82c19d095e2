// The strip at the bottom: how much runs and waits, the most interesting run, free space, the clock.
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { formatBytes, formatRate, formatTimeLeft } from '#shared/units.ts';
import type { RunView } from '#shared/model/run.ts';
import { useTRPC } from '../api.ts';
import { runFraction } from '../runs/runWords.ts';
import { StateMark } from '../ui/StateMark.tsx';
import { clockTime } from '../ui/time.ts';
import { useNow } from '../ui/useNow.ts';
import classes from './StatusStrip.module.css';

export function StatusStrip() {
  const trpc = useTRPC();
  const { data: status } = useQuery(trpc.status.get.queryOptions());
  const { data: known } = useQuery(trpc.runs.list.queryOptions({ active: true, limit: 100 }));
  const runs = known ?? [];
  const running = runs.filter((run) => run.state === 'running');
  const waiting = runs.filter((run) => run.state === 'waiting' || run.state === 'queued').length;
  const soonest = running.toSorted((left, right) => (left.progress?.etaSeconds ?? 1e9) - (right.progress?.etaSeconds ?? 1e9))[0];
  return (
    <footer className={classes['strip']} aria-label="Status">
      <Link href="/activity" className={classes['counts']}>
        {known === undefined ? '' : running.length + waiting === 0 ? <span className="dim">Nothing is running</span> : <StateMark tone={running.length > 0 ? 'run' : 'wait'}>{running.length} running{waiting > 0 && ` · ${waiting} waiting`}</StateMark>}
      </Link>
      {soonest !== undefined && <Link href={`/run/${soonest.id}`} className={classes['run']}>{runText(soonest)}</Link>}
      {status !== undefined && status.problems.length > 0 && <Link href="/" className={classes['problems']}><StateMark tone="warn">{status.problems.length === 1 ? '1 thing needs attention' : `${status.problems.length} things need attention`}</StateMark></Link>}
      <span className={classes['space']}>{status !== undefined && `Store ${formatBytes(status.store.freeBytes)} free`}</span>
      <Clock />
    </footer>
  );
}

function runText(run: RunView): string {
  const fraction = runFraction(run.progress);
  const percent = fraction === null ? '' : ` ${Math.floor(fraction * 100)} %`;
  const first = `${run.computerName} ${run.kind === 'capture' ? 'capturing' : 'deploying'}${percent}`;
  return [first, run.progress && run.progress.rateBytesPerSecond > 0 ? formatRate(run.progress.rateBytesPerSecond) : '', formatTimeLeft(run.progress?.etaSeconds ?? null)].filter((part) => part !== '').join(' · ');
}

function Clock() {
  return <span className={classes['clock']}>{clockTime(useNow())}</span>;
}
