// Owns runs: their states by the table in src-shared/model/run.ts (compare-and-set, event in the same transaction), who holds
// one now, the lease kept by signs of life, progress in memory and now and then in the database.
import { randomUUID } from 'node:crypto';
import { AppError, type WireError } from '#shared/errors.ts';
import { RUN_LEASE_MS } from '#shared/agent/messages.ts';
import type { Task } from '#shared/model/job.ts';
import { isFinal, nextRunState, type RunEvent, type RunProgress, type RunState, type RunView } from '#shared/model/run.ts';
import type { Database } from '../db/database.ts';
import { batched, type Events } from '../events/service.ts';
import type { Log } from '../log/service.ts';
import { RunLines } from './lines.ts';
import { openRunRepo, viewRun, watermarksOf, type RunRow, type Watermark } from './repo.ts';

export type Runs = ReturnType<typeof openRuns>;
/** The connection of the agent that works on a run. */
export type RunHolder = {
  cancel(runId: string, reason: string): void;
  /** Another connection of the same computer continues it. */
  taken(runId: string): void;
};
export type NewRun = {
  kind: 'capture' | 'deploy'; computerId: string; computerName: string; imageGuid: string | null; imageName: string; disk: Record<string, unknown>;
  resumeKey: string; captureId: string | null; request: Record<string, unknown>; versionGuid: string | null; versionNumber: number | null; watermarks: readonly Watermark[]; actor: string;
};
/** A job for one computer; its tasks are copied, so that a later change of the job changes no run. */
export type NewJobRun = { computerId: string; computerName: string; jobId: string; jobName: string; tasks: readonly Task[]; batchId: string; position: number; batchSize: number; actor: string };
export type RunsParts = { db: Database; events: Events; log: Log; clock: () => number; leaseMs?: number };

type Live = { holder: RunHolder | null; signAt: number; progress: RunProgress | null; watermarks: readonly Watermark[] | null; savedAt: number; cancelAt: number | null };

const notYet = (): never => {
  throw new AppError('internal', 'This is not there yet.');
};

/** Far more disks than a computer has; a bound for agents gone wild. */
const MAX_OPEN_PER_COMPUTER = 64;
const SAVE_MS = 10_000;
const WATCH_MS = 200;
const CANCEL_PATIENCE_MS = 15_000;
const DAY_MS = 86_400_000;

