// Owns the page files of one capture: captures/<id>/<stream>.pages, pages back to back, appended in order, a torn one cut off.
import { join } from 'node:path';
import { decodePage, PAGE_HEADER_BYTES, pageLength, type Page, type Run } from '#shared/agent/page.ts';
import { ProtocolError } from '#shared/errors.ts';
import { readFully, writeFully, type StoreFile, type StoreFiles } from './files.ts';
import { blake3 } from './hash.ts';

/** Bounds what one capture can make the server remember; pages of 4,096 chunks of 256 KiB reach 280 TB with it. */
const MAX_PAGES = 262_144;
export const MAX_STREAM = 9_999;

export type StoredPage = { offset: number; length: number; firstChunk: number; chunkCount: number };

export class PageFile {
  readonly stream: number;
  readonly #file: StoreFile;
  readonly #pages: StoredPage[] = [];
  readonly #byFirstChunk = new Map<number, StoredPage>();
  #size = 0;

  private constructor(stream: number, file: StoreFile) {
    this.stream = stream;
    this.#file = file;
  }

  static async create(files: StoreFiles, folder: string, stream: number): Promise<PageFile> {
    return new PageFile(stream, await files.open(pagePath(folder, stream), 'create'));
  }

  /** Opens what is there and keeps the whole pages of it; `seen` gets each. */
  static async reopen(files: StoreFiles, folder: string, stream: number, seen: (page: Page) => void): Promise<PageFile> {
    const opened = new PageFile(stream, await files.open(pagePath(folder, stream), 'update'));
    for await (const { page, offset, length } of pagesIn(opened.#file, stream)) {
      if (page.firstChunk !== opened.chunks) break;
      opened.#remember({ offset, length, firstChunk: page.firstChunk, chunkCount: page.chunkCount });
      seen(page);
    }
    return opened;
  }

  get chunks(): number {
    const last = this.#pages.at(-1);
    return last === undefined ? 0 : last.firstChunk + last.chunkCount;
  }

  get sizeBytes(): number {
    return this.#size;
  }

  get pages(): readonly StoredPage[] {
    return this.#pages;
  }

  /** Appends the page, or finds that exactly this page is there already. Throws ProtocolError for one that does not follow. */
  async append(page: Page, bytes: Uint8Array): Promise<void> {
    if (page.firstChunk !== this.chunks) {
      const known = this.#byFirstChunk.get(page.firstChunk);
      if (known === undefined) throw new ProtocolError(16, `page starts at chunk ${page.firstChunk} of stream ${this.stream}, but chunk ${this.chunks} is next`);
      if (known.length !== bytes.length || !(await this.read(known)).equals(bytes)) throw new ProtocolError(16, `another page at chunk ${page.firstChunk} of stream ${this.stream} is there already`);
      return;
    }
    if (this.#pages.length >= MAX_PAGES) throw new ProtocolError(0, `a capture has at most ${MAX_PAGES} pages per stream`);
    await writeFully(this.#file, bytes, this.#size);
    this.#remember({ offset: this.#size, length: bytes.length, firstChunk: page.firstChunk, chunkCount: page.chunkCount });
  }

  async read(page: StoredPage): Promise<Buffer> {
    const bytes = Buffer.alloc(page.length);
    if ((await readFully(this.#file, bytes, page.offset)) < page.length) throw new ProtocolError(page.offset, 'page file is cut short');
    return bytes;
  }

  async *runs(): AsyncGenerator<{ firstChunk: number; run: Run }> {
    for (const stored of this.#pages) {
      const page = decodePage(await this.read(stored), blake3);
      let firstChunk = page.firstChunk;
      for (const run of page.runs) {
        yield { firstChunk, run };
        firstChunk += run.count;
      }
    }
  }

  readAt(target: Uint8Array, position: number): Promise<number> {
    return readFully(this.#file, target, position);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #remember(page: StoredPage): void {
    this.#pages.push(page);
    this.#byFirstChunk.set(page.firstChunk, page);
    this.#size = page.offset + page.length;
  }
}

export function pagePath(folder: string, stream: number): string {
  return join(folder, `${stream}.pages`);
}

/** Streams that have a page file. */
export async function streamsIn(files: StoreFiles, folder: string): Promise<number[]> {
  const streams: number[] = [];
  for (const name of await files.list(folder)) {
    const match = /^(\d{1,4})\.pages$/.exec(name);
    if (match !== null) streams.push(Number(match[1]));
  }
  return streams.sort((a, b) => a - b);
}

/** Every whole page of a capture, whether or not it is open; a torn end is passed over. */
export async function* capturePages(files: StoreFiles, folder: string): AsyncGenerator<Page> {
  for (const stream of await streamsIn(files, folder)) {
    const file = await files.open(pagePath(folder, stream), 'read');
    try {
      for await (const { page } of pagesIn(file, stream)) yield page;
    } finally {
      await file.close();
    }
  }
}

async function* pagesIn(file: StoreFile, stream: number): AsyncGenerator<{ page: Page; offset: number; length: number }> {
  const header = Buffer.alloc(PAGE_HEADER_BYTES);
  for (let offset = 0; ; ) {
    if ((await readFully(file, header, offset)) < PAGE_HEADER_BYTES) return;
    let page: Page;
    let length: number;
    try {
      length = pageLength(header);
      const bytes = Buffer.alloc(length);
      if ((await readFully(file, bytes, offset)) < length) return;
      page = decodePage(bytes, blake3);
    } catch (error) {
      if (error instanceof ProtocolError) return;
      throw error;
    }
    if (page.stream !== stream) return;
    yield { page, offset, length };
    offset += length;
  }
}
