// The desktop's entry: one window on the server core, which runs in this process on loopback, or on the server that already
// runs on the same data folder. Everything else is the core's; this file must stay thin.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { app, dialog, screen } from 'electron';
import type { BrowserWindow } from 'electron';
import { z } from 'zod';
import { toAppError } from '#shared/errors.ts';
import { findInstallation } from '../cli/installation.ts';
import { cacheFolder, defaultDataFolder, programFolder } from '../platform.ts';
import { startServer } from '../server.ts';
import { findRunning } from './attach.ts';
import type { Attachment } from './attach.ts';
import { installedBootPlaces } from './boot-places.ts';
import { handleBridge } from './bridge.ts';
import { certificateWord, windowPlace } from './decisions.ts';
import { startLife } from './life.ts';
import { openLogin } from './login.ts';
import { openConsole } from './window.ts';
import { keepWindowState, readWindowState } from './window-state.ts';

// Chromium's own switches stand between ours, so unknown ones are not an error here.
const { values } = parseArgs({ args: process.argv.slice(1), strict: false, options: { data: { type: 'string' }, host: { type: 'string' }, 'http-port': { type: 'string' }, background: { type: 'boolean' } } });
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const dataFolder = text(values['data']) ?? defaultDataFolder();

/** out/main/electron.js → the project's folder, packaged or not. */
const root = app.getAppPath();
/** The shell's own folder: its lock, its storage, where the window was. */
const shellFolder = join(dataFolder, 'desktop');
let life: ReturnType<typeof startLife> | undefined;

async function open(): Promise<void> {
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const running = await findRunning(dataFolder);
  const server = running ?? (await startOwn(version));
  const origin = new URL(server.url).origin;
  handleBridge(origin, openLogin(text(values['data']) === undefined ? [] : ['--data', dataFolder]));
  trustOnly(origin, server.token);
  const icon = join(root, 'resources/icons/platen-256.png');
  life = startLife({
    server, owns: running === null, icon,
    openWindow: async (): Promise<BrowserWindow> => {
      const stateFile = join(shellFolder, 'window.json');
      const window = await openConsole({
        origin, address: `${origin}/#token=${server.token}`, version, preload: join(root, 'out/preload/preload.cjs'), icon,
        place: windowPlace(readWindowState(stateFile), screen.getAllDisplays().map((display) => display.workArea)),
      });
      keepWindowState(window, stateFile);
      return window;
    },
  });
  const isBackground = values['background'] === true || (process.platform === 'darwin' && app.getLoginItemSettings().wasOpenedAtLogin);
  if (!isBackground) await life.open(null);
}

async function startOwn(version: string): Promise<Attachment> {
  const port = text(values['http-port']);
  const bootPlaces = app.isPackaged ? installedBootPlaces({ resourcesFolder: process.resourcesPath, programFolder: programFolder(), cacheFolder: cacheFolder() }) : (await findInstallation()).bootPlaces;
  const server = await startServer({ dataFolder, host: text(values['host']) ?? '127.0.0.1', version, rendererFolder: join(root, 'out/renderer'), bootPlaces, ...(port === undefined ? {} : { httpPort: Number(port) }) });
  closeBeforeQuit(() => server.close());
  return server;
}

/** The server's certificate is its own: it is known by the fingerprint in the token, and no other is taken in its place. */
function trustOnly(origin: string, token: string): void {
  const pinned = certificateWord(token);
  app.on('certificate-error', (event, _contents, url, _error, certificate, answer) => {
    const isServer = URL.canParse(url) && new URL(url).origin === origin && pinned !== null && certificate.fingerprint === pinned;
    if (isServer) event.preventDefault();
    answer(isServer);
  });
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

app.setAppUserModelId('app.platen.desktop');
// One window per data folder: the lock lives in the shell's own folder, which therefore lives in the data folder.
app.setPath('userData', shellFolder);
if (app.requestSingleInstanceLock()) {
  app.on('second-instance', () => void life?.open(null));
  // Not awaited at the top level: Electron becomes ready only once this module has been evaluated.
  app.whenReady().then(open).catch((error: unknown) => {
    dialog.showErrorBox('Platen could not start', toAppError(error).message);
    app.exit(1);
  });
} else {
  app.quit();
}
