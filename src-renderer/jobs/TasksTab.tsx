// The tasks of a job as rows in order, and the settings of the chosen one at the side. Every settled edit is a revision.
import { Button, Menu } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { taskSummary } from '#shared/model/job.ts';
import type { JobDetail, Task, TaskType } from '#shared/model/job.ts';
import { useConnected } from '../app/connection.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody } from '../ui/Page.tsx';
import { toastUndo } from '../ui/toasts.tsx';
import { When } from '../ui/When.tsx';
import { Conflict } from './Conflict.tsx';
import { isDirty, moved, putBack } from './draft.ts';
import { useJobDraft } from './draftStore.ts';
import type { EditKind, JobDraft } from './draftStore.ts';
import { TaskIcon } from './TaskIcon.tsx';
import { TaskList } from './TaskList.tsx';
import { TaskSettings } from './TaskSettings.tsx';
import { firstLack, newTask, taskHints, taskTitles, taskTypes } from './taskWords.ts';
import classes from './TasksTab.module.css';

export function TasksTab({ job }: { job: JobDetail }) {
  const edit = useJobDraft(job);
  const connected = useConnected();
  const [chosenId, setChosenId] = useState<string | null>(null);
  const settings = useRef<HTMLElement>(null);
  const { tasks, theirs, failure } = edit.draft;
  const chosen = tasks.find((task) => task.id === chosenId) ?? tasks[0];
  const locked = job.trashedAt !== null;
  // A new task is filled in next, so the keyboard goes to its first field.
  const [fillIn, setFillIn] = useState<string | null>(null);
  useEffect(() => {
    if (fillIn === null || chosen?.id !== fillIn) return;
    settings.current?.querySelector<HTMLElement>('input:not([type="hidden"]), textarea, button')?.focus();
    setFillIn(null);
  }, [fillIn, chosen]);

  const add = (type: TaskType): void => {
    const task = newTask(type, job.name);
    edit.edit([...tasks, task], 'choice');
    setChosenId(task.id);
    setFillIn(task.id);
  };
  const replace = (task: Task, kind: EditKind): void => edit.edit(edit.now().map((each) => (each.id === task.id ? task : each)), kind);
  const remove = (index: number): void => {
    const task = tasks[index];
    if (task === undefined) return;
    edit.edit(tasks.toSpliced(index, 1), 'choice');
    setChosenId((tasks[index + 1] ?? tasks[index - 1])?.id ?? null);
    toastUndo(`Removed: ${taskSummary(task)}`, `task ${task.id}`, () => {
      edit.edit(putBack(edit.now(), task, index), 'choice');
      setChosenId(task.id);
    });
  };
  return (
    <PageBody>
      {theirs !== null && <Conflict mine={tasks} theirs={theirs} onMine={edit.keepMine} onTheirs={edit.takeTheirs} />}
      {failure !== null && <ErrorBlock title="This change is not saved" error={failure} context={{ Job: `${job.name} (${job.id})` }} onRetry={edit.retry} onDismiss={edit.discard} />}
      {theirs !== null ? null : tasks.length === 0 ? (
        <EmptyState icon={null} title="A job is an ordered list of tasks: deploy an image, run a script, show a message, restart. They run on a computer one after another, from the first to the last." help="first-job">
          {!locked && <AddMenu label="Add the first task" filled onAdd={add} />}
          <SaveState job={job} edit={edit} />
        </EmptyState>
      ) : (
        <div className={classes['columns']}>
          <section className={classes['list']} aria-label="Tasks">
            <TaskList
              tasks={tasks} chosen={chosen?.id ?? null} locked={locked} onChoose={(id) => { edit.settle(); setChosenId(id); }} onRemove={remove}
              onMove={(from, to) => { setChosenId(tasks[from]?.id ?? null); edit.edit(moved(tasks, from, to), 'choice'); }}
            />
            <div className={classes['below']}>
              {!locked && <AddMenu label="Add task" onAdd={add} />}
              <SaveState job={job} edit={edit} />
            </div>
            {!connected && isDirty(edit.draft) && <p className="dim">What you changed is kept in this window and saved as soon as the server answers again.</p>}
          </section>
          {chosen !== undefined && (
            <section ref={settings} className={classes['settings']} aria-label="Settings of the task" onBlur={edit.settle} key={chosen.id}>
              <h2><TaskIcon task={chosen} /> {taskTitles[chosen.type]}</h2>
              <p className="dim">{taskHints[chosen.type]}</p>
              <TaskSettings task={chosen} locked={locked} onChange={replace} />
            </section>
          )}
        </div>
      )}
    </PageBody>
  );
}

function AddMenu({ label, filled = false, onAdd }: { label: string; filled?: boolean; onAdd: (type: TaskType) => void }) {
  return (
    <Menu position="bottom-start" width={380} returnFocus={false}>
      <Menu.Target><Button {...(filled ? {} : { variant: 'default' })} leftSection={<IconPlus size={14} />}>{label}</Button></Menu.Target>
      <Menu.Dropdown aria-label="Kinds of tasks">
        {taskTypes.map((type) => (
          <Menu.Item key={type} leftSection={<TaskIcon task={{ type }} />} onClick={() => onAdd(type)}>
            <span className={classes['kind']}><span>{taskTitles[type]}</span><small>{taskHints[type]}</small></span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Whether what one sees is what the server has, in words. */
function SaveState({ job, edit }: { job: JobDetail; edit: JobDraft }) {
  const { draft } = edit;
  const lack = firstLack(draft.tasks);
  return (
    <p className={classes['saved']} role="status">
      {draft.sending !== null ? 'Saving…'
        : draft.failure !== null ? <span className={classes['unsaved']}>Not saved</span>
          : isDirty(draft) ? (lack === null ? 'Changed…' : <span className={classes['unsaved']}>Not saved yet. {lack}</span>)
            : draft.saved !== null ? <>Saved, revision {draft.saved.rev} {draft.saved.undo !== null && <Button variant="subtle" px={6} onClick={() => void edit.undoSave()}>Undo</Button>}</>
              : <span className="dim">Revision {job.rev} · <When at={job.updatedAt} /> by {job.updatedBy}</span>}
    </p>
  );
}
