// Owns what the desktop shell offers the console beyond a browser: the bridge that the preload script exposes as
// window.desktop, and the channels between preload script and shell. In a browser window.desktop is absent.
// No zod here: this file is bundled into the sandboxed preload script; the shell parses what arrives.

export type DirectoryDialogOptions = { title: string; defaultPath?: string };
export type DesktopNotification = { title: string; body: string };
/** reason: why it can't be set here, in a sentence; null where it can. */
export type LaunchAtLogin = { enabled: boolean; reason: string | null };
/** What a check for updates found, in a sentence for the person who asked. */
export type UpdateAnswer = { available: boolean; message: string };

export type DesktopBridge = {
  /** "linux", "win32" or "darwin". */
  readonly platform: string;
  /** The shell's version, as package.json has it. */
  readonly version: string;
  /** Asks for a folder of this machine; null when the person cancelled. */
  openDirectoryDialog(options: DirectoryDialogOptions): Promise<string | null>;
  /** Shows a file or folder of this machine in its file manager. */
  revealInFolder(path: string): Promise<void>;
  /** A notification of the desktop, for when the window is not in front. */
  notify(notification: DesktopNotification): Promise<void>;
  getLaunchAtLogin(): Promise<LaunchAtLogin>;
  setLaunchAtLogin(enabled: boolean): Promise<LaunchAtLogin>;
  /** Only ever on a person's demand. */
  checkForUpdates(): Promise<UpdateAnswer>;
};

export const desktopChannels = {
  openDirectoryDialog: 'desktop:open-directory-dialog',
  revealInFolder: 'desktop:reveal-in-folder',
  notify: 'desktop:notify',
  getLaunchAtLogin: 'desktop:get-launch-at-login',
  setLaunchAtLogin: 'desktop:set-launch-at-login',
  checkForUpdates: 'desktop:check-for-updates',
} as const;

/** From shell to page: go to this address inside the console ("/run/…"), because a notification was clicked. */
export const openPageChannel = 'desktop:open-page';
/** Addresses the shell may send the page to; anything else is ignored. */
export const pageAddressPattern = /^\/[a-zA-Z0-9/_-]{0,200}$/;

/** The shell tells the preload script its version by this argument; a sandboxed script cannot read package.json. */
export const desktopVersionArgument = '--platen-version=';

/** What a change of this machine's addresses means, in words; null where nothing changed (their order alone says nothing). */
export function addressChange(before: readonly string[], now: readonly string[]): string | null {
  const gone = before.filter((address) => !now.includes(address));
  const come = now.filter((address) => !before.includes(address));
  if (gone.length === 0 && come.length === 0) return null;
  if (now.length === 0) return `This machine has lost its address ${gone.join(' and ')}: no other machine reaches the server now. Check the cable or the adapter; runs go on when it is back.`;
  if (gone.length === 0) return `This machine has a new address: ${come.join(' and ')}. The others stay as they were.`;
  if (come.length === 0) return `This machine no longer has the address ${gone.join(' and ')}. Agents that use it try again; it is still reached at ${now.join(' and ')}.`;
  return `This machine’s address changed from ${gone.join(' and ')} to ${come.join(' and ')}. Agents and commands that were given the old one no longer reach it: start them again with the new one.`;
}
