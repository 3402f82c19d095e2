// The desktop's life against a real server and a real run, with a stand-in for Electron: what it holds off, tells, asks and keeps.
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { openPageChannel } from '#shared/desktop.ts';
import { eventually, testAgent, testApi, testServer } from '../test-server.ts';
import { testChunk } from '../test-agent.ts';
import { fakeElectron, FakeWindow } from './test-electron.ts';

const root = join(import.meta.dirname, '../..');

beforeEach(() => {
  FakeWindow.made = [];
  vi.resetModules();
});

async function desktop(owns = true) {
  const server = await testServer();
  const { electron, seen } = fakeElectron(root);
  vi.doMock('electron', () => electron);
  const { startLife } = await import('./life.ts');
  const life = startLife({ server, owns, icon: 'icon.png', openWindow: async () => new FakeWindow({}) as never });
  await life.open(null);
  const [window] = FakeWindow.made;
  if (window === undefined) throw new Error('no window was opened');
  const agent = await testAgent(server);
  await agent.hello(server.token);
  const capture = () => agent.send('Lab', [testChunk(Buffer.alloc(256 * 1024, 7))]);
  const until = (fits: () => boolean) => eventually(async () => fits(), Boolean);
  await until(() => seen.tray.tip !== '');
  return { server, seen, life, window, agent, capture, until, api: testApi(server) };
}

test('holds off sleep while a run is active, says so in the tray, and lets go when it has ended', async () => {
  const { seen, agent, capture, until } = await desktop();
  expect(seen.tray.tip).toBe('Platen: Nothing is running');
  const { runId } = await capture();
  await until(() => seen.tray.tip === 'Platen: 1 running');
  expect(seen.blockers.size).toBe(1);
  await agent.request('captureCommit', { runId, result: {} });
  await until(() => seen.tray.tip === 'Platen: Nothing is running');
  expect(seen.blockers.size).toBe(0);
  expect(seen.notifications).toEqual([]);
  seen.app.emit('before-quit', { preventDefault: () => undefined });
});

test('asks once when the window closes over a run, remembers the answer in the settings, and hides from then on', async () => {
  const { seen, window, capture, until, api } = await desktop();
  await capture();
  await until(() => seen.tray.tip === 'Platen: 1 running');
  seen.answers.push({ response: 0, checkboxChecked: true });
  expect(window.close()).toBe(false);
  await until(() => !window.shown);
  expect(seen.questions).toEqual([{ message: 'Runs are active: 1 running.', buttons: ['Go on in the tray', 'End Platen', 'Cancel'] }]);
  expect((await api.settings.get.query()).whenClosed).toBe('tray');
  window.show();
  expect(window.close()).toBe(false);
  expect([window.shown, seen.questions.length, seen.quits]).toEqual([false, 1, 0]);
  seen.tray.items.find((item) => item.label === 'Open Platen')?.click?.();
  await until(() => window.shown);
  seen.tray.items.find((item) => item.label === 'Quit Platen')?.click?.();
  await until(() => seen.questions.length === 2);
  expect([seen.questions[1]?.message, seen.quits]).toEqual(['Quit while runs are active (1 running)?', 0]);
  seen.app.emit('before-quit', { preventDefault: () => undefined });
});

test('closes without a word where nothing runs, and where the server is another process', async () => {
  const idle = await desktop();
  expect([idle.window.close(), idle.seen.questions.length]).toEqual([true, 0]);
  idle.seen.app.emit('before-quit', { preventDefault: () => undefined });
  FakeWindow.made = [];
  vi.resetModules();
  const other = await desktop(false);
  await other.capture();
  await other.until(() => other.seen.tray.tip === 'Platen: 1 running');
  expect([other.window.close(), other.seen.questions.length]).toEqual([true, 0]);
  other.seen.app.emit('before-quit', { preventDefault: () => undefined });
});

test('tells of a failed run while nobody looks, and a click on it leads to the run', async () => {
  const { seen, window, agent, capture, until } = await desktop();
  const { runId } = await capture();
  await until(() => seen.tray.tip === 'Platen: 1 running');
  window.focused = false;
  await agent.request('runFailed', { runId, cancelled: false, error: { code: 'io', message: 'Reading /dev/test failed.\nCheck the disk.' } });
  await until(() => seen.notifications.length === 1);
  expect(seen.notifications[0]).toMatchObject({ title: 'Capture of Lab from lab-01 failed', body: 'Reading /dev/test failed.' });
  seen.notifications[0]?.click();
  await until(() => window.sent.length === 1);
  expect([window.sent, window.focused]).toEqual([[[openPageChannel, `/run/${runId}`]], true]);
  seen.app.emit('before-quit', { preventDefault: () => undefined });
});
