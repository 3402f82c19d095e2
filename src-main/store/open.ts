// Owns opening a store: folders, key, index, recovery, and the object that the rest of the server talks to.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { HASH_BYTES } from '#shared/agent/frame.ts';
import { AppError, CancelledError } from '#shared/errors.ts';
import { formatBytes } from '#shared/units.ts';
import { duty, explained, noteDamage, type StoreContext } from './context.ts';
import { examine } from './doctor.ts';
import { errnoOf, storeFailure } from './failure.ts';
import { makeDurableFolder, realFiles, type StoreFiles } from './files.ts';
import { FOREIGN_INDEX, openForeign } from './foreign.ts';
import { HashSet } from './hash-set.ts';
import { toHex } from './hash.ts';
import { ChunkState, IndexDatabase } from './index-db.ts';
import { Leases } from './leases.ts';
import { Manifests } from './manifests.ts';
import { eachNamedChunk } from './named-chunks.ts';
import { MAX_PACK_BYTES } from './pack-format.ts';
import { PackHandles, readFrames } from './pack-reader.ts';
import { Packs } from './packs.ts';
import { reconcile } from './reconcile.ts';
import { recoverStore } from './recover.ts';
import { Serial } from './serial.ts';
import { openSigner, type Signer } from './signing.ts';
import { sweepStore } from './sweep.ts';
import type { ChunkNames, HashHex, Store, StoreFigures, StoreOptions } from './types.ts';
import { verifyManifest } from './verify.ts';
import { CheckWorkers } from './workers.ts';

const DEFAULT_RESERVE = 256 * 1024 * 1024;

export async function openStore(options: StoreOptions): Promise<Store> {
  const files = options.files ?? realFiles;
  try {
    await makeDurableFolder(files, options.folder);
    for (const name of ['packs', 'manifests', 'captures', 'journal']) await makeDurableFolder(files, join(options.folder, name));
    // Left by a crash in the middle of an import.
    await files.unlink(join(options.folder, FOREIGN_INDEX));
    const signer = await openSigner(files, options.folder);
    const index = await openIndex(files, options);
    const context = contextOf(options, files, index, new Manifests({ files, folder: options.folder, signer, clock: options.clock }));
    try {
      await recoverStore(context);
    } catch (error) {
      await context.packs.abandon();
      await context.workers.close();
      await context.handles.close().catch(() => undefined);
      index.close();
      throw error;
    }
    return new OpenStore(context, signer);
  } catch (error) {
    throw storeFailure(error, 'opening the image store', options.folder, await files.space(options.folder).then(({ freeBytes }) => freeBytes, () => null));
  }
}

function contextOf(options: StoreOptions, files: StoreFiles, index: IndexDatabase, manifests: Manifests): StoreContext {
  const { log, clock, folder } = options;
  const packs = new Packs({ folder: join(folder, 'packs'), files, index, log, maxBytes: options.packBytes ?? MAX_PACK_BYTES });
  return {
    folder, files, clock, log, index, packs, manifests,
    reserveBytes: options.reserveBytes ?? DEFAULT_RESERVE,
    allowance: { bytes: 0, until: 0 },
    handles: new PackHandles(files, packs),
    workers: new CheckWorkers(options.workers ?? Math.min(2, availableParallelism())),
    damageListeners: new Set(),
    marks: null,
    recent: new Map(),
  };
}

/** An index that SQLite can't read is put aside and made anew from the packs; it holds nothing else. */
async function openIndex(files: StoreFiles, options: StoreOptions): Promise<IndexDatabase> {
  const path = join(options.folder, 'index.db');
  try {
    return new IndexDatabase(path);
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
      throw new AppError('data-folder-in-use', `The image store in ${options.folder} is in use by another process. End that one first, or use it.`, { folder: options.folder }, error);
    }
    if (!code.startsWith('SQLITE_CORRUPT') && !code.startsWith('SQLITE_NOTADB')) throw error;
    options.log('error', 'the index of the image store is damaged; it is rebuilt from the packs', { error: String(error) });
    for (const suffix of ['-wal', '-shm']) await files.unlink(path + suffix);
    await files.rename(path, `${path}.damaged`);
    return new IndexDatabase(path);
  }
}

