// Owns reading little-endian fields and text from raw disk bytes, and a window on a disk (one partition).
// Reads nothing by itself; every function checks its bounds, because disks are hostile input.
import { ProtocolError } from '#shared/errors.ts';
import type { DiskReader } from './types.ts';

function need(bytes: Uint8Array, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > bytes.length) {
    throw new ProtocolError(offset, `${length} bytes wanted where only ${bytes.length} are`);
  }
}
export function u8(bytes: Uint8Array, offset: number): number {
  need(bytes, offset, 1);
  return bytes[offset] ?? 0;
}
export function u16(bytes: Uint8Array, offset: number): number {
  need(bytes, offset, 2);
  return (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
}
export function u32(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset) + u16(bytes, offset + 2) * 0x10000;
}
/** A 64-bit count. One that no disk can have (above 2^53) becomes Infinity, so that every bound check refuses it. */
export function u64(bytes: Uint8Array, offset: number): number {
  const value = u32(bytes, offset) + u32(bytes, offset + 4) * 0x1_0000_0000;
  return value > Number.MAX_SAFE_INTEGER ? Infinity : value;
}
export function slice(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  need(bytes, offset, length);
  return bytes.subarray(offset, offset + length);
}
export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function hasMagic(bytes: Uint8Array, offset: number, magic: string): boolean {
  if (offset < 0 || offset + magic.length > bytes.length) return false;
  for (let i = 0; i < magic.length; i++) if (bytes[offset + i] !== magic.charCodeAt(i)) return false;
  return true;
}
export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
/** Text up to the first NUL, bad UTF-8 replaced, spaces around it dropped. */
export function text(bytes: Uint8Array, offset: number, length: number): string {
  const field = slice(bytes, offset, length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end)).trim();
}
export function utf16(bytes: Uint8Array, offset: number, units: number): string {
  let result = '';
  for (let i = 0; i < units; i++) result += String.fromCharCode(u16(bytes, offset + 2 * i));
  return result;
}
/** RFC 4122 order, as Linux file systems store it: lower case with hyphens; empty where it is all zero. */
export function uuidText(bytes: Uint8Array, offset: number): string {
  const field = slice(bytes, offset, 16);
  if (isZero(field)) return '';
  return toHex(field).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export async function readBytes(reader: DiskReader, offset: number, length: number): Promise<Uint8Array> {
  if (!Number.isSafeInteger(offset) || offset < 0 || length < 0 || offset + length > reader.sizeBytes) {
    throw new ProtocolError(Number.isSafeInteger(offset) ? offset : 0, `${length} bytes wanted past the end`);
  }
  const buffer = new Uint8Array(length);
  if (length > 0) await reader.read(buffer, offset);
  return buffer;
}

/** A part of a disk as a disk of its own. */
export function windowOf(reader: DiskReader, offsetBytes: number, sizeBytes: number): DiskReader {
  return {
    sizeBytes,
    async read(buffer, offset) {
      if (offset < 0 || offset + buffer.length > sizeBytes) throw new ProtocolError(offset, 'read past the end of the volume');
      await reader.read(buffer, offsetBytes + offset);
    },
  };
}
