// The desktop's life around one window: close to the tray with work running, notifications, sleep held off, quitting. Decides by
// decisions.ts, learns of runs through watch.ts, and carries it out with Electron.
import { app, Notification, powerSaveBlocker } from 'electron';
import type { BrowserWindow } from 'electron';
import { addressChange, openPageChannel } from '#shared/desktop.ts';
import type { RunView } from '#shared/model/run.ts';
import type { Attachment } from './attach.ts';
import { closeDecision, noticesOf, quitDecision, sleepDecision, workOf } from './decisions.ts';
import type { Notice } from './decisions.ts';
import { askBeforeQuit, askWhenClosed } from './questions.ts';
import { openTray } from './tray.ts';
import { watchServer } from './watch.ts';

export type LifeParts = {
  server: Attachment;
  /** The server runs in this process and ends with it. */
  owns: boolean;
  icon: string;
  /** Makes the window and loads the console; called once at a time. */
  openWindow(): Promise<BrowserWindow>;
};

export function startLife({ server, owns, icon, openWindow }: LifeParts) {
  let window: BrowserWindow | null = null;
  let opening: Promise<BrowserWindow> | null = null;
  let isQuitting = false;
  let isAsking = false;
  let sleepBlocker: number | null = null;
  let addresses: string[] | null = null;
  /** Notifications are forgotten by the system when nothing holds them, and then their click does nothing. */
  const notifications = new Set<Notification>();

  const watch = watchServer(server, {
    runs: (runs, before) => {
      update();
      for (const notice of noticesOf(before, runs)) notify(notice);
    },
    addresses: (now) => {
      const change = addresses === null ? null : addressChange(addresses, now);
      addresses = now;
      if (change !== null) notify({ title: 'The addresses of this machine have changed', body: change, page: '/settings' });
    },
  });
  const tray = openTray(icon, { open: (page) => void open(page), quit: () => void quit() });

  function update(): void {
    const active: RunView[] = watch.active();
    tray.show(active);
    const decision = sleepDecision(sleepBlocker !== null, workOf(active));
    if (decision === 'hold') sleepBlocker = powerSaveBlocker.start('prevent-app-suspension');
    if (decision === 'release' && sleepBlocker !== null) {
      powerSaveBlocker.stop(sleepBlocker);
      sleepBlocker = null;
    }
  }

  /** Only while nobody looks: who has the window in front sees it there. */
  function notify({ title, body, page }: Notice): void {
    if (window?.isFocused() === true || !Notification.isSupported()) return;
    const notification = new Notification({ title, body });
    notifications.add(notification);
    notification.on('click', () => void open(page));
    notification.on('close', () => notifications.delete(notification));
    notification.show();
  }

  async function open(page: string | null): Promise<void> {
    if (window === null) {
      opening ??= openWindow().finally(() => { opening = null; });
      attach(await opening);
    }
    const shown = window as BrowserWindow | null;
    if (shown === null) return;
    if (shown.isMinimized()) shown.restore();
    shown.show();
    shown.focus();
    if (page !== null) shown.webContents.send(openPageChannel, page);
  }

  function attach(made: BrowserWindow): void {
    if (window === made) return;
    window = made;
    made.on('close', (event) => {
      if (isQuitting) return;
      const decision = closeDecision({ owns, work: workOf(watch.active()), whenClosed: watch.settings().whenClosed });
      if (decision === 'quit') return;
      event.preventDefault();
      if (decision === 'hide') made.hide();
      else void ask(made);
    });
    made.on('closed', () => { if (window === made) window = null; });
  }

  async function ask(made: BrowserWindow): Promise<void> {
    if (isAsking) return;
    isAsking = true;
    try {
      const { choice, remember } = await askWhenClosed(made, workOf(watch.active()));
      // Kept before the server may end; where that fails the question comes again, which is no harm.
      if (remember && choice !== 'cancel') await watch.setWhenClosed(choice).catch(() => undefined);
      if (choice === 'tray') made.hide();
      if (choice === 'quit') app.quit();
    } finally {
      isAsking = false;
    }
  }

  async function quit(): Promise<void> {
    const work = workOf(watch.active());
    if (quitDecision({ owns, work }) === 'ask' && !(await askBeforeQuit(work))) return;
    app.quit();
  }

  app.on('before-quit', () => {
    isQuitting = true;
    watch.close();
    if (sleepBlocker !== null) powerSaveBlocker.stop(sleepBlocker);
    sleepBlocker = null;
  });
  app.on('window-all-closed', () => app.quit());
  app.on('activate', () => void open(null));
  update();
  return { open, quit };
}
