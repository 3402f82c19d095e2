// A place with nothing in it yet: one sentence on what will be here, the one thing that starts it, and its help page.
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { helpTitles } from '../help/topics.ts';
import type { HelpTopic } from '../help/topics.ts';
import classes from './EmptyState.module.css';

export function EmptyState({ icon, title, help, children }: { icon: ReactNode; title: string; help?: HelpTopic; children?: ReactNode }) {
  return (
    <div className={classes['empty']}>
      <span className={classes['icon']} aria-hidden>{icon}</span>
      <p className={classes['title']}>{title}</p>
      {children}
      {help !== undefined && <Link href={`/help/${help}`}>{helpTitles[help]}</Link>}
    </div>
  );
}
