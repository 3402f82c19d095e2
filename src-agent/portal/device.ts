// Owns opening a terminal by its device file (/dev/ttyS0), beside the one the program was started in. A device that is no terminal, or a
// serial port with nothing behind it, is no terminal to show anything on, and holds nobody up.
import { closeSync, constants, openSync } from 'node:fs';
import { isatty, ReadStream, WriteStream } from 'node:tty';
import type { DisplaySetup } from './display.ts';

/** A line that takes nothing any more does not keep the program from ending. */
const farewellMs = 500;

/** Null, with the reason, where nothing can be shown there. */
export function openDevice(path: string): { display: DisplaySetup } | { problem: string } {
  const opened: number[] = [];
  try {
    // Not waited for: a modem's line opens only when somebody calls. Nor must its hanging up end this program.
    for (let each = 0; each < 2; each++) opened.push(openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY));
    const [reads = -1, writes = -1] = opened;
    if (!isatty(reads)) throw new Error('it is no terminal, or nothing is behind the port');
    const input = new ReadStream(reads);
    const output = Object.assign(new WriteStream(writes), { fd: writes });
    for (const stream of [input, output]) stream.on('error', () => undefined); // the portal hears of it and goes on without it
    const release = (): void => {
      input.destroy();
      const force = setTimeout(() => output.destroy(), farewellMs);
      output.end(() => {
        clearTimeout(force);
        output.destroy();
      });
    };
    return { display: { input, output, term: termOf(path), release } };
  } catch (error) {
    for (const fd of opened) closeQuietly(fd);
    return { problem: `The portal is not shown on ${path}: ${error instanceof Error ? error.message : String(error)}.` };
  }
}

/** The kernel's own consoles are tty1, tty2, …; whatever hangs on any other line understands what a vt100 does. */
function termOf(path: string): string {
  return /\/tty\d+$/.test(path) ? 'linux' : 'vt100';
}

function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // It was no more than tried.
  }
}
