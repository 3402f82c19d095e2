// Pure: a boot as a row of its stages, each with what became of it and when.
import { bootStages } from '#shared/model/boot.ts';
import type { BootStage, BootTrace } from '#shared/model/boot.ts';

/** needless: the boot ended before on purpose (it was sent to its disk). unreached: it did not come so far. */
export type StageState = 'done' | 'now' | 'failed' | 'broken-off' | 'waiting' | 'needless' | 'unreached';
export type StageCell = { stage: BootStage; state: StageState; /** Since the boot began; null where nothing was seen of this stage itself. */ afterMs: number | null };

export function stageCells(trace: BootTrace): StageCell[] {
  const seen = bootStages.map((stage) => trace.events.find((event) => event.stage === stage)?.at ?? null);
  const reached = seen.findLastIndex((at) => at !== null);
  const last = trace.stoppedAt === null ? reached : bootStages.indexOf(trace.stoppedAt);
  return bootStages.map((stage, index) => {
    const at = seen[index] ?? null;
    return { stage, state: stateOf(trace, index, last), afterMs: at === null ? null : at - trace.startedAt };
  });
}

function stateOf(trace: BootTrace, index: number, last: number): StageState {
  if (index < last) return 'done';
  if (index > last) return trace.outcome === 'running' ? (index === last + 1 ? 'now' : 'waiting') : trace.outcome === 'done' ? 'needless' : 'unreached';
  return trace.outcome !== 'stopped' ? 'done' : trace.stoppedAt === null ? 'broken-off' : 'failed';
}

export const stageStateWords: Record<StageState, string> = { done: 'done', now: 'awaited', failed: 'stopped here', 'broken-off': 'started over here', waiting: 'to come', needless: 'not needed', unreached: 'not reached' };

/** "0.3 s", "21.7 s", "2 min 4 s" */
export function afterWords(afterMs: number): string {
  const seconds = Math.max(0, afterMs) / 1000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}
