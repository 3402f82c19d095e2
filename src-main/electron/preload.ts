// The only code that stands between the console's page and Electron: it exposes window.desktop and nothing else.
// Runs sandboxed, so it may require electron alone; everything else is bundled in.
import { contextBridge, ipcRenderer } from 'electron';
import { desktopChannels, desktopVersionArgument } from '#shared/desktop.ts';
import type { DesktopBridge } from '#shared/desktop.ts';

const bridge: DesktopBridge = {
  platform: process.platform,
  version: process.argv.find((argument) => argument.startsWith(desktopVersionArgument))?.slice(desktopVersionArgument.length) ?? '',
  openDirectoryDialog: (options) => ipcRenderer.invoke(desktopChannels.openDirectoryDialog, options) as Promise<string | null>,
  revealInFolder: (path) => ipcRenderer.invoke(desktopChannels.revealInFolder, path) as Promise<void>,
  notify: (notification) => ipcRenderer.invoke(desktopChannels.notify, notification) as Promise<void>,
};

contextBridge.exposeInMainWorld('desktop', bridge);
