// Owns re-hashing versions from this server's own disk and what follows for its copy of them: one at a time, new ones before scheduled
// ones, taken up again after a restart. Damage is recorded as soon as it is known, whoever found it. Other servers prove their own copies.
import { AppError, CancelledError, toAppError } from '#shared/errors.ts';
import type { VerifyProgressView } from '#shared/model/image.ts';
import type { Run } from '#shared/agent/page.ts';
import type { HashHex, Store, VerifyProgress } from '../store/types.ts';
import type { Events } from '../events/service.ts';
import type { Log } from '../log/service.ts';
import type { Copies } from './copies.ts';
import type { ImageRepo, VersionRow } from './repo.ts';

export type VerifyingParts = { repo: ImageRepo; copies: Pick<Copies, 'move'>; store: Store; events: Events; log: Log; clock: () => number; selfId: string };
type What = 'unverified' | 'all';
type Job = { guid: string; what: What; actor: string };

/** What of this server can be read, proved or not. */
export function isHere(version: Pick<VersionRow, 'own_state'>): boolean {
  return version.own_state === 'verifying' || version.own_state === 'ready' || version.own_state === 'damaged';
}

const NOTICE_MS = 250;
const HASH_BYTES = 32;
/** Asked for, or just begun: nothing is known yet. */
const NOT_BEGUN: VerifyProgressView = { doneBytes: 0, totalBytes: 0, rateBytesPerSecond: 0, etaSeconds: null };

export class Verifying {
  readonly #parts: VerifyingParts;
  readonly #queue: Job[] = [];
  readonly #progress = new Map<string, VerifyProgressView>();
  readonly #settled = new Map<string, Set<() => void>>();
  readonly #stop = new AbortController();
  readonly #damage = new Set<HashHex>();
  #working: Promise<void> | null = null;
  #scanning: Promise<void> | null = null;
  #current: { job: Job; stop: AbortController } | null = null;
  readonly #unlisten: () => void;

