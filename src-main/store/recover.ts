// Owns what happens at opening: whatever a crash or a lost index left is put right before anybody asks. Nothing acknowledged is touched.
import { join } from 'node:path';
import { ProtocolError } from '#shared/errors.ts';
import type { StoreContext } from './context.ts';
import { readFully, removeFolderWithFiles, writeFully, type StoreFile } from './files.ts';
import { PackState, type PackRow } from './index-db.ts';
import { eachHash, leasedHashes } from './leased-hashes.ts';
import { leaseFolder } from './leased-session.ts';
import { leaseInFolder } from './leases.ts';
import { decodePackHeader, encodePackHeader, PACK_HEADER_BYTES, PackEntries, type PackEntry } from './pack-format.ts';
import { entriesOf, scanEntries } from './pack-entries.ts';
import { readPackIndex, walkHeaders } from './pack-scan.ts';
import { packIdOf, packPath } from './packs.ts';
import { dropRowsWithoutPlace, placeEntries, reconcile, removeRowsBehind } from './reconcile.ts';
import { rewritePack } from './rewrite.ts';

export async function recoverStore(context: StoreContext): Promise<void> {
  const rebuilding = !context.index.complete;
  await recoverPacks(context);
  if (rebuilding) await reconcile(context);
  await recoverLeases(context, rebuilding);
  for (const hash of await context.manifests.unfinishedDeletions()) {
    await context.manifests.finishDeletion(hash);
    context.log('info', 'an interrupted deletion was finished', { manifest: hash });
  }
  for (const path of await context.manifests.strays()) {
    await context.files.unlink(path);
    context.log('info', 'a half-written file was removed', { path });
  }
  if (rebuilding) context.index.setComplete(true);
}

async function recoverPacks(context: StoreContext): Promise<void> {
  const { index, files, packs } = context;
  const folder = packs.context.folder;
  const rows = new Map(index.packs().map((row) => [row.id, row]));
  const found = new Map<number, boolean>();
  for (const name of await files.list(folder)) {
    const pack = packIdOf(name);
    if (pack !== null) found.set(pack.id, pack.sealed || found.get(pack.id) === true);
  }
  const open: number[] = [];
  for (const [id, sealed] of [...found].sort((a, b) => a[0] - b[0])) {
    const row = rows.get(id);
    rows.delete(id);
    if (row?.state === PackState.dropping) await finishDrop(context, id, sealed);
    else if (sealed) await adoptSealed(context, id, row);
    else open.push(id);
  }
  for (const row of rows.values()) await forgetPack(context, row);
  const keep = open.at(-1);
  for (const id of open) await recoverOpenPack(context, id, index.packs().find((row) => row.id === id), id === keep);
}

async function finishDrop(context: StoreContext, id: number, sealed: boolean): Promise<void> {
  await context.files.unlink(packPath(context.packs.context.folder, id, sealed));
  await context.files.syncFolder(context.packs.context.folder);
  context.index.removePack(id);
}

/** A pack the index knows and the folder lacks: dropped already, or lost. */
async function forgetPack(context: StoreContext, row: PackRow): Promise<void> {
  if (row.state === PackState.dropping) {
    context.index.removePack(row.id);
    return;
  }
  const lost = await dropRowsWithoutPlace(context, row.id, () => false);
  context.index.removePack(row.id);
  if (lost > 0) context.log('error', 'a pack is gone, and its chunks with it', { pack: row.id, chunks: lost });
}

async function adoptSealed(context: StoreContext, id: number, row: PackRow | undefined): Promise<void> {
  const path = packPath(context.packs.context.folder, id, true);
  const size = (await context.files.sizeOf(path)) ?? 0;
  context.packs.adopt(id, PackState.sealed, size);
  if (row?.state === PackState.sealed && row.size === size) return;
  if (context.index.complete) await placeEntries(context, id, await entriesOf(context, id));
  context.index.savePack({ id, state: PackState.sealed, size, synced: size });
}

/**
 * A pack that was being written when the store ended, or was given up: adopted as the open pack again (keep), or sealed, or, where
 * damaged, its intact frames moved to another. Without `keep` it touches no pack that is in use.
 */
