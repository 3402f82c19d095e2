// Owns unfinished captures: their leases, page files, and the session an agent's pages and frames go through.
// It trusts nothing from the network: every page and frame is bounded and checked, and only named chunks are taken.
import { join } from 'node:path';
import { HASH_BYTES } from '#shared/agent/frame.ts';
import { manifestHeadSchema, type ManifestHead } from '#shared/agent/manifest.ts';
import { decodePage, hashesOf, type Page } from '#shared/agent/page.ts';
import { AppError, ProtocolError } from '#shared/errors.ts';
import { checkCompleteness } from './completeness.ts';
import { duty, requireSpace, type StoreContext } from './context.ts';
import { makeDurableFolder, removeFolderWithFiles, writeSmallFile } from './files.ts';
import { HashSet } from './hash-set.ts';
import { asBuffer, blake3, toHex } from './hash.ts';
import { parseFrames } from './incoming-frames.ts';
import { ChunkState, isArrived, type ChunkRow, type LeaseRow } from './index-db.ts';
import { MAX_STREAM, PageFile, pagePath, streamsIn } from './page-files.ts';
import type { FrameToStore } from './packs.ts';
import { rehash } from './rehash.ts';
import { breathe, Serial } from './serial.ts';
import type { CaptureProgress, CaptureSession, IngestResult } from './types.ts';

const SLICE = 2048;

export function captureFolder(context: StoreContext, id: string): string {
  return join(context.folder, 'captures', id);
}

export class Captures {
  readonly #context: StoreContext;
  readonly #sessions = new Map<string, Session>();
  readonly #opening = new Serial();

  constructor(context: StoreContext) {
    this.#context = context;
  }

