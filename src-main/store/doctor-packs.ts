// Owns the doctor's look at packs and index: files against rows, each pack's own index, and, deep, every frame re-hashed.
import { join } from 'node:path';

import { ProtocolError } from '#shared/errors.ts';
import type { StoreContext } from './context.ts';
import type { Findings } from './findings.ts';
import { toHex } from './hash.ts';
import { entriesOf } from './pack-entries.ts';
import type { PackEntry } from './pack-format.ts';
import { readPackIndex } from './pack-scan.ts';
import { packIdOf, packPath } from './packs.ts';
import { placeEntries, dropRowsWithoutPlace, eachRow, reconcile, withoutFrame, type Row } from './reconcile.ts';
import { recoverOpenPack, salvage } from './recover.ts';
import { rehash } from './rehash.ts';

const BATCH = 512;

export async function examinePacks(context: StoreContext, findings: Findings, deep: boolean): Promise<void> {
  await examineFiles(context, findings);
  const matching = new Map<number, number>();
  for (const id of context.packs.ids()) {
    const entries = await examinePack(context, findings, id);
    if (entries === null) continue;
    matching.set(id, await examineEntries(context, findings, id, entries, deep));
  }
  await examineRows(context, findings, matching);
  for (const hash of context.index.damaged()) {
    const row = context.index.get(hash);
    if (row === undefined || row.pack === 0) continue;
    await findings.add({ kind: 'damaged-chunk', subject: toHex(hash), repair: null, message: `A chunk is damaged in pack ${row.pack}. A capture that has it, or another server, brings it back.` });
  }
}

/** Names in the packs folder against what the store has in use. */
async function examineFiles(context: StoreContext, findings: Findings): Promise<void> {
  const { files, packs, index } = context;
  const folder = packs.context.folder;
  const names = await files.list(folder);
  const onDisk = new Set<number>();
  for (const name of names) {
    const pack = packIdOf(name);
    if (pack === null) {
      await findings.add({ kind: 'stray-file', subject: join(folder, name), repair: null, message: 'A file that is no pack lies in the packs folder. Look at it and move it away.' });
      continue;
    }
    onDisk.add(pack.id);
    if (!packs.has(pack.id)) await findings.add({ kind: 'orphan-pack', subject: name, repair: null, message: 'A pack that the running store does not know appeared. The next start takes its chunks up.' });
    else if (!pack.sealed && pack.id !== packs.currentId) {
      const row = index.packs().find(({ id }) => id === pack.id);
      await findings.add({ kind: 'unsealed-pack', subject: name, repair: 'Cut its torn end and seal it.', message: 'A pack was given up after the disk refused a call, and is not sealed.' },
        async () => {
          await context.handles.forget(pack.id);
          await recoverOpenPack(context, pack.id, row, false);
        });
    }
  }
  for (const id of packs.ids()) {
    if (onDisk.has(id)) continue;
    await findings.add({ kind: 'missing-pack', subject: `${id.toString(16).padStart(16, '0')}.pack`, repair: 'Take its chunks as gone, so that the next capture brings them back.', message: 'A pack is gone from the disk, and its chunks with it.' },
      async () => {
        await dropRowsWithoutPlace(context, id, () => false);
        await packs.drop(id);
      });
  }
}

/** The pack's own header, index and trailer; null when there is nothing to compare. */
async function examinePack(context: StoreContext, findings: Findings, id: number): Promise<PackEntry[] | null> {
  const { packs, files } = context;
  const path = packPath(packs.context.folder, id, packs.isSealed(id));
  if ((await files.sizeOf(path)) === null) return null;
  const entries = await entriesOf(context, id);
  if (!packs.isSealed(id)) return entries;
  try {
    const file = await files.open(path, 'read');
    try {
      await readPackIndex(file);
    } finally {
      await file.close();
    }
    return entries;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    await findings.add({ kind: 'index-mismatch', subject: path, repair: 'Move its intact frames to another pack.', message: `A pack's own index is damaged: ${error.message}.` }, async () => {
      await placeEntries(context, id, entries);
      await salvage(context, id, entries);
    });
    return entries;
  }
}

/** @returns how many rows lie where this pack has a frame */
async function examineEntries(context: StoreContext, findings: Findings, id: number, entries: readonly PackEntry[], deep: boolean): Promise<number> {
  let rows = 0;
  for (let at = 0; at < entries.length; at += BATCH) {
    const slice = entries.slice(at, at + BATCH);
    const here = slice.flatMap((entry) => {
      const row = context.index.get(entry.hash);
      return row !== undefined && row.pack === id && row.offset === entry.offset ? [{ hash: entry.hash, row }] : [];
    });
    rows += here.length;
    // Damage shows in the index afterwards, and is reported from there with what earlier reads found.
    if (deep) await rehash(context, here);
  }
  if (deep) await examineDeadFrames(context, findings, id, entries);
  return rows;
}

/** Bytes that no row needs any more may be damaged too; that is harmless, and said so. */
async function examineDeadFrames(context: StoreContext, findings: Findings, id: number, entries: readonly PackEntry[]): Promise<void> {
  const path = packPath(context.packs.context.folder, id, context.packs.isSealed(id));
  if (!context.packs.has(id)) return;
  const dead = entries.filter((entry) => {
    const row = context.index.get(entry.hash);
    return row === undefined || row.pack !== id || row.offset !== entry.offset;
  });
  let damaged = 0;
  for (let at = 0; at < dead.length; at += BATCH) {
    const outcomes = await context.workers.check(path, dead.slice(at, at + BATCH).map((entry) => ({ hash: entry.hash, offset: entry.offset, stored: entry.storedLength, raw: entry.rawLength })));
    damaged += outcomes.filter((outcome) => outcome !== 0).length;
  }
  if (damaged > 0) await findings.add({ kind: 'damaged-chunk', subject: path, repair: null, message: `${damaged} frames that nothing needs any more are damaged in this pack. Nothing is lost; the next rewriting of the pack leaves them behind.` });
}

/** Rows that point to no frame. */
async function examineRows(context: StoreContext, findings: Findings, matching: ReadonlyMap<number, number>): Promise<void> {
  const counts = new Map<number, number>();
  await eachRow(context, (rows) => {
    for (const { row } of rows) counts.set(row.pack, (counts.get(row.pack) ?? 0) + 1);
    return 0;
  });
  const suspect = new Set([...counts].filter(([pack, count]) => pack !== 0 && count > (matching.get(pack) ?? 0)).map(([pack]) => pack));
  if (suspect.size === 0) return;
  // Captures go on meanwhile: only a second look tells what arrived since from what is not there.
  const doubtful: Row[] = [];
  await eachRow(context, (rows) => {
    doubtful.push(...rows.filter(({ row }) => suspect.has(row.pack)));
    return 0;
  });
  const wrong = (await withoutFrame(context, doubtful)).length;
  if (wrong === 0) return;
  await findings.add({ kind: 'index-mismatch', subject: 'index.db', repair: 'Rebuild the index from the packs.', message: `${wrong} rows of the index point to places where no pack has a frame.` }, async () => {
    await reconcile(context);
  });
}
