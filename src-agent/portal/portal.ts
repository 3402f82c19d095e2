// Owns the portal as a whole: terminals in front, the session behind, the state in between. Events, keys and time go into the reducer;
// its commands go to the session, and what it shows to every terminal. Any of them may type; a yes counts for what its own terminal shows.
import { toAppError } from '#shared/errors.ts';
import type { WireError } from '#shared/errors.ts';
import type { PortalCommands, PortalFace, PortalOptions } from './contract.ts';
import { Display } from './display.ts';
import type { DisplaySetup } from './display.ts';
import type { Key } from './keys.ts';
import { reduce } from './reduce.ts';
import { initialState, nextTickAt } from './state.ts';
import type { Command, Outcome, PortalInput, PortalState } from './state.ts';

export type PortalSetup = DisplaySetup & {
  /** Further terminals that show the same and may type as well, each in its own size and at its own pace. */
  others?: readonly DisplaySetup[];
  commands: PortalCommands;
  options: PortalOptions;
  /** Milliseconds since 1970; default: the clock. */
  now?: () => number;
  /** A time of day; default: in this computer's zone. */
  clock?: (at: number) => string;
};

/** Opens the portal in its terminals: from here on they are its own, until `close`. */
export function openPortal(setup: PortalSetup): PortalFace {
  return new Portal(setup);
}

class Portal implements PortalFace {
  private readonly setup: PortalSetup;
  private readonly now: () => number;
  private readonly displays: Display[] = [];
  private state: PortalState;
  private timer: NodeJS.Timeout | undefined;
  private isOpen = true;

  constructor(setup: PortalSetup) {
    this.setup = setup;
    this.now = setup.now ?? Date.now;
    this.state = initialState(setup.options, this.now());
    for (const each of [setup, ...(setup.others ?? [])]) this.add(each);
    this.show();
    this.tickLater();
  }

  tell(event: Parameters<PortalFace['tell']>[0]): void {
    this.take({ type: 'event', event });
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    clearTimeout(this.timer);
    for (const display of this.displays.splice(0)) display.close();
  }

  private add(setup: DisplaySetup): void {
    const display: Display = new Display(setup, {
      clock: this.setup.clock ?? timeOfDay, onKey: (key) => this.press(display, key), onResize: () => this.redraw(display), onGone: () => this.lose(display),
    });
    this.displays.push(display);
  }

  /** What there is no room for on the terminal that the key came from was not seen by whoever pressed it. */
  private press(display: Display, key: Key): void {
    // What only prints has room for everything.
    const size = display.capabilities.kind === 'lines' ? { columns: Infinity, rows: Infinity } : display.size;
    this.state = reduce(this.state, { type: 'size', ...size }, this.now()).state;
    this.take({ type: 'key', key });
  }

  /** Gone for good (window closed, line dropped); with the last one nobody sees the portal any more. */
  private lose(display: Display): void {
    if (!this.isOpen || !this.displays.includes(display)) return;
    if (this.displays.length === 1) return this.take({ type: 'gone' });
    this.displays.splice(this.displays.indexOf(display), 1);
    display.close();
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
    for (const display of this.displays) display.show(this.state);
  }

  private redraw(display: Display): void {
    if (!this.isOpen) return;
    display.reset();
    display.show(this.state);
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
      case 'redraw': for (const display of this.displays) this.redraw(display);
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
