// Owns BLAKE3 as the store uses it, and how hashes look as text. The native module takes any byte view without copying it.
import { Blake3Hasher, blake3 as native } from '@napi-rs/blake-hash';
import type { FrameHash } from '#shared/agent/frame.ts';

/** A Buffer over the same bytes; no copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

export const blake3: FrameHash = (bytes) => native(asBuffer(bytes));

export function toHex(hash: Uint8Array): string {
  return asBuffer(hash).toString('hex');
}

export function fromHex(hex: string): Buffer {
  if (!isHashHex(hex)) throw new RangeError('not a hash: 64 lower-case hex digits are expected');
  return Buffer.from(hex, 'hex');
}

export function isHashHex(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

export class RunningHash {
  #hasher = new Blake3Hasher();
  update(bytes: Uint8Array): void {
    this.#hasher.update(asBuffer(bytes));
  }
  digest(): Buffer {
    return this.#hasher.digestBuffer();
  }
}
