// Owns runs: what others may ask of them. States and their consequences are in moves.ts, who is next in queue.ts, tasks in
// tasks.ts, what lives only while the server runs in live.ts.
import { randomUUID } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import { RUN_LEASE_MS, RUN_SILENT_MS } from '#shared/agent/messages.ts';
import type { ComputerView } from '#shared/model/computer.ts';
import { isFinal, runTitle, type RunProgress, type RunState, type RunView } from '#shared/model/run.ts';
import type { Database } from '../db/database.ts';
import { batched, type Events } from '../events/service.ts';
import type { Log } from '../log/service.ts';
import { bundleFileName, bundleText } from './bundle.ts';
import { RunLines } from './lines.ts';
import { LiveRuns, type RunHolder } from './live.ts';
import { isPending, isUnderWay, Moves, subject } from './moves.ts';
import { openQueue, type NewJobRun, type Taker } from './queue.ts';
import { openRunRepo, watermarksOf, type RunRow, type Watermark } from './repo.ts';
import { cancelAsked, imagingOf, openRunTasks } from './tasks.ts';
import { viewRun } from './view.ts';

export type { RunHolder } from './live.ts';
export type { NewJobRun, Taken, Taker } from './queue.ts';
export type { RunRow } from './repo.ts';
export type { Speaker, TaskRef } from './tasks.ts';
export type Runs = ReturnType<typeof openRuns>;
export type NewRun = {
  kind: 'capture' | 'deploy'; computerId: string; computerName: string; imageGuid: string | null; imageName: string; disk: Record<string, unknown>;
  resumeKey: string; captureId: string | null; request: Record<string, unknown>; versionGuid: string | null; versionNumber: number | null; watermarks: readonly Watermark[]; actor: string;
};
export type RunFilter = {
  active?: boolean | undefined; limit?: number | undefined; image?: string | undefined; computer?: string | undefined; job?: string | undefined; batch?: string | undefined;
  states?: RunState[] | undefined; before?: number | undefined; beforeId?: string | undefined;
};
export type RunsParts = {
  db: Database; events: Events; log: Log; clock: () => number; leaseMs?: number; silentMs?: number;
  /** For bundles. The computer throws or is null when it is not known any more. */
  hardwareOf?: (computerId: string) => ComputerView | null;
  versions?: Readonly<Record<string, string>>;
};

/** Far more disks than a computer has; a bound for agents gone wild. */
const MAX_OPEN_PER_COMPUTER = 64;
const WATCH_MS = 200;
const CANCEL_PATIENCE_MS = 15_000;
const DAY_MS = 86_400_000;

