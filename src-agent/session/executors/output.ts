// Owns a program's output on its way to the log: bytes to lines, and a bound, so that a program that never stops talking fills no database.
import { StringDecoder } from 'node:string_decoder';

const longestLine = 2000;
/** Sent as they come; of what follows only the last ones. */
const mostLive = 5000;
const mostAtEnd = 200;

export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private readonly onLine: (line: string) => void;
  private rest = '';

  constructor(onLine: (line: string) => void) {
    this.onLine = onLine;
  }

  push(data: Buffer): void {
    const lines = (this.rest + this.decoder.write(data)).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.onLine(line);
    // A progress bar without line ends: only what it shows last counts.
    const redrawn = this.rest.lastIndexOf('\r', this.rest.length - 2);
    if (redrawn > 0) this.rest = this.rest.slice(redrawn + 1);
    for (; this.rest.length > longestLine; this.rest = this.rest.slice(longestLine)) this.onLine(this.rest.slice(0, longestLine));
  }

  end(): void {
    if (this.rest !== '') this.onLine(this.rest);
    this.rest = '';
  }
}

export class OutputBounds {
  lines = 0;
  private readonly send: (lines: string[]) => void;
  private readonly last: string[] = [];

  constructor(send: (lines: string[]) => void) {
    this.send = send;
  }

  add(line: string): void {
    this.lines++;
    this.last.push(line);
    if (this.last.length > mostAtEnd) this.last.shift();
    if (this.lines <= mostLive) this.send([line]);
    else if (this.lines === mostLive + 1) this.send(['… more than the log takes; its end follows when the script has ended.']);
  }

  /** Sends the end of an output that was too long. */
  end(): void {
    const more = this.lines - mostLive;
    if (more <= 0) return;
    const shown = this.last.slice(-Math.min(more, mostAtEnd));
    this.send([`… ${more - shown.length} lines were left out.`, ...shown]);
  }

  tail(count: number): string[] {
    return this.last.slice(-count);
  }
}
