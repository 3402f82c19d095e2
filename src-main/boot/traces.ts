// Owns the traces while boots run: which event belongs to which boot, what is kept of it, and what a boot tells about its computer.
import { isDeepStrictEqual } from 'node:util';
import type { Events } from '../events/service.ts';
import type { BootRepo } from './repo.ts';
import type { BootEvent } from './snapshot.ts';
import { appendEvent, beginTrace, judge, startsAnother, type Trace } from './trace.ts';

type Open = { id: number; trace: Trace; computerId: string | null; saved: Trace };
const MAX_OPEN = 5000;
/** What is heard of a boot that counted as stopped belongs to it: a slow computer is not a new one. */
const LATE_MS = 10 * 60_000;
const DONE_MS = 60_000;

export class Traces {
  readonly #repo: BootRepo;
  readonly #events: Events;
  readonly #open = new Map<string, Open>();

  constructor(repo: BootRepo, events: Events) {
    this.#repo = repo;
    this.#events = events;
    for (const { id, computerId, computerName: _, ...trace } of repo.unfinished()) this.#open.set(trace.mac, { id, trace, computerId, saved: trace });
  }

  /** @param computerOf the computer of a MAC or UUID, as far as one is known */
  take(events: readonly BootEvent[], computerOf: (mac: string, uuid: string) => string | null): void {
    const touched = new Set<string>();
    for (const event of events) {
      if (event.mac === '') continue;
      const before = this.#open.get(event.mac);
      const isNew = before === undefined || startsAnother(before.trace, event);
      // Only a boot begins a trace: neither a browser that fetches a loader nor an agent started by hand is one.
      if (isNew && (event.stage === 'note' || event.stage === 'hello')) continue;
      if (isNew && before === undefined && this.#open.size >= MAX_OPEN) continue;
      const trace = isNew ? beginTrace(event) : appendEvent(before.trace, event);
      if (isNew && before !== undefined) this.#save({ ...before, trace: before.trace.outcome === 'running' ? { ...before.trace, outcome: 'stopped', endedAt: event.at, advice: 'It started over.' } : before.trace });
      const computerId = computerOf(event.mac, trace.uuid) ?? (isNew ? null : before.computerId);
      this.#open.set(event.mac, isNew ? { id: this.#repo.insertTrace(trace, computerId), trace, computerId, saved: trace } : { ...before, trace, computerId });
      if (isNew) this.#repo.prune(event.mac);
      // A new computer has a record only when its agent says hello.
      if (trace.secureBoot && (event.stage === 'script' || event.stage === 'hello') && computerId !== null && this.#repo.setSecureBoot(computerId, true)) this.#events.changed('computer', computerId);
      touched.add(event.mac);
    }
    for (const mac of touched) this.#saveAt(mac);
  }

  /** Every few seconds: boots whose next stage did not come. */
  judge(now: number): void {
    for (const [mac, open] of this.#open) {
      const judged = judge(open.trace, now);
      if (judged !== open.trace) this.#open.set(mac, { ...open, trace: judged });
      this.#saveAt(mac);
      if (judged.outcome !== 'running' && now - (judged.endedAt ?? now) > (judged.outcome === 'stopped' ? LATE_MS : DONE_MS)) this.#open.delete(mac);
    }
  }

  #saveAt(mac: string): void {
    const open = this.#open.get(mac);
    if (open === undefined || isDeepStrictEqual(open.trace, open.saved)) return;
    this.#save(open);
    this.#open.set(mac, { ...open, saved: open.trace });
  }
  #save(open: Open): void {
    this.#repo.updateTrace(open.id, open.trace, open.computerId);
    this.#events.changed('boot', open.computerId ?? open.trace.mac);
  }
}
