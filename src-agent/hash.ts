// Owns BLAKE3 as the agent uses it. From source the module comes from its package; the bundle carries `blake3.node` beside itself,
// because the boot environment has no node_modules.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { FrameHash } from '#shared/agent/frame.ts';

type NativeHasher = { update(input: Buffer): NativeHasher; digestBuffer(): Buffer };
type Native = { blake3(input: Buffer): Buffer; Blake3Hasher: new () => NativeHasher };

const beside = join(import.meta.dirname, 'blake3.node');
const load = createRequire(import.meta.url);
const native = load(existsSync(beside) ? beside : '@napi-rs/blake-hash') as Native;

/** A Buffer over the same bytes; no copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

export const blake3: FrameHash = (bytes) => native.blake3(asBuffer(bytes));

export function blake3Hex(bytes: Uint8Array): string {
  return native.blake3(asBuffer(bytes)).toString('hex');
}

/** BLAKE3 over bytes that arrive in pieces. */
export class RunningHash {
  private readonly hasher = new native.Blake3Hasher();
  update(bytes: Uint8Array): void {
    this.hasher.update(asBuffer(bytes));
  }
  digestHex(): string {
    return this.hasher.digestBuffer().toString('hex');
  }
}
