// Owns the raw bytes of chunks that serve as bases of differences: one base serves many chunks, so the last used are kept, up to a bound.
import { HASH_BYTES } from '#shared/agent/frame.ts';
import { AppError } from '#shared/errors.ts';
import { blake3 } from '../store/hash.ts';
import type { Store } from '../store/types.ts';
import { rawOf } from './difference.ts';

/** An update of some thousand files is made from chunks all over the disk; with less room each is read and unpacked several times. */
const KEPT_BYTES = 128 * 1024 * 1024;

export class RawChunks {
  readonly #store: Pick<Store, 'readFrames'>;
  /** The least recently used first. */
  readonly #kept = new Map<string, Promise<Buffer | null>>();
  #bytes = 0;

  constructor(store: Pick<Store, 'readFrames'>) {
    this.#store = store;
  }

  /** Proved by its hash; null where it is not here, or damaged. */
  async of(hash: Uint8Array): Promise<Buffer | null> {
    const key = Buffer.from(hash).toString('latin1');
    const known = this.#kept.get(key);
    if (known !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return known;
    }
    const reading = this.#read(Uint8Array.from(hash));
    this.#kept.set(key, reading);
    try {
      const raw = await reading;
      if (raw === null) this.#kept.delete(key);
      else await this.#keep(raw.length);
      return raw;
    } catch (error) {
      this.#kept.delete(key);
      throw error;
    }
  }

  clear(): void {
    this.#kept.clear();
    this.#bytes = 0;
  }

  async #keep(more: number): Promise<void> {
    this.#bytes += more;
    while (this.#bytes > KEPT_BYTES && this.#kept.size > 1) {
      const [oldest] = this.#kept;
      if (oldest === undefined) return;
      this.#kept.delete(oldest[0]);
      this.#bytes -= (await oldest[1].catch(() => null))?.length ?? 0;
    }
  }

  async #read(hash: Uint8Array): Promise<Buffer | null> {
    try {
      for await (const frame of this.#store.readFrames(hash.subarray(0, HASH_BYTES))) return await rawOf(Uint8Array.from(frame), blake3);
      return null;
    } catch (error) {
      if (error instanceof AppError && (error.code === 'chunk-damaged' || error.code === 'chunk-missing')) return null;
      throw error;
    }
  }
}
