// Owns the recent rates of each run, as far as this window has seen them: what the sparkline draws.
import type { RunView } from '#shared/model/run.ts';

const kept = 120;
const rates = new Map<string, number[]>();
const none: number[] = [];

export function noteRate(run: RunView): void {
  if (run.progress === null || run.state !== 'running') return;
  rates.set(run.id, [...(rates.get(run.id) ?? []), run.progress.rateBytesPerSecond].slice(-kept));
}
export function ratesOf(runId: string): number[] {
  return rates.get(runId) ?? none;
}
