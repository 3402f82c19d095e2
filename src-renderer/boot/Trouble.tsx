// Something that does not work and was not the answer to a click: what it is, in the server's words, and what to do.
import { IconAlertTriangleFilled, IconCircleXFilled } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { CopyAction } from '../ui/CopyText.tsx';
import classes from './Boot.module.css';

export function Trouble({ title, text, tone = 'fail', children, details }: { title: string; text: string; tone?: 'fail' | 'warn'; children?: ReactNode; details?: string }) {
  const Icon = tone === 'fail' ? IconCircleXFilled : IconAlertTriangleFilled;
  return (
    <div className={classes['trouble']} data-tone={tone} role="alert">
      <Icon size={18} color={`var(--${tone})`} aria-hidden />
      <div className={classes['troubleBody']}>
        <div className={classes['troubleTitle']}>{title}</div>
        <p className={classes['troubleText']}>{text}</p>
        {children}
        {details !== undefined && <div className={classes['troubleActions']}><CopyAction text={details}>Copy details</CopyAction></div>}
      </div>
    </div>
  );
}
