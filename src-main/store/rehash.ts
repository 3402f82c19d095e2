// Owns re-hashing chunks from disk on the worker threads, and what the index learns from it: verified, or damaged.
import { noteDamage, type StoreContext } from './context.ts';
import { ChunkState, type ChunkRow } from './index-db.ts';
import { CheckOutcome, type CheckEntry } from './worker-messages.ts';

/** So much one worker gets at a time: enough to outweigh the hand-over, little enough to share and to stop quickly. */
const BATCH_CHUNKS = 64;
const BATCH_BYTES = 16 * 1024 * 1024;

export type Checked = { hash: Uint8Array; row: ChunkRow };
export type RehashResult = { intact: number; damaged: Uint8Array[] };

/** Hashes given are copied by the caller if their buffer may change. */
export async function rehash(context: StoreContext, chunks: readonly Checked[]): Promise<RehashResult> {
  const result: RehashResult = { intact: 0, damaged: [] };
  const batches = batchesOf(chunks);
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) await rehashBatch(context, batch, result, true);
  };
  await Promise.all(Array.from({ length: Math.min(context.workers.size, batches.length) }, lane));
  return result;
}

async function rehashBatch(context: StoreContext, batch: readonly Checked[], result: RehashResult, again: boolean): Promise<void> {
  const pack = batch[0]?.row.pack ?? 0;
  const entries: CheckEntry[] = batch.map(({ hash, row }) => ({ hash, offset: row.offset, stored: row.stored, raw: row.raw }));
  const outcomes = context.packs.has(pack) ? await context.workers.check(context.packs.path(pack), entries) : new Uint8Array(batch.length).fill(CheckOutcome.packGone);
  const intact: { hash: Uint8Array; pack: number; offset: number; state: number }[] = [];
  const moved: Checked[] = [];
  for (const [i, { hash, row }] of batch.entries()) {
    if (outcomes[i] === CheckOutcome.intact) {
      result.intact++;
      intact.push({ hash, pack: row.pack, offset: row.offset, state: ChunkState.verified });
      continue;
    }
    // The pack may have been sealed or rewritten while the worker was on its way to it.
    const now = context.index.get(hash);
    const elsewhere = now !== undefined && now.pack !== 0 && (now.pack !== row.pack || now.offset !== row.offset || (outcomes[i] === CheckOutcome.packGone && context.packs.has(pack)));
    if (again && elsewhere) {
      moved.push({ hash, row: now });
      continue;
    }
    noteDamage(context, hash, row);
    result.damaged.push(hash);
  }
  context.index.setStates(intact);
  for (const retry of batchesOf(moved)) await rehashBatch(context, retry, result, false);
}

/** By pack and offset, so that a worker reads forwards in one file. */
function batchesOf(chunks: readonly Checked[]): Checked[][] {
  const sorted = [...chunks].sort((a, b) => a.row.pack - b.row.pack || a.row.offset - b.row.offset);
  const batches: Checked[][] = [];
  let batch: Checked[] = [];
  let bytes = 0;
  for (const chunk of sorted) {
    const full = batch.length === BATCH_CHUNKS || bytes >= BATCH_BYTES;
    if (batch.length === 0 || full || batch[0]?.row.pack !== chunk.row.pack) {
      batch = [];
      batches.push(batch);
      bytes = 0;
    }
    batch.push(chunk);
    bytes += chunk.row.raw;
  }
  return batches;
}
