// Owns the recent rates of each run's task, as far as this window has seen them: what the sparkline draws.
import type { RunView } from '#shared/model/run.ts';

const kept = 120;
const rates = new Map<string, { task: number; values: number[] }>();
const none: number[] = [];

export function noteRate(run: RunView): void {
  if (run.progress === null || run.state !== 'running') return;
  const known = rates.get(run.id);
  // Another task starts anew: a deploy's rate says nothing about a capture's.
  const before = known?.task === run.taskIndex ? known.values : none;
  rates.set(run.id, { task: run.taskIndex, values: [...before, run.progress.rateBytesPerSecond].slice(-kept) });
}
export function ratesOf(run: RunView): number[] {
  const known = rates.get(run.id);
  return known?.task === run.taskIndex ? known.values : none;
}
