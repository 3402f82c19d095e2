// Owns the log files: one per day, appended line by line, old ones removed. A log that cannot be written never stops the server.
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const namePattern = /^\d{4}-\d{2}-\d{2}\.jsonl$/;
const DAY_MS = 86_400_000;

export class DailyFile {
  readonly #folder: string;
  readonly #clock: () => number;
  #day = '';
  #fd: number | null = null;
  #lost = 0;
  #closed = false;

  constructor(folder: string, clock: () => number) {
    this.#folder = folder;
    this.#clock = clock;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  write(line: string): void {
    if (this.#closed) return;
    try {
      this.#open();
      if (this.#fd === null) return;
      const note = this.#lost > 0 ? `${JSON.stringify({ time: this.#clock(), level: 'warn', msg: `${this.#lost} log lines were lost: the log could not be written` })}\n` : '';
      writeSync(this.#fd, note + line);
      this.#lost = 0;
    } catch {
      this.#lost++; // A full disk must not take the server with it; the loss is told once there is room again.
    }
  }

  /** Removes files older than so many days. */
  prune(retentionDays: number): void {
    const oldest = new Date(this.#clock() - retentionDays * DAY_MS).toISOString().slice(0, 10);
    for (const name of this.#names()) if (name.slice(0, 10) < oldest) rmSync(join(this.#folder, name), { force: true });
  }

  /** Complete lines from the end of the newest files, oldest first, at most `limitBytes` of them. */
  tail(limitBytes: number): string[] {
    const lines: string[] = [];
    let left = limitBytes;
    for (const name of this.#names().reverse()) {
      if (left <= 0) break;
      const piece = readEnd(join(this.#folder, name), left);
      left -= piece.bytes;
      lines.unshift(...piece.lines);
    }
    return lines;
  }

  close(): void {
    this.#closed = true;
    this.#closeFile();
  }

  #open(): void {
    const day = new Date(this.#clock()).toISOString().slice(0, 10);
    if (day === this.#day && this.#fd !== null) return;
    this.#closeFile();
    this.#fd = openSync(join(this.#folder, `${day}.jsonl`), 'a', 0o600);
    this.#day = day;
  }

  #closeFile(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    this.#day = '';
  }

  #names(): string[] {
    return readdirSync(this.#folder).filter((name) => namePattern.test(name)).sort();
  }
}

function readEnd(path: string, limitBytes: number): { lines: string[]; bytes: number } {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const length = Math.min(size, limitBytes);
    const bytes = Buffer.alloc(length);
    readSync(fd, bytes, 0, length, size - length);
    const lines = bytes.toString('utf8').split('\n').filter((line) => line !== '');
    // The first one may be cut.
    if (length < size) lines.shift();
    return { lines, bytes: length };
  } finally {
    closeSync(fd);
  }
}