class OpenStore implements Store {
  readonly keyId: string;
  readonly publicKey: string;
  readonly #context: StoreContext;
  readonly #signer: Signer;
  readonly #leases: Leases;
  /** Sweep, doctor and rebuild change many places at once: one of them at a time. */
  readonly #upkeep = new Serial();
  readonly #closing = new AbortController();

  constructor(context: StoreContext, signer: Signer) {
    this.#context = context;
    this.#signer = signer;
    this.keyId = signer.keyId;
    this.publicKey = signer.publicKey;
    this.#leases = new Leases(context);
  }

  openCapture(id: string, ttlMs: number): ReturnType<Store['openCapture']> {
    return this.#leases.openCapture(id, ttlMs);
  }

  openCaptures(): { id: string; expiresAt: number }[] {
    return this.#leases.captures();
  }

  openAdoption(id: string, manifest: HashHex, ttlMs: number): ReturnType<Store['openAdoption']> {
    return this.#leases.openAdoption(id, manifest, ttlMs);
  }

  openAdoptions(): ReturnType<Store['openAdoptions']> {
    return this.#leases.adoptions();
  }

  sign(purpose: string, message: string): string {
    return this.#signer.signFor(purpose, message);
  }

  trustKey(publicKeyPem: string): Promise<void> {
    return duty(this.#context, 'keeping a key', () => this.#signer.trust(publicKeyPem));
  }

  acceptFrom(publicKeys: readonly string[] | null): void {
    this.#signer.acceptFrom(publicKeys);
  }

  countersign(hash: HashHex): Promise<void> {
    return duty(this.#context, 'signing a manifest', async () => {
      const { manifests } = this.#context;
      if (!(await manifests.signatures(hash)).some((signature) => signature.keyId === this.keyId)) await manifests.sign(hash);
    });
  }

