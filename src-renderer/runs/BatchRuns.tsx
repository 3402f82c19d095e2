// The other runs that were asked for together with this one: how they stand, and the way to them.
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { runWord } from '#shared/model/run-words.ts';
import type { RunWord } from '#shared/model/run-words.ts';
import type { RunView } from '#shared/model/run.ts';
import { useTRPC } from '../api.ts';
import { Section } from '../ui/Page.tsx';
import { activityAddress } from './activityFilters.ts';
import { RunList } from './RunList.tsx';
import { byInterest } from './runWords.ts';

const shownRuns = 6;

export function BatchRuns({ run }: { run: RunView }) {
  const trpc = useTRPC();
  const batch = useQuery(trpc.runs.list.queryOptions({ batch: run.batchId ?? '', limit: 1000 }, { enabled: run.batchId !== null }));
  const others = (batch.data ?? []).filter((each) => each.id !== run.id);
  if (run.batchId === null || others.length === 0) return null;
  const shown = others.toSorted(byInterest).slice(0, shownRuns);
  return (
    <Section title="Started together with this run" aside={<Link href={activityAddress({ batch: run.batchId })}>{others.length > shownRuns ? `All ${others.length + 1} of them` : 'Show in Activity'}</Link>}>
      <p className="dim">{tally(others)}</p>
      <RunList runs={shown} label="Started together with this run" />
    </Section>
  );
}

/** "3 running, 1 failed, 8 succeeded" */
export function tally(runs: RunView[]): string {
  const counts = new Map<RunWord, number>();
  for (const run of runs) counts.set(runWord(run), (counts.get(runWord(run)) ?? 0) + 1);
  const order: RunWord[] = ['failed', 'refused', 'lost', 'running', 'waiting', 'queued', 'cancelled', 'succeeded'];
  return order.flatMap((word) => (counts.has(word) ? [`${counts.get(word)} ${word}`] : [])).join(', ');
}
