// Owns a run's log on its way to the server: at once when quiet, in batches when busy, kept through an outage. Bounded: where too much
// comes, the middle is left out and said to be.
import type { AgentNotice } from '#shared/agent/messages.ts';

export type LogLine = { runId: string; text: string };
type Channel = { isOpen(): boolean; notify(notice: AgentNotice): void };
type Timer = { set(work: () => void, ms: number): () => void };

/** What one notice may hold. */
const mostLines = 200;
const mostCharacters = 2000;
const everyMs = 250;
const mostKept = 2000;

export class RunLog {
  private readonly channel: Channel;
  private readonly timer: Timer;
  private waiting: LogLine[] = [];
  private left = 0;
  private stopTimer: (() => void) | null = null;

  constructor(channel: Channel, timer: Timer = nodeTimer) {
    this.channel = channel;
    this.timer = timer;
  }

  add(runId: string, lines: readonly string[]): void {
    for (const line of lines) this.waiting.push({ runId, text: cleanLine(line) });
    const over = this.waiting.length - mostKept;
    if (over > 0) {
      this.waiting.splice(0, over);
      this.left += over;
    }
    if (this.stopTimer === null) this.flush();
  }

  /** Sends what there is, as far as one batch goes; the rest follows by itself. After a reconnect: at once. */
  flush(): void {
    const [first] = this.waiting;
    if (first === undefined || !this.channel.isOpen()) return;
    if (this.left > 0) {
      this.waiting.unshift({ runId: first.runId, text: `… ${this.left} lines were left out: too many at once, or too long without the server.` });
      this.left = 0;
    }
    const other = this.waiting.findIndex((line) => line.runId !== first.runId);
    const batch = this.waiting.splice(0, Math.min(mostLines, other === -1 ? mostLines : other));
    this.channel.notify({ type: 'log', runId: first.runId, lines: batch.map((line) => line.text) });
    this.stopTimer?.();
    this.stopTimer = this.timer.set(() => {
      this.stopTimer = null;
      this.flush();
    }, everyMs);
  }

  /** Sends all that is waiting, for the end of a task: its last lines come before its end. */
  drain(): void {
    while (this.waiting.length > 0 && this.channel.isOpen()) this.flush();
  }

  close(): void {
    this.stopTimer?.();
    this.stopTimer = null;
  }
}

const nodeTimer: Timer = {
  set: (work, ms) => {
    const timer = setTimeout(work, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A line as a log shows it: what redrew itself by carriage returns as it ended up, no escape sequences, no control characters. */
export function cleanLine(text: string): string {
  const redrawn = text.trimEnd().split('\r').at(-1) ?? '';
  // oxlint-disable-next-line no-control-regex -- terminal escape sequences begin with ESC
  return redrawn.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]|\u001b[@-Z\\-_]/g, '').replaceAll('\t', '  ').replaceAll(/\p{Cc}/gu, '').slice(0, mostCharacters);
}
