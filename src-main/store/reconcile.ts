// Owns making the index agree with the packs, which are the truth: rows for frames it does not know, none for places that are not there.
// States of rows that agree stay, so a rebuild of a healthy index changes nothing.
import { FRAME_HEADER_BYTES, FRAME_MAGIC, HASH_BYTES } from '#shared/agent/frame.ts';
import type { StoreContext } from './context.ts';
import { errnoOf } from './failure.ts';
import { readFully } from './files.ts';
import { HashSet } from './hash-set.ts';
import { ChunkState, type Placement } from './index-db.ts';
import { entriesOf } from './pack-entries.ts';
import type { PackEntry } from './pack-format.ts';
import { breathe } from './serial.ts';

const SLICE = 500;
const ROWS = 2000;

export type Row = ReturnType<StoreContext['index']['slice']>[number];
export type Reconciled = { placed: number; removed: number };

export async function reconcile(context: StoreContext): Promise<Reconciled> {
  const confirmed = new HashSet(context.index.totals.chunks);
  const result: Reconciled = { placed: await placeAll(context, confirmed), removed: 0 };
  const doubtful: Row[] = [];
  await eachRow(context, (rows) => {
    // What is known to be gone stays known: whoever names it has to be told.
    doubtful.push(...rows.filter(({ hash, row }) => row.pack !== 0 && !confirmed.has(hash)));
    return 0;
  });
  // Captures go on meanwhile: what arrived since its pack was read is there all the same.
  for (const { hash, row } of await withoutFrame(context, doubtful)) {
    context.index.markGone(hash, row);
    result.removed++;
  }
  // A chunk whose row pointed nowhere may still lie in another pack.
  if (result.removed > 0) result.placed += await placeAll(context, confirmed);
  return result;
}

/** From the newest pack to the oldest, each from its end: where a chunk was stored anew, the newer frame is the one to use. */
async function placeAll(context: StoreContext, confirmed: HashSet): Promise<number> {
  let placed = 0;
  for (const id of context.packs.ids().reverse()) placed += await placeEntries(context, id, await entriesOf(context, id), confirmed);
  return placed;
}

/** Rows for those frames of a pack the index has no good row for. */
export async function placeEntries(context: StoreContext, pack: number, entries: readonly PackEntry[], confirmed?: HashSet): Promise<number> {
  let placed = 0;
  for (let end = entries.length; end > 0; end -= SLICE) {
    const placements: Placement[] = [];
    const inSlice = new Set<string>();
    for (const entry of entries.slice(Math.max(0, end - SLICE), end).reverse()) {
      const row = context.index.get(entry.hash);
      const here = row !== undefined && row.pack === pack && row.offset === entry.offset && row.stored === entry.storedLength && row.raw === entry.rawLength;
      const elsewhere = row !== undefined && row.pack !== 0 && row.state !== ChunkState.damaged && !(row.pack === pack && row.offset === entry.offset);
      if (here) confirmed?.add(entry.hash);
      if (here || elsewhere) continue;
      const key = Buffer.from(entry.hash).toString('latin1');
      if (inSlice.has(key)) continue;
      inSlice.add(key);
      placements.push({ hash: entry.hash, offset: entry.offset, stored: entry.storedLength, raw: entry.rawLength });
      confirmed?.add(entry.hash);
    }
    context.index.place(pack, placements, {});
    placed += placements.length;
    await breathe();
  }
  return placed;
}

/** Rows of a pack at offsets where there is no frame: the chunk is known as damaged and gone. */
export async function dropRowsWithoutPlace(context: StoreContext, pack: number, isThere: (offset: number) => boolean): Promise<number> {
  return eachRow(context, (rows) => {
    const gone = rows.filter(({ row }) => row.pack === pack && !isThere(row.offset));
    for (const { hash, row } of gone) context.index.markGone(hash, row);
    return gone.length;
  });
}

/** Rows for what was appended but never reached the disk: nobody was told that it arrived for good. */
export async function removeRowsBehind(context: StoreContext, pack: number, end: number): Promise<number> {
  return eachRow(context, (rows) => {
    const gone = rows.filter(({ row }) => row.pack === pack && row.offset >= end);
    context.index.remove(gone.map(({ hash, row }) => ({ hash, pack: row.pack, offset: row.offset })));
    return gone.length;
  });
}

/** Of the rows given, those at whose place there is no frame of that chunk. Rows come after their frames, so none is doubted too early. */
export async function withoutFrame(context: StoreContext, rows: readonly Row[]): Promise<Row[]> {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  const missing: Row[] = [];
  for (const item of rows) {
    const { hash, row } = item;
    const look = (): Promise<number> => context.handles.use(row.pack, (file) => readFully(file, header, row.offset));
    // Asked twice where the file was sealed, and thereby renamed, on the way to it. Any other failure proves nothing, and is the caller's.
    const read = context.packs.has(row.pack) ? await look().catch(ifAbsent(look)).catch(ifAbsent(() => Promise.resolve(0))) : 0;
    if (read < FRAME_HEADER_BYTES || header.readUInt32LE(0) !== FRAME_MAGIC || header.compare(hash, 0, HASH_BYTES, 24, 24 + HASH_BYTES) !== 0) missing.push(item);
  }
  return missing;
}

function ifAbsent(otherwise: () => Promise<number>): (error: unknown) => Promise<number> {
  return (error) => (errnoOf(error) === 'ENOENT' ? otherwise() : Promise.reject(error instanceof Error ? error : new Error(String(error))));
}

/** All rows in slices; adds up what `visit` answers. */
export async function eachRow(context: StoreContext, visit: (rows: ReturnType<StoreContext['index']['slice']>) => number): Promise<number> {
  let sum = 0;
  let after: Uint8Array = Buffer.alloc(0);
  for (;;) {
    const rows = context.index.slice(after, ROWS);
    const last = rows.at(-1);
    if (last === undefined) return sum;
    sum += visit(rows);
    after = last.hash;
    await breathe();
  }
}
