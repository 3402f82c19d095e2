// Owns reading a manifest from the server: one pass checks its hash and every page before a byte of the target is touched, then pages
// are given out stream by stream. Small manifests stay in memory; of large ones only the pages' hashes do, and pages are fetched again.
import { decodePageTable, decodePreamble, decodeTrailer, MANIFEST_PREAMBLE_BYTES, MANIFEST_TRAILER_BYTES, manifestHeadSchema, PAGE_TABLE_ENTRY_BYTES, type ManifestHead } from '#shared/agent/manifest.ts';
import { decodePage, MAX_PAGE_BODY_BYTES, PAGE_HEADER_BYTES, pageLength, type Page, type Run } from '#shared/agent/page.ts';
import { AppError, ProtocolError } from '#shared/errors.ts';
import { chunkCount } from '#shared/model/schema.ts';
import { blake3, blake3Hex, RunningHash } from '../hash.ts';
import { lostInAnswer, readAll } from '../net/frameClient.ts';
import type { FrameSource } from '../net/sources.ts';

const keptBytes = 24 * 1024 * 1024;
const longestPageTable = 512 * 1024 * 1024;
const path = '/agent/deploy/manifest';

type PageEntry = { offset: number; length: number; stream: number; firstChunk: number; chunkCount: number; hash: string; bytes: Uint8Array | null };
export type StreamTotals = { chunks: number; dataChunks: number; zeroChunks: number };

export class RemoteManifest {
  readonly head: ManifestHead;
  private readonly client: FrameSource;
  private readonly pages: PageEntry[];
  private readonly totals: Map<number, StreamTotals>;

  private constructor(client: FrameSource, scan: { head: ManifestHead; pages: PageEntry[]; totals: Map<number, StreamTotals> }) {
    this.client = client;
    this.head = scan.head;
    this.pages = scan.pages;
    this.totals = scan.totals;
  }

  /** @param hash 64 hex digits the server announced  Throws image-damaged when the bytes are not what was announced. */
  static async open(client: FrameSource, announced: { hash: string; sizeBytes: number }): Promise<RemoteManifest> {
    try {
      const scan = await client.send(() => ({ method: 'GET', path }), async (response) => {
        const scanner = new ManifestScanner(announced.sizeBytes);
        try {
          for await (const piece of response as AsyncIterable<Buffer>) scanner.add(piece);
        } catch (error) {
          throw error instanceof AppError || error instanceof ProtocolError ? error : lostInAnswer(error);
        }
        if (!response.complete) throw lostInAnswer(null);
        return scanner.finish(announced.hash);
      });
      return new RemoteManifest(client, scan);
    } catch (error) {
      if (error instanceof ProtocolError) throw new AppError('image-damaged', `The manifest the server sent can't be read: ${error.message}. Verify the image on the server.`, {}, error);
      throw error;
    }
  }

  totalsOf(stream: number): StreamTotals {
    return this.totals.get(stream) ?? { chunks: 0, dataChunks: 0, zeroChunks: 0 };
  }

  async *runs(stream: number): AsyncGenerator<{ firstChunk: number; run: Run }> {
    for (const entry of this.pages) {
      if (entry.stream !== stream) continue;
      const page = decodePage(entry.bytes ?? (await this.fetch(entry)), blake3);
      let firstChunk = page.firstChunk;
      for (const run of page.runs) {
        yield { firstChunk, run };
        firstChunk += run.count;
      }
    }
  }

  private async fetch(entry: PageEntry): Promise<Uint8Array> {
    const range = `bytes=${entry.offset}-${entry.offset + entry.length - 1}`;
    return this.client.send(() => ({ method: 'GET', path, headers: { range } }), async (response) => {
      if (response.statusCode !== 206) throw new AppError('protocol', 'The server does not answer a part of the manifest alone.');
      const bytes = await readAll(response, entry.length);
      if (blake3Hex(bytes) !== entry.hash) throw new AppError('image-damaged', 'A page of the manifest is not the one that was checked before. Verify the image on the server.');
      return bytes;
    });
  }
}

