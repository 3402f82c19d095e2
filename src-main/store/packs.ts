// Owns the pack files: appending frames to the open pack, syncing, sealing, and where each pack lies.
// Bytes are written first, rows after; nothing below a synced offset is ever changed. docs/formats/pack.md and store.md.
import { join } from 'node:path';
import { FRAME_HEADER_BYTES } from '#shared/agent/frame.ts';
import { AppError } from '#shared/errors.ts';
import { writeFully, type StoreFile, type StoreFiles } from './files.ts';
import { PackState, type IndexDatabase, type Placement } from './index-db.ts';
import { encodePackHeader, MAX_PACK_BYTES, MAX_PACK_ENTRIES, PACK_ENTRY_BYTES, PACK_HEADER_BYTES, PACK_TRAILER_BYTES, PackEntries } from './pack-format.ts';
import { Serial } from './serial.ts';
import type { StoreLog } from './types.ts';

/** So much may lie unsynced before a sync is started beside the writing: sealing and committing then have little left to wait for. */
const SYNC_EVERY = 32 * 1024 * 1024;

export type FrameToStore = { bytes: Uint8Array; hash: Uint8Array; raw: number; compression: number };

export type OpenPack = {
  id: number;
  file: StoreFile;
  header: Uint8Array;
  /** Where the next frame goes. */
  size: number;
  synced: number;
  entries: PackEntries;
  /** Bytes of a failed write may lie behind `size`. */
  dirtyTail: boolean;
  syncing: Promise<void> | null;
};

export type PackContext = { folder: string; files: StoreFiles; index: IndexDatabase; log: StoreLog; maxBytes: number };

export class Packs {
  readonly context: PackContext;
  /** Every pack in the folder that is in use. */
  readonly #known = new Map<number, { state: number; size: number }>();
  readonly #turn = new Serial();
  #current: OpenPack | null = null;
  /** How often appended chunks were lost to a failed sync: whoever counted them as arrived looks again when this has changed. */
  losses = 0;

  constructor(context: PackContext) {
    this.context = { ...context, maxBytes: Math.min(context.maxBytes, MAX_PACK_BYTES) };
  }

  get currentId(): number {
    return this.#current?.id ?? 0;
  }

  ids(): number[] {
    return [...this.#known.keys()].sort((a, b) => a - b);
  }

  has(id: number): boolean {
    return this.#known.has(id);
  }

  isSealed(id: number): boolean {
    return this.#known.get(id)?.state === PackState.sealed;
  }

  path(id: number): string {
    return packPath(this.context.folder, id, this.isSealed(id));
  }

  sizeOf(id: number): number {
    return id === this.#current?.id ? this.#current.size : (this.#known.get(id)?.size ?? 0);
  }

  totalBytes(): number {
    let bytes = 0;
    for (const [id, pack] of this.#known) bytes += id === this.#current?.id ? this.#current.size : pack.size;
    return bytes;
  }

  adopt(id: number, state: number, size: number): void {
    this.#known.set(id, { state, size });
  }

  forget(id: number): void {
    this.#known.delete(id);
  }

  adoptOpen(pack: OpenPack): void {
    this.#known.set(pack.id, { state: PackState.open, size: pack.size });
    this.#current = pack;
  }

  /**
   * Appends frames; `place` is called after each contiguous write, before the next, and puts the rows. Where it or the write fails, what was
   * placed before stays, and the rest never happened.
   */
  append(frames: readonly FrameToStore[], place: (pack: number, placements: Placement[], packSize: number) => void): Promise<void> {
    return this.#turn.run(async () => {
      let next = 0;
      while (next < frames.length) {
        const pack = await this.#packWithRoom(frames[next]?.bytes.length ?? 0);
        const upTo = this.#fitting(pack, frames, next);
        await this.#write(pack, frames.slice(next, upTo), place);
        next = upTo;
      }
    });
  }

  /** All that was appended is on disk when this returns. */
  sync(): Promise<void> {
    return this.#turn.run(() => this.#syncNow());
  }