export async function recoverOpenPack(context: StoreContext, id: number, row: PackRow | undefined, keep: boolean): Promise<void> {
  const path = packPath(context.packs.context.folder, id, false);
  const file = await context.files.open(path, 'update');
  let adopted = false;
  let intactOnly: PackEntry[] | null = null;
  try {
    const size = await file.size();
    const synced = Math.min(row?.synced ?? 0, size);
    if (size <= PACK_HEADER_BYTES && synced <= PACK_HEADER_BYTES) {
      await context.files.unlink(path);
      context.packs.forget(id);
      context.index.removePack(id);
      return;
    }
    if (await finishSeal(context, id, file)) return;
    const { entries, end, damaged } = await readOpenPack(file, size, synced);
    if ((row?.size ?? 0) > end) await removeRowsBehind(context, id, Math.max(end, synced));
    if (context.index.complete) await placeEntries(context, id, entries);
    if (damaged) intactOnly = entries;
    else adopted = await takeUp(context, file, { id, size, end, entries, keep });
  } finally {
    if (!adopted) await file.close();
  }
  if (intactOnly !== null) await salvage(context, id, intactOnly);
}

/** @returns whether the pack is the open one now, and its handle stays in use */
async function takeUp(context: StoreContext, file: StoreFile, pack: { id: number; size: number; end: number; entries: readonly PackEntry[]; keep: boolean }): Promise<boolean> {
  const { id, size, end, entries, keep } = pack;
  if (end < size) {
    await file.truncate(end);
    context.log('info', 'the torn end of a pack was cut off', { pack: id, bytes: size - end });
  }
  const list = new PackEntries();
  for (const entry of entries) list.push(entry);
  const header = encodePackHeader(id);
  if (!keep) {
    await writeFully(file, list.seal(header), end);
    await nameSealed(context, id, file);
    return false;
  }
  await file.sync();
  context.packs.adoptOpen({ id, file, header, size: end, synced: end, entries: list, dirtyTail: false, syncing: null });
  context.index.savePack({ id, state: PackState.open, size: end, synced: end });
  return true;
}

async function nameSealed(context: StoreContext, id: number, file: StoreFile): Promise<void> {
  const { folder } = context.packs.context;
  await file.sync();
  const size = await file.size();
  await context.files.rename(packPath(folder, id, false), packPath(folder, id, true));
  context.packs.adopt(id, PackState.sealed, size);
  await context.files.syncFolder(folder);
  context.index.savePack({ id, state: PackState.sealed, size, synced: size });
}

async function readOpenPack(file: StoreFile, size: number, synced: number): Promise<{ entries: PackEntry[]; end: number; damaged: boolean }> {
  const headerIntact = await hasIntactHeader(file);
  const from = Math.max(PACK_HEADER_BYTES, synced);
  const known = headerIntact ? await walkHeaders(file, PACK_HEADER_BYTES, from) : null;
  const tail = await scanEntries(file, known === null ? PACK_HEADER_BYTES : from, size);
  // Below the synced offset nothing may be missing: what does not read there is damage, never a torn end.
  const damaged = known === null || tail.gaps > 0 || tail.end < synced;
  return { entries: [...(known ?? []), ...tail.entries], end: tail.end, damaged };
}

async function hasIntactHeader(file: StoreFile): Promise<boolean> {
  const bytes = Buffer.alloc(PACK_HEADER_BYTES);
  try {
    await readFully(file, bytes, 0);
    decodePackHeader(bytes);
    return true;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}

/** Index and trailer are there: only the renaming was lost. */
async function finishSeal(context: StoreContext, id: number, file: StoreFile): Promise<boolean> {
  let entries: PackEntry[];
  try {
    entries = (await readPackIndex(file)).entries;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
  await nameSealed(context, id, file);
  if (context.index.complete) await placeEntries(context, id, entries);
  return true;
}

/** Moves the intact frames of a damaged pack to the open pack; chunks whose frames are not intact are known as damaged from now on. */
export async function salvage(context: StoreContext, id: number, entries: readonly PackEntry[]): Promise<void> {
  if (!context.packs.has(id)) context.packs.adopt(id, PackState.open, 0);
  context.log('error', 'a pack is damaged; its intact frames are moved to another', { pack: id, frames: entries.length });
  if (!context.index.complete) await placeEntries(context, id, entries);
  const intact = new Set(entries.map((entry) => entry.offset));
  await dropRowsWithoutPlace(context, id, (offset) => intact.has(offset));
  await rewritePack(context, id, entries);
}

async function recoverLeases(context: StoreContext, rebuilding: boolean): Promise<void> {
  const { files, index, clock, log } = context;
  for (const id of await files.list(join(context.folder, 'captures'))) {
    const folder = leaseFolder(context, id);
    if (index.lease(id) !== undefined) continue;
    if (!rebuilding) {
      await removeFolderWithFiles(files, folder);
      continue;
    }
    const { ttlMs, manifest } = await leaseInFolder(context, folder);
    index.saveLease(id, clock() + ttlMs, manifest);
    const lease = index.lease(id)?.number ?? 0;
    for await (const hashes of leasedHashes(files, folder)) index.setLease([...eachHash(hashes)], lease);
    log('info', 'the lease of an unfinished capture or copy was taken up again', { lease: id });
  }
}
