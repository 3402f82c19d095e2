// Owns moving what lives in one pack to the open pack, and dropping the old one: for sparse packs, and for damaged ones.
// Copied, synced and read back first, the index switched then, the file removed last; both copies are good until the end.
import { FRAME_HEADER_BYTES } from '#shared/agent/frame.ts';
import { AppError } from '#shared/errors.ts';
import { noteDamage, requireSpaceForCopy, type StoreContext } from './context.ts';
import { readFully } from './files.ts';
import { frameProblem } from './frame-check.ts';
import type { ChunkRow } from './index-db.ts';
import type { PackEntry } from './pack-format.ts';
import type { FrameToStore } from './packs.ts';
import { breathe } from './serial.ts';
import { CheckOutcome } from './worker-messages.ts';

const BATCH_BYTES = 4 * 1024 * 1024;
const SLICE = 500;
const CHECK_CHUNKS = 64;

type Live = { entry: PackEntry; row: ChunkRow };
type Move = { hash: Uint8Array; from: number; to: number; toPack: number; live: Live };

/** @param entries all frames of the pack; those the index has elsewhere, or nowhere, are left behind */
export async function rewritePack(context: StoreContext, pack: number, entries: readonly PackEntry[]): Promise<void> {
  const losses = context.packs.losses;
  const moves: Move[] = [];
  const damaged: Live[] = [];
  // Asked for as a whole: half a copy would only take room.
  await requireSpaceForCopy(context, await liveBytes(context, pack, entries));
  let batch: Live[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await copyBatch(context, pack, batch, { moves, damaged });
    batch = [];
    bytes = 0;
  };
  for (const [i, entry] of entries.entries()) {
    if (i % SLICE === 0) await breathe();
    const row = context.index.get(entry.hash);
    if (row === undefined || row.pack !== pack || row.offset !== entry.offset) continue;
    batch.push({ entry, row });
    bytes += FRAME_HEADER_BYTES + row.stored;
    if (bytes >= BATCH_BYTES) await flush();
  }
  await flush();
  await context.packs.sync();
  if (context.packs.losses !== losses) throw new AppError('io', 'The disk could not sync the copy of a pack; the original stays as it is. Check the disk of the image store, then sweep again.', { pack });
  const good = await readBack(context, pack, moves, damaged);
  for (const { entry, row } of damaged) {
    noteDamage(context, entry.hash, row);
    context.index.markGone(entry.hash, row);
  }
  await switchIndex(context, pack, good);
  await context.handles.forget(pack);
  await context.packs.drop(pack);
}

async function liveBytes(context: StoreContext, pack: number, entries: readonly PackEntry[]): Promise<number> {
  let bytes = 0;
  for (const [i, entry] of entries.entries()) {
    if (i % SLICE === 0) await breathe();
    const row = context.index.get(entry.hash);
    if (row !== undefined && row.pack === pack && row.offset === entry.offset) bytes += FRAME_HEADER_BYTES + row.stored;
  }
  return bytes;
}

/**
 * The only other copy goes next, so each new one is re-hashed first. One that is not whole although its original is means that the disk
 * wrote badly: nothing is let go then. Where the original has never been what its hash says, the chunk is damaged.
 */
async function readBack(context: StoreContext, pack: number, moves: readonly Move[], damaged: Live[]): Promise<Move[]> {
  const good: Move[] = [];
  for (let at = 0; at < moves.length; at += CHECK_CHUNKS) {
    const slice = moves.slice(at, at + CHECK_CHUNKS);
    for (const toPack of new Set(slice.map((move) => move.toPack))) {
      const copies = slice.filter((move) => move.toPack === toPack);
      const outcomes = await check(context, toPack, copies, 'to');
      const bad = copies.filter((_, i) => outcomes[i] !== CheckOutcome.intact);
      good.push(...copies.filter((_, i) => outcomes[i] === CheckOutcome.intact));
      if (bad.length === 0) continue;
      const originals = await check(context, pack, bad, 'from');
      if (originals.some((outcome) => outcome !== CheckOutcome.damaged)) {
        throw new AppError('io', 'The copy of a pack, read back, is not what was written; the original stays as it is. Check the disk of the image store, then sweep again.', { pack, copy: toPack });
      }
      damaged.push(...bad.map((move) => move.live));
    }
  }
  return good;
}

/** Asked twice where the file was sealed, and thereby renamed, on the way to it. */
async function check(context: StoreContext, pack: number, moves: readonly Move[], place: 'from' | 'to'): Promise<Uint8Array> {
  const entries = moves.map((move) => ({ hash: move.hash, offset: move[place], stored: move.live.row.stored, raw: move.live.row.raw }));
  const outcomes = await context.workers.check(context.packs.path(pack), entries);
  return outcomes.includes(CheckOutcome.packGone) ? context.workers.check(context.packs.path(pack), entries) : outcomes;
}

async function copyBatch(context: StoreContext, pack: number, batch: readonly Live[], out: { moves: Move[]; damaged: Live[] }): Promise<void> {
  const frames: FrameToStore[] = [];
  for (const live of batch) {
    const { hash, raw, bytes } = await readFrame(context, pack, live);
    if (frameProblem(bytes, hash, live.row) === null) frames.push({ bytes, hash, raw, compression: live.entry.compression });
    else out.damaged.push(live);
  }
  const byHash = new Map(batch.map((live) => [live.entry.hash, live]));
  await context.packs.append(frames, (toPack, placements, packSize) => {
    context.index.place(toPack, [], { packSize });
    for (const { hash, offset } of placements) {
      const live = byHash.get(hash);
      if (live !== undefined) out.moves.push({ hash, from: live.entry.offset, to: offset, toPack, live });
    }
  });
}

async function readFrame(context: StoreContext, pack: number, { entry, row }: Live): Promise<{ hash: Uint8Array; raw: number; bytes: Uint8Array }> {
  const bytes = Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES + row.stored);
  const read = await context.handles.use(pack, (file) => readFully(file, bytes, entry.offset));
  return { hash: entry.hash, raw: row.raw, bytes: bytes.subarray(0, read) };
}

async function switchIndex(context: StoreContext, pack: number, moves: readonly Move[]): Promise<void> {
  for (let at = 0; at < moves.length; at += SLICE) {
    const slice = moves.slice(at, at + SLICE);
    for (const toPack of new Set(slice.map((move) => move.toPack))) context.index.move(pack, toPack, slice.filter((move) => move.toPack === toPack));
    await breathe();
  }
}
