// The only code that stands between the console's page and Electron: it exposes window.desktop and nothing else, and takes the page
// to an address when the shell says so. Runs sandboxed, so it may require electron alone; everything else is bundled in.
import { contextBridge, ipcRenderer } from 'electron';
import { desktopChannels, desktopVersionArgument, openPageChannel, pageAddressPattern } from '#shared/desktop.ts';
import type { DesktopBridge, LaunchAtLogin, UpdateAnswer } from '#shared/desktop.ts';

const bridge: DesktopBridge = {
  platform: process.platform,
  version: process.argv.find((argument) => argument.startsWith(desktopVersionArgument))?.slice(desktopVersionArgument.length) ?? '',
  openDirectoryDialog: (options) => ipcRenderer.invoke(desktopChannels.openDirectoryDialog, options) as Promise<string | null>,
  revealInFolder: (path) => ipcRenderer.invoke(desktopChannels.revealInFolder, path) as Promise<void>,
  notify: (notification) => ipcRenderer.invoke(desktopChannels.notify, notification) as Promise<void>,
  getLaunchAtLogin: () => ipcRenderer.invoke(desktopChannels.getLaunchAtLogin) as Promise<LaunchAtLogin>,
  setLaunchAtLogin: (enabled) => ipcRenderer.invoke(desktopChannels.setLaunchAtLogin, enabled) as Promise<LaunchAtLogin>,
  checkForUpdates: () => ipcRenderer.invoke(desktopChannels.checkForUpdates) as Promise<UpdateAnswer>,
};

contextBridge.exposeInMainWorld('desktop', bridge);
ipcRenderer.on(openPageChannel, (_event, page: unknown) => {
  // The console's addresses are fragments, so this loads nothing.
  if (typeof page === 'string' && pageAddressPattern.test(page)) location.hash = page;
});