export function openRuns({ db, events, log, clock, leaseMs = RUN_LEASE_MS, silentMs = RUN_SILENT_MS, hardwareOf, versions = {} }: RunsParts) {
  const repo = openRunRepo(db);
  const lines = new RunLines(repo, clock);
  const live = new LiveRuns(repo, clock);
  const moves = new Moves({ repo, live, lines, events, log, clock });
  const tasks = openRunTasks({ repo, live, lines, moves });
  const queue = openQueue({ repo, live, lines, moves, tasks, clock });

  const now = (id: string) => ({ progress: live.get(id)?.progress ?? null, silentSince: live.silentSince(id, silentMs) });
  /** Tasks of all of them in one query. */
  function views(rows: readonly RunRow[]): RunView[] {
    const ids = rows.filter((row) => row.kind === 'job').map((row) => row.id);
    const byRun = Map.groupBy(ids.length === 0 ? [] : repo.tasks(ids), (task) => task.run_id);
    return rows.map((row) => viewRun(row, byRun.get(row.id) ?? [], now(row.id)));
  }
  function view(row: RunRow): RunView {
    return viewRun(row, row.kind === 'job' ? repo.tasks([row.id]) : [], now(row.id));
  }

  /** Asks the agent to stop; where none works on it the run ends here and now. */
  function cancel(id: string, actor: string): void {
    moves.atomically(() => {
      const row = moves.requireOpen(id);
      const entry = live.get(id);
      const holder = entry?.holder ?? null;
      if (entry === undefined || holder === null || !entry.leased) {
        moves.move(id, 'cancel', { actor, message: `${subject(row)} was cancelled` });
        // Its portal asks a person about it.
        if (holder !== null) moves.afterwards(() => holder.cancel(id, `cancelled by ${actor}`));
        return;
      }
      entry.cancelAt ??= clock();
      repo.markRequest(id, 'cancelledBy', actor);
      lines.add(id, [`Cancelled by ${actor}.`]);
      moves.afterwards(() => holder.cancel(id, `cancelled by ${actor}`));
    });
  }

  return {
    /** One transaction over runs and what belongs to their change; nobody is told before it is written. */
    atomically: <T>(work: () => T): T => moves.atomically(work),
    /** A new capture or deploy by hand, in `queued`. */
    create(run: NewRun): string {
      if (repo.openCount(run.computerId) >= MAX_OPEN_PER_COMPUTER) {
        throw new AppError('too-many-requests', `${run.computerName} has ${MAX_OPEN_PER_COMPUTER} runs that have not ended. Cancel those that are not needed any more: platen run cancel`, { computerId: run.computerId });
      }
      const id = randomUUID();
      moves.atomically(() => {
        const row = repo.insert({
          id, kind: run.kind, state: 'queued', computer_id: run.computerId, computer_name: run.computerName, image_guid: run.imageGuid, image_name: run.imageName,
          version_guid: run.versionGuid, version_number: run.versionNumber, disk: JSON.stringify(run.disk), resume_key: run.resumeKey, capture_id: run.captureId ?? id,
          request: JSON.stringify(run.request), watermarks: JSON.stringify(run.watermarks), actor: run.actor, started_at: clock(),
        });
        moves.record(row, { actor: run.actor, kind: 'queued', message: `${subject(row)} was asked for` });
        moves.touch(row);
      });
      return id;
    },
    move: moves.move.bind(moves),
    row: (id: string): RunRow | undefined => repo.get(id),
    requireOpen: moves.requireOpen.bind(moves),
    watermarks: (row: RunRow): readonly Watermark[] => live.get(row.id)?.watermarks ?? watermarksOf(row),
    earlier: (computerId: string, kind: 'capture' | 'deploy', resumeKey: string): RunRow[] => repo.byResumeKey(computerId, kind, resumeKey),
    openForNewImage: (imageName: string): RunRow | undefined => repo.openForNewImage(imageName),
    using: (imageGuid: string, versionGuid: string | null): string[] => repo.using(imageGuid, versionGuid),
    setVersion(id: string, image: { guid: string; name: string; versionGuid: string; number: number }): void {
      repo.setImage(id, image);
      events.changed('run', id);
      moves.tell(id);
    },
    /** A capture by hand that begins, or begins again: what its commit needs, and under which name its chunks are held. */
    setCapture: (id: string, captureId: string, request: Record<string, unknown>): void => void repo.setCapture(id, captureId, JSON.stringify(request)),

    /** From now on this connection answers for the run; one that did before is told. */
    hold(id: string, holder: RunHolder): void {
      if (isFinal(moves.require(id).state)) return;
      live.lease(id);
      live.hold(id, holder);
    },
    letGo: (holder: RunHolder): void => live.letGo(holder),
    isHeldBy: (id: string, holder: RunHolder): boolean => live.get(id)?.holder === holder,
    /** Who works on a run now. */
    holderOf: (id: string): RunHolder | null => live.get(id)?.holder ?? null,
    /** Another connection has taken the run over: what this one still says of it no longer counts. */
    isTakenFrom(id: string, holder: RunHolder): boolean {
      const now = live.get(id)?.holder ?? null;
      return now !== null && now !== holder;
    },
    /** Any message or byte of the run. */
    sign: (id: string): void => live.sign(id),
    signAll: (holder: RunHolder): void => live.signAll(holder),
    progress(id: string, progress: RunProgress, watermarks: readonly Watermark[] | undefined): void {
      if (live.progress(id, progress, watermarks)) moves.tell(id);
    },
    addLines: (id: string, texts: readonly string[]): void => lines.add(id, texts),

    tasks, imagingOf,
    /** The disk is written from here on: nobody repeats that without a person. */
    wrote: (id: string): void => void repo.markRequest(id, 'wrote', 'yes'),
    /** One per job and computer, in order; the first of a computer waits for it, the others are queued behind. */
    createJobRuns: (runs: readonly NewJobRun[]): string[] => queue.create(runs),
    take: (taker: Taker) => queue.take(taker),
    again(id: string, actor: string): { id: string } {
      const row = moves.require(id);
      // It comes back by itself at its next hello, and would then do it.
      if ((hardware(row.computer_id)?.trashedAt ?? null) !== null) throw new AppError('conflict', `${row.computer_name} is in the trash, so nothing was started. Take it out first.`, { computerId: row.computer_id });
      return queue.again(id, actor);
    },
    resume: (id: string, go: boolean, actor: string, by?: Taker): void => queue.resume(id, go, by === undefined ? { actor } : { actor, by }),
    /** Not begun yet, oldest first. */
    pendingOf: (computerId: string): RunView[] => views(repo.openOf(computerId).filter(isPending)),
    /** Under way on this computer (running, lost, or waiting for a version or a person), or null. */
    activeOf(computerId: string): RunView | null {
      const row = repo.openOf(computerId).find(isUnderWay);
      return row === undefined ? null : view(row);
    },
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
    /** The same in words: what is under way, and how many wait; one query for any number of computers. */
    load(): Map<string, { busyWith: string | null; pending: number }> {
      return new Map([...Map.groupBy(repo.open(), (row) => row.computer_id)].map(([computerId, rows]) => {
        const active = rows.find(isUnderWay);
        const busyWith = active === undefined ? null : runTitle({ kind: active.kind, jobName: active.job_name, imageName: active.image_name, versionNumber: active.version_number });
        return [computerId, { busyWith, pending: rows.filter(isPending).length }];
      }));
    },
    /** What waits for this computer and has not begun ends, with the reason. */
    cancelPending(computerId: string, { actor, reason }: { actor: string; reason: string }): { id: string; title: string }[] {
      return moves.atomically(() => {
        const pending = repo.openOf(computerId).filter(isPending);
        // The last first: none of them comes to be next, or is cancelled because of another.
        for (const row of pending.toReversed()) moves.move(row.id, 'cancel', { actor, message: `${subject(row)} was not run: ${reason}`, error: { code: 'conflict', message: `Not run: ${reason}.` } });
        return pending.map((row) => ({ id: row.id, title: row.job_name }));
      });
    },
    /** Ids of all runs of a computer. */
    idsOf: (computerId: string): string[] => repo.idsOf(computerId),
    /** These runs become another computer's: records were merged or split. Inside the transaction of that. */
    give(ids: readonly string[], from: string, to: string): void {
      moves.atomically(() => {
        repo.give(ids, from, to);
        for (const row of repo.many(ids)) if (!isFinal(row.state)) moves.touch(row);
        moves.promote(from);
        moves.promote(to);
      });
    },
    /** Called with a computer's id when there is something for its agent to take. */
    onWork: (listener: (computerId: string) => void): void => moves.onWork(listener),

    list: (filter: RunFilter): RunView[] => views(repo.list({
      active: filter.active ?? false, limit: filter.limit ?? 200, image: filter.image ?? null, computer: filter.computer ?? null, job: filter.job ?? null, batch: filter.batch ?? null,
      states: filter.states ?? null, before: filter.before ?? null, beforeId: filter.beforeId ?? null,
    })),
    get: (id: string): RunView => view(moves.require(id)),
    counts: (): { running: number; waiting: number } => repo.counts(),
    log(id: string, after: number): { lines: { at: number; text: string }[]; next: number } {
      moves.require(id);
      return lines.read(id, after);
    },
    bundle(id: string): { fileName: string; text: string } {
      const run = view(moves.require(id));
      const said = [];
      for (let after = 0; ;) {
        const part = lines.read(id, after);
        said.push(...part.lines);
        if (part.lines.length === 0) break;
        after = part.next;
      }
      return { fileName: bundleFileName(run), text: bundleText({ run, events: events.history('run', id), lines: said, computer: hardware(run.computerId), versions, now: clock() }) };
    },
    /** Every change and progress of every run, each run at most five times a second. */
    async *watch(signal: AbortSignal | undefined): AsyncGenerator<RunView> {
      const pending = new Map<string, string>();
      const source = batched<string>({
        signal: signal === undefined ? events.closeSignal : AbortSignal.any([signal, events.closeSignal]),
        everyMs: WATCH_MS, pending,
        subscribe: (wake) => moves.watch((id) => {
          pending.set(id, id);
          wake();
        }),
      });
      for await (const ids of source) yield* views(repo.many(ids));
    },
    cancel,
    /** Several at once; those that have ended meanwhile are left alone. */
    cancelMany: (ids: readonly string[], actor: string): { cancelled: number } => moves.atomically(() => {
      const open = repo.many(ids).filter((row) => !isFinal(row.state));
      // The last first: none of them comes to be next, or is cancelled because of another.
      // Of two that were given one computer, the end of the one may be the end of the other all the same.
      for (const { id } of open.toReversed()) if (!isFinal(moves.require(id).state)) cancel(id, actor);
      return { cancelled: open.length };
    }),
    /** Called when a run ends or is lost, and when one of its tasks ends: what others hold for it is let go. */
    onEnd: (listener: (id: string) => void): void => moves.onEnd(listener),

    /** At start: agents of runs that were under way have one lease's time to come back; what waits for its computer waits on. */
    recover(): void {
      moves.atomically(() => {
        const open = repo.open();
        for (const row of open) {
          if (row.state === 'lost' || isPending(row) || row.waiting_for === 'computer' || row.waiting_for === 'person') continue;
          const entry = live.lease(row.id);
          if (cancelAsked(row) !== null) entry.cancelAt = clock();
        }
        // Every change leaves one of them waiting; looked at once more, because a computer must never be stuck.
        const moving = new Set(open.filter((row) => isUnderWay(row) || (isPending(row) && row.state === 'waiting')).map((row) => row.computer_id));
        for (const computerId of new Set(open.filter(isPending).map((row) => row.computer_id))) if (!moving.has(computerId)) moves.promote(computerId);
      });
    },
    /** Every few seconds: silence is told, then ends leases, and a cancel nobody answered takes effect. */
    checkLeases(): void {
      const at = clock();
      for (const [id, entry] of live.entries()) {
        const silent = live.silentSince(id, silentMs) !== null;
        if (silent !== entry.toldSilent) {
          entry.toldSilent = silent;
          events.changed('run', id);
          moves.tell(id);
        }
        if (entry.cancelAt !== null && at - entry.cancelAt > CANCEL_PATIENCE_MS) moves.move(id, 'cancel', { actor: 'server', message: 'Cancelled; the agent did not answer' });
        else if (entry.leased && at - entry.signAt > leaseMs) leaseEnded(id);
      }
    },
    /** Lost for longer than their chunks are held: they can't be continued any more. Old runs leave the history. */
    upkeep({ lostAfterMs, retentionDays }: { lostAfterMs: number; retentionDays: number }): void {
      for (const row of repo.open()) {
        if (row.state === 'lost' && clock() - (row.ended_at ?? row.started_at) > lostAfterMs) {
          moves.move(row.id, 'fail', { actor: 'server', error: { code: 'cut-off', message: 'The agent did not come back in time, so what it had sent was given up.' } });
        }
      }
      repo.prune(clock() - retentionDays * DAY_MS);
    },
    close(): void {
      live.close();
      lines.flush();
    },
  };

  function leaseEnded(id: string): void {
    moves.atomically(() => {
      const row = moves.require(id);
      if (tasks.isPowering(row)) {
        tasks.powerDone(row, 'server');
        moves.move(id, 'wait', { actor: 'server', waitingFor: 'computer', message: `${subject(row)} goes on when the computer is back` });
        return;
      }
      // One that has ended, however, holds no lease any more.
      const isOver = !moves.move(id, row.state === 'queued' ? 'fail' : 'lease-ended', { actor: 'server', message: 'The agent was not heard of any more', error: { code: 'cut-off', message: 'The agent was not heard of any more. Start it again on that computer: it goes on where it stopped.' } });
      if (isOver) live.drop(id);
    });
  }

  function hardware(computerId: string): ComputerView | null {
    try {
      return hardwareOf?.(computerId) ?? null;
    } catch {
      return null;
    }
  }
}
