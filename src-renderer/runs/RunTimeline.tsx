// A run's tasks in order, each with its state and a bar to scale: where in the run's time it lay and how long it took.
import { formatDuration } from '#shared/units.ts';
import { taskWords } from '#shared/model/run-words.ts';
import { isFinal } from '#shared/model/run.ts';
import type { RunView } from '#shared/model/run.ts';
import { Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { useNow } from '../ui/useNow.ts';
import { capital, taskTones, timelineBars, timelineRows } from './runWords.ts';
import type { TimelineBar, TimelineRow } from './runWords.ts';
import classes from './RunTimeline.module.css';

export function RunTimeline({ run }: { run: RunView }) {
  const rows = timelineRows(run);
  // What was cut off does not go on growing while it waits.
  const isCutOff = run.state === 'lost' || run.state === 'waiting';
  const clock = useNow();
  const now = run.state === 'lost' ? (run.endedAt ?? clock) : clock;
  const { bars, totalMs } = timelineBars(rows, now);
  return (
    <Section title="Tasks" aside={totalMs > 0 && `${formatDuration(totalMs / 1000)} ${!isFinal(run.state) ? 'so far' : 'altogether'}`}>
      <ol className={classes['timeline']}>
        {rows.map((row, index) => (
          <li key={row.index} data-state={row.state} {...(row.state === 'running' ? { 'aria-current': 'step' as const } : {})}>
            {row.state === 'running' && isCutOff
              ? <StateMark tone="warn">Cut off{percent(row)}</StateMark>
              : <StateMark tone={taskTones[row.state]}>{capital(taskWords[row.state])}{row.state === 'running' && percent(row)}</StateMark>}
            <span className={classes['summary']}>{rows.length > 1 && <span className="dim">{index + 1}. </span>}{row.summary}{row.error !== null && row.error.message !== run.error?.message && <small>{row.error.message}</small>}</span>
            <Bar bar={bars[index] ?? null} state={row.state} />
            <span className={classes['took']}>{isCutOff && row.state === 'running' ? '' : tookText(row, now)}</span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

function Bar({ bar, state }: { bar: TimelineBar | null; state: TimelineRow['state'] }) {
  return <span className={classes['lane']} aria-hidden>{bar !== null && <i className={classes[state]} style={{ left: `${bar.left * 100}%`, width: `max(3px, ${bar.width * 100}%)` }} />}</span>;
}

function percent(row: TimelineRow): string {
  return row.fraction === null ? '' : ` ${Math.floor(row.fraction * 100)} %`;
}

function tookText(row: TimelineRow, now: number): string {
  if (row.startedAt === null) return '';
  const until = row.endedAt ?? (row.state === 'running' ? now : null);
  return until === null ? '' : formatDuration(Math.max(0, until - row.startedAt) / 1000);
}
