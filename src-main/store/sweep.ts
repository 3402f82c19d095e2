// Owns mark and sweep: what no manifest to be kept and no lease names leaves the index; packs that hold little else are dropped or rewritten.
// Memory: one compact set of the live hashes (about 16 bytes each) and one record per pack.
import { FRAME_HEADER_BYTES, HASH_BYTES } from '#shared/agent/frame.ts';
import { AppError, CancelledError } from '#shared/errors.ts';
import type { StoreContext } from './context.ts';
import { isDiskFull } from './failure.ts';
import { HashSet } from './hash-set.ts';
import { leasedHashes } from './leased-hashes.ts';
import { leaseFolder } from './leased-session.ts';
import type { Leases } from './leases.ts';
import { eachNamedChunk } from './named-chunks.ts';
import { entriesOf } from './pack-entries.ts';
import { breathe } from './serial.ts';
import { eachRow } from './reconcile.ts';
import { rewritePack } from './rewrite.ts';
import type { HashHex, SweepResult } from './types.ts';

/** A pack is rewritten when less than this share of it is live; where room is short, every little counts. */
const SPARSE_BELOW = 0.5;
const SPARSE_BELOW_WHEN_SHORT = 0.95;
/** Room is short with less than this beyond the reserve. */
const SHORT_BYTES = 1024 ** 3;
/** A manifest made so recently may be missing in the caller's list only because the list is older. */
const RECENT_MS = 3_600_000;

type Usage = Map<number, { bytes: number; chunks: number }>;

export async function sweepStore(context: StoreContext, leases: Leases, live: ReadonlySet<HashHex>, signal?: AbortSignal): Promise<SweepResult> {
  const result: SweepResult = { removedChunks: 0, removedBytes: 0, removedPacks: 0, rewrittenPacks: 0, removedManifests: 0 };
  const marks = new HashSet(context.index.totals.chunks);
  // From here on, whoever answers that a chunk is here marks it too.
  context.marks = marks;
  try {
    await leases.expire();
    const keep = keptManifests(context, live);
    await mark(context, { keep, live, marks }, signal);
    for (const hash of await context.manifests.list()) {
      if (keep.has(hash) || keptManifests(context, live).has(hash)) continue;
      await context.manifests.delete(hash);
      result.removedManifests++;
    }
    const usage = await sweepRows(context, marks, result, signal);
    await reclaim(context, usage, result, signal);
    return result;
  } finally {
    context.marks = null;
  }
}

function keptManifests(context: StoreContext, live: ReadonlySet<HashHex>): Set<HashHex> {
  const keep = new Set(live);
  for (const lease of context.index.leases()) if (lease.manifest !== null) keep.add(lease.manifest);
  const since = context.clock() - RECENT_MS;
  for (const [hash, at] of context.recent) {
    if (at >= since) keep.add(hash);
    else context.recent.delete(hash);
  }
  return keep;
}

/** Throws when a live manifest can't be read: nothing may be removed while nobody knows what it needs. */
async function mark(context: StoreContext, what: { keep: ReadonlySet<HashHex>; live: ReadonlySet<HashHex>; marks: HashSet }, signal: AbortSignal | undefined): Promise<void> {
  const { keep, live, marks } = what;
  for (const hash of keep) {
    stopIfAborted(signal);
    // Held by a lease only, and not there (yet, or ever: a crash came first): what its lease names is marked below.
    if (!live.has(hash) && !(await context.manifests.exists(hash))) continue;
    try {
      const manifest = await context.manifests.open(hash);
      try {
        await eachNamedChunk(manifest, marks, () => stopIfAborted(signal));
      } finally {
        await manifest.close();
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new AppError(error.code, `Nothing was swept, because it is not known which chunks are still needed: ${error.message}`, error.data, error);
    }
  }
  for (const { id } of context.index.leases()) {
    for await (const hashes of leasedHashes(context.files, leaseFolder(context, id))) {
      stopIfAborted(signal);
      for (let at = 0; at < hashes.length; at += HASH_BYTES) marks.add(hashes, at);
      await breathe();
    }
  }
}

/** Each slice looks and removes without a pause in between, so nothing can be promised to a capture meanwhile. */
async function sweepRows(context: StoreContext, marks: HashSet, result: SweepResult, signal: AbortSignal | undefined): Promise<Usage> {
  const usage: Usage = new Map();
  await eachRow(context, (rows) => {
    stopIfAborted(signal);
    const leases = new Set(context.index.leases().map((lease) => lease.number));
    const dead = rows.filter(({ hash, row }) => !marks.has(hash) && !leases.has(row.lease));
    context.index.remove(dead.map(({ hash, row }) => ({ hash, pack: row.pack, offset: row.offset })));
    for (const { row } of dead) result.removedBytes += row.stored + FRAME_HEADER_BYTES;
    result.removedChunks += dead.length;
    const gone = new Set(dead);
    for (const item of rows) {
      if (gone.has(item)) continue;
      const used = usage.get(item.row.pack) ?? { bytes: 0, chunks: 0 };
      used.bytes += item.row.stored + FRAME_HEADER_BYTES;
      used.chunks++;
      usage.set(item.row.pack, used);
    }
    return 0;
  });
  return usage;
}

async function reclaim(context: StoreContext, usage: Usage, result: SweepResult, signal: AbortSignal | undefined): Promise<void> {
  const { packs, index, files, folder, reserveBytes } = context;
  const short = (await files.space(folder)).freeBytes - reserveBytes < SHORT_BYTES;
  const isSparse = (id: number): boolean => liveBytes(id) < packs.sizeOf(id) * (short ? SPARSE_BELOW_WHEN_SHORT : SPARSE_BELOW);
  const liveBytes = (id: number): number => usage.get(id)?.bytes ?? 0;
  const current = packs.currentId;
  // A capture under way goes on in another pack; without need it is left in this one.
  if (current !== 0 && (short || index.leases().length === 0) && isSparse(current)) await packs.sealCurrent();
  // What gives back most for least goes first: the next one may need its room.
  for (const id of packs.ids().sort((a, b) => liveBytes(a) - liveBytes(b))) {
    stopIfAborted(signal);
    if (id === packs.currentId || !packs.isSealed(id)) continue;
    const used = usage.get(id);
    if (used === undefined) {
      // Asked again by its own frames: rows of an older slice may have come back by a repair meanwhile.
      if (await isReferenced(context, id)) continue;
      await context.handles.forget(id);
      await packs.drop(id);
      result.removedPacks++;
    } else if (isSparse(id)) {
      await rewriteSparse(context, id, result);
    }
  }
}

async function rewriteSparse(context: StoreContext, id: number, result: SweepResult): Promise<void> {
  try {
    await rewritePack(context, id, await entriesOf(context, id));
    result.rewrittenPacks++;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    context.log('warn', 'a sparse pack was left as it is: there is no room for its copy', { pack: id });
  }
}

async function isReferenced(context: StoreContext, id: number): Promise<boolean> {
  for (const entry of await entriesOf(context, id)) {
    const row = context.index.get(entry.hash.subarray(0, HASH_BYTES));
    if (row !== undefined && row.pack === id && row.offset === entry.offset) return true;
  }
  return false;
}

function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new CancelledError('the sweep was cancelled; what it removed so far was not needed');
}
