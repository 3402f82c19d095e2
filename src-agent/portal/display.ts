// Owns one terminal that shows the portal: its keys, its size, what it can do, and the newest picture drawn at its own pace. A portal has
// one or several of these; none waits for another, and one that is gone takes nothing with it.
import { defaultPortalSettings } from '#shared/model/server.ts';
import { capabilitiesOf } from './capabilities.ts';
import type { Capabilities } from './capabilities.ts';
import type { Size } from './cells.ts';
import type { Key } from './keys.ts';
import { Painter } from './painter.ts';
import { LinePrinter } from './printer.ts';
import type { PortalState } from './state.ts';
import { lineSpeed, Terminal } from './terminal.ts';
import type { TerminalStreams } from './terminal.ts';
import { themeOf } from './theme.ts';
import type { PortalColor } from './theme.ts';
import { view } from './view.ts';

export type DisplaySetup = TerminalStreams & {
  /** Of TERM; '' prints lines. */
  term: string;
  /** LC_ALL, LC_CTYPE or LANG: what the terminal's characters are. */
  locale?: string;
  /** Instead of what the terminal says. */
  size?: Size;
  /** Of a serial line, instead of what the line says. */
  bytesPerSecond?: number | null;
  /** Gives the streams back when the portal has left them. */
  release?: () => void;
};
type DisplayEvents = { onKey: (key: Key) => void; onResize: () => void; onGone: () => void; clock: (at: number) => string };

export class Display {
  readonly capabilities: Capabilities;
  private readonly setup: DisplaySetup;
  private readonly clock: (at: number) => string;
  private readonly terminal: Terminal;
  private readonly painter: Painter;
  private readonly printer: LinePrinter;
  private color: PortalColor = defaultPortalSettings.portalColor;

  constructor(setup: DisplaySetup, events: DisplayEvents) {
    this.setup = setup;
    this.clock = events.clock;
    this.capabilities = capabilitiesOf(setup.term, setup.locale);
    const bytesPerSecond = setup.bytesPerSecond === undefined ? lineSpeed(setup.output) : setup.bytesPerSecond;
    this.terminal = new Terminal({ input: setup.input, output: setup.output }, this.capabilities, {
      onKey: events.onKey, onResize: events.onResize, onDrain: () => this.painter.drained(), onGone: events.onGone,
    });
    const line = { write: (text: string) => this.terminal.write(text), bytesPerSecond, now: () => performance.now(), wait };
    this.painter = new Painter(line, this.capabilities, this.size, themeOf(this.capabilities.colors, this.color));
    this.printer = new LinePrinter((text) => this.terminal.write(text));
  }

  get size(): Size {
    return this.setup.size ?? this.terminal.size;
  }

  show(state: PortalState): void {
    const color = state.open?.settings.portalColor ?? defaultPortalSettings.portalColor;
    if (color !== this.color) {
      this.color = color;
      this.reset();
    }
    const picture = view(state, { size: this.size, charset: this.capabilities.charset, clock: this.clock });
    if (this.capabilities.kind === 'lines') this.printer.print(picture, state);
    else this.painter.paint(picture);
  }

  /** What is shown next is drawn from nothing, in the size of now. */
  reset(): void {
    this.painter.reset(this.size, themeOf(this.capabilities.colors, this.color));
  }

  close(): void {
    this.painter.close();
    this.terminal.close();
    this.setup.release?.();
  }
}

function wait(milliseconds: number, then: () => void): () => void {
  const timer = setTimeout(then, milliseconds);
  return () => clearTimeout(timer);
}
