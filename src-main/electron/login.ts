// Starting at login, and looking for updates when asked: what the system offers, in words where it offers nothing.
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { app } from 'electron';
import type { LaunchAtLogin, UpdateAnswer } from '#shared/desktop.ts';
import { AppError } from '#shared/errors.ts';
import { autostartEntry } from './decisions.ts';

export const backgroundFlag = '--background';
const notInstalled = 'Only an installed Platen can start at login; this one runs from its sources.';

/** @param dataArguments what names another data folder than the usual one */
export function openLogin(dataArguments: readonly string[]) {
  const args = [...dataArguments, backgroundFlag];
  // An AppImage runs from a mount that is gone at the next login; its own file is named by the environment.
  const command = (): string[] => [process.env['APPIMAGE'] ?? process.execPath, ...args];
  const entry = (): string => join(process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'autostart', 'platen.desktop');
  function get(): LaunchAtLogin {
    if (!app.isPackaged) return { enabled: false, reason: notInstalled };
    if (process.platform !== 'linux') return { enabled: app.getLoginItemSettings({ args }).openAtLogin, reason: null };
    return { enabled: statSync(entry(), { throwIfNoEntry: false }) !== undefined, reason: null };
  }
  return {
    get,
    set(enabled: boolean): LaunchAtLogin {
      if (!app.isPackaged) throw new AppError('conflict', notInstalled);
      if (process.platform !== 'linux') app.setLoginItemSettings({ openAtLogin: enabled, args });
      else if (enabled) {
        mkdirSync(join(entry(), '..'), { recursive: true });
        writeFileSync(entry(), autostartEntry(command()));
      } else rmSync(entry(), { force: true });
      return get();
    },
  };
}
export type Login = ReturnType<typeof openLogin>;

/** There is no place to look at yet, and nothing is invented: the answer says how one gets a newer version. */
export function checkForUpdates(): UpdateAnswer {
  return { available: false, message: `This build has no update channel, so it can't look for a newer version. You have ${app.getVersion()}. A newer one is installed over this one; the data folder stays as it is.` };
}
