// A run's tasks in order, each with its state and a bar to scale: where in the run's time it lay and how long it took.
import { formatDuration } from '#shared/units.ts';
import { taskWords } from '#shared/model/run-words.ts';
import type { RunView } from '#shared/model/run.ts';
import { Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { useNow } from '../ui/useNow.ts';
import { capital, taskTones, timelineBars, timelineRows } from './runWords.ts';
import type { TimelineBar, TimelineRow } from './runWords.ts';
import classes from './RunTimeline.module.css';

export function RunTimeline({ run }: { run: RunView }) {
  const rows = timelineRows(run);
  const now = useNow();
  const { bars, totalMs } = timelineBars(rows, now);
  return (
    <Section title="Tasks" aside={totalMs > 0 && `${formatDuration(totalMs / 1000)} ${rows.some((row) => row.state === 'running') ? 'so far' : 'altogether'}`}>
      <ol className={classes['timeline']}>
        {rows.map((row, index) => (
          <li key={row.index} data-state={row.state} {...(row.state === 'running' ? { 'aria-current': 'step' as const } : {})}>
            <StateMark tone={taskTones[row.state]}>{capital(taskWords[row.state])}{row.state === 'running' && row.fraction !== null && ` ${Math.floor(row.fraction * 100)} %`}</StateMark>
            <span className={classes['summary']}>{rows.length > 1 && <span className="dim">{index + 1}. </span>}{row.summary}{row.error !== null && row.state !== 'failed' && <small>{row.error.message}</small>}</span>
            <Bar bar={bars[index] ?? null} state={row.state} />
            <span className={classes['took']}>{tookText(row, now)}</span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

function Bar({ bar, state }: { bar: TimelineBar | null; state: TimelineRow['state'] }) {
  return <span className={classes['lane']} aria-hidden>{bar !== null && <i className={classes[state]} style={{ left: `${bar.left * 100}%`, width: `max(3px, ${bar.width * 100}%)` }} />}</span>;
}

function tookText(row: TimelineRow, now: number): string {
  if (row.startedAt === null) return '';
  const until = row.endedAt ?? (row.state === 'running' ? now : null);
  return until === null ? '' : formatDuration(Math.max(0, until - row.startedAt) / 1000);
}
