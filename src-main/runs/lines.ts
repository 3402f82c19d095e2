// Owns the log lines of runs: gathered in memory, written in batches, bounded per run so that a chatty agent fills no disk.
import type { RunRepo } from './repo.ts';

const FLUSH_MS = 1000;
const MAX_LINES_PER_RUN = 20_000;
const PAGE_LINES = 1000;
const MAX_LINE = 2000;

export class RunLines {
  readonly #repo: RunRepo;
  readonly #clock: () => number;
  readonly #next = new Map<string, number>();
  #pending: { runId: string; seq: number; at: number; text: string }[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(repo: RunRepo, clock: () => number) {
    this.#repo = repo;
    this.#clock = clock;
  }

  /** The run must exist. */
  add(runId: string, texts: readonly string[]): void {
    let seq = this.#next.get(runId) ?? this.#repo.nextSeq(runId);
    for (const text of texts) {
      if (seq > MAX_LINES_PER_RUN) break;
      const kept = seq === MAX_LINES_PER_RUN ? 'Further lines of this run are not kept.' : text.slice(0, MAX_LINE);
      this.#pending.push({ runId, seq, at: this.#clock(), text: kept });
      seq++;
    }
    this.#next.set(runId, seq);
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const lines = this.#pending;
    this.#pending = [];
    if (lines.length > 0) this.#repo.addLines(lines);
  }

  /** Lines after a position; `next` is the position to ask from again. */
  read(runId: string, after: number): { lines: { at: number; text: string }[]; next: number } {
    this.flush();
    const rows = this.#repo.lines(runId, after, PAGE_LINES);
    return { lines: rows.map(({ at, text }) => ({ at, text })), next: rows.at(-1)?.seq ?? after };
  }

  forget(runId: string): void {
    this.#next.delete(runId);
  }
}
