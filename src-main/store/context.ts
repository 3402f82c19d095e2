// Owns what the parts of one open store share. Parts get the context, never each other's insides.
import type { StoreFiles } from './files.ts';
import { diskFull, storeFailure } from './failure.ts';
import type { HashSet } from './hash-set.ts';
import { toHex } from './hash.ts';
import { ChunkState, type ChunkRow, type IndexDatabase } from './index-db.ts';
import type { Manifests } from './manifests.ts';
import type { PackHandles } from './pack-reader.ts';
import type { Packs } from './packs.ts';
import type { CheckWorkers } from './workers.ts';
import type { HashHex, StoreLog } from './types.ts';

export type StoreContext = {
  folder: string;
  files: StoreFiles;
  clock: () => number;
  log: StoreLog;
  reserveBytes: number;
  /** What may be written before the file system is asked for its free space again. */
  allowance: { bytes: number; until: number };
  index: IndexDatabase;
  packs: Packs;
  handles: PackHandles;
  manifests: Manifests;
  workers: CheckWorkers;
  damageListeners: Set<(chunk: HashHex) => void>;
  /** While a sweep runs: what it keeps. Whoever answers that a chunk is here adds it, so that it does not vanish after the answer. */
  marks: HashSet | null;
  /** Manifests made since the store was opened, with the time: a caller's list of live ones may be a moment older. */
  recent: Map<HashHex, number>;
};

/** Asking the file system costs a millisecond: with this much to spare beyond the reserve it is asked once for so many bytes. */
const plentyBytes = 4 * 1024 ** 3;
const askEveryBytes = 256 * 1024 ** 2;
const askEveryMs = 1000;

/** Throws disk-full when `bytes` more would eat into the reserve. */
export async function requireSpace(context: StoreContext, bytes: number): Promise<void> {
  const { allowance } = context;
  if (bytes <= allowance.bytes && context.clock() < allowance.until) {
    allowance.bytes -= bytes;
    return;
  }
  const { freeBytes } = await context.files.space(context.folder);
  if (freeBytes - bytes < context.reserveBytes) throw diskFull(freeBytes, context.folder);
  const plenty = freeBytes - bytes - context.reserveBytes > plentyBytes;
  Object.assign(allowance, { bytes: plenty ? askEveryBytes : 0, until: context.clock() + askEveryMs });
}

/**
 * Throws disk-full when a pack's copy of so many bytes does not fit. It may take half of the reserve: the original goes right after it,
 * and without that a full disk could never be tidied.
 */
export async function requireSpaceForCopy(context: StoreContext, bytes: number): Promise<void> {
  const { freeBytes } = await context.files.space(context.folder);
  if (freeBytes - bytes < context.reserveBytes / 2) throw diskFull(freeBytes, context.folder);
}

/** Runs one of the store's duties; a failed file or database call becomes an error that says what to do. */
export async function duty<T>(context: StoreContext, doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw await explained(context, doing, error);
  }
}

export async function explained(context: StoreContext, doing: string, error: unknown): Promise<Error> {
  const freeBytes = await context.files.space(context.folder).then((space) => space.freeBytes, () => null);
  return storeFailure(error, doing, context.folder, freeBytes);
}

/** Remembers that a chunk is damaged or gone and tells the listeners. */
export function noteDamage(context: StoreContext, hash: Uint8Array, row: ChunkRow | undefined): void {
  const hex = toHex(hash);
  if (row !== undefined && row.state !== ChunkState.damaged) {
    context.index.setStates([{ hash, pack: row.pack, offset: row.offset, state: ChunkState.damaged }], true);
    context.log('error', 'a chunk in the image store is damaged', { chunk: hex, pack: row.pack, offset: row.offset });
  }
  for (const listener of context.damageListeners) listener(hex);
}
