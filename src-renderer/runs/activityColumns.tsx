// The columns of Activity: what, where, how it stands, how much; links to everything named; a box to choose what can be cancelled.
import { Checkbox } from '@mantine/core';
import { Link } from 'wouter';
import { isFinal } from '#shared/model/run.ts';
import type { RunView } from '#shared/model/run.ts';
import { formatBytes, formatDuration } from '#shared/units.ts';
import type { Column } from '../ui/DataTable.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { progressOf, progressText, runState, runTitle, runTone } from './runWords.ts';

export function activityColumns(chosen: ReadonlySet<string>, onChoose: (run: RunView, on: boolean) => void): Column<RunView>[] {
  return [
    {
      id: 'choose', title: '', width: '20px',
      render: (run) => !isFinal(run.state) && <Checkbox size="xs" aria-label={`Choose ${runTitle(run)} on ${run.computerName}`} checked={chosen.has(run.id)} onChange={(event) => onChoose(run, event.currentTarget.checked)} />,
    },
    { id: 'what', title: 'Run', width: 'minmax(144px, 2fr)', sortValue: runTitle, render: (run) => <Link href={`/run/${run.id}`}><MiddleText text={runTitle(run)} /></Link> },
    { id: 'computer', title: 'Computer', width: 'minmax(96px, 1fr)', sortValue: (run) => run.computerName, render: (run) => <Link href={`/computer/${run.computerId}`}><MiddleText text={run.computerName} /></Link> },
    { id: 'state', title: 'State', width: 'minmax(180px, 1.1fr)', sortValue: runState, render: (run) => <StateMark tone={runTone(run)}>{runState(run)}</StateMark> },
    { id: 'amount', title: 'Amount', width: 'minmax(136px, 1fr)', render: amount },
    { id: 'took', title: 'Took', width: '80px', numeric: true, sortValue: (run) => (run.endedAt ?? Number.MAX_SAFE_INTEGER) - run.startedAt, render: (run) => (run.endedAt === null ? '' : formatDuration((run.endedAt - run.startedAt) / 1000)) },
    { id: 'started', title: 'Started', width: '116px', sortValue: (run) => run.startedAt, render: (run) => <When at={run.startedAt} /> },
  ];
}

function amount(run: RunView): React.ReactNode {
  const progress = progressOf(run);
  if (run.state === 'running' && run.tasks.length > 1 && progress === null) return `task ${Math.min(run.taskIndex + 1, run.tasks.length)} of ${run.tasks.length}`;
  if (progress === null || progress.totalBytes === 0) return '';
  if (isFinal(run.state)) return formatBytes(progress.doneBytes);
  return <span title={progressText(progress)}>{formatBytes(progress.doneBytes)} of {formatBytes(progress.totalBytes)}</span>;
}
