// Test support: an independent reader of a data folder that nobody serves any more: rows, manifests and every chunk, re-hashed from disk by
// its own reading, and what doctor has to say. Not part of the product.
import { join } from 'node:path';
import { Database } from '../../db/database.ts';
import { blake3 } from '../../store/hash.ts';
import { openStore } from '../../store/open.ts';
import type { Finding, Store } from '../../store/types.ts';
import { rawOf } from '../difference.ts';

export type CheckedVersion = { guid: string; imageGuid: string; imageName: string; state: string; removing: boolean; pending: boolean; manifest: string; /** Hashes as read back from disk and hashed here; the problem, where one can't be. */ content: string; problem: string | null };
export type CheckedFolder = {
  versions: CheckedVersion[];
  images: { guid: string; name: string; removing: boolean }[];
  /** What doctor found before the sweep; after it, also chunks that nothing names. */
  before: string[]; after: string[];
  manifests: string[];
};

const SWEEP_LIMIT = 3;
/** A manifest made within the hour is not swept. */
const AHEAD_MS = 7_200_000;

export async function checkFolder(dataFolder: string, clock: () => number): Promise<CheckedFolder> {
  const db = new Database(join(dataFolder, 'platen.db'), () => undefined);
  const rows = db.all<{ guid: string; imageGuid: string; imageName: string; state: string; removing: number; pending: number; manifest: string }>(
    `SELECT image_version.guid, image_guid AS imageGuid, image.name AS imageName, coalesce(copy.state, 'absent') AS state, image_version.removing_at IS NOT NULL AS removing, pending, manifest FROM image_version
      JOIN image ON image.guid = image_guid LEFT JOIN copy ON copy.version_guid = image_version.guid AND copy.server_id = (SELECT id FROM server WHERE is_self = 1)`);
  const images = db.all<{ guid: string; name: string; removing: number }>('SELECT guid, name, removing_at IS NOT NULL AS removing FROM image').map((row) => ({ ...row, removing: row.removing === 1 }));
  db.close();
  let aheadMs = 0;
  const store = await openStore({ folder: join(dataFolder, 'store'), clock: () => clock() + aheadMs, log: () => undefined, reserveBytes: 0, workers: 1 });
  try {
    const here = rows.filter((row) => row.removing === 0 && ['verifying', 'ready', 'damaged'].includes(row.state));
    const versions: CheckedVersion[] = [];
    for (const row of rows) {
      const read = here.includes(row) ? await contentIn(store, row.manifest) : { content: '', problem: null };
      versions.push({ ...row, removing: row.removing === 1, pending: row.pending === 1, ...read });
    }
    const live = here.map((row) => row.manifest);
    const findings = async (): Promise<string[]> => (await store.doctor({ repair: false, deep: true, live })).filter((finding) => !isOfNobody(finding)).map(({ kind, subject, message }) => `${kind} ${subject}: ${message}`);
    const before = await findings();
    // Who was cut off for good never comes back for these.
    for (const { id } of store.openCaptures()) await (await store.openCapture(id, 1000)).close();
    for (const { id, manifest } of store.openAdoptions()) await (await store.openAdoption(id, manifest === '' ? '0'.repeat(64) : manifest, 1000)).close();
    aheadMs = AHEAD_MS;
    // What a sweep left because something else held it goes with the next one.
    const after: string[] = [];
    try {
      for (let round = 0; round < SWEEP_LIMIT; round++) await store.sweep(live);
      const [{ chunks }, { distinctChunks }] = [await store.figures(), await store.measure(live)];
      if (chunks !== distinctChunks) after.push(`${chunks} chunks are in the store, ${distinctChunks} are named`);
    } catch (error) {
      after.push(`the store can't be swept: ${error instanceof Error ? error.message : String(error)}`);
    }
    after.push(...(await findings()));
    return { versions, images, before, after, manifests: await store.manifests() };
  } finally {
    await store.close();
  }
}

/** A flipped bit in a frame that is dead weight: only rewriting the pack takes it away, and nothing hangs on it. */
function isOfNobody({ kind, message }: Finding): boolean {
  return kind === 'damaged-chunk' && message.includes('that nothing needs any more');
}

async function contentIn(store: Store, manifest: string): Promise<{ content: string; problem: string | null }> {
  const hashes: string[] = [];
  try {
    const reader = await store.openManifest(manifest);
    try {
      if (!(await store.isSignedByTrusted(manifest))) return { content: '', problem: 'nobody who is trusted signed its manifest' };
      for (const { index } of reader.head.graph.streams) {
        for await (const { run } of reader.runs(index)) {
          if (run.kind !== 'data') continue;
          for await (const frame of store.readFrames(run.hashes)) hashes.push(Buffer.from(blake3(await rawOf(Uint8Array.from(frame), blake3))).toString('hex'));
        }
      }
    } finally {
      await reader.close();
    }
    return { content: hashes.join(' '), problem: null };
  } catch (error) {
    return { content: hashes.join(' '), problem: error instanceof Error ? error.message : String(error) };
  }
}
