// Owns reading what an unfinished capture or adoption names, from its folder: its page files, or the manifest that came for it.
import { join } from 'node:path';
import { HASH_BYTES } from '#shared/agent/frame.ts';
import { AppError } from '#shared/errors.ts';
import type { StoreFiles } from './files.ts';
import { openManifestFile } from './manifest-reader.ts';
import { capturePages } from './page-files.ts';

/** The manifest on its way, in the folder of its adoption. */
export const ADOPTED_MANIFEST = 'manifest.part';

/** Hashes, n × 32 bytes a time. What is torn or not whole yet is passed over: nothing that it names has been promised to anybody. */
export async function* leasedHashes(files: StoreFiles, folder: string): AsyncGenerator<Uint8Array> {
  for await (const { runs } of capturePages(files, folder)) {
    for (const run of runs) {
      if (run.kind === 'data') yield run.hashes;
      else if (run.kind === 'repeat') yield run.hash;
    }
  }
  const path = join(folder, ADOPTED_MANIFEST);
  if ((await files.sizeOf(path)) === null) return;
  try {
    const manifest = await openManifestFile(files, '', path);
    try {
      for (const { index } of manifest.head.graph.streams) {
        for await (const { run } of manifest.runs(index)) {
          if (run.kind === 'data') yield run.hashes;
          else if (run.kind === 'repeat') yield run.hash;
        }
      }
    } finally {
      await manifest.close();
    }
  } catch (error) {
    // It got its name in the store meanwhile (and is read there), or is not whole.
    if (!(error instanceof AppError) || (error.code !== 'image-damaged' && error.code !== 'not-found')) throw error;
  }
}

export function* eachHash(hashes: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < hashes.length; at += HASH_BYTES) yield hashes.subarray(at, at + HASH_BYTES);
}
