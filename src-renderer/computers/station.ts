// Pure: a computer as one sees it in its room: what goes on there, or what went wrong there last, and how much it needs a person.
import type { ComputerRow } from '#shared/model/computer.ts';
import { runFraction, silenceWords } from '#shared/model/run-words.ts';
import { isFinal } from '#shared/model/run.ts';
import type { RunView } from '#shared/model/run.ts';
import { shortCode, isErrorCode } from '#shared/errors.ts';
import { progressOf, runState, runTone } from '../runs/runWords.ts';
import type { Tone } from '../ui/StateMark.tsx';

/** run: the one it is about, or null where nothing goes on and nothing went wrong. fraction: only while it runs. */
export type Station = { computer: ComputerRow; run: RunView | null; tone: Tone; words: string; fraction: number | null; rank: number };

/** What counts most of a computer's runs: waits for a person, runs, is out of contact, waits, else the one that ended last. */
export function runThatCounts(runs: readonly RunView[]): RunView | null {
  const open = runs.filter((run) => !isFinal(run.state));
  const wanted = open.find(needsPerson) ?? open.find((run) => run.state === 'running') ?? open.find((run) => run.state === 'lost') ?? open.find((run) => run.state === 'waiting') ?? open[0];
  return wanted ?? runs.reduce<RunView | null>((last, run) => (last === null || (run.endedAt ?? 0) > (last.endedAt ?? 0) ? run : last), null);
}
export function needsPerson(run: RunView): boolean {
  return run.state === 'waiting' && run.waitingFor === 'person';
}

/** The last run of each computer that is worth showing, from a list of any runs. */
export function countingRuns(runs: readonly RunView[]): Map<string, RunView> {
  const byComputer = Map.groupBy(runs, (run) => run.computerId);
  return new Map([...byComputer].flatMap(([id, own]) => {
    const run = runThatCounts(own);
    return run === null ? [] : [[id, run] as const];
  }));
}

/** @param doneSince runs that went well before this are no longer mentioned */
export function stationOf(computer: ComputerRow, run: RunView | null, doneSince: number): Station {
  const idle: Station = computer.online ? { computer, run: null, tone: 'ok', words: 'Connected', fraction: null, rank: 4 } : { computer, run: null, tone: 'off', words: 'Not connected', fraction: null, rank: 5 };
  if (run === null || run.state === 'cancelled') return idle;
  if (run.state === 'succeeded') return (run.endedAt ?? 0) < doneSince ? idle : { computer, run, tone: 'ok', words: 'Done', fraction: null, rank: computer.online ? 4 : 5 };
  const trouble = run.state === 'failed' || run.state === 'lost';
  // Trouble that is not certain yet: it stays among those that run.
  if (silenceWords(run, 0) !== null) return { computer, run, tone: 'warn', words: 'Not heard of', fraction: runFraction(progressOf(run)) ?? 0, rank: 2 };
  const code = run.state === 'failed' && run.error !== null && isErrorCode(run.error.code) ? ` ${shortCode(run.error.code)}` : '';
  return {
    computer, run, tone: runTone(run), words: needsPerson(run) ? 'Waits for you' : `${runState(run)}${code}`,
    fraction: run.state === 'running' ? (runFraction(progressOf(run)) ?? 0) : null, rank: needsPerson(run) ? 0 : trouble ? 1 : run.state === 'running' ? 2 : 3,
  };
}

const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
/** Those that need a person first, then trouble; the others stay where they stand in the room, so that nothing jumps as runs go on. */
export function inRoomOrder(stations: readonly Station[]): Station[] {
  const place = (station: Station): number => Math.min(station.rank, 2);
  return stations.toSorted((left, right) => place(left) - place(right) || names.compare(left.computer.name, right.computer.name));
}

export type RoomSummary = { computers: number; online: number; running: number; waiting: number; trouble: number };
export function summaryOf(stations: readonly Station[]): RoomSummary {
  const count = (test: (station: Station) => boolean): number => stations.filter(test).length;
  return { computers: stations.length, online: count((each) => each.computer.online), running: count((each) => each.rank === 2), waiting: count((each) => each.rank === 3), trouble: count((each) => each.rank < 2) };
}
