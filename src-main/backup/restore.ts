// Owns making a data folder of a backup: into an empty folder, every place checked, everything synced, the database last and only once all of
// it was proved whole. What the restored server may believe is in settle.ts.
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '#shared/errors.ts';
import { backupAboutSchema, type BackupAbout } from '#shared/model/backup.ts';
import { Database } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { migrations } from '../db/migrations/list.ts';
import { syncFolder } from '../platform.ts';
import { readEntries, type Entry } from './entries.ts';
import { openBackupRepo } from './repo.ts';
import { broken } from './sealing.ts';
import { settleRestored } from './settle.ts';

const UNFINISHED = 'platen.db.restoring';
/** What makes a server what it is: without these it would be another one. */
const NEEDED = ['platen.db', 'tls/key.pem', 'tls/certificate.pem', 'store/key.pem'];
const MAX_ABOUT_BYTES = 256 * 1024 * 1024;

export type Restored = { about: BackupAbout; files: number; bytes: number; /** Versions that were on this server alone, where the backup holds no images. */ lost: BackupAbout['versions'] };

/** The first thing in a backup. */
export async function readAbout(content: AsyncIterable<Uint8Array>): Promise<BackupAbout> {
  for await (const entry of readEntries(content)) return await aboutIn(entry);
  throw broken('it is empty');
}

/** @param content unsealed */
export async function restoreBackup(content: AsyncIterable<Uint8Array>, { dataFolder, now, onProgress }: { dataFolder: string; now: number; onProgress: (bytes: number) => void }): Promise<Restored> {
  await requireEmpty(dataFolder);
  const seen = new Set<string>();
  let about: BackupAbout | null = null;
  let bytes = 0;
  let began = false;
  try {
    for await (const entry of readEntries(content)) {
      if (about === null) {
        about = await aboutIn(entry);
        requireKnown(about);
        await mkdir(dataFolder, { recursive: true, mode: 0o700 });
        continue;
      }
      began = true;
      await write(entry, join(dataFolder, entry.path === 'platen.db' ? UNFINISHED : entry.path), (length) => onProgress(bytes += length));
      seen.add(entry.path);
    }
    const missing = NEEDED.filter((place) => !seen.has(place));
    if (about === null || missing.length > 0) throw broken(`it lacks ${missing.join(', ')}`);
    settle(join(dataFolder, UNFINISHED), about, now);
    // The last step: without its database the folder is no server's.
    await rename(join(dataFolder, UNFINISHED), join(dataFolder, 'platen.db'));
    syncFolder(dataFolder);
    syncFolder(dirname(dataFolder));
    return { about, files: seen.size, bytes, lost: about.images ? [] : about.versions.filter((version) => version.here && version.readyAt.length <= 1) };
  } catch (error) {
    if (began) await clear(dataFolder);
    throw error;
  }
}

async function requireEmpty(dataFolder: string): Promise<void> {
  const found = await readdir(dataFolder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new AppError('io', `The folder ${dataFolder} can't be read: ${error instanceof Error ? error.message : String(error)}.`, { folder: dataFolder }, error);
  });
  // A disk that is mounted there has this folder of its own.
  if (found.some((name) => name !== 'lost+found')) throw new AppError('conflict', `The folder ${dataFolder} is not empty, and a backup is restored into an empty one only. Nothing was changed. Name another one with --data DIR.`, { folder: dataFolder });
}

function requireKnown({ databaseVersion, version }: BackupAbout): void {
  const newest = migrations.at(-1)?.version ?? 0;
  if (databaseVersion <= newest) return;
  throw new AppError('newer-database', `This backup is of a newer Platen (${version}, its database version ${databaseVersion}; this program knows ${newest}). Nothing was written. Install that version or a newer one here.`, { found: databaseVersion, known: newest });
}

async function aboutIn(entry: Entry): Promise<BackupAbout> {
  if (entry.path !== 'backup.json' || entry.size > MAX_ABOUT_BYTES) throw broken('it does not begin with what it says of itself');
  const pieces: Uint8Array[] = [];
  for await (const piece of entry.content) pieces.push(piece);
  try {
    return backupAboutSchema.parse(JSON.parse(Buffer.concat(pieces).toString('utf8')));
  } catch {
    throw broken('what it says of itself is not understood');
  }
}

async function write({ path, content }: Entry, to: string, onBytes: (bytes: number) => void): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const counted = async function* counting(): AsyncGenerator<Uint8Array> {
    for await (const piece of content) {
      onBytes(piece.length);
      yield piece;
    }
  };
  try {
    await pipeline(Readable.from(counted(), { objectMode: false }), createWriteStream(to, { flags: 'wx', mode: /key\.pem$|\.db$|restoring$/.test(to) ? 0o600 : 0o644, flush: true }));
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('io', `${path} of the backup can't be written to ${to}: ${error instanceof Error ? error.message : String(error)}.`, { path: to }, error);
  }
  syncFolder(dirname(to));
}

/** In the copy of the database, before it has its name: a crash leaves a folder that is no server's. */
function settle(path: string, about: BackupAbout, now: number): void {
  const db = new Database(path, () => undefined);
  try {
    if (db.version() !== about.databaseVersion) throw broken('its database is of another version than it says');
    migrate(db, migrations, () => undefined);
    settleRestored(openBackupRepo(db), about, now);
  } finally {
    db.close();
  }
}

/** Of a restore that failed nothing stays that a server could take for its own. */
async function clear(dataFolder: string): Promise<void> {
  for (const name of await readdir(dataFolder).catch(() => [])) {
    if (/^(platen\.db.*|tls|store|signed-loaders)$/.test(name)) await rm(join(dataFolder, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
