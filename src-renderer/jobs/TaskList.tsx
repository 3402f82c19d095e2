// The rows of a job's tasks: chosen by click or arrow keys, moved by dragging or Alt+↑/↓, removed by Del. Says moves to screen readers.
import { ActionIcon } from '@mantine/core';
import { IconGripVertical, IconX } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { taskSummary } from '#shared/model/job.ts';
import type { Task } from '#shared/model/job.ts';
import { StateIcon } from '../ui/StateMark.tsx';
import { TaskIcon } from './TaskIcon.tsx';
import { taskProblems, taskTitles } from './taskWords.ts';
import classes from './TasksTab.module.css';

type Props = {
  tasks: readonly Task[]; chosen: string | null; locked: boolean;
  onChoose: (id: string) => void;
  onMove: (from: number, to: number) => void;
  onRemove: (index: number) => void;
};

export function TaskList({ tasks, chosen, locked, onChoose, onMove, onRemove }: Props) {
  const list = useRef<HTMLOListElement>(null);
  const [dragged, setDragged] = useState<number | null>(null);
  /** The gap the dragged row would go into: 0 is before the first. */
  const [gap, setGap] = useState<number | null>(null);
  const [said, setSaid] = useState('');
  const [focusOn, setFocusOn] = useState<string | null>(null);
  useEffect(() => {
    if (focusOn === null) return;
    list.current?.querySelector<HTMLElement>(`[data-task="${CSS.escape(focusOn)}"]`)?.focus();
    setFocusOn(null);
  }, [focusOn]);

  const move = (from: number, to: number): void => {
    if (locked || to < 0 || to >= tasks.length || from === to) return;
    onMove(from, to);
    setSaid(`Moved to place ${to + 1} of ${tasks.length}`);
    setFocusOn(tasks[from]?.id ?? null);
  };
  const drop = (): void => {
    if (dragged !== null && gap !== null) move(dragged, gap > dragged ? gap - 1 : gap);
    setDragged(null);
    setGap(null);
  };
  const onKeyDown = (event: React.KeyboardEvent, index: number): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      const next = tasks[index + step];
      if (event.altKey) move(index, index + step);
      else if (next !== undefined) { onChoose(next.id); setFocusOn(next.id); }
    }
    if (event.key === 'Delete' && !locked) {
      event.preventDefault();
      onRemove(index);
      setFocusOn((tasks[index + 1] ?? tasks[index - 1])?.id ?? null);
    }
  };
  return (
    <>
      <ol ref={list} className={classes['tasks']} onDragLeave={(event) => { if (event.relatedTarget instanceof Node && !event.currentTarget.contains(event.relatedTarget)) setGap(null); }} onDrop={(event) => { event.preventDefault(); drop(); }}>
        {tasks.map((task, index) => {
          const [problem] = Object.values(taskProblems(task));
          return (
            <li
              key={task.id} className={classes['task']} data-chosen={task.id === chosen} data-dragged={dragged === index} data-gap={gap === index ? 'before' : gap === index + 1 && index === tasks.length - 1 ? 'after' : undefined}
              draggable={!locked} onDragStart={(event) => { event.dataTransfer.effectAllowed = 'move'; event.dataTransfer.setData('text/plain', taskSummary(task)); setDragged(index); }} onDragEnd={() => { setDragged(null); setGap(null); }}
              onDragOver={(event) => {
                if (dragged === null) return;
                event.preventDefault();
                const box = event.currentTarget.getBoundingClientRect();
                setGap(event.clientY > box.top + box.height / 2 ? index + 1 : index);
              }}
            >
              <span className={classes['grip']} aria-hidden>{!locked && <IconGripVertical size={14} />}</span>
              <button type="button" data-task={task.id} className={classes['choose']} aria-current={task.id === chosen} aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown Delete" onClick={() => onChoose(task.id)} onKeyDown={(event) => onKeyDown(event, index)}>
                <span className={classes['place']}>{index + 1}</span>
                <TaskIcon task={task} />
                <span className={classes['summary']}>
                  {problem === undefined ? taskSummary(task) : taskTitles[task.type]}
                  {problem !== undefined && <small><StateIcon tone="warn" size={12} /> {problem}</small>}
                </span>
              </button>
              {!locked && <ActionIcon size={24} className={classes['remove'] ?? ''} aria-label={`Remove task ${index + 1}`} onClick={() => onRemove(index)}><IconX size={14} /></ActionIcon>}
            </li>
          );
        })}
      </ol>
      {!locked && tasks.length > 1 && <p className={classes['keys']}>Drag a row, or press <kbd>Alt</kbd> <kbd>↑</kbd> <kbd>↓</kbd>, to change the order.</p>}
      <span className="offscreen" role="status">{said}</span>
    </>
  );
}
