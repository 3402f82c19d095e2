// Owns getting one version from other servers: its manifest, what is missing here, several sources at once, differences where they are
// smaller. Whatever arrived stays when it is cut off; a chunk that came is never asked for again; a source that fails or lies is left out.
import type { IncomingMessage } from 'node:http';
import { FRAME_HEADER_BYTES, HASH_BYTES } from '#shared/agent/frame.ts';
import { AppError, CancelledError, ProtocolError, toAppError } from '#shared/errors.ts';
import type { WantedVersion } from '#shared/replication/messages.ts';
import { blake3 } from '../../store/hash.ts';
import type { Adoption, ManifestReader, Store } from '../../store/types.ts';
import { applyDifference, decodeDifference, frameLength, frameOf, isDifference } from '../difference.ts';
import type { PeerClient } from '../peer/client.ts';
import { RawChunks } from '../raws.ts';
import { withBases, type Wanted } from './bases.ts';
import type { Throttle } from './throttle.ts';

export type FetchParts = {
  store: Pick<Store, 'openAdoption' | 'readFrames' | 'foreseeSpace' | 'openManifest'>;
  version: Pick<WantedVersion, 'guid' | 'manifest' | 'manifestBytes' | 'storedBytes'> & Partial<Pick<WantedVersion, 'newBytes'>>;
  /** Best first; those that turn out not to have it are left out. */
  sources: readonly PeerClient[];
  /** Manifest of a version of the same image that is held here; null for none. */
  olderManifest: string | null;
  throttle: Throttle;
  signal: AbortSignal;
  onProgress: (progress: FetchProgress) => void;
};
export type FetchProgress = { doneChunks: number; totalChunks: number; chunkBytes: number; wireBytes: number; bySource: ReadonlyMap<string, number> };
export type FetchResult = { chunksHere: number; chunksWhole: number; chunksDelta: number; wireBytes: number; bySource: Map<string, number>; /** Chunks that came although they were here: there is a fault. */ twice: number };

const NO_BASE = new Uint8Array(HASH_BYTES);
const ADOPTION_MS = 24 * 3_600_000;
/** Chunks in one request: enough to outweigh a round trip, little enough to share among sources. */
const BATCH_CHUNKS = 64;
/** Requests under way at each source: while one is read, the next is prepared there. */
const LANES_PER_SOURCE = 2;
const MAX_LANES = 8;
const INGEST_BYTES = 4 * 1024 * 1024;
/** A source that failed as often as this in a row is left out. */
const MAX_FAILURES = 3;
const REST_MS = 1000;

/** Stored bytes for each byte of content: 1 where nobody knows. */
function compressionOf({ newBytes = 0, storedBytes }: FetchParts['version']): number {
  return newBytes > 0 && storedBytes > 0 ? Math.min(1, storedBytes / newBytes) : 1;
}

export async function fetchVersion(parts: FetchParts): Promise<FetchResult> {
  return new Fetching(parts).run();
}

class Fetching {
  readonly #parts: FetchParts;
  readonly #result: FetchResult = { chunksHere: 0, chunksWhole: 0, chunksDelta: 0, wireBytes: 0, bySource: new Map(), twice: 0 };
  /** What a request did not bring, to be asked for again. */
  readonly #again: Wanted[][] = [];
  readonly #out = new Map<string, string>();
  readonly #raws: RawChunks;
  #supply: AsyncIterator<Wanted> | null = null;
  #drawing: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  #waiters: (() => void)[] = [];
  #total = 0;
  #done = 0;
  #chunkBytes = 0;

  constructor(parts: FetchParts) {
    this.#parts = parts;
    this.#raws = new RawChunks(parts.store);
  }

