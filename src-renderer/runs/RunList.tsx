// Runs as rows with progress: for Home, an image, a computer, a batch; who needs somebody first, then trouble.
import { Link } from 'wouter';
import type { RunView } from '#shared/model/run.ts';
import { formatDuration } from '#shared/units.ts';
import { fromWireError } from '../errors.ts';
import { ProgressBar } from '../ui/Bars.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { isSilent, Silence } from './Silence.tsx';
import { byInterest, progressOf, progressText, runFraction, runState, runTitle, runTone, stageText } from './runWords.ts';
import classes from './RunPage.module.css';

const prepositions = { capture: 'from', deploy: 'to', job: 'on' } as const;

export function RunList({ runs, label }: { runs: RunView[]; label: string }) {
  return (
    <ul className={classes['runs']} aria-label={label}>
      {runs.toSorted(byInterest).map((run) => (
        <li key={run.id}>
          <StateMark tone={runTone(run)}>{runState(run)}</StateMark>
          <span className={classes['what']}>
            <Link href={`/run/${run.id}`}><MiddleText text={runTitle(run)} /></Link>
            <small>{prepositions[run.kind]} {run.computerName}{stageOf(run)}</small>
          </span>
          <span className={classes['how']}>{howFar(run)}</span>
          <span className={classes['end']}><When at={run.endedAt ?? run.startedAt} /></span>
        </li>
      ))}
    </ul>
  );
}

function stageOf(run: RunView): string {
  if (run.state !== 'running') return '';
  const task = run.tasks.length > 1 ? ` · task ${Math.min(run.taskIndex + 1, run.tasks.length)} of ${run.tasks.length}` : '';
  const progress = progressOf(run);
  return `${task}${progress === null ? '' : ` · ${stageText(progress)}`}`;
}

function howFar(run: RunView): React.ReactNode {
  if (run.error !== null) {
    const error = fromWireError(run.error);
    return <small className={classes['failed']} title={error.message}>{error.short} {error.message}</small>;
  }
  if (isSilent(run)) return <small><Silence run={run} /></small>;
  const progress = progressOf(run);
  if (run.state === 'running' && progress !== null) {
    return <><ProgressBar fraction={runFraction(progress)} label={runTitle(run)} /><small>{progressText(progress)}</small></>;
  }
  if (run.endedAt !== null && run.state !== 'lost') return <small>took {formatDuration((run.endedAt - run.startedAt) / 1000)}</small>;
  return <small>{run.state === 'queued' ? 'another run of this computer comes first' : run.state === 'lost' ? 'goes on when the computer is back' : ''}</small>;
}
