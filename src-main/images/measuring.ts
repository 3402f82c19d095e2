// Owns what each image takes in the store: the sum over the chunks its versions name, shared ones once. Measured in the background,
// one image at a time, after a version came or went; the mark for that is in the row, so a restart goes on.
import { CancelledError, toAppError } from '#shared/errors.ts';
import type { Store } from '../store/types.ts';
import type { Events } from '../events/service.ts';
import type { Log } from '../log/service.ts';
import type { ImageRepo } from './repo.ts';
import { isHere } from './verifying.ts';

export type MeasuringParts = { repo: ImageRepo; store: Store; events: Events; log: Log };

export class Measuring {
  readonly #parts: MeasuringParts;
  readonly #stop = new AbortController();
  #working: Promise<void> | null = null;
  /** Also while it works: what was asked for then may have come too late for this round. */
  #asked = false;

  constructor(parts: MeasuringParts) {
    this.#parts = parts;
  }

  /** Measures every image whose row says so. */
  soon(): void {
    this.#asked = true;
    if (this.#working !== null || this.#stop.signal.aborted) return;
    this.#working = this.#work().catch((error: unknown) => {
      if (!(error instanceof CancelledError)) this.#parts.log.error('measuring the images failed; it is tried again at the next change', { error: toAppError(error) });
    }).finally(() => {
      this.#working = null;
      if (this.#asked) this.soon();
    });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    const { repo, store, events, log } = this.#parts;
    this.#asked = false;
    const failed = new Set<string>();
    for (;;) {
      const image = repo.imagesToMeasure().find((guid) => !failed.has(guid));
      if (image === undefined) return;
      const here = (): string[] => repo.versions(image).filter(isHere).map((version) => version.manifest);
      const manifests = here();
      try {
        const { storedBytes } = await store.measure(manifests, this.#stop.signal);
        // A version that came or went meanwhile has it measured once more.
        if (here().join() !== manifests.join()) continue;
        // Of versions on other servers alone it is known what each brought, and not what they share.
        const elsewhere = repo.versions(image).filter((version) => !isHere(version)).reduce((sum, version) => sum + version.stored_bytes, 0);
        repo.setStoredBytes(image, storedBytes + elsewhere);
        events.changed('image', image);
      } catch (error) {
        if (error instanceof CancelledError) throw error;
        failed.add(image);
        log.warn('what an image takes in the store could not be measured', { image, error: toAppError(error) });
      }
    }
  }
}
