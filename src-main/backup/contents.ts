// Owns which files a backup holds, in their order: what it says of itself, the database as it was at one moment, keys, then (where wanted)
// manifests and packs. It reads; a pack that grows meanwhile is taken as far as it went when it was looked at.
import { createReadStream } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackupAbout } from '#shared/model/backup.ts';
import { isPlace, type Entry } from './entries.ts';

const PIECE_BYTES = 256 * 1024;

export type Contents = { dataFolder: string; about: BackupAbout; /** The copy of the database. */ database: string; signal: AbortSignal };

export async function* contentsOf({ dataFolder, about, database, signal }: Contents): AsyncGenerator<Entry> {
  const text = Buffer.from(`${JSON.stringify(about)}\n`);
  yield { path: 'backup.json', size: text.length, content: once(text) };
  yield await fileAt(database, 'platen.db', signal);
  for (const place of ['tls/key.pem', 'tls/certificate.pem', 'store/key.pem']) yield await fileAt(join(dataFolder, place), place, signal);
  yield* folderOf(dataFolder, ['store/keys', 'signed-loaders'], signal);
  if (!about.images) return;
  // Manifests first: one that is made after its packs were read would name chunks that are not in here.
  yield* folderOf(dataFolder, await below(dataFolder, 'store/manifests'), signal);
  yield* folderOf(dataFolder, ['store/packs'], signal);
}

/** About how many bytes that is. */
export async function bytesOf(dataFolder: string, images: boolean, databaseBytes: number): Promise<number> {
  let bytes = databaseBytes;
  if (!images) return bytes;
  for (const folder of [...(await below(dataFolder, 'store/manifests')), 'store/packs']) {
    for (const name of await names(join(dataFolder, folder))) bytes += (await lstat(join(dataFolder, folder, name)).catch(() => null))?.size ?? 0;
  }
  return bytes;
}

async function* folderOf(dataFolder: string, folders: readonly string[], signal: AbortSignal): AsyncGenerator<Entry> {
  for (const folder of folders) {
    for (const name of await names(join(dataFolder, folder))) {
      const place = `${folder}/${name}`;
      if (!isPlace(place)) continue;
      const entry = await fileAt(join(dataFolder, place), place, signal).catch((error: unknown) => {
        // Deleted since it was listed: what it belonged to is deleted as well.
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
        throw error;
      });
      if (entry !== null) yield entry;
    }
  }
}

/** Opened now, so that it is read to its end even where it is deleted meanwhile; no further than it is long now. */
async function fileAt(path: string, place: string, signal: AbortSignal): Promise<Entry> {
  const handle = await open(path, 'r');
  const { size } = await handle.stat();
  const content = size === 0 ? once(Buffer.alloc(0)) : createReadStream(path, { fd: handle, start: 0, end: size - 1, highWaterMark: PIECE_BYTES, signal });
  if (size === 0) await handle.close();
  return { path: place, size, content };
}

async function below(dataFolder: string, folder: string): Promise<string[]> {
  return (await names(join(dataFolder, folder))).filter((name) => /^[0-9a-f]{2}$/.test(name)).map((name) => `${folder}/${name}`);
}

async function names(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
