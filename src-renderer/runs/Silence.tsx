// An agent at work that has fallen silent: said, with the seconds counted, before its run is given up as lost.
import { silenceWords } from '#shared/model/run-words.ts';
import type { RunView } from '#shared/model/run.ts';
import { StateMark } from '../ui/StateMark.tsx';
import { useNow } from '../ui/useNow.ts';

/** Nothing for a run whose agent was heard of lately. */
export function Silence({ run }: { run: RunView }) {
  const words = silenceWords(run, useNow());
  return words === null ? null : <StateMark tone="warn">{words.charAt(0).toUpperCase() + words.slice(1)}</StateMark>;
}

export function isSilent(run: RunView): boolean {
  return silenceWords(run, 0) !== null;
}
