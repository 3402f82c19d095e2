// Owns verifying one manifest: file and signature first, then its chunks, re-hashed from disk by the workers.
import { AppError, CancelledError } from '#shared/errors.ts';
import { noteDamage, type StoreContext } from './context.ts';
import { HashSet } from './hash-set.ts';
import { toHex } from './hash.ts';
import { ChunkState } from './index-db.ts';
import { eachNamedChunk } from './named-chunks.ts';
import { rehash, type Checked } from './rehash.ts';
import type { HashHex, ManifestReader, VerifyProgress, VerifyResult } from './types.ts';

const BATCH = 512;

export type VerifyRequest = { hash: HashHex; what: 'unverified' | 'all'; onProgress?: ((progress: VerifyProgress) => void) | undefined; signal?: AbortSignal | undefined };

export async function verifyManifest(context: StoreContext, request: VerifyRequest): Promise<VerifyResult> {
  const result: VerifyResult = { manifest: request.hash, checkedChunks: 0, damaged: [], missing: [], manifestIntact: false, signatureValid: false };
  try {
    const manifest = await context.manifests.open(request.hash);
    try {
      result.manifestIntact = (await context.manifests.hashOf(request.hash)) === request.hash;
      result.signatureValid = await context.manifests.isSigned(request.hash);
      await new Verification(context, manifest, request, result).run();
    } finally {
      await manifest.close();
    }
  } catch (error) {
    if (!isGone(error)) throw error;
    result.manifestIntact = false;
  }
  return result;
}

/** A manifest that is damaged or not there is what a check is to find out, and no failure of it. */
function isGone(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'image-damaged' || error.code === 'not-found');
}

class Verification {
  readonly #context: StoreContext;
  readonly #manifest: ManifestReader;
  readonly #request: VerifyRequest;
  readonly #result: VerifyResult;
  readonly #progress: VerifyProgress = { doneChunks: 0, totalChunks: 0, doneBytes: 0, totalBytes: 0 };
  #batch: Checked[] = [];

  constructor(context: StoreContext, manifest: ManifestReader, request: VerifyRequest, result: VerifyResult) {
    this.#context = context;
    this.#manifest = manifest;
    this.#request = request;
    this.#result = result;
  }

  async run(): Promise<void> {
    await this.#each((checked) => {
      this.#progress.totalChunks++;
      this.#progress.totalBytes += checked.row.raw;
    });
    this.#request.onProgress?.({ ...this.#progress });
    await this.#each((checked) => {
      this.#batch.push({ hash: checked.hash.slice(), row: checked.row });
      return this.#batch.length >= BATCH ? this.#flush() : undefined;
    }, (hash) => {
      this.#result.missing.push(toHex(hash));
      noteDamage(this.#context, hash, this.#context.index.get(hash));
    });
    await this.#flush();
  }

  async #each(visit: (checked: Checked) => void | Promise<void>, missing: (hash: Uint8Array) => void = () => undefined): Promise<void> {
    await eachNamedChunk(this.#manifest, new HashSet(), (hash) => {
      if (this.#request.signal?.aborted === true) throw new CancelledError('verifying was cancelled');
      const row = this.#context.index.get(hash);
      if (row === undefined || row.pack === 0) missing(hash);
      else if (this.#request.what === 'all' || row.state !== ChunkState.verified) return visit({ hash, row });
      return undefined;
    });
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    const { damaged } = await rehash(this.#context, batch);
    for (const hash of damaged) this.#result.damaged.push(toHex(hash));
    this.#result.checkedChunks += batch.length;
    this.#progress.doneChunks += batch.length;
    for (const { row } of batch) this.#progress.doneBytes += row.raw;
    this.#request.onProgress?.({ ...this.#progress });
  }
}
