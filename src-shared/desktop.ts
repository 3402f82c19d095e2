// Owns what the desktop shell offers the console beyond a browser: the bridge that the preload script exposes as
// window.desktop, and the channels between preload script and shell. In a browser window.desktop is absent.
// No zod here: this file is bundled into the sandboxed preload script; the shell parses what arrives.

export type DirectoryDialogOptions = { title: string; defaultPath?: string };
export type DesktopNotification = { title: string; body: string };

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
};

export const desktopChannels = {
  openDirectoryDialog: 'desktop:open-directory-dialog',
  revealInFolder: 'desktop:reveal-in-folder',
  notify: 'desktop:notify',
} as const;

/** The shell tells the preload script its version by this argument; a sandboxed script cannot read package.json. */
export const desktopVersionArgument = '--platen-version=';
