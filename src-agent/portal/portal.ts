// Owns the portal as a whole: a terminal in front, the session behind, the state in between. Events, keys and time go into the reducer;
// its commands go to the session, and what it shows to the terminal.
import { toAppError } from '#shared/errors.ts';
import type { WireError } from '#shared/errors.ts';
import { defaultPortalSettings } from '#shared/model/server.ts';
import { capabilitiesOf } from './capabilities.ts';
import type { Capabilities } from './capabilities.ts';
import type { Size } from './cells.ts';
import type { PortalCommands, PortalFace, PortalOptions } from './contract.ts';
import { Painter } from './painter.ts';
import { LinePrinter } from './printer.ts';
import { reduce } from './reduce.ts';
import { initialState, nextTickAt } from './state.ts';
import type { Command, Outcome, PortalInput, PortalState } from './state.ts';
import { lineSpeed, Terminal } from './terminal.ts';
import type { TerminalStreams } from './terminal.ts';
import { themeOf } from './theme.ts';
import type { PortalColor } from './theme.ts';
import { view } from './view.ts';

export type PortalSetup = TerminalStreams & {
  /** Of TERM; '' prints lines. */
  term: string;
  /** LC_ALL, LC_CTYPE or LANG: what the terminal's characters are. */
  locale?: string;
  /** Instead of what the terminal says. */
  size?: Size;
  /** Of a serial line, instead of what the line says. */
  bytesPerSecond?: number | null;
  commands: PortalCommands;
  options: PortalOptions;
  /** Milliseconds since 1970; default: the clock. */
  now?: () => number;
  /** A time of day; default: in this computer's zone. */
  clock?: (at: number) => string;
};

/** Opens the portal in a terminal: from here on the terminal is its own, until `close`. */
export function openPortal(setup: PortalSetup): PortalFace {
  return new Portal(setup);
}

class Portal implements PortalFace {
  private readonly setup: PortalSetup;
  private readonly now: () => number;
  private readonly clock: (at: number) => string;
  private readonly capabilities: Capabilities;
  private readonly terminal: Terminal;
  private readonly painter: Painter;
  private readonly printer: LinePrinter;
  private state: PortalState;
  private color: PortalColor = defaultPortalSettings.portalColor;
  private timer: NodeJS.Timeout | undefined;
  private isOpen = true;

  constructor(setup: PortalSetup) {
    this.setup = setup;
    this.now = setup.now ?? Date.now;
    this.clock = setup.clock ?? timeOfDay;
    this.capabilities = capabilitiesOf(setup.term, setup.locale);
    this.state = initialState(setup.options, this.now());
    const bytesPerSecond = setup.bytesPerSecond === undefined ? lineSpeed(setup.output) : setup.bytesPerSecond;
    this.terminal = new Terminal({ input: setup.input, output: setup.output }, this.capabilities, {
      onKey: (key) => this.take({ type: 'key', key }), onResize: () => this.resized(), onDrain: () => this.painter.drained(), onGone: () => this.take({ type: 'gone' }),
    });
    const line = { write: (text: string) => this.terminal.write(text), bytesPerSecond, now: () => performance.now(), wait };
    this.painter = new Painter(line, this.capabilities, this.size, themeOf(this.capabilities.colors, this.color));
    this.printer = new LinePrinter((text) => this.terminal.write(text));
    this.resized();
    this.tickLater();
  }

  tell(event: Parameters<PortalFace['tell']>[0]): void {
    this.take({ type: 'event', event });
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    clearTimeout(this.timer);
    this.painter.close();
    this.terminal.close();
  }

  private get size(): Size {
    return this.setup.size ?? this.terminal.size;
  }

  private take(input: PortalInput): void {
    if (!this.isOpen) return;
    const step = reduce(this.state, input, this.now());
    this.state = step.state;
    this.show();
    this.tickLater();
    for (const command of step.commands) this.run(command);
  }

  private show(): void {
    const color = this.state.open?.settings.portalColor ?? defaultPortalSettings.portalColor;
    if (color !== this.color) {
      this.color = color;
      this.painter.reset(this.size, themeOf(this.capabilities.colors, color));
    }
    const picture = view(this.state, { size: this.size, charset: this.capabilities.charset, clock: this.clock });
    if (this.capabilities.kind === 'lines') this.printer.print(picture, this.state);
    else this.painter.paint(picture);
  }

  private resized(): void {
    if (this.capabilities.kind !== 'lines') this.state = reduce(this.state, { type: 'size', ...this.size }, this.now()).state;
    this.redraw();
  }

  private redraw(): void {
    if (!this.isOpen) return;
    this.painter.reset(this.size, themeOf(this.capabilities.colors, this.color));
    this.show();
  }

  private tickLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.take({ type: 'tick' }), Math.max(1, nextTickAt(this.state) - this.now()));
  }

  private run(command: Command): void {
    const { commands } = this.setup;
    switch (command.type) {
      case 'identify': return this.ask('identified', () => commands.identify(command.computerId));
      case 'pick': return this.ask('picked', () => commands.pick(command.item, command.name));
      case 'resume': return this.ask('resumed', () => commands.resume(command.runId, command.go));
      case 'cancel-run': return this.ask('cancel-sent', () => commands.cancelRun(command.runId));
      case 'check-name': return this.checkName(command.name);
      case 'message-read': return commands.messageRead();
      case 'proceed': return commands.proceed();
      case 'leave': return commands.leave(command.reason);
      case 'redraw': return this.redraw();
    }
  }

  private ask(type: Exclude<Outcome['type'], 'name-checked'>, ask: () => Promise<void>): void {
    this.settle(ask(), () => ({ type, error: null }), (error) => ({ type, error }));
  }

  private checkName(name: string): void {
    const type = 'name-checked' as const;
    this.settle(this.setup.commands.checkName(name), (problem) => ({ type, name, problem, error: null }), (error) => ({ type, name, problem: null, error }));
  }

  private settle<T>(asked: Promise<T>, good: (value: T) => Outcome, bad: (error: WireError) => Outcome): void {
    void asked.then(good, (error: unknown) => bad(toAppError(error).toWire())).then((outcome) => this.take({ type: 'outcome', outcome }));
  }
}

function timeOfDay(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

function wait(milliseconds: number, then: () => void): () => void {
  const timer = setTimeout(then, milliseconds);
  return () => clearTimeout(timer);
}
