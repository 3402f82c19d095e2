// Owns a terminal that a test can read: what a portal writes goes through a real terminal emulator, and comes out as lines of text and
// as cells with colours.
import { PassThrough } from 'node:stream';
import headless from '@xterm/headless';
import type { Size } from '../cells.ts';

export type EmulatedCell = { char: string; width: number; bold: boolean; inverse: boolean; /** 0–15, or null: the terminal's own. */ ink: number | null; paper: number | null };

export class Emulator {
  readonly size: Size;
  private readonly terminal: headless.Terminal;

  constructor(size: Size) {
    this.size = size;
    // Scrolled lines are kept, so that a test sees when something scrolled that must not.
    this.terminal = new headless.Terminal({ cols: size.columns, rows: size.rows, allowProposedApi: true, scrollback: 1000 });
  }

  write(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.terminal.write(data, resolve));
  }

  /** Lines that went off the top. */
  get scrolled(): number {
    return this.terminal.buffer.active.baseY;
  }

  lines(): string[] {
    return Array.from({ length: this.size.rows }, (_, row) => this.terminal.buffer.active.getLine(this.terminal.buffer.active.baseY + row)?.translateToString(true) ?? '');
  }

  text(): string {
    return this.lines().join('\n');
  }

  cells(): EmulatedCell[][] {
    const buffer = this.terminal.buffer.active;
    return Array.from({ length: this.size.rows }, (_, row) => Array.from({ length: this.size.columns }, (_unused, column) => {
      const cell = buffer.getLine(buffer.baseY + row)?.getCell(column);
      if (cell === undefined) return { char: ' ', width: 1, bold: false, inverse: false, ink: null, paper: null };
      return {
        char: cell.getChars() === '' ? ' ' : cell.getChars(), width: cell.getWidth(), bold: cell.isBold() !== 0, inverse: cell.isInverse() !== 0,
        ink: cell.isFgDefault() ? null : cell.getFgColor(), paper: cell.isBgDefault() ? null : cell.getBgColor(),
      };
    }));
  }
}

/** Streams as a terminal has them, with the emulator at the other end; keys are typed with `type`. */
export function emulated(size: Size): { emulator: Emulator; input: PassThrough; output: PassThrough & { columns: number; rows: number }; type: (keys: string) => void; /** Resolves when all that was written is on the screen. */ settled: () => Promise<void>; written: () => number } {
  const emulator = new Emulator(size);
  const input = new PassThrough();
  const output = Object.assign(new PassThrough(), size);
  let written = 0;
  let last = Promise.resolve();
  output.on('data', (bytes: Buffer) => {
    written += bytes.length;
    last = emulator.write(bytes);
  });
  const settled = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    await last;
  };
  return { emulator, input, output, type: (keys) => void input.write(keys), settled, written: () => written };
}
