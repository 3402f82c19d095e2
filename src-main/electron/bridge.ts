// The shell's side of window.desktop: one handler per channel. Every input is parsed, and only pages of the server itself are
// answered, because an iframe or a page that got here by mistake must not open dialogs.
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { BrowserWindow, dialog, ipcMain, Notification, shell } from 'electron';
import type { IpcMainInvokeEvent } from 'electron';
import { z } from 'zod';
import { desktopChannels } from '#shared/desktop.ts';
import type { DesktopBridge } from '#shared/desktop.ts';
import { AppError } from '#shared/errors.ts';
import { checkForUpdates } from './login.ts';
import type { Login } from './login.ts';

const directoryDialogOptionsSchema = z.object({ title: z.string().max(200), defaultPath: z.string().max(4096).optional() });
const desktopNotificationSchema = z.object({ title: z.string().max(200), body: z.string().max(1000) });
const revealPathSchema = z.string().min(1).max(4096);

type Handlers = { [K in keyof typeof desktopChannels]: (event: IpcMainInvokeEvent, input: unknown) => ReturnType<DesktopBridge[K]> };

const handlersWith = (login: Login): Handlers => ({
  openDirectoryDialog: async (event, input) => {
    const { title, defaultPath } = directoryDialogOptionsSchema.parse(input);
    const options: Electron.OpenDialogOptions = { title, properties: ['openDirectory', 'createDirectory'], ...(defaultPath === undefined ? {} : { defaultPath }) };
    const window = BrowserWindow.fromWebContents(event.sender);
    const answer = window === null ? await dialog.showOpenDialog(options) : await dialog.showOpenDialog(window, options);
    return answer.canceled ? null : (answer.filePaths[0] ?? null);
  },
  revealInFolder: async (_event, input) => {
    const path = revealPathSchema.parse(input);
    const found = isAbsolute(path) && (await stat(path).then(() => true, () => false));
    if (!found) throw new AppError('not-found', `${path} is not on this machine, so it cannot be shown in its file manager.`);
    shell.showItemInFolder(path);
  },
  notify: async (_event, input) => {
    const { title, body } = desktopNotificationSchema.parse(input);
    if (Notification.isSupported()) new Notification({ title, body }).show();
  },
  getLaunchAtLogin: async () => login.get(),
  setLaunchAtLogin: async (_event, input) => login.set(z.boolean().parse(input)),
  checkForUpdates: async () => checkForUpdates(),
});

/** Registers the handlers; serverOrigin: the one origin that may call them. */
export function handleBridge(serverOrigin: string, login: Login): void {
  const handlers = handlersWith(login);
  for (const name of Object.keys(handlers) as Array<keyof Handlers>) {
    ipcMain.handle(desktopChannels[name], (event, input: unknown) => {
      const from = event.senderFrame?.origin ?? 'a closed page';
      if (from !== serverOrigin) throw new AppError('forbidden', `${from} is not the console, so it may not use the desktop.`);
      return handlers[name](event, input);
    });
  }
}
