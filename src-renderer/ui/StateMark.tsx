// State as icon + word + colour, the same everywhere; never colour alone.
import { IconAlertTriangleFilled, IconCircleCheckFilled, IconCircleOff, IconCircleXFilled, IconClock, IconPlayerPlayFilled, IconTrash } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import classes from './StateMark.module.css';

export type Tone = 'ok' | 'run' | 'wait' | 'warn' | 'fail' | 'off' | 'trash';
const icons = {
  ok: IconCircleCheckFilled, run: IconPlayerPlayFilled, wait: IconClock, warn: IconAlertTriangleFilled,
  fail: IconCircleXFilled, off: IconCircleOff, trash: IconTrash,
} as const;

export function StateIcon({ tone, size = 14 }: { tone: Tone; size?: number }) {
  const Icon = icons[tone];
  return <Icon size={size} className={`${classes['icon']} ${classes[tone]}`} aria-hidden />;
}

export function StateMark({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`${classes['mark']} ${classes[tone]}`}>
      <StateIcon tone={tone} />
      <span className={classes['word']}>{children}</span>
    </span>
  );
}
