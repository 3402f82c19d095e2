// The contract between shell, preload script and page, proved without Electron's runtime: the built preload script runs in a
// context where it can require electron alone, and the shell runs with a stand-in for electron and a real server.
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import vm from 'node:vm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { desktopChannels, openPageChannel } from '#shared/desktop.ts';
import { certificateWord } from './decisions.ts';
import { fakeElectron, FakeWindow } from './test-electron.ts';

const root = join(import.meta.dirname, '../..');

describe('the preload script', () => {
  const heard = new Map<string, (event: unknown, page: unknown) => void>();
  const location = { hash: '#/' };
  async function runPreload(): Promise<{ exposed: Map<string, Record<string, unknown>>; invoked: unknown[][] }> {
    const exposed = new Map<string, Record<string, unknown>>();
    const invoked: unknown[][] = [];
    const electron = {
      contextBridge: { exposeInMainWorld: (name: string, value: Record<string, unknown>) => exposed.set(name, value) },
      ipcRenderer: { invoke: (...args: unknown[]) => Promise.resolve(invoked.push(args)), on: (channel: string, listener: (event: unknown, page: unknown) => void) => heard.set(channel, listener) },
    };
    const require = (name: string): unknown => {
      if (name !== 'electron') throw new Error(`a sandboxed preload script cannot require ${name}`);
      return electron;
    };
    const code = await readFile(join(root, 'out/preload/preload.cjs'), 'utf8');
    vm.runInNewContext(code, { require, location, module: { exports: {} }, exports: {}, process: { platform: 'linux', argv: ['electron', '--platen-version=1.2.3'] } });
    return { exposed, invoked };
  }

  test('exposes window.desktop alone, and it invokes exactly the channels of the contract', async () => {
    const { exposed, invoked } = await runPreload();
    expect([...exposed.keys()]).toEqual(['desktop']);
    const bridge = exposed.get('desktop') ?? {};
    expect(Object.keys(bridge).sort()).toEqual(['checkForUpdates', 'getLaunchAtLogin', 'notify', 'openDirectoryDialog', 'platform', 'revealInFolder', 'setLaunchAtLogin', 'version']);
    expect([bridge['platform'], bridge['version']]).toEqual(['linux', '1.2.3']);
    for (const member of Object.values(bridge)) if (typeof member === 'function') await (member as (input: string) => Promise<unknown>)('x');
    expect(invoked.map(([channel]) => String(channel)).sort()).toEqual(Object.values(desktopChannels).sort());
  });

  test('takes the page to an address of the console when the shell says so, and nowhere else', async () => {
    await runPreload();
    heard.get(openPageChannel)?.({}, '/run/0b1c');
    expect(location.hash).toBe('/run/0b1c');
    for (const page of ['https://elsewhere.example', 'javascript:alert(1)', '/run/"><x', 7, '']) heard.get(openPageChannel)?.({}, page);
    expect(location.hash).toBe('/run/0b1c');
  });
});

