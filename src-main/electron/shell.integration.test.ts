// The contract between shell, preload script and page, proved without Electron's runtime: the built preload script runs in a
// context where it can require electron alone, and the shell runs with a stand-in for electron and a real server.
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import vm from 'node:vm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { desktopChannels } from '#shared/desktop.ts';

const root = join(import.meta.dirname, '../..');
type Handler = (event: unknown, input: unknown) => unknown;

describe('the preload script', () => {
  async function runPreload(): Promise<{ exposed: Map<string, Record<string, unknown>>; invoked: unknown[][] }> {
    const exposed = new Map<string, Record<string, unknown>>();
    const invoked: unknown[][] = [];
    const electron = {
      contextBridge: { exposeInMainWorld: (name: string, value: Record<string, unknown>) => exposed.set(name, value) },
      ipcRenderer: { invoke: (...args: unknown[]) => Promise.resolve(invoked.push(args)) },
    };
    const require = (name: string): unknown => {
      if (name !== 'electron') throw new Error(`a sandboxed preload script cannot require ${name}`);
      return electron;
    };
    const code = await readFile(join(root, 'out/preload/preload.cjs'), 'utf8');
    vm.runInNewContext(code, { require, module: { exports: {} }, exports: {}, process: { platform: 'linux', argv: ['electron', '--platen-version=1.2.3'] } });
    return { exposed, invoked };
  }

  test('exposes window.desktop alone, and it invokes exactly the channels of the contract', async () => {
    const { exposed, invoked } = await runPreload();
    expect([...exposed.keys()]).toEqual(['desktop']);
    const bridge = exposed.get('desktop') ?? {};
    expect(Object.keys(bridge).sort()).toEqual(['notify', 'openDirectoryDialog', 'platform', 'revealInFolder', 'version']);
    expect([bridge['platform'], bridge['version']]).toEqual(['linux', '1.2.3']);
    for (const member of Object.values(bridge)) if (typeof member === 'function') await (member as (input: string) => Promise<unknown>)('x');
    expect(invoked.map(([channel]) => String(channel)).sort()).toEqual(Object.values(desktopChannels).sort());
  });
});

describe('the shell', () => {
  const handlers = new Map<string, Handler>();
  const listeners = new Map<string, (...args: never[]) => unknown>();
  const opened: string[] = [];
  const revealed: string[] = [];
  const state = { options: undefined as unknown, url: '', openHandler: undefined as ((details: { url: string }) => unknown) | undefined, quits: 0 };
  const navigation = new Map<string, (event: { url: string; preventDefault(): void }) => void>();
  let dataFolder = '';

  beforeAll(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), 'platen-shell-'));
    const loaded = new EventTarget();
    class BrowserWindow {
      static fromWebContents = () => null;
      webContents = {
        setWindowOpenHandler: (handler: typeof state.openHandler) => { state.openHandler = handler; },
        on: (name: string, handler: (event: { url: string; preventDefault(): void }) => void) => navigation.set(name, handler),
        session: { setPermissionRequestHandler: () => undefined },
      };
      constructor(options: unknown) { state.options = options; }
      once(): void {}
      async loadURL(url: string): Promise<void> {
        state.url = url;
        loaded.dispatchEvent(new Event('loaded'));
      }
    }
    vi.doMock('electron', () => ({
      app: {
        getAppPath: () => root, setPath: () => undefined, requestSingleInstanceLock: () => true, whenReady: async () => undefined,
        on: (name: string, listener: (...args: never[]) => unknown) => listeners.set(name, listener),
        quit: () => { state.quits += 1; loaded.dispatchEvent(new Event('quit')); },
        exit: () => undefined,
      },
      BrowserWindow,
      dialog: { showErrorBox: (_title: string, text: string) => { throw new Error(text); }, showOpenDialog: async () => ({ canceled: false, filePaths: ['/srv'] }) },
      ipcMain: { handle: (channel: string, handler: Handler) => handlers.set(channel, handler) },
      Notification: Object.assign(class { show(): void {} }, { isSupported: () => true }),
      shell: { openExternal: async (url: string) => { opened.push(url); }, showItemInFolder: (path: string) => { revealed.push(path); } },
    }));
    const argv = process.argv;
    process.argv = ['electron', '--no-sandbox', root, '--data', dataFolder, '--http-port', '0'];
    const shown = once(loaded, 'loaded');
    await import('./main.ts');
    await shown;
    process.argv = argv;
    return async () => {
      const quit = once(loaded, 'quit');
      (listeners.get('before-quit') as ((event: { preventDefault(): void }) => void) | undefined)?.({ preventDefault: () => undefined });
      await quit;
    };
  });
  afterAll(() => rm(dataFolder, { recursive: true, force: true }));

  const origin = (): string => new URL(state.url).origin;
  const call = async (channel: string, input: unknown, from = origin()): Promise<unknown> => handlers.get(channel)?.({ senderFrame: { origin: from }, sender: {} }, input);

  test('opens a window without Node, isolated and sandboxed, on an address where the server answers', async () => {
    expect(state.options).toMatchObject({
      webPreferences: { contextIsolation: true, sandbox: true, nodeIntegration: false, webviewTag: false, preload: join(root, 'out/preload/preload.cjs') },
    });
    expect(state.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=.+/);
    expect((await fetch(`${origin()}/health`)).status).toBe(200);
  });

  test('handles exactly the channels of the contract', () => {
    expect([...handlers.keys()].sort()).toEqual(Object.values(desktopChannels).sort());
  });

  test('answers the console and nobody else', async () => {
    expect(await call(desktopChannels.openDirectoryDialog, { title: 'Data folder' })).toBe('/srv');
    await expect(call(desktopChannels.openDirectoryDialog, { title: 'Data folder' }, 'https://elsewhere.example')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(call(desktopChannels.openDirectoryDialog, { title: 7 })).rejects.toThrow(/expected string/);
  });

  test('reveals only what exists on this machine', async () => {
    await call(desktopChannels.revealInFolder, dataFolder);
    await expect(call(desktopChannels.revealInFolder, join(dataFolder, 'absent'))).rejects.toMatchObject({ code: 'not-found' });
    expect(revealed).toEqual([dataFolder]);
  });

  test('opens no second window; https links go to the browser, anything else nowhere', () => {
    expect(['https://example.org/', 'file:///etc/passwd', 'http://example.org/'].map((url) => state.openHandler?.({ url }))).toEqual(Array(3).fill({ action: 'deny' }));
    expect(opened).toEqual(['https://example.org/']);
  });

  test('stays on the server it belongs to', () => {
    const prevented: string[] = [];
    for (const url of [`${origin()}/images`, 'http://127.0.0.1:1/', 'file:///etc/passwd']) {
      navigation.get('will-navigate')?.({ url, preventDefault: () => prevented.push(url) });
    }
    expect(prevented).toEqual(['http://127.0.0.1:1/', 'file:///etc/passwd']);
  });
});
