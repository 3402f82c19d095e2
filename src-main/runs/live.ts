// Owns what is true of runs only while this server runs: which connection answers for one, its signs of life, the cancel it was
// told, and progress that is written down now and then. A run that waits for a computer or a person is held without a lease.
import type { RunProgress } from '#shared/model/run.ts';
import type { RunRepo, Watermark } from './repo.ts';

/** The connection of the agent that works on a run. */
export type RunHolder = {
  /** Of the agent's start: the same agent on a new connection is no other one. */
  readonly session?: string;
  cancel(runId: string, reason: string): void;
  /** Another connection of the same computer continues it. */
  taken(runId: string): void;
};
export type Live = { holder: RunHolder | null; leased: boolean; signAt: number; progress: RunProgress | null; watermarks: readonly Watermark[] | null; savedAt: number; cancelAt: number | null; /** Clients were told that nothing is heard of it. */ toldSilent: boolean };

const SAVE_MS = 10_000;

export class LiveRuns {
  readonly #repo: RunRepo;
  readonly #clock: () => number;
  readonly #entries = new Map<string, Live>();

  constructor(repo: RunRepo, clock: () => number) {
    this.#repo = repo;
    this.#clock = clock;
  }

  get(id: string): Live | undefined {
    return this.#entries.get(id);
  }
  entries(): [string, Live][] {
    return [...this.#entries];
  }
  /** From now on silence ends the run. */
  lease(id: string): Live {
    const entry = this.#of(id);
    entry.leased = true;
    entry.signAt = this.#clock();
    return entry;
  }
  unlease(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.save(id);
    entry.leased = false;
    if (entry.holder === null) this.#entries.delete(id);
  }

  /** From now on this connection answers for the run; one that did before is told. */
  hold(id: string, holder: RunHolder): void {
    const entry = this.#of(id);
    const before = entry.holder;
    entry.holder = holder;
    entry.signAt = this.#clock();
    const sameAgent = before?.session !== undefined && before.session === holder.session;
    if (before !== null && before !== holder && !sameAgent) before.taken(id);
  }
  letGo(holder: RunHolder): void {
    for (const [id, entry] of this.#entries) {
      if (entry.holder !== holder) continue;
      entry.holder = null;
      if (!entry.leased) this.#entries.delete(id);
    }
  }
  sign(id: string): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.signAt = this.#clock();
  }
  signAll(holder: RunHolder): void {
    for (const entry of this.#entries.values()) if (entry.holder === holder) entry.signAt = this.#clock();
  }

  /** Since when nothing was heard of an agent at work, or null where it was heard of lately. */
  silentSince(id: string, afterMs: number): number | null {
    const entry = this.#entries.get(id);
    return entry?.leased === true && this.#clock() - entry.signAt >= afterMs ? entry.signAt : null;
  }

  /** @returns false when nobody holds the run */
  progress(id: string, progress: RunProgress, watermarks: readonly Watermark[] | undefined): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    entry.progress = progress;
    if (watermarks !== undefined) entry.watermarks = watermarks;
    entry.signAt = this.#clock();
    if (this.#clock() - entry.savedAt >= SAVE_MS) this.save(id);
    return true;
  }
  save(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    if (entry.progress !== null || entry.watermarks !== null) this.#repo.setProgress(id, entry.progress, entry.watermarks);
    entry.savedAt = this.#clock();
  }
  /** What was said of the task before is none of the next one's. */
  forgetProgress(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.progress = null;
    entry.watermarks = null;
    entry.savedAt = 0;
  }
  drop(id: string): void {
    this.#entries.delete(id);
  }
  close(): void {
    for (const id of this.#entries.keys()) this.save(id);
    this.#entries.clear();
  }

  #of(id: string): Live {
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      entry = { holder: null, leased: false, signAt: this.#clock(), progress: null, watermarks: null, savedAt: 0, cancelAt: null, toldSilent: false };
      this.#entries.set(id, entry);
    }
    return entry;
  }
}