describe('the shell', () => {
  const { electron, seen } = fakeElectron(root);
  let dataFolder = '';
  const window = (): FakeWindow => FakeWindow.made[0] ?? expect.fail('no window was opened');

  beforeAll(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), 'platen-shell-'));
    vi.doMock('electron', () => electron);
    const argv = process.argv;
    process.argv = ['electron', '--no-sandbox', root, '--data', dataFolder, '--http-port', '0'];
    const shown = once(FakeWindow.whenLoaded, 'loaded');
    await import('./main.ts');
    await shown;
    process.argv = argv;
    return async () => {
      const quit = once(seen.app, 'quit');
      electron.app.quit();
      await quit;
    };
  });
  afterAll(() => rm(dataFolder, { recursive: true, force: true }));

  const origin = (): string => new URL(window().url).origin;
  const call = async (channel: string, input: unknown, from = origin()): Promise<unknown> => seen.handlers.get(channel)?.({ senderFrame: { origin: from }, sender: {} }, input);

  test('opens a window without Node, isolated and sandboxed, on an address where the server answers', async () => {
    expect(window().options).toMatchObject({
      webPreferences: { contextIsolation: true, sandbox: true, nodeIntegration: false, webviewTag: false, preload: join(root, 'out/preload/preload.cjs') },
    });
    expect(window().url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=.+/);
    expect((await fetch(`${origin()}/health`)).status).toBe(200);
    expect(await (await fetch(`${origin()}/`)).text()).toContain('<div id="root">');
  });

  test('handles exactly the channels of the contract', () => {
    expect([...seen.handlers.keys()].sort()).toEqual(Object.values(desktopChannels).sort());
  });

  test('answers the console and nobody else', async () => {
    expect(await call(desktopChannels.openDirectoryDialog, { title: 'Data folder' })).toBe('/srv');
    await expect(call(desktopChannels.openDirectoryDialog, { title: 'Data folder' }, 'https://elsewhere.example')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(call(desktopChannels.openDirectoryDialog, { title: 7 })).rejects.toThrow(/expected string/);
  });

  test('reveals only what exists on this machine', async () => {
    await call(desktopChannels.revealInFolder, dataFolder);
    await expect(call(desktopChannels.revealInFolder, join(dataFolder, 'absent'))).rejects.toMatchObject({ code: 'not-found' });
    expect(seen.revealed).toEqual([dataFolder]);
  });

  test('offers no start at login where nothing is installed, and says that it has nowhere to look for updates', async () => {
    expect(await call(desktopChannels.getLaunchAtLogin, undefined)).toMatchObject({ enabled: false, reason: expect.stringMatching(/installed/) });
    await expect(call(desktopChannels.setLaunchAtLogin, true)).rejects.toMatchObject({ code: 'conflict' });
    await expect(call(desktopChannels.setLaunchAtLogin, 'yes')).rejects.toThrow(/expected boolean/);
    expect(await call(desktopChannels.checkForUpdates, undefined)).toMatchObject({ available: false, message: expect.stringMatching(/no update channel/) });
  });

  test('comes to the front when it is started a second time, and keeps where the window was', async () => {
    window().hide();
    seen.app.emit('second-instance');
    await vi.waitFor(() => expect([window().shown, FakeWindow.made.length]).toEqual([true, 1]));
    window().maximize();
    window().emit('maximize');
    await vi.waitFor(async () => expect(JSON.parse(await readFile(join(dataFolder, 'desktop/window.json'), 'utf8'))).toEqual({ x: 30, y: 40, width: 1200, height: 800, maximized: true }));
  });

  test('trusts the certificate that its server’s token names, for its server alone', () => {
    const asked = (url: string, fingerprint: string): boolean | undefined => {
      let answer: boolean | undefined;
      seen.app.emit('certificate-error', { preventDefault: () => undefined }, {}, url, 'ERR', { fingerprint }, (given: boolean) => { answer = given; });
      return answer;
    };
    const own = certificateWord(decodeURIComponent(window().url.split('#token=')[1] ?? '')) ?? '';
    expect([asked(`${origin()}/`, own), asked(`${origin()}/`, 'sha256/other'), asked('https://elsewhere.example/', own)]).toEqual([true, false, false]);
  });

  test('opens no second window; https links go to the browser, anything else nowhere', () => {
    expect(['https://example.org/', 'file:///etc/passwd', 'http://example.org/'].map((url) => window().openHandler?.({ url }))).toEqual(Array(3).fill({ action: 'deny' }));
    expect(seen.opened).toEqual(['https://example.org/']);
  });

  test('stays on the server it belongs to', () => {
    const prevented: string[] = [];
    for (const url of [`${origin()}/images`, 'http://127.0.0.1:1/', 'file:///etc/passwd']) {
      window().navigation.emit('will-navigate', { url, preventDefault: () => prevented.push(url) });
    }
    expect(prevented).toEqual(['http://127.0.0.1:1/', 'file:///etc/passwd']);
  });
});
