// The two questions the desktop asks before work would end. Words and buttons only; what follows is life.ts's.
import { dialog } from 'electron';
import type { BrowserWindow } from 'electron';
import { workText } from './decisions.ts';
import type { Work } from './decisions.ts';

export type CloseAnswer = { choice: 'tray' | 'quit' | 'cancel'; remember: boolean };

export async function askWhenClosed(window: BrowserWindow, work: Work): Promise<CloseAnswer> {
  const { response, checkboxChecked } = await dialog.showMessageBox(window, {
    type: 'question', message: `Runs are active: ${workText(work)}.`,
    detail: 'In the tray Platen goes on with them. Ending it ends the server: computers being imaged stop in the middle and go on when it is started again.',
    buttons: ['Go on in the tray', 'End Platen', 'Cancel'], defaultId: 0, cancelId: 2, noLink: true,
    checkboxLabel: 'Do this from now on (Settings, Desktop)', checkboxChecked: true,
  });
  const choice = (['tray', 'quit', 'cancel'] as const)[response] ?? 'cancel';
  return { choice, remember: checkboxChecked && choice !== 'cancel' };
}

export async function askBeforeQuit(work: Work): Promise<boolean> {
  const { response } = await dialog.showMessageBox({
    type: 'warning', message: `Quit while runs are active (${workText(work)})?`,
    detail: 'The server ends with it: computers being imaged stop in the middle and go on when it is started again.',
    buttons: ['Quit Platen', 'Let them run'], defaultId: 1, cancelId: 1, noLink: true,
  });
  return response === 0;
}
