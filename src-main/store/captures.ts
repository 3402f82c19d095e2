// Owns the session an agent's capture goes through: its pages, what of them is lacking, and the manifest at the end. Leases are in
// leases.ts, frames in leased-session.ts. It trusts nothing from the network: every page is bounded and checked.
import { HASH_BYTES } from '#shared/agent/frame.ts';
import { manifestHeadSchema, type ManifestHead } from '#shared/agent/manifest.ts';
import { decodePage, hashesOf, type Page } from '#shared/agent/page.ts';
import { ProtocolError } from '#shared/errors.ts';
import { requireSpace } from './context.ts';
import { HashSet } from './hash-set.ts';
import { blake3 } from './hash.ts';
import { isArrived } from './index-db.ts';
import { LeasedSession } from './leased-session.ts';
import { MAX_STREAM, PageFile, pagePath, streamsIn } from './page-files.ts';
import { breathe } from './serial.ts';
import type { CaptureProgress, CaptureSession } from './types.ts';

const SLICE = 2048;

type Committed = Awaited<ReturnType<CaptureSession['commit']>>;

export class Capture extends LeasedSession implements CaptureSession {
  protected readonly what = 'capture';
  readonly #streams = new Map<number, PageFile>();
  /** What the agent was told is lacking, and may therefore send. */
  #wanted = new HashSet();
  #loaded = false;
  #committed: Committed | null = null;

  get id(): string {
    return this.leaseId;
  }

  addPage(bytes: Uint8Array): Promise<Uint8Array> {
    return this.work('writing a page', async () => {
      const page = decodePage(bytes, blake3);
      if (page.chunkCount === 0) throw new ProtocolError(24, 'page without chunks');
      if (page.stream > MAX_STREAM) throw new ProtocolError(12, 'stream number out of range');
      if (page.firstChunk + page.chunkCount > Number.MAX_SAFE_INTEGER) throw new ProtocolError(16, 'first chunk out of range');
      let stream = this.#streams.get(page.stream);
      if (stream === undefined) {
        if (page.firstChunk !== 0) throw new ProtocolError(16, `stream ${page.stream} starts at chunk 0`);
        stream = await PageFile.create(this.context.files, this.folder, page.stream);
        this.#streams.set(page.stream, stream);
      }
      await requireSpace(this.context, bytes.length);
      await stream.append(page, bytes);
      return this.#lacking(page);
    });
  }

  progress(): CaptureProgress {
    const lease = this.context.index.lease(this.leaseId);
    return {
      streams: [...this.#streams.values()].map((stream) => ({ index: stream.stream, chunks: stream.chunks })),
      newChunks: lease?.newChunks ?? 0,
      newBytes: lease?.newBytes ?? 0,
      storedBytes: lease?.storedBytes ?? 0,
    };
  }

  restart(): Promise<void> {
    return this.workAnew('starting a capture again', async () => {
      await this.closeFiles();
      this.#loaded = false;
      this.#wanted = new HashSet();
      this.#committed = null;
      for (const stream of await streamsIn(this.context.files, this.folder)) await this.context.files.unlink(pagePath(this.folder, stream));
      this.context.index.setLeaseManifest(this.leaseId, null);
      this.#loaded = true;
    });
  }

  commit(given: ManifestHead): Promise<Committed> {
    return this.work('writing the manifest', async () => {
      if (this.#committed !== null) return this.#committed;
      const { index, manifests, recent, clock } = this.context;
      const head = manifestHeadSchema.parse(given);
      await this.proveComplete(head, this.#streams);
      const sources = head.graph.streams.flatMap(({ index: number }) => this.#streams.get(number) ?? [])
        .map((stream) => ({ stream: stream.stream, sizeBytes: stream.sizeBytes, pages: stream.pages, read: (target: Uint8Array, at: number) => stream.readAt(target, at) }));
      await requireSpace(this.context, sources.reduce((sum, source) => sum + source.sizeBytes, 1024 * 1024));
      const manifest = await manifests.write(head, sources, (hash) => {
        recent.set(hash, clock());
        index.setLeaseManifest(this.leaseId, hash);
      });
      const { newChunks, newBytes, storedBytes } = this.progress();
      this.#committed = { manifest, newChunks, newBytes, storedBytes };
      return this.#committed;
    });
  }

  protected isAskedFor(hash: Uint8Array): boolean {
    return this.#wanted.has(hash);
  }

  protected committedManifest(): string | null {
    return this.#committed?.manifest ?? null;
  }

  /** After a restart of the server: pages that are whole are taken up again, and what they name may be sent. */
  protected async load(): Promise<void> {
    if (this.#loaded) return;
    await this.closeFiles();
    for (const stream of await streamsIn(this.context.files, this.folder)) {
      const file = await PageFile.reopen(this.context.files, this.folder, stream, (page) => {
        for (const hash of hashesOf(page)) if (!isArrived(this.context.index.get(hash), this.lease)) this.#wanted.add(hash);
      });
      this.#streams.set(stream, file);
    }
    this.#loaded = true;
  }

  protected async closeFiles(): Promise<void> {
    for (const stream of this.#streams.values()) await stream.close();
    this.#streams.clear();
  }

  async #lacking(page: Page): Promise<Uint8Array> {
    const { index } = this.context;
    const lists = page.runs.flatMap((run) => (run.kind === 'data' ? [run.hashes] : run.kind === 'repeat' ? [run.hash] : []));
    const answer = new Uint8Array(Math.ceil(lists.reduce((sum, list) => sum + list.length, 0) / HASH_BYTES / 8));
    let bit = 0;
    for (const list of lists) {
      for (let at = 0; at < list.length; at += HASH_BYTES, bit++) {
        if (bit % SLICE === SLICE - 1) await breathe();
        // Marked at the moment of answering: a sweep may have begun during the pause.
        this.context.marks?.add(list, at);
        if (isArrived(index.getAt(list, at), this.lease)) continue;
        this.#wanted.add(list, at);
        answer[bit >> 3] = (answer[bit >> 3] ?? 0) | (1 << (bit & 7));
      }
    }
    return answer;
  }
}
