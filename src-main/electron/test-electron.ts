// Test support: a stand-in for Electron, as far as the shell uses it, that remembers what was asked of it. Not part of the product.
import { EventEmitter } from 'node:events';

type Handler = (event: unknown, input: unknown) => unknown;
type Item = { label?: string; type?: string; click?: () => void };

export class FakeWindow extends EventEmitter {
  static made: FakeWindow[] = [];
  static fromWebContents = (): null => null;
  static whenLoaded = new EventEmitter();
  readonly options: Record<string, unknown>;
  url = '';
  shown = false;
  focused = false;
  closed = false;
  maximized = false;
  readonly sent: unknown[][] = [];
  readonly navigation = new EventEmitter();
  openHandler: ((details: { url: string }) => unknown) | undefined;
  readonly webContents = {
    setWindowOpenHandler: (handler: (details: { url: string }) => unknown): void => { this.openHandler = handler; },
    on: (name: string, handler: (...args: unknown[]) => void): unknown => this.navigation.on(name, handler),
    send: (...args: unknown[]): void => { this.sent.push(args); },
    session: { setPermissionRequestHandler: (): void => undefined },
  };
  constructor(options: Record<string, unknown>) {
    super();
    this.options = options;
    FakeWindow.made.push(this);
  }
  async loadURL(url: string): Promise<void> {
    this.url = url;
    FakeWindow.whenLoaded.emit('loaded');
  }
  show(): void { this.shown = true; }
  hide(): void { this.shown = false; }
  focus(): void { this.focused = true; }
  restore(): void {}
  maximize(): void { this.maximized = true; }
  isMinimized(): boolean { return false; }
  isMaximized(): boolean { return this.maximized; }
  isFocused(): boolean { return this.focused && this.shown; }
  isDestroyed(): boolean { return this.closed; }
  getNormalBounds() { return { x: 30, y: 40, width: 1200, height: 800 }; }
  /** As a person does it; returns whether the window is gone. */
  close(): boolean {
    let prevented = false;
    this.emit('close', { preventDefault: () => { prevented = true; } });
    if (!prevented) {
      this.closed = true;
      this.emit('closed');
    }
    return !prevented;
  }
}

export type FakeNotification = { title: string; body: string; click(): void };

export function fakeElectron(root: string) {
  const app = new EventEmitter();
  const handlers = new Map<string, Handler>();
  const seen = {
    app, handlers, quits: 0, opened: new Array<string>(), revealed: new Array<string>(), notifications: new Array<FakeNotification>(), questions: new Array<{ message: string; buttons: string[] }>(),
    /** What the person answers to the next questions. */
    answers: new Array<{ response: number; checkboxChecked: boolean }>(),
    tray: { tip: '', items: new Array<Item>() }, blockers: new Set<number>(),
  };
  class Notification extends EventEmitter {
    static isSupported = (): boolean => true;
    constructor({ title, body }: { title: string; body: string }) {
      super();
      seen.notifications.push({ title, body, click: () => this.emit('click') });
    }
    show(): void {}
  }
  let blockers = 0;
  const electron = {
    app: Object.assign(app, {
      isPackaged: false, getAppPath: () => root, getVersion: () => '0.0.0', setPath: () => undefined, setAppUserModelId: () => undefined, requestSingleInstanceLock: () => true, whenReady: async () => undefined,
      getLoginItemSettings: () => ({ openAtLogin: false, wasOpenedAtLogin: false }), setLoginItemSettings: () => undefined,
      quit: () => {
        let prevented = false;
        app.emit('before-quit', { preventDefault: () => { prevented = true; } });
        if (!prevented) { seen.quits += 1; app.emit('quit'); }
      },
      exit: () => undefined,
    }),
    BrowserWindow: FakeWindow,
    dialog: {
      showErrorBox: (_title: string, text: string) => { throw new Error(text); },
      showOpenDialog: async () => ({ canceled: false, filePaths: ['/srv'] }),
      showMessageBox: async (...args: unknown[]) => {
        const options = args.at(-1) as { message: string; buttons: string[] };
        seen.questions.push({ message: options.message, buttons: options.buttons });
        return seen.answers.shift() ?? { response: options.buttons.length - 1, checkboxChecked: false };
      },
    },
    ipcMain: { handle: (channel: string, handler: Handler) => handlers.set(channel, handler) },
    Menu: { buildFromTemplate: (items: Item[]) => items },
    nativeImage: { createFromPath: () => ({ resize: () => ({}) }) },
    Notification,
    powerSaveBlocker: { start: () => { blockers += 1; seen.blockers.add(blockers); return blockers; }, stop: (id: number) => seen.blockers.delete(id) },
    screen: { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }] },
    shell: { openExternal: async (url: string) => { seen.opened.push(url); }, showItemInFolder: (path: string) => { seen.revealed.push(path); } },
    Tray: class extends EventEmitter {
      setToolTip(tip: string): void { seen.tray.tip = tip; }
      setContextMenu(items: Item[]): void { seen.tray.items = items; }
      destroy(): void {}
    },
  };
  return { electron, seen };
}