  constructor(parts: VerifyingParts) {
    this.#parts = parts;
    this.#unlisten = parts.store.onDamage((chunk) => {
      this.#damage.add(chunk);
      this.#scanForDamage();
    });
  }

  /** Versions whose check was cut off by the end of the server are checked again. */
  recover(): void {
    for (const version of this.#parts.repo.allVersions()) if (version.own_state === 'verifying') this.enqueue(version.guid, 'unverified', 'server');
    this.lookForDamage();
  }

  /** Whatever the store knows to be damaged: versions that name it are found, also when the news of it was lost in a crash. */
  lookForDamage(): void {
    for (const chunk of this.#parts.store.damagedChunks()) this.#damage.add(chunk);
    if (this.#damage.size > 0) this.#scanForDamage();
  }

  /** @returns false when it is queued or under way already, at least as thoroughly */
  enqueue(guid: string, what: What, actor: string): boolean {
    if (this.#stop.signal.aborted) return false;
    const same = [...this.#queue, ...(this.#current === null ? [] : [this.#current.job])].filter((job) => job.guid === guid);
    if (same.some((job) => job.what === 'all' || what === 'unverified')) return false;
    const job = { guid, what, actor };
    // Somebody may be waiting for a new version; what is on a schedule is not in a hurry.
    const at = what === 'unverified' ? this.#queue.findIndex((other) => other.what === 'all') : -1;
    if (at === -1) this.#queue.push(job);
    else this.#queue.splice(at, 0, job);
    this.#tell(guid);
    this.#working ??= this.#work().finally(() => {
      this.#working = null;
    });
    return true;
  }

  /** Of a check that is asked for or under way; null when there is none. */
  progressOf = (guid: string): VerifyProgressView | null => this.#progress.get(guid) ?? (this.#queue.some((job) => job.guid === guid) ? NOT_BEGUN : null);

  /** Resolves when the version's state may have changed. */
  nextChange(guid: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#settled.get(guid) ?? new Set();
      this.#settled.set(guid, waiting);
      const done = (): void => {
        waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      waiting.add(done);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }

  /** A copy of it moved, on whichever server: whoever waits for the version looks again. */
  moved(guid: string): void {
    this.#settle(guid);
  }

  /** A read or a check proved it: the version can't be deployed from here from now on. */
  foundDamage(version: VersionRow, damagedChunks: number, how: string): void {
    this.#move(version.guid, 'damage-found', { actor: 'server', damagedChunks: Math.max(damagedChunks, version.damaged_chunks, 1), message: `Version ${version.number} is damaged: ${how}` });
  }

  /** Stops checking a version that is being removed. */
  forget(guid: string): void {
    for (let at = this.#queue.length - 1; at >= 0; at--) if (this.#queue[at]?.guid === guid) this.#queue.splice(at, 1);
    if (this.#current?.job.guid === guid) this.#current.stop.abort();
    this.#settle(guid);
  }

  async close(): Promise<void> {
    this.#unlisten();
    this.#stop.abort();
    this.#queue.length = 0;
    await this.#working;
    await this.#scanning;
    for (const guid of this.#settled.keys()) this.#settle(guid);
  }

  async #work(): Promise<void> {
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) {
      const version = this.#parts.repo.versionByGuid(job.guid);
      if (version !== undefined && isHere(version)) await this.#verify(version, job);
      else this.#settle(job.guid);
    }
  }

  async #verify(version: VersionRow, job: Job): Promise<void> {
    const { store, log, clock, events } = this.#parts;
    const stop = new AbortController();
    this.#current = { job, stop };
    const meter = new Meter(clock);
    let noticedAt = 0;
    this.#progress.set(version.guid, NOT_BEGUN);
    events.changed('image', version.image_guid);
    try {
      const result = await store.verify(version.manifest, job.what, (progress) => {
        this.#progress.set(version.guid, meter.view(progress));
        if (clock() - noticedAt < NOTICE_MS) return;
        noticedAt = clock();
        events.changed('image', version.image_guid);
      }, AbortSignal.any([this.#stop.signal, stop.signal]));
      this.#progress.delete(version.guid);
      const bad = result.damaged.length + result.missing.length;
      if (bad === 0 && result.manifestIntact && result.signatureValid) {
        this.#move(version.guid, 'verified', { actor: job.actor, damagedChunks: 0, message: version.own_state === 'damaged' ? `Version ${version.number} is whole again` : `Version ${version.number} was verified`, data: { checkedChunks: result.checkedChunks } });
      } else {
        const how = !result.manifestIntact ? 'its manifest can not be read' : !result.signatureValid ? "its manifest's signature is not valid" : `${result.damaged.length} chunks are damaged, ${result.missing.length} are missing`;
        this.#move(version.guid, 'damage-found', { actor: job.actor, damagedChunks: bad, message: `Version ${version.number} is damaged: ${how}`, data: { damaged: result.damaged.slice(0, 100), missing: result.missing.slice(0, 100) } });
      }
    } catch (error) {
      if (!(error instanceof CancelledError) && !this.#stop.signal.aborted && !stop.signal.aborted) {
        // Not knowing is not damage: the state stays as it was, and the schedule tries again.
        log.error('a version could not be verified', { version: version.guid, error: toAppError(error, 'verify') });
      }
    } finally {
      this.#progress.delete(version.guid);
      this.#current = null;
      events.changed('image', version.image_guid);
      this.#settle(version.guid);
    }
  }

  /** One transaction: copy, state and event. A state that is already there is only refreshed (when it was proved). */
  #move(guid: string, event: 'verified' | 'damage-found', facts: { actor: string; damagedChunks: number; message: string; data?: Record<string, unknown> }): void {
    const { repo, copies, events, clock, selfId, log } = this.#parts;
    const version = repo.versionByGuid(guid);
    if (version === undefined) return;
    const from = version.own_state;
    const to = repo.transaction(() => {
      const now = copies.move(guid, selfId, event, event === 'verified' ? { provedAt: clock(), damagedChunks: 0, problem: null } : { damagedChunks: facts.damagedChunks, problem: facts.message });
      if (now !== null && (now !== from || event === 'verified')) {
        events.record({ actor: facts.actor, entity: 'image', id: version.image_guid, kind: event, message: facts.message, data: { version: version.number, ...facts.data } });
      }
      return now;
    });
    if (to === null) return;
    if (to === 'damaged' && from !== 'damaged') log.error('version damaged', { version: guid, number: version.number, message: facts.message });
    events.changed('image', version.image_guid);
    if (to !== from) events.changed('status', 'status');
    this.#settle(guid);
    if (event === 'verified' && from === 'verifying') this.#retryDamaged();
  }

  /** What a new capture brought may be what damaged versions lack. */
  #retryDamaged(): void {
    for (const version of this.#parts.repo.allVersions()) if (version.own_state === 'damaged') this.enqueue(version.guid, 'all', 'server');
  }

  #tell(guid: string): void {
    const version = this.#parts.repo.versionByGuid(guid);
    if (version !== undefined) this.#parts.events.changed('image', version.image_guid);
  }

  #settle(guid: string): void {
    const waiting = this.#settled.get(guid);
    this.#settled.delete(guid);
    for (const done of waiting ?? []) done();
  }

  /** Which other versions name a damaged chunk is found by reading their manifests, one scan for all that came together. */
  #scanForDamage(): void {
    if (this.#scanning !== null || this.#stop.signal.aborted) return;
    this.#scanning = (async () => {
      while (this.#damage.size > 0 && !this.#stop.signal.aborted) {
        const chunks = new Set(this.#damage);
        this.#damage.clear();
        for (const version of this.#parts.repo.allVersions()) {
          if (!isHere(version)) continue;
          const found = await this.#countNamed(version, chunks);
          if (found > 0 && version.own_state !== 'damaged') this.foundDamage(version, found, `${found} of its chunks failed a check`);
        }
      }
    })().catch((error: unknown) => this.#parts.log.error('looking for versions with damaged chunks failed', { error: toAppError(error) })).finally(() => {
      this.#scanning = null;
      if (this.#damage.size > 0) this.#scanForDamage();
    });
  }

  async #countNamed(version: VersionRow, chunks: ReadonlySet<HashHex>): Promise<number> {
    const { store, log } = this.#parts;
    const named = new Set<HashHex>();
    try {
      const manifest = await store.openManifest(version.manifest);
      try {
        for (const stream of manifest.head.graph.streams) {
          for await (const { run } of manifest.runs(stream.index)) {
            if (this.#stop.signal.aborted) return 0;
            for (const hash of hashesIn(run)) if (chunks.has(hash)) named.add(hash);
          }
        }
      } finally {
        await manifest.close();
      }
    } catch (error) {
      log.error('a manifest could not be read', { version: version.guid, manifest: version.manifest, error: toAppError(error) });
      // Looked at again by a whole check, which says what is wrong with it.
      if (version.own_state !== 'damaged' && error instanceof AppError && (error.code === 'image-damaged' || error.code === 'not-found')) this.enqueue(version.guid, 'all', 'server');
    }
    return named.size;
  }
}

function* hashesIn(run: Run): Generator<HashHex> {
  if (run.kind === 'repeat') yield Buffer.from(run.hash).toString('hex');
  else if (run.kind === 'data') {
    const text = Buffer.from(run.hashes.buffer, run.hashes.byteOffset, run.hashes.length).toString('hex');
    for (let at = 0; at < text.length; at += HASH_BYTES * 2) yield text.slice(at, at + HASH_BYTES * 2);
  }
}

/** Rate over the whole check: disks are steady enough for it, and it does not jump. */
class Meter {
  readonly #clock: () => number;
  readonly #startedAt: number;
  constructor(clock: () => number) {
    this.#clock = clock;
    this.#startedAt = clock();
  }
  view({ doneBytes, totalBytes }: VerifyProgress): VerifyProgressView {
    const seconds = (this.#clock() - this.#startedAt) / 1000;
    const rate = seconds > 0 ? doneBytes / seconds : 0;
    return { doneBytes, totalBytes, rateBytesPerSecond: rate, etaSeconds: rate > 0 ? Math.max(0, (totalBytes - doneBytes) / rate) : null };
  }
}
