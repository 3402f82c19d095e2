// Owns the manifest's byte layout: head (JSON), pages, page table, trailer. docs/formats/manifest.md is its specification.
// Pure: reading and writing files is the store's and the agent's business.
import { z } from 'zod';
import { ProtocolError } from '../errors.ts';
import { deviceGraphSchema } from '../model/schema.ts';

export const MANIFEST_MAGIC = 0x314d4c50; // "PLM1", little endian
export const MANIFEST_END_MAGIC = 0x454d4c50; // "PLME"
export const MANIFEST_PREAMBLE_BYTES = 8; // magic, length of the head
export const MANIFEST_TRAILER_BYTES = 24; // page table offset u64, page count u32, reserved u32, head length u32, end magic u32
export const PAGE_TABLE_ENTRY_BYTES = 32; // offset u64, first chunk u64, chunk count u32, length u32, stream u32, reserved u32
export const MAX_HEAD_BYTES = 16 * 1024 * 1024;

export const manifestHeadSchema = z.object({
  format: z.literal(1),
  hash: z.literal('blake3'),
  image: z.object({ guid: z.uuid(), name: z.string().max(200) }),
  version: z.object({ guid: z.uuid(), number: z.number().int().positive(), note: z.string().max(10_000) }),
  capturedAt: z.iso.datetime(),
  capturedBy: z.string().max(200),
  computer: z.string().max(200),
  agentVersion: z.string().max(50),
  /** The unused bytes inside a used chunk: always cleared (docs/decisions). */
  unusedBlocks: z.literal('cleared'),
  graph: deviceGraphSchema,
});
export type ManifestHead = z.infer<typeof manifestHeadSchema>;

export type PageTableEntry = { offset: number; length: number; stream: number; firstChunk: number; chunkCount: number };

export function encodePreamble(head: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(MANIFEST_PREAMBLE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MANIFEST_MAGIC, true);
  view.setUint32(4, head.length, true);
  return bytes;
}

export function decodePreamble(bytes: Uint8Array): { headLength: number } {
  if (bytes.length < MANIFEST_PREAMBLE_BYTES) throw new ProtocolError(0, 'manifest is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== MANIFEST_MAGIC) throw new ProtocolError(0, 'not a manifest');
  const headLength = view.getUint32(4, true);
  if (headLength === 0 || headLength > MAX_HEAD_BYTES) throw new ProtocolError(4, 'manifest head length out of range');
  return { headLength };
}

/** Page table and trailer, in one piece, as they end the file. */
export function encodeTail(pages: readonly PageTableEntry[], tableOffset: number, headLength: number): Uint8Array {
  const bytes = new Uint8Array(pages.length * PAGE_TABLE_ENTRY_BYTES + MANIFEST_TRAILER_BYTES);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const page of pages) {
    view.setBigUint64(at, BigInt(page.offset), true);
    view.setBigUint64(at + 8, BigInt(page.firstChunk), true);
    view.setUint32(at + 16, page.chunkCount, true);
    view.setUint32(at + 20, page.length, true);
    view.setUint32(at + 24, page.stream, true);
    at += PAGE_TABLE_ENTRY_BYTES;
  }
  view.setBigUint64(at, BigInt(tableOffset), true);
  view.setUint32(at + 8, pages.length, true);
  view.setUint32(at + 16, headLength, true);
  view.setUint32(at + 20, MANIFEST_END_MAGIC, true);
  return bytes;
}

/** @param bytes the last MANIFEST_TRAILER_BYTES of the file  @param fileSize the file's length, against which all offsets are checked */
export function decodeTrailer(bytes: Uint8Array, fileSize: number): { tableOffset: number; pageCount: number; headLength: number } {
  if (bytes.length !== MANIFEST_TRAILER_BYTES) throw new ProtocolError(0, 'manifest trailer is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(20, true) !== MANIFEST_END_MAGIC) throw new ProtocolError(fileSize - 4, 'manifest is incomplete');
  const tableOffset = Number(view.getBigUint64(0, true));
  const pageCount = view.getUint32(8, true);
  const headLength = view.getUint32(16, true);
  if (tableOffset + pageCount * PAGE_TABLE_ENTRY_BYTES + MANIFEST_TRAILER_BYTES !== fileSize) {
    throw new ProtocolError(fileSize - MANIFEST_TRAILER_BYTES, 'manifest page table does not fit the file');
  }
  if (view.getUint32(12, true) !== 0) throw new ProtocolError(fileSize - 12, 'reserved bytes are not zero');
  return { tableOffset, pageCount, headLength };
}

/** Decodes the page table and checks that each stream's pages follow each other without gap and that pages tile the file. */
export function decodePageTable(bytes: Uint8Array, firstPageOffset: number, tableOffset: number): PageTableEntry[] {
  if (bytes.length % PAGE_TABLE_ENTRY_BYTES !== 0) throw new ProtocolError(tableOffset, 'page table is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: PageTableEntry[] = [];
  const next = new Map<number, number>();
  let expected = firstPageOffset;
  for (let at = 0; at < bytes.length; at += PAGE_TABLE_ENTRY_BYTES) {
    const entry = {
      offset: Number(view.getBigUint64(at, true)),
      firstChunk: Number(view.getBigUint64(at + 8, true)),
      chunkCount: view.getUint32(at + 16, true),
      length: view.getUint32(at + 20, true),
      stream: view.getUint32(at + 24, true),
    };
    if (entry.offset !== expected) throw new ProtocolError(tableOffset + at, 'pages do not follow each other');
    if (entry.firstChunk !== (next.get(entry.stream) ?? 0)) throw new ProtocolError(tableOffset + at + 8, 'a stream has a gap');
    next.set(entry.stream, entry.firstChunk + entry.chunkCount);
    expected += entry.length;
    entries.push(entry);
  }
  if (expected !== tableOffset) throw new ProtocolError(tableOffset, 'pages do not end where the page table starts');
  return entries;
}

/** A signature over a manifest's hash, beside the manifest; several may exist (another server's after a re-home). */
export const manifestSignatureSchema = z.object({
  algorithm: z.literal('ed25519'),
  keyId: z.string().regex(/^[0-9a-f]{64}$/),
  manifest: z.string().regex(/^[0-9a-f]{64}$/),
  /** base64 over the bytes `platen manifest v1\n` + 64 hex digits of the manifest's hash */
  signature: z.string().max(200),
  signedAt: z.iso.datetime(),
});
export type ManifestSignature = z.infer<typeof manifestSignatureSchema>;