  /** Seals the open pack even though it has room. */
  sealCurrent(): Promise<void> {
    return this.#turn.run(async () => {
      if (this.#current !== null && this.#current.entries.count > 0) await this.#seal(this.#current);
    });
  }

  /** Row first, then file: a crash in between leaves a pack whose row says it is to go. */
  async drop(id: number): Promise<void> {
    const pack = this.#known.get(id);
    if (pack === undefined) return;
    const path = this.path(id);
    this.context.index.savePack({ id, state: PackState.dropping, size: pack.size, synced: pack.size }, true);
    await this.context.files.unlink(path);
    this.#known.delete(id);
    await this.context.files.syncFolder(this.context.folder);
    this.context.index.removePack(id);
  }

  async close(): Promise<void> {
    await this.#turn.run(async () => {
      const pack = this.#current;
      if (pack === null) return;
      await this.#syncNow().catch((error: unknown) => this.context.log('error', 'the last sync of a pack failed', { pack: pack.id, error: String(error) }));
      if (this.#current !== pack) return;
      this.#current = null;
      await pack.file.close();
    });
  }

  /** Gives the open pack up without syncing, as a crash would; for a store that failed to open. */
  async abandon(): Promise<void> {
    const pack = this.#current;
    this.#current = null;
    await pack?.file.close().catch(() => undefined);
  }

  async #packWithRoom(frameBytes: number): Promise<OpenPack> {
    const pack = this.#current;
    if (pack !== null && pack.entries.count > 0 && this.#sealedSize(pack) + PACK_ENTRY_BYTES + frameBytes > this.context.maxBytes) await this.#seal(pack);
    else if (pack !== null && pack.entries.count >= MAX_PACK_ENTRIES) await this.#seal(pack);
    return this.#current ?? (await this.#create());
  }

  #sealedSize(pack: OpenPack): number {
    return pack.size + pack.entries.count * PACK_ENTRY_BYTES + PACK_TRAILER_BYTES;
  }

  #fitting(pack: OpenPack, frames: readonly FrameToStore[], from: number): number {
    let size = this.#sealedSize(pack);
    let count = pack.entries.count;
    let upTo = from;
    while (upTo < frames.length && count < MAX_PACK_ENTRIES) {
      size += (frames[upTo]?.bytes.length ?? 0) + PACK_ENTRY_BYTES;
      // One frame goes into an empty pack whatever its size: limits of the formats keep it far below a pack's bound.
      if (size > this.context.maxBytes && count > 0) break;
      count++;
      upTo++;
    }
    return upTo;
  }

  async #create(): Promise<OpenPack> {
    const { files, folder, index } = this.context;
    const id = index.nextPack(Math.max(0, ...this.#known.keys()) + 1);
    const path = packPath(folder, id, false);
    const header = encodePackHeader(id);
    const file = await files.open(path, 'create');
    try {
      await writeFully(file, header, 0);
      await files.syncFolder(folder);
      index.savePack({ id, state: PackState.open, size: PACK_HEADER_BYTES, synced: 0 });
    } catch (error) {
      await file.close().catch(() => undefined);
      await files.unlink(path).catch(() => undefined);
      throw error;
    }
    const pack: OpenPack = { id, file, header, size: PACK_HEADER_BYTES, synced: 0, entries: new PackEntries(), dirtyTail: false, syncing: null };
    this.adoptOpen(pack);
    return pack;
  }

  async #write(pack: OpenPack, frames: readonly FrameToStore[], place: (pack: number, placements: Placement[], packSize: number) => void): Promise<void> {
    const start = pack.size;
    try {
      if (pack.dirtyTail) await this.#cutTail(pack);
      let at = start;
      for (const piece of contiguous(frames)) {
        await writeFully(pack.file, piece, at);
        at += piece.length;
      }
      // A sync beside this write may have failed meanwhile, and the pack been given up.
      if (this.#current !== pack) throw Object.assign(new Error('the pack could not be synced'), { code: 'EIO' });
      const placements = placementsOf(frames, start);
      place(pack.id, placements, at);
      for (const [i, placement] of placements.entries()) {
        const { hash, offset, stored, raw } = placement;
        pack.entries.push({ hash, offset, storedLength: stored, rawLength: raw, compression: frames[i]?.compression ?? 0 });
      }
      pack.size = at;
    } catch (error) {
      // What was written behind `size` counts for nothing: the next append overwrites it, a restart cuts it off.
      pack.dirtyTail = true;
      if (this.#current === pack) await this.#cutTail(pack).catch(() => undefined);
      throw error;
    }
    if (pack.size - pack.synced > SYNC_EVERY && pack.syncing === null) {
      this.#syncPack(pack).catch((error: unknown) => this.context.log('error', 'syncing a pack beside the writing failed', { pack: pack.id, error: String(error) }));
    }
  }

  async #cutTail(pack: OpenPack): Promise<void> {
    await pack.file.truncate(pack.size);
    pack.dirtyTail = false;
  }

  async #syncNow(): Promise<void> {
    const pack = this.#current;
    // A sync that runs beside the writing reports its own failure; it shows here as a pack that is current no more.
    await pack?.syncing?.catch(() => undefined);
    if (pack !== null && pack === this.#current && pack.synced < pack.size) await this.#syncPack(pack);
  }

  async #syncPack(pack: OpenPack): Promise<void> {
    if (pack.syncing !== null) return pack.syncing;
    const size = pack.size;
    pack.syncing = this.#syncFile(pack).then(
      () => {
        pack.syncing = null;
        pack.synced = size;
        this.context.index.savePack({ id: pack.id, state: PackState.open, size: pack.size, synced: size });
      },
      async (error: unknown) => {
        pack.syncing = null;
        await this.#loseUnsynced(pack);
        throw error;
      },
    );
    return pack.syncing;
  }

  /** A file that somebody deleted takes writes and syncs without a word, and nobody reads it again: that counts as a failed sync. */
  async #syncFile(pack: OpenPack): Promise<void> {
    await pack.file.sync();
    if ((await this.context.files.sizeOf(packPath(this.context.folder, pack.id, false))) === null) throw Object.assign(new Error('the pack is gone from its folder'), { code: 'EIO' });
  }

  /**
   * After a failed fsync nobody knows what of the unsynced part reached the disk, and a second fsync would not say. Those chunks
   * count as never arrived, and the pack takes no more; the next start cuts and seals it.
   */
  async #loseUnsynced(pack: OpenPack): Promise<void> {
    const lost: { hash: Uint8Array; pack: number; offset: number }[] = [];
    for (let i = pack.entries.count - 1; i >= 0; i--) {
      const entry = pack.entries.at(i);
      if (entry.offset < pack.synced) break;
      lost.push({ hash: entry.hash, pack: pack.id, offset: entry.offset });
    }
    this.context.log('error', 'the disk could not sync a pack: what was not on disk yet has to be sent again', { pack: pack.id, chunks: lost.length });
    this.losses++;
    if (this.#current === pack) this.#current = null;
    const size = Math.max(pack.synced, PACK_HEADER_BYTES);
    this.#known.set(pack.id, { state: PackState.open, size });
    this.context.index.remove(lost);
    await pack.file.truncate(size).catch(() => undefined);
    await pack.file.close().catch(() => undefined);
  }

  async #seal(pack: OpenPack): Promise<void> {
    const { files, folder, index } = this.context;
    await pack.syncing?.catch(() => undefined);
    if (this.#current !== pack) throw new AppError('io', 'The disk could not sync the pack being written, so it was given up. Check the disk, then send again what is lacking.', {});
    if (pack.dirtyTail) await this.#cutTail(pack);
    const footer = pack.entries.seal(pack.header);
    pack.dirtyTail = true;
    try {
      await writeFully(pack.file, footer, pack.size);
    } catch (error) {
      await this.#cutTail(pack).catch(() => undefined);
      throw error;
    }
    try {
      await this.#syncFile(pack);
    } catch (error) {
      await this.#loseUnsynced(pack);
      throw error;
    }
    pack.synced = pack.size;
    await files.rename(packPath(folder, pack.id, false), packPath(folder, pack.id, true));
    const size = pack.size + footer.length;
    this.#known.set(pack.id, { state: PackState.sealed, size });
    this.#current = null;
    await pack.file.close();
    await files.syncFolder(folder);
    index.savePack({ id: pack.id, state: PackState.sealed, size, synced: size });
  }
}