  async run(): Promise<FetchResult> {
    const { store, version, signal } = this.#parts;
    const sources = await this.#whoHasIt();
    const adoption = await store.openAdoption(`copy-${version.guid}`, version.manifest, ADOPTION_MS);
    const manifest = await this.#manifest(adoption, sources);
    const older = await this.#older();
    try {
      this.#chunkBytes = manifest.head.graph.chunkSizeBytes;
      await this.#count(adoption, manifest);
      if (this.#total > 0) {
        // What is missing is known by now; how well it is compressed, from what the version brought when it was captured.
        await store.foreseeSpace(Math.ceil(this.#total * this.#chunkBytes * compressionOf(version)));
        this.#supply = withBases(adoption.missing(), older)[Symbol.asyncIterator]();
        await this.#lanes(adoption, sources);
      }
      const signatures = await this.#first(sources, (source) => source.signatures(version.manifest, signal));
      await adoption.commit(signatures);
      await adoption.close();
      return this.#result;
    } finally {
      // Cut off in the middle, it still has a file open.
      await this.#supply?.return?.(undefined);
      await older?.close();
      await manifest.close();
    }
  }

  async #whoHasIt(): Promise<PeerClient[]> {
    const { sources, version, signal } = this.#parts;
    const answers = await Promise.all(sources.map(async (source) => source.has(version.manifest, signal).catch((error: unknown) => {
      this.#out.set(source.peer.id, toAppError(error).message);
      return false;
    })));
    const having = sources.filter((_source, at) => answers[at]);
    if (signal.aborted) throw new CancelledError('the transfer was cancelled');
    if (having.length === 0) throw this.#noSource();
    return having;
  }

  #noSource(): AppError {
    const reasons = [...this.#out.values()];
    return new AppError('not-found', `No server can hand over a proved copy now${reasons.length === 0 ? '' : `: ${reasons.join(' ')}`} It is tried again by itself.`, { version: this.#parts.version.guid });
  }

  /** Goes on where an earlier transfer was cut off. */
  async #manifest(adoption: Adoption, sources: readonly PeerClient[]): Promise<ManifestReader> {
    const { version, signal, throttle } = this.#parts;
    return this.#first(sources, async (source) => {
      if (adoption.manifestBytes >= version.manifestBytes) return adoption.finishManifest();
      const answer = await source.manifest(version.manifest, adoption.manifestBytes, signal);
      for await (const piece of answer as AsyncIterable<Buffer>) {
        await adoption.addManifest(piece);
        this.#came(source, piece.length);
        await throttle.take(piece.length, signal);
      }
      if (!answer.complete) throw new AppError('connection-lost', `${source.peer.name} broke off.`);
      // Here, so that a source that sent something else is left out and the next one asked.
      return adoption.finishManifest();
    });
  }

