// A place with nothing in it yet: one sentence on what will be here, and the one thing that starts it.
import type { ReactNode } from 'react';
import classes from './EmptyState.module.css';

export function EmptyState({ icon, title, children }: { icon: ReactNode; title: string; children?: ReactNode }) {
  return (
    <div className={classes['empty']}>
      <span className={classes['icon']} aria-hidden>{icon}</span>
      <p className={classes['title']}>{title}</p>
      {children}
    </div>
  );
}
