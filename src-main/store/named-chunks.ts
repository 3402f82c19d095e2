// Owns walking the chunks a manifest names, each distinct one once, in slices that let other work in between.
import { HASH_BYTES } from '#shared/agent/frame.ts';
import type { HashSet } from './hash-set.ts';
import { breathe } from './serial.ts';
import type { ManifestReader } from './types.ts';

const SLICE = 2048;

/** Calls back with slices of hashes (32 bytes each, valid during the call only) until all were named; `seen` may be shared to skip across manifests. */
export async function eachNamedChunk(manifest: ManifestReader, seen: HashSet, visit: (hash: Uint8Array) => void | Promise<void>): Promise<void> {
  let work = 0;
  for (const { index } of manifest.head.graph.streams) {
    for await (const { run } of manifest.runs(index)) {
      const hashes = run.kind === 'data' ? run.hashes : run.kind === 'repeat' ? run.hash : null;
      if (hashes === null) continue;
      for (let at = 0; at < hashes.length; at += HASH_BYTES) {
        if (++work % SLICE === 0) await breathe();
        if (!seen.add(hashes, at)) continue;
        const waiting = visit(hashes.subarray(at, at + HASH_BYTES));
        if (waiting !== undefined) await waiting;
      }
    }
  }
}
