// Owns what the main thread and a store worker say to each other: one batch of frames of one pack, one byte of outcome for each.
import { HASH_BYTES } from '#shared/agent/frame.ts';

export const CheckOutcome = { intact: 0, damaged: 1, packGone: 2 } as const;
/** hash, offset u32, stored length u32, raw length u32 */
export const CHECK_ENTRY_BYTES = HASH_BYTES + 12;

export type CheckRequest = { id: number; path: string; entries: Uint8Array };
export type CheckAnswer = { id: number; outcomes: Uint8Array };
export type CheckEntry = { hash: Uint8Array; offset: number; stored: number; raw: number };

export function encodeCheckEntries(entries: readonly CheckEntry[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * CHECK_ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [i, entry] of entries.entries()) {
    const at = i * CHECK_ENTRY_BYTES;
    bytes.set(entry.hash, at);
    view.setUint32(at + 32, entry.offset, true);
    view.setUint32(at + 36, entry.stored, true);
    view.setUint32(at + 40, entry.raw, true);
  }
  return bytes;
}

export function readCheckEntry(bytes: Uint8Array, at: number): CheckEntry {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, CHECK_ENTRY_BYTES);
  return { hash: bytes.subarray(at, at + HASH_BYTES), offset: view.getUint32(32, true), stored: view.getUint32(36, true), raw: view.getUint32(40, true) };
}