export function openRuns({ db, events, log, clock, leaseMs = RUN_LEASE_MS }: RunsParts) {
  const repo = openRunRepo(db);
  const lines = new RunLines(repo, clock);
  const live = new Map<string, Live>();
  const watchers = new Set<(id: string) => void>();
  const endListeners = new Set<(id: string) => void>();

  const require = (id: string): RunRow => {
    const row = repo.get(id);
    if (row === undefined) throw new AppError('not-found', `There is no run ${id}.`, { run: id });
    return row;
  };
  const view = (row: RunRow): RunView => {
    const progress = live.get(row.id)?.progress;
    return progress === undefined || progress === null ? viewRun(row) : { ...viewRun(row), progress };
  };
  const tell = (id: string): void => {
    for (const watcher of watchers) watcher(id);
  };
  const liveOf = (id: string): Live => {
    let entry = live.get(id);
    if (entry === undefined) {
      entry = { holder: null, signAt: clock(), progress: null, watermarks: null, savedAt: 0, cancelAt: null };
      live.set(id, entry);
    }
    return entry;
  };
  function save(id: string, entry: Live): void {
    if (entry.progress !== null || entry.watermarks !== null) repo.setProgress(id, entry.progress, entry.watermarks);
    entry.savedAt = clock();
  }

  /** @returns false where the event does not apply any more: a late or repeated message */
  function move(id: string, event: RunEvent, facts: { actor: string; message?: string; error?: WireError | null; result?: Record<string, unknown> }): boolean {
    const row = require(id);
    const to = nextRunState(row.state, event);
    if (to === null) return false;
    const ended = isFinal(to) || to === 'lost';
    const moved = repo.transaction(() => {
      if (!repo.move(id, row.state, to, ended ? clock() : null)) return false;
      // The request holds a whole device graph: once the run is over nobody asks for it again.
      if (isFinal(to)) repo.setRequest(id, '{}');
      if (facts.error !== undefined) repo.setError(id, facts.error);
      if (facts.result !== undefined) repo.setResult(id, { ...(row.result === null ? {} : (JSON.parse(row.result) as Record<string, unknown>)), ...facts.result });
      events.record({ actor: facts.actor, entity: 'run', id, kind: to, message: facts.message ?? `${row.kind} of "${row.image_name}" on ${row.computer_name}: ${to}` });
      return true;
    });
    if (!moved) return false;
    if (ended) {
      const entry = live.get(id);
      if (entry !== undefined) save(id, entry);
      live.delete(id);
      lines.flush();
      if (isFinal(to)) lines.forget(id);
      for (const listener of endListeners) listener(id);
    }
    log.info('run', { run: id, kind: row.kind, state: to });
    events.changed('run', id);
    if (row.image_guid !== null) events.changed('image', row.image_guid);
    tell(id);
    return true;
  }

  function requireOpen(id: string): RunRow {
    const row = require(id);
    if (isFinal(row.state)) throw new AppError('lease-lost', `This run has ended already: ${row.state}.`, { run: id, state: row.state });
    return row;
  }

  return {
    /** A new run, in `queued`. */
    create(run: NewRun): string {
      if (repo.openCount(run.computerId) >= MAX_OPEN_PER_COMPUTER) {
        throw new AppError('too-many-requests', `${run.computerName} has ${MAX_OPEN_PER_COMPUTER} runs that have not ended. Cancel those that are not needed any more: platen run cancel`, { computerId: run.computerId });
      }
      const id = randomUUID();
      repo.transaction(() => {
        repo.insert({
          id, kind: run.kind, state: 'queued', computer_id: run.computerId, computer_name: run.computerName, image_guid: run.imageGuid, image_name: run.imageName,
          version_guid: run.versionGuid, version_number: run.versionNumber, disk: JSON.stringify(run.disk), resume_key: run.resumeKey, capture_id: run.captureId ?? id,
          request: JSON.stringify(run.request), watermarks: JSON.stringify(run.watermarks), actor: run.actor, started_at: clock(),
        });
        events.record({ actor: run.actor, entity: 'run', id, kind: 'queued', message: `${run.kind} of "${run.imageName}" on ${run.computerName} was asked for` });
      });
      events.changed('run', id);
      tell(id);
      return id;
    },
    move,
    row: (id: string): RunRow | undefined => repo.get(id),
    requireOpen,
    watermarks: (row: RunRow): readonly Watermark[] => live.get(row.id)?.watermarks ?? watermarksOf(row),
    earlier: (computerId: string, kind: 'capture' | 'deploy', resumeKey: string): RunRow[] => repo.byResumeKey(computerId, kind, resumeKey),
    openForNewImage: (imageName: string): RunRow | undefined => repo.openForNewImage(imageName),
    using: (imageGuid: string, versionGuid: string | null): string[] => repo.using(imageGuid, versionGuid),
    setVersion(id: string, image: { guid: string; name: string; versionGuid: string; number: number }): void {
      repo.setImage(id, image);
      events.changed('run', id);
      tell(id);
    },
    setRequest: (id: string, request: Record<string, unknown>): void => void repo.setRequest(id, JSON.stringify(request)),
    setResult: (id: string, result: Record<string, unknown>): void => void repo.setResult(id, result),

    /** From now on this connection answers for the run; one that did before is told. */
    hold(id: string, holder: RunHolder): void {
      const entry = liveOf(id);
      if (entry.holder !== null && entry.holder !== holder) entry.holder.taken(id);
      entry.holder = holder;
      entry.signAt = clock();
    },
    letGo(holder: RunHolder): void {
      for (const entry of live.values()) if (entry.holder === holder) entry.holder = null;
    },
    isHeldBy: (id: string, holder: RunHolder): boolean => live.get(id)?.holder === holder,
    /** Another connection has taken the run over: what this one still says of it no longer counts. */
    isTakenFrom(id: string, holder: RunHolder): boolean {
      const now = live.get(id)?.holder ?? null;
      return now !== null && now !== holder;
    },
    /** Any message or byte of the run. */
    sign(id: string): void {
      const entry = live.get(id);
      if (entry !== undefined) entry.signAt = clock();
    },
    signAll(holder: RunHolder): void {
      for (const entry of live.values()) if (entry.holder === holder) entry.signAt = clock();
    },
    progress(id: string, progress: RunProgress, watermarks: readonly Watermark[] | undefined): void {
      const entry = live.get(id);
      if (entry === undefined) return;
      entry.progress = progress;
      if (watermarks !== undefined) entry.watermarks = watermarks;
      entry.signAt = clock();
      if (clock() - entry.savedAt >= SAVE_MS) save(id, entry);
      tell(id);
    },
    addLines(id: string, texts: readonly string[]): void {
      lines.add(id, texts);
    },

    /** One per job and computer, in order; the first of a computer waits for it, the others are queued behind. */
    createJobRuns: (_runs: readonly NewJobRun[]): string[] => notYet(),
    /** Not begun yet, oldest first. */
    pendingOf: (_computerId: string): RunView[] => [],
    /** Under way on this computer (running, lost, or waiting for a version or a person), or null. */
    activeOf: (_computerId: string): RunView | null => null,
    cancelMany: (_ids: readonly string[], _actor: string): { cancelled: number } => notYet(),
    again: (_id: string, _actor: string): { id: string } => notYet(),
    resume: (_id: string, _go: boolean, _actor: string): void => notYet(),
    bundle: (_id: string): { fileName: string; text: string } => notYet(),
    /** Called with a computer's id when there is something for its agent to take. */
    onWork: (_listener: (computerId: string) => void): void => undefined,

    list: (filter: { active?: boolean | undefined; limit?: number | undefined; image?: string | undefined; computer?: string | undefined; job?: string | undefined; batch?: string | undefined; states?: RunState[] | undefined; before?: number | undefined }): RunView[] =>
      repo.list({ active: filter.active ?? false, limit: filter.limit ?? 200, image: filter.image ?? null, computer: filter.computer ?? null }).map(view),
    get: (id: string): RunView => view(require(id)),
    counts: (): { running: number; waiting: number } => repo.counts(),
    /** What goes on per computer, for rows of many: `running`, `waiting` (for a version or a person), `lost`, else `queued` where something is still to come. */
    statesByComputer(): Map<string, 'running' | 'waiting' | 'lost' | 'queued'> {
      const weight = { queued: 0, lost: 1, waiting: 2, running: 3 };
      const states = new Map<string, 'running' | 'waiting' | 'lost' | 'queued'>();
      for (const row of repo.openStates()) {
        const state = row.state === 'running' || row.state === 'lost' ? row.state : row.waiting_for === 'version' || row.waiting_for === 'person' ? 'waiting' : 'queued';
        const known = states.get(row.computer_id);
        if (known === undefined || weight[state] > weight[known]) states.set(row.computer_id, state);
      }
      return states;
    },
    /** Ids of all runs of a computer. */
    idsOf: (computerId: string): string[] => repo.idsOf(computerId),
    /** These runs become another computer's: records were merged or split. Inside the transaction of that. */
    give: (ids: readonly string[], from: string, to: string): void => void repo.give(ids, from, to),
    log(id: string, after: number): { lines: { at: number; text: string }[]; next: number } {
      require(id);
      return lines.read(id, after);
    },
    /** Every change and progress of every run, each run at most five times a second. */
    async *watch(signal: AbortSignal | undefined): AsyncGenerator<RunView> {
      const pending = new Map<string, string>();
      const source = batched<string>({
        signal: signal === undefined ? events.closeSignal : AbortSignal.any([signal, events.closeSignal]),
        everyMs: WATCH_MS, pending,
        subscribe: (wake) => {
          const watcher = (id: string): void => {
            pending.set(id, id);
            wake();
          };
          watchers.add(watcher);
          return () => watchers.delete(watcher);
        },
      });
      for await (const ids of source) {
        for (const id of ids) {
          const row = repo.get(id);
          if (row !== undefined) yield view(row);
        }
      }
    },
    /** Asks the agent to stop; where none is connected the run ends here and now. */
    cancel(id: string, actor: string): void {
      const row = requireOpen(id);
      const entry = live.get(id);
      if (entry?.holder !== undefined && entry.holder !== null) {
        entry.cancelAt ??= clock();
        lines.add(id, [`Cancelled by ${actor}.`]);
        entry.holder.cancel(id, `cancelled by ${actor}`);
        return;
      }
      move(id, 'cancel', { actor, message: `${row.kind} of "${row.image_name}" was cancelled` });
    },
    /** Called when a run ends or is lost: what others hold for it is let go. */
    onEnd: (listener: (id: string) => void): void => void endListeners.add(listener),

    /** At start: agents of runs that were under way have one lease's time to come back. */
    recover(): void {
      for (const row of repo.open()) if (row.state === 'running' || row.state === 'waiting' || row.state === 'queued') liveOf(row.id);
    },
    /** Every few seconds: silence ends leases, and a cancel nobody answered takes effect. */
    checkLeases(): void {
      const now = clock();
      for (const [id, entry] of live) {
        if (entry.cancelAt !== null && now - entry.cancelAt > CANCEL_PATIENCE_MS) move(id, 'cancel', { actor: 'server', message: 'Cancelled; the agent did not answer' });
        else if (now - entry.signAt > leaseMs) {
          const row = repo.get(id);
          move(id, row?.state === 'queued' ? 'fail' : 'lease-ended', { actor: 'server', message: 'The agent was not heard of any more', error: { code: 'lease-lost', message: 'The agent was not heard of any more. Start it again on that computer: it goes on where it stopped.' } });
        }
      }
    },
    /** Lost for longer than their chunks are held: they can't be continued any more. Old runs leave the history. */
    upkeep({ lostAfterMs, retentionDays }: { lostAfterMs: number; retentionDays: number }): void {
      for (const row of repo.open()) {
        if (row.state === 'lost' && clock() - (row.ended_at ?? row.started_at) > lostAfterMs) {
          move(row.id, 'fail', { actor: 'server', error: { code: 'lease-lost', message: 'The agent did not come back in time, so what it had sent was given up.' } });
        }
      }
      repo.prune(clock() - retentionDays * DAY_MS);
    },
    close(): void {
      for (const [id, entry] of live) save(id, entry);
      live.clear();
      lines.flush();
    },
  };
}
