// Owns reading one manifest file: head and page table at opening, then page by page, everything checked. It holds one page at a time.
import { decodePageTable, decodePreamble, decodeTrailer, MANIFEST_PREAMBLE_BYTES, MANIFEST_TRAILER_BYTES, manifestHeadSchema, PAGE_TABLE_ENTRY_BYTES, type ManifestHead, type PageTableEntry } from '#shared/agent/manifest.ts';
import { decodePage, MAX_PAGE_BODY_BYTES, PAGE_HEADER_BYTES, type Page, type Run } from '#shared/agent/page.ts';
import { AppError, ProtocolError } from '#shared/errors.ts';
import { chunkCount } from '#shared/model/schema.ts';
import { errnoOf, storeFailure } from './failure.ts';
import { readFully, type StoreFile, type StoreFiles } from './files.ts';
import { blake3 } from './hash.ts';
import type { HashHex, ManifestReader } from './types.ts';

/** Bounds what one manifest can make a reader remember: pages of 4,096 chunks of 256 KiB reach 1 PB with it. */
const MAX_PAGES = 1 << 20;

export async function openManifestFile(files: StoreFiles, hash: HashHex, path: string): Promise<ManifestReader> {
  let file: StoreFile;
  try {
    file = await files.open(path, 'read');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new AppError('not-found', `The manifest ${hash.slice(0, 16)}… is not in the image store. Run doctor: it says which versions are concerned.`, { manifest: hash }, error);
  }
  try {
    const sizeBytes = await file.size();
    const parts = await readParts(file, sizeBytes);
    return new FileManifest({ hash, path, sizeBytes, file, ...parts });
  } catch (error) {
    await file.close();
    throw error instanceof ProtocolError ? damagedManifest(hash, error) : error;
  }
}

function damagedManifest(hash: HashHex, cause: ProtocolError): AppError {
  return new AppError('image-damaged', `The manifest ${hash.slice(0, 16)}… is damaged: ${cause.message}. Fetch it from another server, or capture the image again and delete this version.`, { manifest: hash, offset: cause.offset }, cause);
}

async function readParts(file: StoreFile, sizeBytes: number): Promise<{ head: ManifestHead; table: PageTableEntry[] }> {
  const preamble = await piece(file, 0, MANIFEST_PREAMBLE_BYTES, sizeBytes);
  const { headLength } = decodePreamble(preamble);
  const trailer = decodeTrailer(await piece(file, sizeBytes - MANIFEST_TRAILER_BYTES, MANIFEST_TRAILER_BYTES, sizeBytes), sizeBytes);
  if (trailer.headLength !== headLength) throw new ProtocolError(4, 'head length differs between start and end');
  if (trailer.pageCount > MAX_PAGES) throw new ProtocolError(sizeBytes - MANIFEST_TRAILER_BYTES + 8, `manifest has more than ${MAX_PAGES} pages`);
  const head = parseHead(await piece(file, MANIFEST_PREAMBLE_BYTES, headLength, sizeBytes));
  const tableBytes = await piece(file, trailer.tableOffset, trailer.pageCount * PAGE_TABLE_ENTRY_BYTES, sizeBytes);
  const table = decodePageTable(tableBytes, MANIFEST_PREAMBLE_BYTES + headLength, trailer.tableOffset);
  checkStreams(head, table);
  return { head, table };
}

function parseHead(bytes: Uint8Array): ManifestHead {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw new ProtocolError(MANIFEST_PREAMBLE_BYTES, 'manifest head is not JSON');
  }
  const parsed = manifestHeadSchema.safeParse(json);
  if (!parsed.success) throw new ProtocolError(MANIFEST_PREAMBLE_BYTES, `manifest head: ${parsed.error.issues[0]?.message ?? 'does not follow its schema'}`);
  return parsed.data;
}

/** Every stream of the head is there in full, and nothing else. */
function checkStreams(head: ManifestHead, table: readonly PageTableEntry[]): void {
  const chunks = new Map<number, number>();
  for (const entry of table) {
    if (entry.length > PAGE_HEADER_BYTES + MAX_PAGE_BODY_BYTES) throw new ProtocolError(entry.offset, 'page is too long');
    chunks.set(entry.stream, (chunks.get(entry.stream) ?? 0) + entry.chunkCount);
  }
  for (const stream of head.graph.streams) {
    if ((chunks.get(stream.index) ?? 0) !== chunkCount(stream.lengthBytes, head.graph.chunkSizeBytes)) throw new ProtocolError(0, `stream ${stream.index} is not complete`);
    chunks.delete(stream.index);
  }
  if (chunks.size > 0) throw new ProtocolError(0, 'pages of a stream that the head does not name');
}

async function piece(file: StoreFile, position: number, length: number, sizeBytes: number): Promise<Buffer> {
  if (position < 0 || position + length > sizeBytes) throw new ProtocolError(Math.max(0, position), 'manifest is cut short');
  const bytes = Buffer.alloc(length);
  if ((await readFully(file, bytes, position)) < length) throw new ProtocolError(position, 'manifest is cut short');
  return bytes;
}

class FileManifest implements ManifestReader {
  readonly hash: HashHex;
  readonly head: ManifestHead;
  readonly path: string;
  readonly sizeBytes: number;
  readonly #file: StoreFile;
  readonly #table: PageTableEntry[];

  constructor(parts: { hash: HashHex; head: ManifestHead; path: string; sizeBytes: number; file: StoreFile; table: PageTableEntry[] }) {
    this.hash = parts.hash;
    this.head = parts.head;
    this.path = parts.path;
    this.sizeBytes = parts.sizeBytes;
    this.#file = parts.file;
    this.#table = parts.table;
  }

  async *runs(stream: number, fromChunk = 0): AsyncGenerator<{ firstChunk: number; run: Run }> {
    for (const entry of this.#table) {
      if (entry.stream !== stream || entry.firstChunk + entry.chunkCount <= fromChunk) continue;
      const page = await this.#page(entry);
      let firstChunk = page.firstChunk;
      for (const run of page.runs) {
        const skip = Math.max(0, fromChunk - firstChunk);
        if (skip < run.count) yield { firstChunk: firstChunk + skip, run: skip === 0 ? run : withoutFirst(run, skip) };
        firstChunk += run.count;
      }
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #page(entry: PageTableEntry): Promise<Page> {
    try {
      const page = decodePage(await piece(this.#file, entry.offset, entry.length, this.sizeBytes), blake3);
      if (page.stream !== entry.stream || page.firstChunk !== entry.firstChunk || page.chunkCount !== entry.chunkCount) throw new ProtocolError(entry.offset, 'page is not the one its table names');
      return page;
    } catch (error) {
      throw error instanceof ProtocolError ? damagedManifest(this.hash, error) : storeFailure(error, 'reading a manifest', this.path, null);
    }
  }
}

function withoutFirst(run: Run, skip: number): Run {
  const count = run.count - skip;
  return run.kind === 'data' ? { kind: 'data', count, hashes: run.hashes.subarray(skip * 32) } : { ...run, count };
}
