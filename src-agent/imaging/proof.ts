// Owns the proof at the end of a deploy: what decides whether the disk starts is read back and compared with what was to be written.
// Reads only.
import { AppError } from '#shared/errors.ts';
import type { TableWrite, TargetHandle } from '../disks/types.ts';
import { blake3, blake3Hex, type RunningHash } from '../hash.ts';

/** hash null: the range must read zero. */
export type Expectation = { offset: number; length: number; hash: Uint8Array | null; what: string };
/** fromDisk: the kernel dropped what it held in memory first, so the disk itself answered. */
export type Proof = { areas: number; areaBytes: number; tables: number; tableBytes: number; fromDisk: boolean; hash: string };

/** First and last MiB of every stream: superblocks, boot sectors, boot code. Before the tables are written, which lie over some of it. */
export async function proveAreas(target: TargetHandle, expectations: readonly Expectation[], proof: Proof, summary: RunningHash): Promise<void> {
  for (const expected of expectations) {
    const bytes = Buffer.allocUnsafe(expected.length);
    await target.read(bytes, expected.offset);
    const good = expected.hash === null ? bytes.every((byte) => byte === 0) : Buffer.compare(blake3(bytes), expected.hash) === 0;
    if (!good) throw failed(target, expected.offset, expected.what);
    summary.update(bytes);
    proof.areas++;
    proof.areaBytes += expected.length;
  }
}

export async function proveTables(target: TargetHandle, tables: readonly TableWrite[], proof: Proof, summary: RunningHash): Promise<void> {
  for (const table of tables) {
    const bytes = Buffer.allocUnsafe(table.bytes.length);
    await target.read(bytes, table.offsetBytes);
    if (Buffer.compare(bytes, table.bytes) !== 0) throw failed(target, table.offsetBytes, 'partition table');
    summary.update(bytes);
    proof.tables++;
    proof.tableBytes += bytes.length;
  }
}

export function noProof(): Proof {
  return { areas: 0, areaBytes: 0, tables: 0, tableBytes: 0, fromDisk: false, hash: blake3Hex(new Uint8Array(0)) };
}

function failed(target: TargetHandle, offset: number, what: string): AppError {
  return new AppError('proof-failed', `Reading back ${target.facts.path} at byte ${offset} (${what}) gave something else than was written. The disk is not to be trusted: check its cable and its health (smartctl -a), or use another one.`, { offset, what });
}
