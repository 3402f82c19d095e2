// Text to copy: a command on one line with a button, or only the button.
import { ActionIcon, Button, CopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import classes from './CopyText.module.css';

/** `shown` differs from `text` where the text holds a secret. */
export function Command({ text, shown = text, label = 'Copy command' }: { text: string; shown?: string; label?: string }) {
  return (
    <div className={classes['command']}>
      <code tabIndex={0} role="group" aria-label="Command">{shown}</code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : label}>
            <ActionIcon onClick={copy} aria-label={copied ? 'Copied' : label}>{copied ? <IconCheck size={16} /> : <IconCopy size={16} />}</ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </div>
  );
}

export function CopyAction({ text, children }: { text: string; children: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => <Button variant="default" onClick={copy} leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}>{copied ? 'Copied' : children}</Button>}
    </CopyButton>
  );
}