export function packPath(folder: string, id: number, sealed: boolean): string {
  return join(folder, `${id.toString(16).padStart(16, '0')}${sealed ? '.pack' : '.open'}`);
}

export function packIdOf(name: string): { id: number; sealed: boolean } | null {
  const match = /^([0-9a-f]{16})\.(pack|open)$/.exec(name);
  if (match === null) return null;
  const id = Number.parseInt(match[1] ?? '', 16);
  return Number.isSafeInteger(id) && id > 0 ? { id, sealed: match[2] === 'pack' } : null;
}

function placementsOf(frames: readonly FrameToStore[], start: number): Placement[] {
  let offset = start;
  return frames.map(({ hash, raw, bytes }) => {
    const placement = { hash, offset, stored: bytes.length - FRAME_HEADER_BYTES, raw };
    offset += bytes.length;
    return placement;
  });
}

/** Neighbours in one buffer become one write, so a batch that is all new is written without a copy, in one call. */
function* contiguous(frames: readonly FrameToStore[]): Iterable<Uint8Array> {
  let from: Uint8Array | undefined;
  let end = 0;
  for (const { bytes } of frames) {
    if (from !== undefined && bytes.buffer === from.buffer && bytes.byteOffset === end) {
      end += bytes.length;
      continue;
    }
    if (from !== undefined) yield new Uint8Array(from.buffer, from.byteOffset, end - from.byteOffset);
    from = bytes;
    end = bytes.byteOffset + bytes.length;
  }
  if (from !== undefined) yield new Uint8Array(from.buffer, from.byteOffset, end - from.byteOffset);
}
