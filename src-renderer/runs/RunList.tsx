// Runs as rows with progress: for Home and for an image; trouble first.
import { Link } from 'wouter';
import type { RunView } from '#shared/model/run.ts';
import { formatDuration } from '#shared/units.ts';
import { fromWireError } from '../errors.ts';
import { ProgressBar } from '../ui/Bars.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { byInterest, progressText, runFraction, runState, runTitle, runTones, stageText } from './runWords.ts';
import classes from './RunPage.module.css';

export function RunList({ runs, label }: { runs: RunView[]; label: string }) {
  return (
    <ul className={classes['runs']} aria-label={label}>
      {runs.toSorted(byInterest).map((run) => (
        <li key={run.id}>
          <StateMark tone={runTones[run.state]}>{runState(run)}</StateMark>
          <span className={classes['what']}>
            <Link href={`/run/${run.id}`}><MiddleText text={runTitle(run)} /></Link>
            <small>{run.kind === 'capture' ? 'from' : 'to'} {run.computerName}{run.state === 'running' && run.progress !== null && ` · ${stageText(run.progress)}`}</small>
          </span>
          <span className={classes['how']}>{howFar(run)}</span>
          <span className={classes['end']}><When at={run.endedAt ?? run.startedAt} /></span>
        </li>
      ))}
    </ul>
  );
}

function howFar(run: RunView): React.ReactNode {
  if (run.error !== null) {
    const error = fromWireError(run.error);
    return <small className={classes['failed']} title={error.message}>{error.short} {error.message}</small>;
  }
  if (run.state === 'running' && run.progress !== null) {
    return <><ProgressBar fraction={runFraction(run.progress)} label={runTitle(run)} /><small>{progressText(run.progress)}</small></>;
  }
  if (run.endedAt !== null) return <small>took {formatDuration((run.endedAt - run.startedAt) / 1000)}</small>;
  return <small>{run.kind === 'deploy' ? 'waits until the version is verified' : 'waits for the computer'}</small>;
}