  open(id: string, ttlMs: number): Promise<CaptureSession> {
    return this.#opening.run(async () => {
      if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) throw new AppError('invalid-input', 'A capture is named by 1 to 64 letters, digits, _ and -.', {});
      const known = this.#sessions.get(id);
      if (known !== undefined) {
        known.renew(ttlMs);
        return known;
      }
      const { files, index, clock } = this.#context;
      const folder = captureFolder(this.#context, id);
      await duty(this.#context, 'starting a capture', async () => {
        await makeDurableFolder(files, folder);
        await writeSmallFile(files, join(folder, 'lease.json'), Buffer.from(`${JSON.stringify({ format: 1, id, ttlMs })}\n`));
        index.saveLease(id, clock() + ttlMs);
      });
      const lease = index.lease(id);
      if (lease === undefined) throw new AppError('internal', 'A lease just written is not there.', { id });
      const session = new Session(this.#context, lease, () => this.#sessions.delete(id));
      this.#sessions.set(id, session);
      return session;
    });
  }

  list(): { id: string; expiresAt: number }[] {
    return this.#context.index.leases().map(({ id, expiresAt }) => ({ id, expiresAt }));
  }

  /** Ends leases that ran out; their sessions answer lease-lost from now on. */
  async expire(): Promise<string[]> {
    const now = this.#context.clock();
    const ended: string[] = [];
    for (const lease of this.#context.index.leases()) {
      if (lease.expiresAt > now) continue;
      ended.push(lease.id);
      const session = this.#sessions.get(lease.id);
      if (session !== undefined) await session.lose();
      else await endLease(this.#context, lease.id);
    }
    return ended;
  }

  /** Closes handles; leases and pages stay for the next start. */
  async close(): Promise<void> {
    for (const session of this.#sessions.values()) await session.release();
    this.#sessions.clear();
  }
}

/** Row first: a folder without a row is what a crash leaves, and the next start removes it. */
async function endLease(context: StoreContext, id: string): Promise<void> {
  context.index.removeLease(id);
  try {
    await removeFolderWithFiles(context.files, captureFolder(context, id));
  } catch (error) {
    context.log('warn', 'a finished capture left its folder behind; the next start removes it', { capture: id, error: String(error) });
  }
}

class Session implements CaptureSession {
  readonly id: string;
  readonly #context: StoreContext;
  readonly #lease: number;
  readonly #gone: () => void;
  readonly #turn = new Serial();
  readonly #streams = new Map<number, PageFile>();
  /** What the agent was told is lacking, and may therefore send. */
  #wanted = new HashSet();
  #loaded = false;
  #state: 'open' | 'lost' | 'closed' = 'open';
  #committed: { manifest: string; newChunks: number; newBytes: number; storedBytes: number } | null = null;

  constructor(context: StoreContext, lease: LeaseRow, gone: () => void) {
    this.id = lease.id;
    this.#context = context;
    this.#lease = lease.number;
    this.#gone = gone;
  }

  addPage(bytes: Uint8Array): Promise<Uint8Array> {
    return this.#work('writing a page', async () => {
      const page = decodePage(bytes, blake3);
      if (page.chunkCount === 0) throw new ProtocolError(24, 'page without chunks');
      if (page.stream > MAX_STREAM) throw new ProtocolError(12, 'stream number out of range');
      if (page.firstChunk + page.chunkCount > Number.MAX_SAFE_INTEGER) throw new ProtocolError(16, 'first chunk out of range');
      let stream = this.#streams.get(page.stream);
      if (stream === undefined) {
        if (page.firstChunk !== 0) throw new ProtocolError(16, `stream ${page.stream} starts at chunk 0`);
        stream = await PageFile.create(this.#context.files, this.#folder, page.stream);
        this.#streams.set(page.stream, stream);
      }
      await requireSpace(this.#context, bytes.length);
      await stream.append(page, bytes);
      return this.#lacking(page);
    });
  }

  addFrames(bytes: Uint8Array): Promise<IngestResult> {
    return this.#work('writing chunks', async () => {
      const frames = parseFrames(bytes);
      const { fresh, contested } = this.#sortOut(frames);
      if (contested.length > 0) await this.#settle(contested, fresh);
      if (fresh.length > 0) {
        await requireSpace(this.#context, fresh.reduce((sum, frame) => sum + frame.bytes.length, 0));
        await this.#context.packs.append(fresh, (pack, placements, packSize) => this.#context.index.place(pack, placements, { lease: this.#lease, packSize }));
      }
      return { frames: frames.length, newFrames: fresh.length, bytes: bytes.length };
    });
  }

  progress(): CaptureProgress {
    const lease = this.#context.index.lease(this.id);
    return {
      streams: [...this.#streams.values()].map((stream) => ({ index: stream.stream, chunks: stream.chunks })),
      newChunks: lease?.newChunks ?? 0,
      newBytes: lease?.newBytes ?? 0,
      storedBytes: lease?.storedBytes ?? 0,
    };
  }

  restart(): Promise<void> {
    return this.#turn.run(async () => {
      this.#assertOpen();
      await duty(this.#context, 'starting a capture again', async () => {
        await this.#closeStreams();
        this.#loaded = false;
        this.#wanted = new HashSet();
        this.#committed = null;
        for (const stream of await streamsIn(this.#context.files, this.#folder)) await this.#context.files.unlink(pagePath(this.#folder, stream));
        this.#context.index.setLeaseManifest(this.id, null);
        this.#loaded = true;
      });
    });
  }

  renew(ttlMs: number): void {
    this.#assertOpen();
    if (!this.#context.index.renewLease(this.id, this.#context.clock() + ttlMs)) throw leaseLost(this.id);
  }

  commit(given: ManifestHead): Promise<{ manifest: string; newChunks: number; newBytes: number; storedBytes: number }> {
    return this.#work('writing the manifest', async () => {
      if (this.#committed !== null) return this.#committed;
      const { packs, index, manifests, recent, clock } = this.#context;
      const head = manifestHeadSchema.parse(given);
      await packs.sync();
      const losses = packs.losses;
      await checkCompleteness(this.#context, head, this.#streams, this.#lease);
      // What arrived from other captures while we looked may not be on disk yet.
      await packs.sync();
      if (packs.losses !== losses) throw new AppError('chunk-missing', 'The disk of the image store lost chunks while the capture was being finished. Check the disk, then start the capture again: it sends only what is lacking.', {});
      const sources = head.graph.streams.flatMap(({ index: number }) => this.#streams.get(number) ?? [])
        .map((stream) => ({ stream: stream.stream, sizeBytes: stream.sizeBytes, pages: stream.pages, read: (target: Uint8Array, at: number) => stream.readAt(target, at) }));
      await requireSpace(this.#context, sources.reduce((sum, source) => sum + source.sizeBytes, 1024 * 1024));
      const manifest = await manifests.write(head, sources, (hash) => {
        recent.set(hash, clock());
        index.setLeaseManifest(this.id, hash);
      });
      const { newChunks, newBytes, storedBytes } = this.progress();
      this.#committed = { manifest, newChunks, newBytes, storedBytes };
      return this.#committed;
    });
  }

  close(): Promise<void> {
    return this.#end('closed');
  }

  lose(): Promise<void> {
    return this.#end('lost');
  }

  release(): Promise<void> {
    return this.#turn.run(async () => {
      this.#state = 'closed';
      await this.#closeStreams();
    });
  }

  get #folder(): string {
    return captureFolder(this.#context, this.id);
  }

  #end(state: 'lost' | 'closed'): Promise<void> {
    return this.#turn.run(async () => {
      if (this.#state !== 'open') return;
      this.#state = state;
      if (this.#committed !== null) this.#context.recent.set(this.#committed.manifest, this.#context.clock());
      await this.#closeStreams();
      await endLease(this.#context, this.id);
      this.#gone();
    });
  }

  #work<T>(doing: string, work: () => Promise<T>): Promise<T> {
    return this.#turn.run(async () => {
      this.#assertOpen();
      return duty(this.#context, doing, async () => {
        await this.#load();
        return work();
      });
    });
  }

  /** After a restart of the server: pages that are whole are taken up again, and what they name may be sent. */
  async #load(): Promise<void> {
    if (this.#loaded) return;
    await this.#closeStreams();
    for (const stream of await streamsIn(this.#context.files, this.#folder)) {
      const file = await PageFile.reopen(this.#context.files, this.#folder, stream, (page) => {
        for (const hash of hashesOf(page)) if (!isArrived(this.#context.index.get(hash), this.#lease)) this.#wanted.add(hash);
      });
      this.#streams.set(stream, file);
    }
    this.#loaded = true;
  }

  async #lacking(page: Page): Promise<Uint8Array> {
    const { index } = this.#context;
    const lists = page.runs.flatMap((run) => (run.kind === 'data' ? [run.hashes] : run.kind === 'repeat' ? [run.hash] : []));
    const answer = new Uint8Array(Math.ceil(lists.reduce((sum, list) => sum + list.length, 0) / HASH_BYTES / 8));
    let bit = 0;
    for (const list of lists) {
      for (let at = 0; at < list.length; at += HASH_BYTES, bit++) {
        if (bit % SLICE === SLICE - 1) await breathe();
        // Marked at the moment of answering: a sweep may have begun during the pause.
        this.#context.marks?.add(list, at);
        if (isArrived(index.getAt(list, at), this.#lease)) continue;
        this.#wanted.add(list, at);
        answer[bit >> 3] = (answer[bit >> 3] ?? 0) | (1 << (bit & 7));
      }
    }
    return answer;
  }

  /** fresh: to be stored. contested: there, but brought by another capture and not re-hashed yet. The rest is here already. */
  #sortOut(frames: readonly FrameToStore[]): { fresh: FrameToStore[]; contested: { frame: FrameToStore; row: ChunkRow }[] } {
    const fresh: FrameToStore[] = [];
    const contested: { frame: FrameToStore; row: ChunkRow }[] = [];
    const inBatch = new Set<string>();
    for (const frame of frames) {
      const row = this.#context.index.get(frame.hash);
      if (isArrived(row, this.#lease)) continue;
      if (!this.#wanted.has(frame.hash)) throw new ProtocolError(0, `chunk ${toHex(frame.hash).slice(0, 16)}… was sent, but no page of this capture asked for it`);
      const key = asBuffer(frame.hash).toString('latin1');
      if (inBatch.has(key)) continue;
      inBatch.add(key);
      if (row !== undefined && row.pack !== 0 && row.state === ChunkState.unverified) contested.push({ frame, row });
      else fresh.push(frame);
    }
    return { fresh, contested };
  }

  /** The other capture's copy is re-hashed at once: good, it serves both; bad, ours takes its place. */
  async #settle(contested: readonly { frame: FrameToStore; row: ChunkRow }[], fresh: FrameToStore[]): Promise<void> {
    await rehash(this.#context, contested.map(({ frame, row }) => ({ hash: frame.hash, row })));
    for (const { frame } of contested) {
      this.#context.marks?.add(frame.hash);
      if (!isArrived(this.#context.index.get(frame.hash), this.#lease)) fresh.push(frame);
    }
  }

  async #closeStreams(): Promise<void> {
    for (const stream of this.#streams.values()) await stream.close();
    this.#streams.clear();
  }

  #assertOpen(): void {
    if (this.#state === 'lost') throw leaseLost(this.id);
    if (this.#state === 'closed') throw new AppError('conflict', 'This capture is closed already.', { capture: this.id });
  }
}

function leaseLost(id: string): AppError {
  return new AppError('lease-lost', 'This capture was not heard of for so long that its chunks were given up. Start it again: what other versions hold is not sent twice.', { capture: id });
}