  isSignedByTrusted(hash: HashHex): Promise<boolean> {
    return duty(this.#context, 'reading signatures', () => this.#context.manifests.isSigned(hash));
  }

  openManifest(hash: HashHex): ReturnType<Store['openManifest']> {
    return duty(this.#context, 'opening a manifest', () => this.#context.manifests.open(hash));
  }

  signatures(hash: HashHex): ReturnType<Store['signatures']> {
    return duty(this.#context, 'reading signatures', () => this.#context.manifests.signatures(hash));
  }

  measure(hashes: readonly HashHex[], signal?: AbortSignal): ReturnType<Store['measure']> {
    return duty(this.#context, 'measuring an image', () => this.#measure(hashes, this.#orClosing(signal)));
  }

  chunkNames(hash: HashHex): Promise<ChunkNames> {
    return duty(this.#context, 'reading what a manifest names', async () => {
      const manifest = await this.#context.manifests.open(hash);
      const names = new HashSet();
      try {
        await eachNamedChunk(manifest, names, () => {
          if (this.#closing.signal.aborted) throw new CancelledError('the store is closing');
        });
      } finally {
        await manifest.close();
      }
      return names;
    });
  }

  async *readFrames(hashes: Uint8Array, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const { index, packs, handles } = this.#context;
    try {
      yield* readFrames({ index, packs, handles, damage: (hash, row) => noteDamage(this.#context, hash, row) }, hashes, signal);
    } catch (error) {
      throw await explained(this.#context, 'reading chunks', error);
    }
  }

  verify(...[hash, what, onProgress, signal]: Parameters<Store['verify']>): ReturnType<Store['verify']> {
    return duty(this.#context, 'verifying an image', () => verifyManifest(this.#context, { hash, what, onProgress, signal: this.#orClosing(signal) }));
  }

  onDamage(listener: (chunk: HashHex) => void): () => void {
    this.#context.damageListeners.add(listener);
    return () => this.#context.damageListeners.delete(listener);
  }

  async deleteManifest(hash: HashHex): Promise<void> {
    await duty(this.#context, 'deleting a manifest', () => this.#context.manifests.delete(hash));
    this.#context.recent.delete(hash);
  }

  manifests(): Promise<HashHex[]> {
    return duty(this.#context, 'listing manifests', () => this.#context.manifests.list());
  }

  sweep(live: Iterable<HashHex>, signal?: AbortSignal): ReturnType<Store['sweep']> {
    const keep = new Set(live);
    return this.#upkeep.run(() => duty(this.#context, 'sweeping', () => sweepStore(this.#context, this.#leases, keep, this.#orClosing(signal))));
  }

  doctor(options: Parameters<Store['doctor']>[0]): ReturnType<Store['doctor']> {
    const live = new Set(options.live);
    return this.#upkeep.run(() => duty(this.#context, 'examining the store', () => examine(this.#context, this.#leases, { ...options, live })));
  }

  async rebuildIndex(): Promise<void> {
    await this.#upkeep.run(() => duty(this.#context, 'rebuilding the index', () => reconcile(this.#context)));
  }

  async figures(): Promise<StoreFigures> {
    const { packs, index, files, folder } = this.#context;
    const { freeBytes, totalBytes } = await files.space(folder);
    const { chunks, raw, stored, unverified } = index.totals;
    return { packs: packs.ids().length, packBytes: packs.totalBytes(), chunks, rawBytes: raw, storedBytes: stored, freeBytes, totalBytes, unverifiedChunks: unverified };
  }

  async foreseeSpace(neededBytes: number): Promise<void> {
    const { freeBytes } = await this.#context.files.space(this.#context.folder);
    const availableBytes = Math.max(0, freeBytes - this.#context.reserveBytes);
    if (neededBytes <= availableBytes) return;
    throw new AppError('space-foreseen', `This needs up to ${formatBytes(neededBytes)} in the image store, and ${formatBytes(availableBytes)} can be used there (${formatBytes(freeBytes)} free, ${formatBytes(this.#context.reserveBytes)} kept in reserve). Delete versions that are no longer needed, or give the store more room.`,
      { neededBytes, availableBytes, freeBytes });
  }

  damagedChunks(): HashHex[] {
    return this.#context.index.damaged().map(toHex);
  }

  holds(hashes: Uint8Array): Uint8Array {
    const answer = new Uint8Array(Math.ceil(hashes.length / HASH_BYTES / 8));
    for (let at = 0, bit = 0; at < hashes.length; at += HASH_BYTES, bit++) {
      const row = this.#context.index.getAt(hashes, at);
      if (row !== undefined && row.pack !== 0 && row.state !== ChunkState.damaged) answer[bit >> 3] = (answer[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
    return answer;
  }

  openForeign(...[folder, look]: Parameters<Store['openForeign']>): ReturnType<Store['openForeign']> {
    return duty(this.#context, 'reading another store', () => openForeign(this.#context, folder, { ...look, signal: this.#orClosing(look.signal) }));
  }

  holdStill<T>(work: () => Promise<T>): Promise<T> {
    return this.#upkeep.run(work);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#upkeep.run(async () => undefined);
    await this.#leases.close();
    await this.#context.workers.close();
    await this.#context.packs.close();
    await this.#context.handles.close();
    this.#context.index.close();
  }

  #orClosing(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
  }
  async #measure(hashes: readonly HashHex[], signal: AbortSignal): ReturnType<Store['measure']> {
    const sums = { usedBytes: 0, storedBytes: 0, distinctChunks: 0 };
    const seen = new HashSet();
    for (const hash of hashes) {
      const manifest = await this.#context.manifests.open(hash);
      try {
        await eachNamedChunk(manifest, seen, (chunk) => {
          if (signal.aborted) throw new CancelledError('measuring was cancelled');
          const row = this.#context.index.get(chunk);
          sums.distinctChunks++;
          sums.usedBytes += row?.raw ?? 0;
          sums.storedBytes += row?.stored ?? 0;
        });
      } finally {
        await manifest.close();
      }
    }
    return sums;
  }
}
