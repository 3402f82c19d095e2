// The desktop's entry: one window on the server core, which runs in this process on loopback, or on the server that already
// runs on the same data folder. Everything else is the core's; this file must stay thin.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { app, dialog } from 'electron';
import type { BrowserWindow } from 'electron';
import { z } from 'zod';
import { toAppError } from '#shared/errors.ts';
import { defaultDataFolder } from '../platform.ts';
import { startServer } from '../server.ts';
import { findRunning } from './attach.ts';
import type { Attachment } from './attach.ts';
import { handleBridge } from './bridge.ts';
import { openConsole } from './window.ts';

// Chromium's own switches stand between ours, so unknown ones are not an error here.
const { values } = parseArgs({ args: process.argv.slice(1), strict: false, options: { data: { type: 'string' }, host: { type: 'string' }, 'http-port': { type: 'string' } } });
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const dataFolder = text(values['data']) ?? defaultDataFolder();

/** out/main/electron.js → the project's folder, packaged or not. */
const root = app.getAppPath();
let window: BrowserWindow | undefined;

async function open(): Promise<void> {
  const server = (await findRunning(dataFolder)) ?? (await startOwn(text(values['http-port'])));
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const origin = new URL(server.url).origin;
  handleBridge(origin);
  window = await openConsole({
    origin, address: `${origin}/#token=${server.token}`, version,
    preload: join(root, 'out/preload/preload.cjs'), icon: join(root, 'resources/icons/platen-256.png'),
  });
}

async function startOwn(port: string | undefined): Promise<Attachment> {
  const server = await startServer({ dataFolder, host: text(values['host']) ?? '127.0.0.1', ...(port === undefined ? {} : { httpPort: Number(port) }) });
  closeBeforeQuit(() => server.close());
  return server;
}

/** Quitting waits until the server has drained; a second request to quit does not cut that short. */
function closeBeforeQuit(close: () => Promise<void>): void {
  let state: 'open' | 'closing' | 'closed' = 'open';
  app.on('before-quit', (event) => {
    if (state === 'closed') return;
    event.preventDefault();
    if (state === 'closing') return;
    state = 'closing';
    void close()
      .catch((error: unknown) => process.stderr.write(`${toAppError(error, 'closing the server').message}\n`))
      .finally(() => {
        state = 'closed';
        app.quit();
      });
  });
}

// One window per data folder: the lock lives in the shell's own folder, which therefore lives in the data folder.
app.setPath('userData', join(dataFolder, 'desktop'));
if (app.requestSingleInstanceLock()) {
  app.on('second-instance', () => {
    if (window?.isMinimized() === true) window.restore();
    window?.focus();
  });
  app.on('window-all-closed', () => app.quit());
  // Not awaited at the top level: Electron becomes ready only once this module has been evaluated.
  app.whenReady().then(open).catch((error: unknown) => {
    dialog.showErrorBox('Platen could not start', toAppError(error).message);
    app.exit(1);
  });
} else {
  app.quit();
}
