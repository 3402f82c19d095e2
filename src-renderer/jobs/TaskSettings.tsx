// The settings of one task, each with what it means, and what is wrong with it beside it.
import { NumberInput, SegmentedControl, Switch, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Task } from '#shared/model/job.ts';
import { formatDuration } from '#shared/units.ts';
import type { EditKind } from './draftStore.ts';
import { DiskPolicyField } from './DiskPolicyField.tsx';
import { CaptureImageField, DeployImageFields } from './ImageFields.tsx';
import { taskProblems } from './taskWords.ts';
import classes from './TasksTab.module.css';

/** Says what is wrong with a field once one has been in it: a new task is not greeted with errors. */
export type ErrorOf = (field: string) => { error: string | null; onFocus: () => void };
export type SettingsProps<Kind extends Task['type']> = { task: Extract<Task, { type: Kind }>; locked: boolean; errorOf: ErrorOf; onChange: (task: Task, kind: EditKind) => void };

export function TaskSettings({ task, locked, onChange }: { task: Task; locked: boolean; onChange: (task: Task, kind: EditKind) => void }) {
  const [visited, setVisited] = useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = useState<string | null>(null);
  const problems = taskProblems(task);
  const errorOf: ErrorOf = (field) => ({
    error: visited.has(field) && current !== field ? (problems[field] ?? null) : null,
    onFocus: () => { setCurrent(field); setVisited((now) => new Set(now).add(field)); },
  });
  const common = { locked, errorOf, onChange };
  return (
    <div className={classes['settingsBody']} onBlur={() => setCurrent(null)}>
      {task.type === 'deploy' && <><DeployImageFields task={task} {...common} /><DiskPolicyField task={task} {...common} /></>}
      {task.type === 'capture' && <CaptureFields task={task} {...common} />}
      {task.type === 'script' && <ScriptFields task={task} {...common} />}
      {task.type === 'message' && <MessageFields task={task} {...common} />}
      {task.type === 'power' && <PowerFields task={task} {...common} />}
    </div>
  );
}

function CaptureFields({ task, locked, errorOf, onChange }: SettingsProps<'capture'>) {
  return (
    <>
      <CaptureImageField task={task} locked={locked} errorOf={errorOf} onChange={onChange} />
      <DiskPolicyField task={task} locked={locked} errorOf={errorOf} onChange={onChange} />
      <Textarea
        label="Note" description="Kept with the version. {name}, {serial}, {model} and {date} become what they are on the computer." autosize minRows={1} maxRows={6} disabled={locked} maxLength={2000}
        value={task.note} {...errorOf('note')} onChange={(event) => onChange({ ...task, note: event.currentTarget.value }, 'text')}
      />
    </>
  );
}

function ScriptFields({ task, locked, errorOf, onChange }: SettingsProps<'script'>) {
  const seconds = task.timeoutSeconds;
  return (
    <>
      <TextInput label="Title" description="What the job, the run and the computer’s screen call it." placeholder="Set the asset tag" disabled={locked} maxLength={100} value={task.title} {...errorOf('title')} onChange={(event) => onChange({ ...task, title: event.currentTarget.value }, 'text')} />
      <Textarea
        label="Script" description="Run by /bin/sh as root. Its output goes into the log of the run; an exit code other than 0 is a failure." className={classes['script'] ?? ''} autosize minRows={10} maxRows={26} disabled={locked} spellCheck={false} autoCorrect="off" autoCapitalize="off" placeholder={'set -eu\nsmartctl -H /dev/nvme0n1'}
        value={task.text} {...errorOf('text')} onChange={(event) => onChange({ ...task, text: event.currentTarget.value }, 'text')}
      />
      <div className={classes['inline']}>
        <NumberInput
          label="Stop it after" suffix=" s" w={160} min={1} max={86_400} allowDecimal={false} allowNegative={false} hideControls disabled={locked} value={seconds === 0 ? '' : seconds} {...errorOf('timeoutSeconds')}
          onChange={(value) => onChange({ ...task, timeoutSeconds: typeof value === 'number' ? value : 0 }, 'text')}
        />
        {seconds >= 60 && <span className={classes['aside']}>{formatDuration(seconds)}</span>}
      </div>
      <Switch label="Go on when it fails" description={task.continueOnError ? 'The next task starts even when this one fails; the run says so.' : 'A failure ends the run: the tasks after it are not started.'} disabled={locked} checked={task.continueOnError} onChange={(event) => onChange({ ...task, continueOnError: event.currentTarget.checked }, 'choice')} />
    </>
  );
}

function MessageFields({ task, locked, errorOf, onChange }: SettingsProps<'message'>) {
  return (
    <>
      <Textarea label="Message" description="{name}, {serial}, {model} and {date} become what they are on the computer." autosize minRows={3} maxRows={10} disabled={locked} maxLength={1000} value={task.text} {...errorOf('text')} onChange={(event) => onChange({ ...task, text: event.currentTarget.value }, 'text')} />
      <div className={classes['field']}>
        <span className={classes['label']} id="message-until">Stays</span>
        <div className={classes['inline']}>
          <SegmentedControl
            classNames={{ label: classes['segment'] ?? '' }} aria-labelledby="message-until" disabled={locked} value={task.seconds === null ? 'key' : 'time'} data={[{ value: 'key', label: 'Until a key is pressed' }, { value: 'time', label: 'For a time' }]}
            onChange={(value) => onChange({ ...task, seconds: value === 'key' ? null : 30 }, 'choice')}
          />
          {task.seconds !== null && (
            <NumberInput
              aria-label="Seconds" suffix=" s" w={110} min={1} max={86_400} allowDecimal={false} allowNegative={false} hideControls disabled={locked} value={task.seconds === 0 ? '' : task.seconds} {...errorOf('seconds')}
              onChange={(value) => onChange({ ...task, seconds: typeof value === 'number' ? value : 0 }, 'text')}
            />
          )}
        </div>
        {task.seconds === null && <p className={classes['meaning']}>The tasks after it wait until somebody at the computer presses a key.</p>}
      </div>
    </>
  );
}

function PowerFields({ task, locked, onChange }: SettingsProps<'power'>) {
  return (
    <div className={classes['field']}>
      <SegmentedControl
        classNames={{ label: classes['segment'] ?? '' }} aria-label="What to do" disabled={locked} value={task.action} data={[{ value: 'restart', label: 'Restart' }, { value: 'shut-down', label: 'Switch off' }]} style={{ alignSelf: 'flex-start' }}
        onChange={(value) => onChange({ ...task, action: value === 'restart' ? 'restart' : 'shut-down' }, 'choice')}
      />
      <p className={classes['meaning']}>{task.action === 'restart' ? 'The computer starts anew, usually into the system that was just deployed.' : 'The computer is off when the run ends.'} Tasks after it go on when the computer comes back to Platen.</p>
    </div>
  );
}
