// Owns the terminal as a device: raw mode, its size, how fast its line is, and that it is left as it was found, also after a crash or
// a signal. It knows no screens.
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, writeSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import type { Capabilities } from './capabilities.ts';
import { enterSequence, leaveSequence } from './capabilities.ts';
import type { Size } from './cells.ts';
import { ESCAPE_TIMEOUT_MS, KeyDecoder } from './keys.ts';
import type { Key } from './keys.ts';

export type TerminalInput = Readable & { isTTY?: boolean; setRawMode?: (on: boolean) => unknown };
export type TerminalOutput = Writable & { isTTY?: boolean; fd?: number; columns?: number; rows?: number };
export type TerminalStreams = { input: TerminalInput; output: TerminalOutput };
type TerminalEvents = { onKey: (key: Key) => void; onResize: () => void; /** The line has room again. */ onDrain: () => void; /** Nobody is there any more: the window was closed, the line dropped. */ onGone: () => void };

const signals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
/** Of this program; a signal that nobody else hears ends it only when the last of them was put right. */
const openTerminals = new Set<Terminal>();

export class Terminal {
  private readonly streams: TerminalStreams;
  private readonly capabilities: Capabilities;
  private readonly events: TerminalEvents;
  private readonly keys = new KeyDecoder();
  private escapeTimer: NodeJS.Timeout | undefined;
  private isOpen = true;

  constructor(streams: TerminalStreams, capabilities: Capabilities, events: TerminalEvents) {
    this.streams = streams;
    this.capabilities = capabilities;
    this.events = events;
    // A console's line may take seconds for a screen: the agent must not stand still meanwhile, as Node's own default would have it.
    setBlocking(streams.output, false);
    this.enter();
    streams.input.on('data', this.onData).on('end', this.onGone).on('error', this.onGone);
    streams.output.on('resize', events.onResize).on('drain', events.onDrain).on('error', this.onGone);
    streams.input.resume();
    process.on('exit', this.onExit).on('uncaughtExceptionMonitor', this.onExit).on('SIGCONT', this.onContinue);
    for (const signal of signals) process.on(signal, this.onSignal);
    openTerminals.add(this);
  }

  get size(): Size {
    const { columns, rows } = this.streams.output;
    const { defaultSize } = this.capabilities;
    // A serial line says 0×0 when nobody has told it.
    return { columns: columns !== undefined && columns > 0 ? columns : defaultSize.columns, rows: rows !== undefined && rows > 0 ? rows : defaultSize.rows };
  }

  /** @returns false where the line is full: write again after onDrain */
  write(text: string): boolean {
    return this.isOpen && this.streams.output.writable ? this.streams.output.write(text) : false;
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    openTerminals.delete(this);
    clearTimeout(this.escapeTimer);
    const { input, output } = this.streams;
    input.off('data', this.onData).off('end', this.onGone);
    output.off('resize', this.events.onResize).off('drain', this.events.onDrain);
    process.off('exit', this.onExit).off('uncaughtExceptionMonitor', this.onExit).off('SIGCONT', this.onContinue);
    for (const signal of signals) process.off(signal, this.onSignal);
    if (output.writable) output.write(leaveSequence(this.capabilities));
    setBlocking(output, true);
    rawMode(input, false);
    input.pause();
  }

  private enter(): void {
    rawMode(this.streams.input, true);
    if (this.streams.output.writable) this.streams.output.write(enterSequence(this.capabilities));
  }

  private readonly onData = (bytes: Uint8Array | string): void => {
    clearTimeout(this.escapeTimer);
    for (const key of this.keys.push(typeof bytes === 'string' ? Buffer.from(bytes) : bytes)) this.events.onKey(key);
    if (this.keys.isWaiting && this.isOpen) this.escapeTimer = setTimeout(this.onSilence, ESCAPE_TIMEOUT_MS);
  };

  private readonly onSilence = (): void => {
    for (const key of this.keys.timeout()) this.events.onKey(key);
  };

  private readonly onGone = (): void => {
    if (this.isOpen) this.events.onGone();
  };

  /** Back from a stop: another program may have used the terminal meanwhile. */
  private readonly onContinue = (): void => {
    this.enter();
    this.events.onResize();
  };

  /** Whoever else listens ends the program in its own way; alone, the terminal is put right and the signal does what it always did. */
  private readonly onSignal = (signal: NodeJS.Signals): void => {
    const alone = process.listenerCount(signal) === openTerminals.size;
    if (!alone) return;
    this.onExit();
    process.off(signal, this.onSignal);
    if (openTerminals.size === 0) process.kill(process.pid, signal);
  };

  /** At once, past the stream: the program ends before a stream would write. */
  private readonly onExit = (): void => {
    if (!this.isOpen) return;
    this.isOpen = false;
    openTerminals.delete(this);
    const { input, output } = this.streams;
    setBlocking(output, true);
    try {
      if (output.fd !== undefined) writeSync(output.fd, leaveSequence(this.capabilities));
      rawMode(input, false);
    } catch {
      // The terminal is gone; there is nothing left to put right.
    }
  };
}

function rawMode(input: TerminalInput, on: boolean): void {
  if (input.isTTY === true) input.setRawMode?.(on);
}

/** Node writes to terminals synchronously; its handle can do better. Where it can't, writes block as they always did. */
function setBlocking(output: TerminalOutput, blocking: boolean): void {
  if (output.isTTY !== true || !('_handle' in output)) return;
  const handle = output._handle as { setBlocking?: (on: boolean) => unknown } | null;
  handle?.setBlocking?.(blocking);
}

/** Bytes per second of a serial line; null where the terminal is none, or nobody knows: then only what the line takes counts. */
export function lineSpeed(output: TerminalOutput): number | null {
  if (output.isTTY !== true || output.fd === undefined) return null;
  try {
    let device = readlinkSync(`/proc/self/fd/${output.fd}`);
    if (device === '/dev/console') device = `/dev/${readFileSync('/sys/class/tty/console/active', 'utf8').trim().split(' ').at(-1) ?? ''}`;
    if (!/^\/dev\/tty(S|USB|ACM|AMA|O|mxc|PS)\d+$/.test(device)) return null;
    const baud = Number(execFileSync('stty', ['speed'], { stdio: [output.fd, 'pipe', 'ignore'], encoding: 'utf8', timeout: 1000 }).trim());
    // Ten bits a byte: one to start, eight, one to stop.
    return baud > 0 ? baud / 10 : null;
  } catch {
    return null;
  }
}
