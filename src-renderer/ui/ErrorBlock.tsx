// An error next to what it concerns: what happened, why, what to do next (the message says all three), a code, Copy details.
import { Button } from '@mantine/core';
import { IconAlertTriangleFilled, IconCircleXFilled } from '@tabler/icons-react';
import type { ShownError } from '../errors.ts';
import { detailsText } from '../errors.ts';
import { CopyAction } from './CopyText.tsx';
import classes from './ErrorBlock.module.css';

type Props = {
  /** What did not work: "Could not read the images" */
  title: string;
  error: ShownError;
  context?: Record<string, string>;
  onRetry?: (() => void) | undefined;
  onDismiss?: (() => void) | undefined;
};

export function ErrorBlock({ title, error, context = {}, onRetry, onDismiss }: Props) {
  return (
    <div className={classes['block']} role="alert">
      <IconCircleXFilled size={18} className={classes['icon']} aria-hidden />
      <div className={classes['body']}>
        <div className={classes['title']}>{title} <span className={classes['code']}>{error.short}</span></div>
        <div className={classes['message']}>{error.message}</div>
        <div className={classes['actions']}>
          {onRetry && <Button variant="default" onClick={onRetry}>Try again</Button>}
          <CopyAction text={detailsText(error, { What: title, ...context })}>Copy details</CopyAction>
          {onDismiss && <Button variant="subtle" color="gray" onClick={onDismiss}>Dismiss</Button>}
        </div>
      </div>
    </div>
  );
}

/** Something that needs a person but has not failed. */
export function WarningLine({ children }: { children: React.ReactNode }) {
  return (
    <div className={classes['warning']} role="status">
      <IconAlertTriangleFilled size={16} className={classes['warnIcon']} aria-hidden />
      <span>{children}</span>
    </div>
  );
}
