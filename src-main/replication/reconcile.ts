// Owns bringing this server to what its plan says: one version after another, the most wanted first, within the windows and the rate of its
// site, tried again with growing pauses. It only adds: what is not in the plan is left alone, and nothing here deletes.
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, CancelledError, toAppError } from '#shared/errors.ts';
import type { CopyState, Moving } from '#shared/model/replication.ts';
import type { Peer, Plan, TransferReport, WantedVersion } from '#shared/replication/messages.ts';
import type { Log } from '../log/service.ts';
import { neededOf } from '../servers/service.ts';
import type { Store } from '../store/types.ts';
import { PeerClient, type OwnIdentity } from './peer/client.ts';
import { fetchVersion, type FetchProgress } from './transfer/fetch.ts';
import { Throttle } from './transfer/throttle.ts';
import { isOpen, untilChange } from './transfer/windows.ts';

export type ReconcileParts = {
  self: OwnIdentity;
  store: Pick<Store, 'openAdoption' | 'readFrames' | 'foreseeSpace' | 'openManifest' | 'figures'>;
  copies: {
    /** Of this server's own copies, all at once: each look asks about every version of the plan. One that is not named is absent. */
    states: () => ReadonlyMap<string, CopyState>;
    /** All of it is here: rows are made and it is re-hashed; only that makes it ready. */
    adopt: (version: WantedVersion) => void | Promise<void>;
    /** Manifest of the newest other version of this image that is ready here; null for none. */
    olderManifest: (imageGuid: string, versionGuid: string) => string | null;
    progressOf: (versionGuid: string) => { doneBytes: number; totalBytes: number; rateBytesPerSecond: number; etaSeconds: number | null } | null;
  };
  /** Gets one version; tests give another one. */
  fetch?: typeof fetchVersion;
  /** Of a transfer that has ended; told once. */
  ended: (transfer: TransferReport) => void;
  /** What moves has changed: whoever shows it asks again. */
  changed: () => void;
  log: Log;
  clock: () => number;
};
export type Reconcile = ReturnType<typeof openReconcile>;

const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 5 * 60_000;
const NOTICE_MS = 500;
/** Looked at again when nothing happened: clocks are set, windows open. */
const LOOK_MS = 30_000;
const RATE_SECONDS = 5;

type Active = { version: WantedVersion; stop: AbortController; startedAt: number; /** By the clock that nobody sets. */ begunMs: number; progress: FetchProgress | null; rate: Meter; ended: Promise<void> };
/** until, at: by the clock that nobody sets, so that a pause ends also where the time of day was turned back. */
type Failed = { times: number; until: number; why: string };
/** A version that arrives again so soon was damaged in between: the disk does not keep what it is given. */
const AGAIN_MS = 10 * 60_000;

