// The sheet that says what starting a job or folder on computers would do, and starts it.
import { Modal } from '@mantine/core';
import { closeRunSheet, useRunSheetRequest } from './runSheetStore.ts';

export function RunSheet() {
  const request = useRunSheetRequest();
  return <Modal opened={request !== null} onClose={closeRunSheet} size={920} title="Run on…" closeButtonProps={{ 'aria-label': 'Close' }}>{null}</Modal>;
}
