// Owns the figures of a run: bytes done, rate over the last seconds, time left, and where the time went. Pure; the clock is handed in.
import type { RunProgress, WhereTimeGoes } from '#shared/model/run.ts';

/** Rate is taken over this window, so that a pause shows and an early burst is forgotten. */
const windowMs = 8000;
const sampleEveryMs = 250;

export function noTime(): WhereTimeGoes {
  return { read: 0, hash: 0, compress: 0, network: 0, decompress: 0, write: 0 };
}

export class ProgressMeter {
  stage: string;
  detail: string | undefined;
  totalBytes = 0;
  doneBytes = 0;
  sentBytes = 0;
  readonly where = noTime();
  private readonly now: () => number;
  private samples: { at: number; bytes: number }[] = [];

  constructor(stage: string, now: () => number) {
    this.stage = stage;
    this.now = now;
  }

  /** A new stage starts counting its own rate. */
  enter(stage: string, totalBytes = this.totalBytes, doneBytes = 0): void {
    this.stage = stage;
    this.totalBytes = totalBytes;
    this.doneBytes = doneBytes;
    this.samples = [];
    this.sample();
  }

  add(bytes: number): void {
    this.doneBytes += bytes;
    this.sample();
  }

  spend(times: Partial<WhereTimeGoes>): void {
    for (const key of ['read', 'hash', 'compress', 'network', 'decompress', 'write'] as const) this.where[key] += times[key] ?? 0;
  }

  view(): RunProgress {
    const rate = this.rate();
    const left = Math.max(0, this.totalBytes - this.doneBytes);
    const where = { ...this.where };
    for (const key of Object.keys(where) as (keyof WhereTimeGoes)[]) where[key] = Math.round(where[key]);
    return {
      stage: this.stage,
      doneBytes: Math.min(this.doneBytes, Math.max(this.totalBytes, 0)),
      totalBytes: this.totalBytes,
      sentBytes: this.sentBytes,
      rateBytesPerSecond: Math.round(rate),
      etaSeconds: rate > 0 && this.totalBytes > 0 ? Math.round(left / rate) : null,
      where,
      ...(this.detail === undefined ? {} : { detail: this.detail }),
    };
  }

  private sample(): void {
    const at = this.now();
    const last = this.samples.at(-1);
    if (last !== undefined && at - last.at < sampleEveryMs) return;
    this.samples.push({ at, bytes: this.doneBytes });
    while (this.samples.length > 2 && at - (this.samples[0]?.at ?? at) > windowMs) this.samples.shift();
  }

  private rate(): number {
    const first = this.samples[0];
    if (first === undefined) return 0;
    const elapsed = this.now() - first.at;
    return elapsed <= 0 ? 0 : ((this.doneBytes - first.bytes) / elapsed) * 1000;
  }
}
