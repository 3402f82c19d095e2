// Somebody else saved the tasks while they were being edited here: both lists side by side, and the two ways on. Nothing is lost
// either way: what was saved stays in the history.
import { Button } from '@mantine/core';
import { taskSummary } from '#shared/model/job.ts';
import type { Task } from '#shared/model/job.ts';
import { WarningLine } from '../ui/ErrorBlock.tsx';
import { When } from '../ui/When.tsx';
import type { ServerTasks } from './draft.ts';
import { TaskIcon } from './TaskIcon.tsx';
import classes from './TasksTab.module.css';

type Props = { mine: readonly Task[]; theirs: ServerTasks; onMine: () => void; onTheirs: () => void };

export function Conflict({ mine, theirs, onMine, onTheirs }: Props) {
  return (
    <section className={classes['conflict']} aria-label="Changed by somebody else">
      <WarningLine>{theirs.updatedBy} changed these tasks <When at={theirs.updatedAt} /> (revision {theirs.rev}) while you were editing them, so yours are not saved. Choose which ones go on; revision {theirs.rev} stays in the history.</WarningLine>
      <div className={classes['both']}>
        <div><h2>Yours</h2><ComparedTasks tasks={mine} other={theirs.tasks} words={words} /><Button onClick={onMine}>Save mine as the next revision</Button></div>
        <div><h2>Revision {theirs.rev}, by {theirs.updatedBy}</h2><ComparedTasks tasks={theirs.tasks} other={mine} words={words} /><Button variant="default" onClick={onTheirs}>Go on with revision {theirs.rev}</Button></div>
      </div>
    </section>
  );
}

const words = { changed: 'differs', added: 'only here' };
type ComparedProps = { tasks: readonly Task[]; other: readonly Task[] | null; words: { changed: string; added: string } };

/** Tasks in order; those the other list does not hold just so are marked. */
export function ComparedTasks({ tasks, other, words: said }: ComparedProps) {
  const known = new Map(other?.map((task) => [task.id, JSON.stringify(task)]));
  if (tasks.length === 0) return <p className="dim">No tasks.</p>;
  return (
    <ol className={classes['compared']}>
      {tasks.map((task) => {
        const there = known.get(task.id);
        const mark = other === null || there === JSON.stringify(task) ? null : there === undefined ? said.added : said.changed;
        return <li key={task.id} data-differs={mark !== null}><TaskIcon task={task} /><span>{taskSummary(task)}{mark !== null && <small> {mark}</small>}</span></li>;
      })}
    </ol>
  );
}
