// Pure: what starting jobs on computers would do, in the words of the sheet and of its button.
import type { StartComputer, StartPreview } from '#shared/model/run.ts';

/** What happens on computers where a run is under way. */
export type WhenBusy = 'queue' | 'skip';
export type StartTone = 'ok' | 'wait' | 'fail' | 'off';
export type StartRow = StartComputer & { runs: boolean; tone: StartTone; when: string };

export function countOf(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** Trouble first, then what must wait, then what starts at once; each by name as the server sorted them. */
export function startRows(preview: StartPreview, busy: WhenBusy): StartRow[] {
  const rank: Record<StartTone, number> = { fail: 0, off: 1, wait: 2, ok: 3 };
  return preview.computers.map((computer) => ({ ...computer, ...whenOf(computer, busy) })).toSorted((left, right) => rank[left.tone] - rank[right.tone]);
}

/** Where it can't work, as far as the computer's last inventory says, the server starts nothing. */
function whenOf(computer: StartComputer, busy: WhenBusy): Pick<StartRow, 'runs' | 'tone' | 'when'> {
  if (computer.problem !== null) return { runs: false, tone: 'fail', when: `Left out: ${computer.problem}` };
  if (computer.busyWith !== null) return busy === 'skip' ? { runs: false, tone: 'off', when: `Skipped: busy with ${computer.busyWith}` } : { runs: true, tone: 'wait', when: `After ${computer.busyWith}` };
  const ahead = computer.pending === 0 ? '' : `, after ${countOf(computer.pending, 'run')} that ${computer.pending === 1 ? 'waits' : 'wait'}`;
  if (!computer.online) return { runs: true, tone: 'wait', when: `When it next boots into Platen${ahead}` };
  return computer.pending > 0 ? { runs: true, tone: 'wait', when: `After ${countOf(computer.pending, 'run')} that ${computer.pending === 1 ? 'waits' : 'wait'}` } : { runs: true, tone: 'ok', when: 'Now' };
}

/** "9 start now, 2 when they next boot into Platen, 1 left out" */
export function startSummary(rows: readonly StartRow[]): string {
  const running = rows.filter((row) => row.runs);
  const now = running.filter((row) => row.when === 'Now').length;
  const offline = running.filter((row) => !row.online).length;
  const later = running.length - now - offline;
  const left = rows.length - running.length;
  return [
    now > 0 ? `${now} ${now === 1 ? 'starts' : 'start'} now` : '', later > 0 ? `${later} after other runs` : '',
    offline > 0 ? `${offline} when ${offline === 1 ? 'it next boots' : 'they next boot'} into Platen` : '', left > 0 ? `${left} left out` : '',
  ].filter((part) => part !== '').join(', ');
}

export function disksErased(rows: readonly StartRow[]): number {
  return rows.filter((row) => row.runs).reduce((sum, row) => sum + row.erases.length, 0);
}

/** What the one button does: "Erase 24 disks and deploy", "Run on 3 computers". */
export function startVerb(preview: StartPreview, rows: readonly StartRow[]): string {
  const computers = rows.filter((row) => row.runs).length;
  const disks = disksErased(rows);
  if (!preview.erases) return `Run on ${countOf(computers, 'computer')}`;
  return disks === 0 ? `Erase and deploy on ${countOf(computers, 'computer')}` : `Erase ${countOf(disks, 'disk')} and deploy`;
}
