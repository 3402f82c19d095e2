// Owns what may be read of a folder that somebody else filled: packs, manifests and signatures of another store, by their names alone. Only
// plain files, only below the folder; a link is never followed, wherever it leads.
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#shared/errors.ts';
import type { HashHex } from './types.ts';

export type ForeignFiles = { packs: string[]; manifests: Map<HashHex, { path: string; sizeBytes: number }>; signatures: Map<HashHex, string[]> };

/** A folder may be a store, a data folder with one, or hold the files as they were picked up. */
const ROOTS = ['', 'store'];
const MAX_FILES = 200_000;
/** Each is told of. */
const MAX_MANIFESTS = 50_000;
const MAX_SIGNATURES = 20;
/** The largest pack, with its index (pack.md). */
const MAX_PACK_BYTES = 600 * 1024 * 1024;

export async function listForeign(folder: string, ownFolder: string): Promise<ForeignFiles> {
  const root = await realpath(folder).catch((error: unknown) => {
    throw new AppError('not-found', `The folder ${folder} can't be read on the server's machine: ${error instanceof Error ? error.message : String(error)}.`, { folder }, error);
  });
  const own = await realpath(ownFolder);
  if (root === own || `${root}/`.startsWith(`${own}/`) || join(root, 'store') === own) throw new AppError('conflict', `${folder} is this server's own store. Name the folder of another one.`, { folder });
  const found: ForeignFiles = { packs: [], manifests: new Map(), signatures: new Map() };
  let count = 0;
  const look = async (at: string): Promise<string[]> => {
    const folders: string[] = [];
    for (const entry of await entriesOf(at)) {
      if (++count > MAX_FILES) throw new AppError('invalid-input', `${folder} holds more than ${MAX_FILES} files. Name the folder of the store itself.`, { folder });
      if (entry.isDirectory()) folders.push(entry.name);
      else if (entry.isFile()) await note(found, at, entry.name);
    }
    return folders;
  };
  for (const sub of ROOTS) {
    const base = sub === '' ? root : join(root, sub);
    if (!(await isFolder(base))) continue;
    const folders = await look(base);
    if (folders.includes('packs')) await look(join(base, 'packs'));
    if (!folders.includes('manifests')) continue;
    for (const shard of await look(join(base, 'manifests'))) if (/^[0-9a-f]{2}$/.test(shard)) await look(join(base, 'manifests', shard));
  }
  if (found.manifests.size > MAX_MANIFESTS) throw new AppError('invalid-input', `${folder} holds ${found.manifests.size} versions, and at most ${MAX_MANIFESTS} are taken in at once. Put some of its manifests into another folder, with the packs, and import one after the other.`, { folder });
  if (found.packs.length === 0 && found.manifests.size === 0) throw new AppError('not-found', `${folder} holds no packs and no manifests of a Platen store. Name the folder that has packs/ and manifests/ in it.`, { folder });
  return found;
}

async function note(found: ForeignFiles, folder: string, name: string): Promise<void> {
  const path = join(folder, name);
  if (/^[0-9a-f]{16}\.(pack|open)$/.test(name)) {
    if ((await lstat(path)).size <= MAX_PACK_BYTES) found.packs.push(path);
    return;
  }
  const [, manifest] = /^([0-9a-f]{64})\.plm$/.exec(name) ?? [];
  if (manifest !== undefined) found.manifests.set(manifest, { path, sizeBytes: (await lstat(path)).size });
  const [, signed] = /^([0-9a-f]{64})\.[0-9a-f]{16}\.sig$/.exec(name) ?? [];
  if (signed === undefined) return;
  const known = found.signatures.get(signed) ?? [];
  if (known.length < MAX_SIGNATURES) found.signatures.set(signed, [...known, path]);
}

async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isDirectory() === true;
}

async function entriesOf(folder: string) {
  return (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
}
