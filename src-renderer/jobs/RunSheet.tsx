// The sheet that says what starting a job or folder on computers would do (what runs, where, when, what is erased, what can't work)
// before anything does, and starts it by one button whose words say just that.
import { Modal } from '@mantine/core';
import { useState } from 'react';
import { closeRunSheet, useRunSheetRequest } from './runSheetStore.ts';
import type { RunSheetRequest } from './runSheetStore.ts';
import { RunSheetBody } from './RunSheetBody.tsx';
import classes from './RunSheet.module.css';

export function RunSheet() {
  const request = useRunSheetRequest();
  // While it fades out it still shows what it showed.
  const [shown, setShown] = useState<RunSheetRequest | null>(request);
  if (request !== null && request !== shown) setShown(request);
  return (
    <Modal
      opened={request !== null} onClose={closeRunSheet} size={1140} yOffset="6vh" title="Run on…" closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ content: classes['content'] ?? '', body: classes['body'] ?? '' }} onExitTransitionEnd={() => setShown(null)}
    >
      {shown !== null && <RunSheetBody request={shown} />}
    </Modal>
  );
}
