// A program in a real terminal, for tests: started in a pty of a given size and TERM, its screen read through an emulator, keys typed
// as a person would. `script` makes the pty, so nothing native is needed.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { Emulator } from '../../src-agent/portal/testing/emulator.ts';

export type PtyOptions = { term: string; columns: number; rows: number; env?: NodeJS.ProcessEnv; cwd?: string };
/** What the keys of a keyboard send; the same on every terminal a test uses. */
export const keys = { enter: '\r', escape: '\x1b', up: '\x1b[A', down: '\x1b[B', f1: '\x1bOP', f10: '\x1b[21~', ctrlC: '\x03', ctrlU: '\x15', backspace: '\x7f' } as const;

export class Pty {
  readonly emulator: Emulator;
  /** All bytes so far, as text. */
  raw = '';
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(command: readonly string[], options: PtyOptions) {
    const { term, columns, rows } = options;
    this.emulator = new Emulator({ columns, rows });
    const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    this.child = spawn('script', ['-qfec', `stty rows ${rows} cols ${columns}; exec ${quoted}`, '/dev/null'], { env: { ...process.env, ...options.env, TERM: term, SHELL: '/bin/sh' }, stdio: ['pipe', 'pipe', 'ignore'], ...(options.cwd === undefined ? {} : { cwd: options.cwd }) });
    this.child.stdout?.on('data', (bytes: Buffer) => {
      this.raw += bytes.toString('latin1');
      void this.emulator.write(bytes);
    });
    this.ended = new Promise((resolve) => this.child.on('close', resolve));
  }

  type(text: string): void {
    this.child.stdin?.write(text);
  }

  /** The screen once it shows this; rejects with the screen as it is. */
  async shows(wanted: string | RegExp, timeoutMs = 15_000): Promise<string> {
    const until = Date.now() + timeoutMs;
    for (;;) {
      const text = this.emulator.text();
      if (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) return text;
      if (Date.now() > until) throw new Error(`The terminal does not show ${String(wanted)} but:\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends what runs in it, and waits for that. */
  async close(): Promise<void> {
    this.child.stdin?.end();
    // `script` passes this one on to what runs in it.
    this.child.kill('SIGTERM');
    await this.ended;
  }
}