  async #older(): Promise<ManifestReader | null> {
    const { olderManifest, store } = this.#parts;
    // Without it everything comes whole; that is no failure.
    return olderManifest === null ? null : store.openManifest(olderManifest).catch(() => null);
  }

  async #count(adoption: Adoption, manifest: ManifestReader): Promise<void> {
    for await (const _missing of adoption.missing()) this.#total++;
    let named = 0;
    for (const { index } of manifest.head.graph.streams) {
      for await (const { run } of manifest.runs(index)) named += run.kind === 'data' ? run.count : run.kind === 'repeat' ? 1 : 0;
    }
    this.#result.chunksHere = Math.max(0, named - this.#total);
    this.#tell();
  }

  async #lanes(adoption: Adoption, sources: readonly PeerClient[]): Promise<void> {
    const failed = new AbortController();
    const lanes = sources.flatMap((source) => Array.from({ length: LANES_PER_SOURCE }, () => source)).slice(0, MAX_LANES);
    // What fails here (a full disk) ends all; what fails there ends that source.
    const ended = await Promise.allSettled(lanes.map((source) => this.#lane(source, adoption, failed.signal).catch((error: unknown) => {
      failed.abort();
      this.#wake();
      throw error;
    })));
    const failure = ended.find((each) => each.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    if (this.#parts.signal.aborted) throw new CancelledError('the transfer was cancelled');
    if (this.#done < this.#total) throw this.#noSource();
  }

  async #lane(source: PeerClient, adoption: Adoption, failed: AbortSignal): Promise<void> {
    let failures = 0;
    const signal = AbortSignal.any([this.#parts.signal, failed]);
    while (!signal.aborted && !this.#out.has(source.peer.id)) {
      const batch = await this.#draw(signal);
      if (batch === null) return;
      this.#underWay++;
      const left = new Map(batch.map((wanted) => [Buffer.from(wanted.hash).toString('latin1'), wanted]));
      try {
        await this.#fetch(source, adoption, left, signal);
        failures = 0;
      } catch (error) {
        if (isOurs(error) && !signal.aborted) throw error;
        if (!signal.aborted && ++failures >= (isFinal(error) ? 1 : MAX_FAILURES)) this.#out.set(source.peer.id, toAppError(error).message);
      } finally {
        if (left.size > 0) this.#again.push([...left.values()]);
        this.#underWay--;
        this.#wake();
      }
      if (failures > 0 && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, REST_MS * failures));
    }
  }

  /** The next batch; waits while others may still give something back; null when nothing is left. */
  async #draw(signal: AbortSignal): Promise<Wanted[] | null> {
    for (;;) {
      if (signal.aborted) return null;
      const back = this.#again.pop();
      if (back !== undefined) return back;
      const batch = await this.#fromSupply();
      if (batch.length > 0) return batch;
      if (this.#again.length > 0) continue;
      if (this.#underWay === 0) return null;
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  #fromSupply(): Promise<Wanted[]> {
    const drawn = this.#drawing.then(async () => {
      const batch: Wanted[] = [];
      while (batch.length < BATCH_CHUNKS) {
        const next = await this.#supply?.next();
        if (next === undefined || next.done === true) break;
        batch.push(next.value);
      }
      return batch;
    });
    this.#drawing = drawn.catch(() => undefined);
    return drawn;
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  /** Takes out of `left` what arrived. */
  async #fetch(source: PeerClient, adoption: Adoption, left: Map<string, Wanted>, signal: AbortSignal): Promise<void> {
    const all = [...left.values()];
    const { olderManifest: older, version } = this.#parts;
    const [pairs, wholes] = older === null ? [[], all] : [all.filter((wanted) => !wanted.whole), all.filter((wanted) => wanted.whole)];
    if (older !== null && pairs.length > 0) {
      const body = Buffer.concat(pairs.flatMap(({ hash, base }) => [hash, base ?? NO_BASE]));
      await this.#receive(source, await source.differences({ older, wanted: version.manifest }, body, signal), { adoption, left, signal });
    }
    if (wholes.length > 0) await this.#receive(source, await source.chunks(Buffer.concat(wholes.map(({ hash }) => hash)), signal), { adoption, left, signal });
  }

  async #receive(source: PeerClient, answer: IncomingMessage, into: { adoption: Adoption; left: Map<string, Wanted>; signal: AbortSignal }): Promise<void> {
    let pending: Buffer = Buffer.alloc(0);
    let ready: Uint8Array[] = [];
    let readyBytes = 0;
    const ingest = async (): Promise<void> => {
      const frames = ready;
      ready = [];
      readyBytes = 0;
      if (frames.length > 0) await this.#ingest(frames, into);
    };
    try {
      for await (const piece of answer as AsyncIterable<Buffer>) {
        this.#came(source, piece.length);
        pending = pending.length === 0 ? piece : Buffer.concat([pending, piece]);
        let at = 0;
        const came: Uint8Array[] = [];
        while (pending.length - at >= FRAME_HEADER_BYTES) {
          const length = frameLength(pending, at);
          if (pending.length - at < length) break;
          came.push(Uint8Array.prototype.slice.call(pending, at, at + length));
          at += length;
        }
        pending = pending.subarray(at);
        // Together, on as many processors: what comes in one piece is little, or there are many small differences in it.
        for (const frame of await Promise.all(came.map((each) => this.#whole(each, into.left)))) {
          if (frame === null) continue;
          ready.push(frame);
          readyBytes += frame.length;
        }
        if (readyBytes >= INGEST_BYTES) await ingest();
        await this.#parts.throttle.take(piece.length, into.signal);
      }
    } finally {
      // Also what came before it was cut off counts.
      await ingest();
    }
    if (!answer.complete) throw new AppError('connection-lost', `${source.peer.name} broke off.`);
    if (pending.length > 0) throw new ProtocolError(0, 'the answer ends within a frame');
  }

  /** A frame for the store; null for a difference that can't be used, whose chunk is then asked for whole. */
  async #whole(frame: Uint8Array, left: Map<string, Wanted>): Promise<Uint8Array | null> {
    if (!isDifference(frame)) {
      this.#result.chunksWhole++;
      return frame;
    }
    const difference = decodeDifference(frame, blake3);
    const wanted = left.get(Buffer.from(difference.header.hash).toString('latin1'));
    if (wanted === undefined) throw new ProtocolError(24, 'a chunk that was not asked for');
    try {
      const bases = await Promise.all(difference.bases.map((hash) => this.#raws.of(hash)));
      const held = bases.filter((base) => base !== null);
      if (held.length === bases.length) {
        const made = await frameOf(await applyDifference(difference, held, blake3), difference.header.hash, blake3);
        this.#result.chunksDelta++;
        return made;
      }
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'chunk-damaged') throw error;
    }
    wanted.whole = true;
    return null;
  }

  async #ingest(frames: readonly Uint8Array[], { adoption, left }: { adoption: Adoption; left: Map<string, Wanted> }): Promise<void> {
    for (const frame of frames) if (!left.has(keyOf(frame))) throw new ProtocolError(24, 'a chunk that was not asked for');
    const { newFrames } = await adoption.addFrames(Buffer.concat(frames));
    this.#result.twice += frames.length - newFrames;
    for (const frame of frames) left.delete(keyOf(frame));
    this.#done += frames.length;
    this.#tell();
  }

  #came(source: PeerClient, bytes: number): void {
    this.#result.wireBytes += bytes;
    this.#result.bySource.set(source.peer.id, (this.#result.bySource.get(source.peer.id) ?? 0) + bytes);
  }

  #tell(): void {
    this.#parts.onProgress({ doneChunks: this.#done, totalChunks: this.#total, chunkBytes: this.#chunkBytes, wireBytes: this.#result.wireBytes, bySource: this.#result.bySource });
  }

  /** By the first source that manages. */
  async #first<T>(sources: readonly PeerClient[], work: (source: PeerClient) => Promise<T>): Promise<T> {
    for (const source of sources) {
      if (this.#out.has(source.peer.id)) continue;
      try {
        return await work(source);
      } catch (error) {
        if (this.#parts.signal.aborted || isOurs(error)) throw error;
        this.#out.set(source.peer.id, toAppError(error).message);
      }
    }
    throw this.#noSource();
  }
}

function keyOf(frame: Uint8Array): string {
  return Buffer.from(frame.subarray(24, 24 + HASH_BYTES)).toString('latin1');
}

/** Here, not there: another source would not help. */
function isOurs(error: unknown): boolean {
  return error instanceof AppError && ['disk-full', 'space-foreseen', 'io', 'lease-lost', 'image-damaged', 'internal'].includes(error.code);
}
/** That source will not get better by asking again. */
function isFinal(error: unknown): boolean {
  return error instanceof ProtocolError || (error instanceof AppError && ['not-found', 'forbidden', 'pin-mismatch', 'chunk-missing', 'chunk-damaged'].includes(error.code));
}