/** Takes the file in pieces of any size and holds one page of it at a time. */
class ManifestScanner {
  private readonly sizeBytes: number;
  private readonly hash = new RunningHash();
  private readonly pages: PageEntry[] = [];
  private readonly totals = new Map<number, StreamTotals>();
  private pending: Buffer = Buffer.alloc(0);
  private at = 0;
  private seen = 0;
  private kept = 0;
  private state: 'preamble' | 'head' | 'pages' | 'tail' = 'preamble';
  private headLength = 0;
  private head: ManifestHead | null = null;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }

  add(piece: Buffer): void {
    this.seen += piece.length;
    if (this.seen > this.sizeBytes) throw new ProtocolError(this.sizeBytes, 'manifest is longer than announced');
    this.hash.update(piece);
    this.pending = this.pending.length === 0 ? piece : Buffer.concat([this.pending, piece]);
    while (this.step());
    // Tail and half pages only: anything larger means that nothing recognisable comes.
    if (this.state !== 'tail' && this.state !== 'head' && this.pending.length > 2 * MAX_PAGE_BODY_BYTES) throw new ProtocolError(this.at, 'manifest can\'t be followed');
    if (this.state === 'tail' && this.pending.length > longestPageTable) throw new ProtocolError(this.at, 'page table too long');
  }

  finish(announced: string): { head: ManifestHead; pages: PageEntry[]; totals: Map<number, StreamTotals> } {
    if (this.seen !== this.sizeBytes || this.head === null || this.state === 'preamble' || this.state === 'head') throw new ProtocolError(this.seen, 'manifest is cut short');
    const seen = this.hash.digestHex();
    if (seen !== announced) throw new AppError('image-damaged', 'The manifest the server sent is not the one it announced: its hash differs. Verify the image on the server.', { announced, seen });
    this.checkTail();
    for (const stream of this.head.graph.streams) {
      const want = chunkCount(stream.lengthBytes, this.head.graph.chunkSizeBytes);
      const have = this.totals.get(stream.index)?.chunks ?? 0;
      if (have !== want) throw new ProtocolError(this.seen, `stream ${stream.index} has ${have} chunks where ${want} are needed`);
    }
    return { head: this.head, pages: this.pages, totals: this.totals };
  }

  private step(): boolean {
    if (this.state === 'preamble') {
      if (this.pending.length < MANIFEST_PREAMBLE_BYTES) return false;
      this.headLength = decodePreamble(this.take(MANIFEST_PREAMBLE_BYTES)).headLength;
      this.state = 'head';
      return true;
    }
    if (this.state === 'head') {
      if (this.pending.length < this.headLength) return false;
      this.head = parseHead(this.take(this.headLength));
      this.state = 'pages';
      return true;
    }
    if (this.state === 'tail') return false;
    return this.stepPage();
  }

  private stepPage(): boolean {
    // The page table starts with an offset, never with a page's magic: it names the place of the first page, or the file ends.
    const left = this.sizeBytes - this.at;
    if (this.pending.length < PAGE_HEADER_BYTES && this.pending.length < left) return false;
    if (this.pending.length < PAGE_HEADER_BYTES || !startsPage(this.pending)) {
      this.state = 'tail';
      return false;
    }
    const length = pageLength(this.pending.subarray(0, PAGE_HEADER_BYTES));
    if (this.pending.length < length) return false;
    const offset = this.at;
    const bytes = this.take(length);
    this.note(decodePage(bytes, blake3), { offset, bytes });
    return true;
  }

  private note(page: Page, from: { offset: number; bytes: Buffer }): void {
    const keep = this.kept + from.bytes.length <= keptBytes;
    if (keep) this.kept += from.bytes.length;
    this.pages.push({
      offset: from.offset, length: from.bytes.length, stream: page.stream, firstChunk: page.firstChunk, chunkCount: page.chunkCount,
      hash: keep ? '' : blake3Hex(from.bytes), bytes: keep ? Uint8Array.from(from.bytes) : null,
    });
    const totals = this.totals.get(page.stream) ?? { chunks: 0, dataChunks: 0, zeroChunks: 0 };
    for (const run of page.runs) {
      if (run.kind === 'zero') totals.zeroChunks += run.count;
      else if (run.kind !== 'unused') totals.dataChunks += run.count;
    }
    totals.chunks += page.chunkCount;
    this.totals.set(page.stream, totals);
  }

  private checkTail(): void {
    const tableBytes = this.pages.length * PAGE_TABLE_ENTRY_BYTES;
    if (this.pending.length !== tableBytes + MANIFEST_TRAILER_BYTES) throw new ProtocolError(this.at, 'page table does not match the pages');
    const trailer = decodeTrailer(this.pending.subarray(tableBytes), this.sizeBytes);
    const table = decodePageTable(this.pending.subarray(0, tableBytes), MANIFEST_PREAMBLE_BYTES + this.headLength, trailer.tableOffset);
    const same = table.every((entry, i) => {
      const page = this.pages[i];
      return page !== undefined && page.offset === entry.offset && page.length === entry.length && page.stream === entry.stream && page.firstChunk === entry.firstChunk && page.chunkCount === entry.chunkCount;
    });
    if (!same) throw new ProtocolError(this.at, 'page table does not match the pages');
  }

  private take(length: number): Buffer {
    const bytes = this.pending.subarray(0, length);
    this.pending = this.pending.subarray(length);
    this.at += length;
    return bytes;
  }
}

function startsPage(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, 4) === 'PLP1';
}

function parseHead(bytes: Buffer): ManifestHead {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new ProtocolError(MANIFEST_PREAMBLE_BYTES, 'manifest head is not JSON');
  }
  const parsed = manifestHeadSchema.safeParse(value);
  if (!parsed.success) throw new ProtocolError(MANIFEST_PREAMBLE_BYTES, `manifest head: ${parsed.error.issues[0]?.message ?? 'not understood'}`);
  return parsed.data;
}
