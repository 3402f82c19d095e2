// The console's window: sandboxed, without Node, and unable to go anywhere but the server it belongs to.
import { BrowserWindow, shell } from 'electron';
import { desktopVersionArgument } from '#shared/desktop.ts';
import { smallestWindow } from './decisions.ts';
import type { WindowPlace } from './decisions.ts';

/** `origin` of the server, `address` to load (with the token in its fragment). */
export type WindowTarget = { origin: string; address: string; preload: string; version: string; icon: string; place: WindowPlace };

/** Links out of the console go to the person's own browser, and only over https. */
function openOutside(url: string): void {
  if (URL.canParse(url) && new URL(url).protocol === 'https:') void shell.openExternal(url);
}

export async function openConsole(target: WindowTarget): Promise<BrowserWindow> {
  const { maximized, ...bounds } = target.place;
  const window = new BrowserWindow({
    ...bounds, minWidth: smallestWindow.width, minHeight: smallestWindow.height, show: false, autoHideMenuBar: true, icon: target.icon, title: 'Platen',
    webPreferences: {
      preload: target.preload,
      additionalArguments: [`${desktopVersionArgument}${target.version}`],
      contextIsolation: true, sandbox: true, nodeIntegration: false, webviewTag: false, spellcheck: false,
    },
  });
  const { webContents } = window;
  const isConsole = (url: string): boolean => URL.canParse(url) && new URL(url).origin === target.origin;
  webContents.setWindowOpenHandler(({ url }) => {
    openOutside(url);
    return { action: 'deny' };
  });
  const stay = (details: { url: string; preventDefault(): void }): void => {
    if (isConsole(details.url)) return;
    details.preventDefault();
    openOutside(details.url);
  };
  webContents.on('will-navigate', stay);
  webContents.on('will-redirect', stay);
  webContents.on('will-attach-webview', (event) => event.preventDefault());
  // The console needs no camera, position or the like; clipboard writes (copy a command) are the one exception.
  webContents.session.setPermissionRequestHandler((_contents, permission, answer) => answer(permission === 'clipboard-sanitized-write'));
  if (maximized) window.maximize();
  window.once('ready-to-show', () => window.show());
  await window.loadURL(target.address);
  return window;
}
