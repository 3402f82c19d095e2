// Owns what captures and adoptions have in common: one lease, work one at a time under it, and taking in frames. Nothing from the network
// is trusted: every frame is bounded and checked, and only chunks that were asked for are taken.
import { join } from 'node:path';
import type { ManifestHead } from '#shared/agent/manifest.ts';
import { AppError, ProtocolError } from '#shared/errors.ts';
import { checkCompleteness, type StreamRuns } from './completeness.ts';
import { duty, requireSpace, type StoreContext } from './context.ts';
import { removeFolderWithFiles } from './files.ts';
import { asBuffer, toHex } from './hash.ts';
import { parseFrames } from './incoming-frames.ts';
import { ChunkState, isArrived, type ChunkRow, type LeaseRow } from './index-db.ts';
import type { FrameToStore } from './packs.ts';
import { rehash } from './rehash.ts';
import { Serial } from './serial.ts';
import type { HashHex, IngestResult } from './types.ts';

/** The folder of a lease has the lease's own name. */
export function leaseFolder(context: StoreContext, leaseId: string): string {
  return join(context.folder, 'captures', leaseId);
}

/** Row first: a folder without a row is what a crash leaves, and the next start removes it. */
export async function endLease(context: StoreContext, leaseId: string): Promise<void> {
  context.index.removeLease(leaseId);
  try {
    await removeFolderWithFiles(context.files, leaseFolder(context, leaseId));
  } catch (error) {
    context.log('warn', 'a finished capture or copy left its folder behind; the next start removes it', { lease: leaseId, error: String(error) });
  }
}

export abstract class LeasedSession {
  protected readonly context: StoreContext;
  protected readonly leaseId: string;
  protected readonly lease: number;
  readonly #gone: () => void;
  readonly #turn = new Serial();
  #state: 'open' | 'lost' | 'closed' = 'open';

  constructor(context: StoreContext, lease: LeaseRow, gone: () => void) {
    this.context = context;
    this.leaseId = lease.id;
    this.lease = lease.number;
    this.#gone = gone;
  }

  /** "capture" or "copy", for messages. */
  protected abstract readonly what: string;
  /** Takes up what an earlier process left; called before any work, does nothing the second time. */
  protected abstract load(): Promise<void>;
  protected abstract closeFiles(): Promise<void>;
  /** Whether this chunk was asked for, and may therefore come. */
  protected abstract isAskedFor(hash: Uint8Array): boolean;
  /** The manifest it made, once it did. */
  protected abstract committedManifest(): HashHex | null;

  addFrames(bytes: Uint8Array): Promise<IngestResult> {
    return this.work('writing chunks', async () => {
      const frames = parseFrames(bytes);
      const { fresh, contested } = this.#sortOut(frames);
      if (contested.length > 0) await this.#settle(contested, fresh);
      if (fresh.length > 0) {
        await requireSpace(this.context, fresh.reduce((sum, frame) => sum + frame.bytes.length, 0));
        await this.context.packs.append(fresh, (pack, placements, packSize) => this.context.index.place(pack, placements, { lease: this.lease, packSize }));
      }
      return { frames: frames.length, newFrames: fresh.length, bytes: bytes.length };
    });
  }

  renew(ttlMs: number): void {
    this.assertOpen();
    if (!this.context.index.renewLease(this.leaseId, this.context.clock() + ttlMs)) throw this.#leaseLost();
  }

  close(): Promise<void> {
    return this.#end('closed');
  }

  lose(): Promise<void> {
    return this.#end('lost');
  }

  /** Closes handles; the lease and what is on disk stay for the next start. */
  release(): Promise<void> {
    return this.#turn.run(async () => {
      this.#state = 'closed';
      await this.closeFiles();
    });
  }

  protected get folder(): string {
    return leaseFolder(this.context, this.leaseId);
  }

  protected work<T>(doing: string, work: () => Promise<T>): Promise<T> {
    return this.#turn.run(async () => {
      this.assertOpen();
      return duty(this.context, doing, async () => {
        await this.load();
        return work();
      });
    });
  }

  /** Work that does not take up what was there. */
  protected workAnew<T>(doing: string, work: () => Promise<T>): Promise<T> {
    return this.#turn.run(async () => {
      this.assertOpen();
      return duty(this.context, doing, work);
    });
  }

  protected assertOpen(): void {
    if (this.#state === 'lost') throw this.#leaseLost();
    if (this.#state === 'closed') throw new AppError('conflict', `This ${this.what} is closed already.`, { lease: this.leaseId });
  }

  /** Every chunk is here, of the right length, and on disk; else it throws. */
  protected async proveComplete(head: ManifestHead, streams: ReadonlyMap<number, StreamRuns>): Promise<void> {
    const { packs } = this.context;
    await packs.sync();
    const losses = packs.losses;
    await checkCompleteness(this.context, head, streams, this.lease);
    // What arrived from others while we looked may not be on disk yet.
    await packs.sync();
    if (packs.losses !== losses) {
      throw new AppError('chunk-missing', `The disk of the image store lost chunks while the ${this.what} was being finished. Check the disk, then start the ${this.what} again: only what is lacking is sent.`, {});
    }
  }

  #end(state: 'lost' | 'closed'): Promise<void> {
    return this.#turn.run(async () => {
      if (this.#state !== 'open') return;
      this.#state = state;
      const manifest = this.committedManifest();
      if (manifest !== null) this.context.recent.set(manifest, this.context.clock());
      await this.closeFiles();
      await endLease(this.context, this.leaseId);
      this.#gone();
    });
  }

  /** fresh: to be stored. contested: there, but brought under another lease and not re-hashed yet. The rest is here already. */
  #sortOut(frames: readonly FrameToStore[]): { fresh: FrameToStore[]; contested: { frame: FrameToStore; row: ChunkRow }[] } {
    const fresh: FrameToStore[] = [];
    const contested: { frame: FrameToStore; row: ChunkRow }[] = [];
    const inBatch = new Set<string>();
    for (const frame of frames) {
      const row = this.context.index.get(frame.hash);
      if (isArrived(row, this.lease)) continue;
      if (!this.isAskedFor(frame.hash)) throw new ProtocolError(0, `chunk ${toHex(frame.hash).slice(0, 16)}… was sent, but nothing in this ${this.what} asked for it`);
      const key = asBuffer(frame.hash).toString('latin1');
      if (inBatch.has(key)) continue;
      inBatch.add(key);
      if (row !== undefined && row.pack !== 0 && row.state === ChunkState.unverified) contested.push({ frame, row });
      else fresh.push(frame);
    }
    return { fresh, contested };
  }

  /** The other's frame is re-hashed at once: good, it serves both; bad, ours takes its place. */
  async #settle(contested: readonly { frame: FrameToStore; row: ChunkRow }[], fresh: FrameToStore[]): Promise<void> {
    await rehash(this.context, contested.map(({ frame, row }) => ({ hash: frame.hash, row })));
    for (const { frame } of contested) {
      this.context.marks?.add(frame.hash);
      if (!isArrived(this.context.index.get(frame.hash), this.lease)) fresh.push(frame);
    }
  }

  #leaseLost(): AppError {
    return new AppError('lease-lost', `This ${this.what} was not heard of for so long that its chunks were given up. Start it again: what other versions hold is not sent twice.`, { lease: this.leaseId });
  }
}
