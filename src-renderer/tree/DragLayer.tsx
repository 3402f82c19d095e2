// What is under the pointer while one drags: what will happen, or why nothing will. Acts when it is dropped.
import { IconArrowRight, IconBan, IconPlayerPlay } from '@tabler/icons-react';
import { useEffect } from 'react';
import { answerDrops, useDrag } from './dragStore.ts';
import { nameOf } from './dropRules.ts';
import type { DragItem, Drop } from './dropRules.ts';
import classes from './DragLayer.module.css';

export function DragLayer({ onDrop, onRest }: { onDrop: (drop: Drop, items: readonly DragItem[]) => void; onRest: (id: string) => void }) {
  const drag = useDrag();
  useEffect(() => answerDrops({ onDrop, onRest }), [onDrop, onRest]);
  if (drag === null) return null;
  const { verdict, items } = drag;
  const state = verdict.drop !== null ? 'yes' : verdict.words === '' ? 'none' : 'no';
  return (
    <div className={classes['ghost']} data-state={state} role="status" style={{ transform: `translate(${Math.min(drag.x + 14, innerWidth - 340)}px, ${Math.min(drag.y + 12, innerHeight - 60)}px)` }}>
      {verdict.drop?.act === 'run' ? <IconPlayerPlay size={14} aria-hidden /> : verdict.drop !== null ? <IconArrowRight size={14} aria-hidden /> : state === 'no' ? <IconBan size={14} aria-hidden /> : null}
      <span>{verdict.words === '' ? nameOf(items) : verdict.words}</span>
    </div>
  );
}
