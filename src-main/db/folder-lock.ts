// Owns the lock of a data folder: an SQLite exclusive lock, which the operating system drops when its process dies, so that it
// is never stale. Beside it lock.json says who holds it, for the message; it decides nothing.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { AppError } from '#shared/errors.ts';
import { z } from 'zod';

const holderSchema = z.object({ pid: z.number().int(), since: z.number(), url: z.string().nullable() });
export type LockHolder = z.infer<typeof holderSchema>;
export type FolderLock = { announce(url: string): void; release(): void };

/** Throws data-folder-in-use, naming the process that has it. lock.db must never be opened by anything else: closing any
 *  descriptor of it would drop the lock (POSIX). */
export function lockFolder(folder: string, now: number): FolderLock {
  const connection = new Sqlite(join(folder, 'lock.db'), { timeout: 0 });
  const notePath = join(folder, 'lock.json');
  try {
    connection.pragma('locking_mode = EXCLUSIVE');
    connection.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    connection.close();
    if (error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')) throw inUse(folder, readHolder(notePath));
    throw error;
  }
  const note = (url: string | null): void => writeFileSync(notePath, JSON.stringify({ pid: process.pid, since: now, url } satisfies LockHolder), { mode: 0o600 });
  note(null);
  return {
    announce: note,
    release: () => {
      rmSync(notePath, { force: true });
      connection.exec('ROLLBACK');
      connection.close();
    },
  };
}

function readHolder(path: string): LockHolder | null {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return null; // The other server is just starting or ending.
  }
}

function inUse(folder: string, holder: LockHolder | null): AppError {
  const who = holder === null
    ? 'another Platen server that is just starting or ending'
    : `another Platen server: process ${holder.pid}${holder.url === null ? '' : `, at ${holder.url}`}, since ${new Date(holder.since).toISOString()}`;
  return new AppError('data-folder-in-use',
    `The data folder ${folder} is in use by ${who}. Use that one, stop it first, or choose another folder with --data.`,
    { folder, ...(holder === null ? {} : { pid: holder.pid, url: holder.url, since: holder.since }) });
}
