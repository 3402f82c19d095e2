// How far the task under way is, how fast, how long still; and where the time of the whole run goes.
import { currentTask, runFraction } from '#shared/model/run-words.ts';
import { isFinal } from '#shared/model/run.ts';
import type { RunProgress as Progress, RunView } from '#shared/model/run.ts';
import { formatBytes, formatRate } from '#shared/units.ts';
import { ProgressBar, ShareBar, Sparkline } from '../ui/Bars.tsx';
import { Section } from '../ui/Page.tsx';
import { ratesOf } from './rates.ts';
import { progressOf, progressText, runState, runTitle, stageText, timeSharesOfRun } from './runWords.ts';
import classes from './RunPage.module.css';

export function RunProgress({ run }: { run: RunView }) {
  const progress = progressOf(run);
  const current = currentTask(run);
  const shares = timeSharesOfRun(run);
  const ended = isFinal(run.state);
  const whereTitle = ended ? 'Where the time went' : 'Where the time goes';
  // Of a task that moves no bytes (a script, a message) there is nothing to say beyond the timeline.
  const shown = progress !== null && (progress.totalBytes > 0 || progress.doneBytes > 0 || (run.state === 'running' && (current === undefined || current.task.type === 'capture' || current.task.type === 'deploy')));
  return (
    <>
      {shown && <Current run={run} progress={progress} />}
      {shares.length > 0 && <Section title={whereTitle}><ShareBar shares={shares} label={whereTitle} /></Section>}
    </>
  );
}

function Current({ run, progress }: { run: RunView; progress: Progress }) {
  const rates = ratesOf(run);
  const running = run.state === 'running';
  const tone = run.state === 'succeeded' ? 'ok' : run.state === 'failed' ? 'fail' : 'run';
  const task = currentTask(run)?.task ?? run.tasks.findLast((each) => each.progress !== null)?.task;
  const captures = task === undefined ? run.kind === 'capture' : task.type === 'capture';
  return (
    <div className={classes['progress']}>
      <div className={classes['bar']} data-alone={!(running && rates.length > 2)}>
        <div className={classes['line']}>
          <strong>{running ? stageText(progress) : runState(run)}</strong>
          <span>{running ? progressText(progress) : `${formatBytes(progress.doneBytes)} of ${formatBytes(progress.totalBytes)}`}</span>
        </div>
        <ProgressBar fraction={runFraction(progress)} label={runTitle(run)} tone={tone} />
        <div className={`${classes['line']} dim`}>
          <span>{formatBytes(progress.sentBytes)} {captures ? 'sent' : 'fetched'}</span>
        </div>
      </div>
      {running && rates.length > 2 && (
        <div className={classes['rate']}>
          <Sparkline values={rates} label={`Rate of the last ${rates.length} reports, now ${formatRate(progress.rateBytesPerSecond)}`} />
          <span className="dim">Rate now {formatRate(progress.rateBytesPerSecond)}</span>
        </div>
      )}
    </div>
  );
}