export function openReconcile(parts: ReconcileParts) {
  const { self, store, copies, log, clock } = parts;
  const elapsed = (): number => performance.now();
  const throttle = new Throttle(null);
  const clients = new Map<string, PeerClient>();
  const active = new Map<string, Active>();
  const failed = new Map<string, Failed>();
  const arrived = new Map<string, { times: number; at: number }>();
  const urgent = new Set<string>();
  const stopped = new AbortController();
  let plan: Plan | null = null;
  let timer: NodeJS.Timeout | null = null;
  let noticedAt = -NOTICE_MS;
  let room: { needed: number; fits: boolean } = { needed: 0, fits: true };
  const alarms = new Set<string>();

  const lackingOf = (wanted: readonly WantedVersion[], states: ReadonlyMap<string, CopyState>): WantedVersion[] => wanted.filter(({ guid }) => ['absent', 'copying', 'damaged'].includes(states.get(guid) ?? 'absent'));
  /** The one a person waits for, then by priority, then the oldest. */
  const inOrder = (versions: WantedVersion[]): WantedVersion[] => versions.toSorted((a, b) => Number(urgent.has(b.guid)) - Number(urgent.has(a.guid)) || b.priority - a.priority || a.capturedAt - b.capturedAt);

  function tell(): void {
    if (elapsed() - noticedAt < NOTICE_MS) return;
    noticedAt = elapsed();
    parts.changed();
  }

  function look(): void {
    if (stopped.signal.aborted) return;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(look, Math.min(LOOK_MS, soonest())).unref();
    const current = plan;
    if (current === null) return;
    for (const [guid, { stop }] of active) if (!current.wanted.some((version) => version.guid === guid)) stop.abort();
    const missing = lackingOf(current.wanted, copies.states());
    const open = isOpen(current.windows, new Date(clock()));
    for (const version of inOrder(missing)) {
      if (active.has(version.guid) || (failed.get(version.guid)?.until ?? 0) > elapsed()) continue;
      const isUrgent = urgent.has(version.guid);
      // One fills the line; what a technician waits for goes beside it.
      if (!isUrgent && (!open || active.size > 0)) continue;
      if (isUrgent && [...active.keys()].some((guid) => urgent.has(guid))) continue;
      begin(version, current);
    }
    foresee(current, missing).catch((error: unknown) => log.warn('the room for what is to come could not be told', { error: toAppError(error) }));
  }
  /** Until the first pause is over or the window changes. */
  function soonest(): number {
    const now = elapsed();
    const pauses = [...failed.values()].map(({ until }) => until - now).filter((ms) => ms > 0);
    const change = plan === null ? null : untilChange(plan.windows, new Date(clock()));
    return Math.max(50, Math.min(LOOK_MS, ...pauses, ...(change === null ? [] : [change])));
  }

  function begin(version: WantedVersion, { peers, server }: Plan): void {
    const stop = new AbortController();
    const entry: Active = { version, stop, startedAt: clock(), begunMs: elapsed(), progress: null, rate: new Meter(elapsed), ended: Promise.resolve() };
    active.set(version.guid, entry);
    const sources = nearestFirst(peers, server).map(clientOf);
    entry.ended = transfer(entry, sources, AbortSignal.any([stop.signal, stopped.signal])).finally(() => {
      active.delete(version.guid);
      parts.changed();
      look();
    });
  }

  async function transfer(entry: Active, sources: PeerClient[], signal: AbortSignal): Promise<void> {
    const { version } = entry;
    const facts = { chunksHere: 0, chunksWhole: 0, chunksDelta: 0, wireBytes: 0, sources: [] as TransferReport['sources'] };
    const report = (outcome: TransferReport['outcome'], problem: string | null): void => {
      // A try that moved nothing is no transfer: it would fill the history.
      if (outcome !== 'done' && facts.wireBytes === 0) return;
      try {
        parts.ended({ versionGuid: version.guid, startedAt: entry.startedAt, endedAt: clock(), outcome, problem: problem?.slice(0, 1000) ?? null, ...facts });
      } catch (error) {
        // A line of the history: where the disk is full, it is that which fails, and nothing else may.
        log.warn('the end of a transfer could not be written down', { version: version.guid, outcome, error: toAppError(error) });
      }
    };
    try {
      const result = await (parts.fetch ?? fetchVersion)({
        store, version, sources, throttle, signal, olderManifest: copies.olderManifest(version.image.guid, version.guid),
        onProgress: (progress) => {
          entry.progress = progress;
          entry.rate.at(progress.wireBytes);
          facts.wireBytes = progress.wireBytes;
          facts.sources = [...progress.bySource].map(([serverId, bytes]) => ({ serverId, bytes }));
          tell();
        },
      });
      Object.assign(facts, { chunksHere: result.chunksHere, chunksWhole: result.chunksWhole, chunksDelta: result.chunksDelta, wireBytes: result.wireBytes, sources: [...result.bySource].map(([serverId, bytes]) => ({ serverId, bytes })) });
      if (result.twice > 0) alarms.add(`${result.twice} chunks of "${version.image.name}" version ${version.number} came although they were here. Nothing is lost, but this should not happen: report it.`);
      await copies.adopt(version);
      hasArrived(version);
      urgent.delete(version.guid);
      report('done', null);
    } catch (error) {
      if (signal.aborted || error instanceof CancelledError) return report('cancelled', null);
      const { code, message } = toAppError(error);
      const times = (failed.get(version.guid)?.times ?? 0) + 1;
      failed.set(version.guid, { times, until: elapsed() + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(times - 1, 10)), why: message });
      if (code === 'internal') log.error('a version could not be copied', { version: version.guid, error: toAppError(error) });
      report('failed', message);
    }
  }

  /** What heals and is damaged again at once would be fetched for ever: it waits longer each time, and a person is told. */
  function hasArrived({ guid, image, number }: WantedVersion): void {
    const last = arrived.get(guid);
    const times = last === undefined || elapsed() - last.at > AGAIN_MS ? 1 : last.times + 1;
    arrived.set(guid, { times, at: elapsed() });
    if (times === 1) return void failed.delete(guid);
    const why = `"${image.name}" version ${number} was copied here again and again, and was damaged on this disk each time. Look at the disk: it does not keep what is written to it.`;
    failed.set(guid, { times, until: elapsed() + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (times - 1)), why });
    if (times > 2) alarms.add(why);
  }

  function clientOf(peer: Peer): PeerClient {
    const known = clients.get(peer.id);
    if (known !== undefined && JSON.stringify(known.peer) === JSON.stringify(peer)) return known;
    known?.close();
    const client = new PeerClient(peer, self, clock);
    clients.set(peer.id, client);
    return client;
  }

  /** Before anything starts: whether all that is still to come fits beside the reserve. What is shared with versions here makes it less. */
  async function foresee({ wanted }: Plan, lacking: readonly WantedVersion[]): Promise<void> {
    const missing = new Set(lacking.map((version) => version.guid));
    const needed = missing.size === 0 ? 0 : [...Map.groupBy(wanted, (version) => version.image.guid).values()].reduce((sum, versions) => sum + neededOf(
      versions.map((version) => ({ number: version.number, storedBytes: version.storedBytes, usedBytes: version.usedBytes, at: missing.has(version.guid) ? 'to-come' : 'here' })), 0), 0);
    const fits = needed === 0 ? true : await store.foreseeSpace(needed).then(() => true, (error: unknown) => {
      if (error instanceof AppError && error.code === 'space-foreseen') return false;
      throw error;
    });
    if (room.needed !== needed || room.fits !== fits) parts.changed();
    room = { needed, fits };
  }

  function movingOf(version: WantedVersion, state: CopyState): Moving {
    const about = { versionGuid: version.guid, imageGuid: version.image.guid, imageName: version.image.name, number: version.number };
    const entry = active.get(version.guid);
    if (entry !== undefined) {
      const { progress, rate } = entry;
      const [doneBytes, totalBytes] = progress === null ? [0, version.storedBytes] : [progress.doneChunks * progress.chunkBytes, progress.totalChunks * progress.chunkBytes];
      const seconds = (elapsed() - entry.begunMs) / 1000;
      return {
        ...about, state: 'copying', doneBytes, totalBytes, rateBytesPerSecond: rate.perSecond(), etaSeconds: doneBytes > 0 && totalBytes > doneBytes ? Math.round((seconds * (totalBytes - doneBytes)) / doneBytes) : null,
        waitingFor: null, sources: [...(progress?.bySource ?? [])].map(([serverId, bytes]) => ({ serverId, bytes })),
      };
    }
    const nothing = { ...about, doneBytes: 0, totalBytes: version.storedBytes, rateBytesPerSecond: 0, etaSeconds: null, sources: [] };
    if (state === 'verifying') return { ...nothing, ...copies.progressOf(version.guid), state: 'verifying', waitingFor: null };
    const pause = failed.get(version.guid);
    const windows = plan?.windows ?? [];
    const why = pause !== undefined ? pause.why : !isOpen(windows, new Date(clock())) && !urgent.has(version.guid) ? 'It waits for the time in which transfers may run here.' : null;
    return { ...nothing, state: 'queued', waitingFor: why };
  }

  return {
    /** What this server is to hold from now on; also its peers, rate and windows. */
    setPlan(next: Plan): void {
      plan = next;
      throttle.rate = next.bytesPerSecond;
      for (const [id, client] of clients) {
        if (next.peers.some((peer) => peer.id === id)) continue;
        client.close();
        clients.delete(id);
      }
      // Other sources, other chances.
      failed.clear();
      look();
    },
    /** It was deleted: what moves of it stops, and nothing of it begins any more. Resolves when that is so. */
    async forget(versionGuid: string): Promise<void> {
      if (plan !== null) plan = { ...plan, wanted: plan.wanted.filter((version) => version.guid !== versionGuid) };
      const entry = active.get(versionGuid);
      entry?.stop.abort();
      await entry?.ended;
    },
    /** This one before all others, whatever the windows say. */
    urgent(versionGuid: string): void {
      urgent.add(versionGuid);
      failed.delete(versionGuid);
      look();
    },
    /** A copy changed by itself (damage, a check that ended): it may have to be got again. */
    again: (): void => look(),
    /** The first so many of what moves, or is to. */
    moving(most = Infinity): Moving[] {
      const states = copies.states();
      const stateOf = (version: WantedVersion): CopyState => states.get(version.guid) ?? 'absent';
      const unsettled = (plan?.wanted ?? []).filter((version) => active.has(version.guid) || !['ready', 'removing'].includes(stateOf(version)));
      return inOrder(unsettled).slice(0, most).map((version) => movingOf(version, stateOf(version)));
    },
    isCopying: (versionGuid: string): boolean => active.has(versionGuid),
    problems: (): string[] => [...alarms, ...(room.fits ? [] : ['There is not enough room for all that is to come: give the store more, or assign fewer images to this server.'])],
    room: (): { neededBytes: number; fits: boolean } => ({ neededBytes: room.needed, fits: room.fits }),
    /** Resolves when nothing moves. */
    async idle(): Promise<void> {
      while (active.size > 0) await Promise.race([...[...active.values()].map((entry) => entry.ended), sleep(1000)]);
    },
    async close(): Promise<void> {
      stopped.abort();
      if (timer !== null) clearTimeout(timer);
      await Promise.allSettled([...active.values()].map((entry) => entry.ended));
      for (const client of clients.values()) client.close();
    },
  };
}

/** The one it hangs on, then its site's, then other package servers, then the console, which has most to do. */
export function nearestFirst(peers: readonly Peer[], server: Plan['server']): Peer[] {
  const rank = (peer: Peer): number => (peer.id === server.parentId ? 0 : peer.siteId !== null && peer.siteId === server.siteId ? 1 : peer.isConsole ? 3 : 2);
  return peers.filter((peer) => peer.isSource && peer.id !== server.id).toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

/** Bytes in a second over the last few seconds. */
class Meter {
  readonly #clock: () => number;
  #marks: { at: number; bytes: number }[] = [];
  constructor(clock: () => number) {
    this.#clock = clock;
  }
  at(bytes: number): void {
    const now = this.#clock();
    this.#marks.push({ at: now, bytes });
    while (this.#marks.length > 2 && now - (this.#marks[0]?.at ?? now) > RATE_SECONDS * 1000) this.#marks.shift();
  }
  perSecond(): number {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    if (first === undefined || last === undefined || last.at <= first.at) return 0;
    return Math.round(((last.bytes - first.bytes) * 1000) / (last.at - first.at));
  }
}
