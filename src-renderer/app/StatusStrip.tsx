// The strip at the bottom: how much runs and waits, the most interesting run, free space, the clock; above it, while it is news,
// that this machine's addresses have changed.
import { ActionIcon } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconAlertTriangleFilled, IconX } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { activityWords, needsPerson } from '#shared/model/run-words.ts';
import type { RunView } from '#shared/model/run.ts';
import { formatBytes, formatRate, formatTimeLeft } from '#shared/units.ts';
import { addressChange } from '#shared/desktop.ts';
import { useTRPC } from '../api.ts';
import { isSilent } from '../runs/Silence.tsx';
import { byInterest, progressOf, runFraction } from '../runs/runWords.ts';
import { StateMark } from '../ui/StateMark.tsx';
import { clockTime } from '../ui/time.ts';
import { useNow } from '../ui/useNow.ts';
import classes from './StatusStrip.module.css';

const listed = 100;
/** Addresses change without a word from the server, so they are asked for now and then. */
const addressesEveryMs = 20_000;

export function StatusStrip() {
  const trpc = useTRPC();
  const { data: status } = useQuery(trpc.status.get.queryOptions(undefined, { refetchInterval: addressesEveryMs }));
  const { data: known } = useQuery(trpc.runs.list.queryOptions({ active: true, limit: listed }));
  const runs = known ?? [];
  // More than were asked for: then the server has the figures.
  const counted = runs.length < listed || status === undefined;
  const running = counted ? runs.filter((run) => run.state === 'running').length : status.running;
  const waiting = counted ? runs.filter((run) => run.state === 'waiting' || run.state === 'queued').length : status.waiting;
  const first = runs.filter((run) => run.state === 'running' || run.state === 'lost' || needsPerson(run)).toSorted(byInterest)[0];
  return (
    <>
      {status !== undefined && <AddressNews addresses={status.addresses} />}
      <footer className={classes['strip']} aria-label="Status">
        <Link href="/activity" className={classes['counts']} aria-label={known === undefined ? 'Activity' : undefined}>
          {known === undefined ? '' : running + waiting === 0 ? <span className="dim">Nothing is running</span> : <StateMark tone={running > 0 ? 'run' : 'wait'}>{running} running{waiting > 0 && ` · ${waiting} waiting`}</StateMark>}
        </Link>
        {first !== undefined && <Link href={`/run/${first.id}`} className={classes['run']}>{first.state === 'running' && !isSilent(first) ? runText(first) : <StateMark tone="warn">{runText(first)}</StateMark>}</Link>}
        {status !== undefined && status.problems.length > 0 && <Link href="/" className={classes['problems']}><StateMark tone="warn">{status.problems.length === 1 ? '1 thing needs attention' : `${status.problems.length} things need attention`}</StateMark></Link>}
        <span className={classes['space']}>{status !== undefined && `Store ${formatBytes(status.store.freeBytes)} free`}</span>
        <Clock />
      </footer>
    </>
  );
}

function runText(run: RunView): string {
  if (needsPerson(run)) return `${run.computerName} waits for a person`;
  if (run.state === 'lost') return `${run.computerName} has gone silent`;
  if (isSilent(run)) return `${run.computerName} is not heard of`;
  const progress = progressOf(run);
  const fraction = runFraction(progress);
  const percent = fraction === null ? '' : ` ${Math.floor(fraction * 100)} %`;
  return [`${run.computerName} ${activityWords(run)}${percent}`, progress !== null && progress.rateBytesPerSecond > 0 ? formatRate(progress.rateBytesPerSecond) : '', formatTimeLeft(progress?.etaSeconds ?? null)].filter((part) => part !== '').join(' · ');
}

/** Agents and other consoles were told the earlier address: that it is another one now must not go unseen. */
function AddressNews({ addresses }: { addresses: string[] }) {
  const [seen, setSeen] = useState(addresses);
  const [news, setNews] = useState<string | null>(null);
  useEffect(() => {
    const change = addressChange(seen, addresses);
    if (change === null) return;
    setSeen(addresses);
    setNews(change);
  }, [addresses, seen]);
  if (news === null) return null;
  return (
    <div className={classes['news']} role="status">
      <IconAlertTriangleFilled size={16} aria-hidden />
      <span>{news} <Link href="/settings">Addresses</Link></span>
      <ActionIcon size={22} aria-label="Dismiss" onClick={() => setNews(null)}><IconX size={14} /></ActionIcon>
    </div>
  );
}

function Clock() {
  return <span className={classes['clock']}>{clockTime(useNow())}</span>;
}
