// Owns bringing a database up to this program's version: a backup of the file, then one transaction per migration that holds
// its version bump as well. A database newer than the program is refused, never touched.
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AppError } from '#shared/errors.ts';
import type { Database, DatabaseLog } from './database.ts';

export type Migration = { version: number; name: string; sql: string };

const KEPT_BACKUPS = 3;

export function migrate(db: Database, migrations: readonly Migration[], log: DatabaseLog): void {
  const newest = migrations.at(-1)?.version ?? 0;
  const current = db.version();
  if (current > newest) {
    throw new AppError('newer-database',
      `The database ${db.path} was written by a newer Platen (its version ${current}, this program knows ${newest}). Nothing was changed. Start the newer program, or restore the backup that lies beside the database.`,
      { path: db.path, found: current, known: newest });
  }
  const pending = migrations.filter((migration) => migration.version > current);
  if (pending.length === 0) return;
  if (current > 0) backUp(db, current);
  for (const migration of pending) {
    db.transaction(() => {
      db.script(migration.sql);
      db.setVersion(migration.version);
    });
    log('info', 'database migrated', { version: migration.version, name: migration.name });
  }
}

/** platen.db.before-0007: the file as it was before the migration; the newest few are kept. */
function backUp(db: Database, current: number): void {
  const folder = dirname(db.path);
  const prefix = `${basename(db.path)}.version-`;
  const target = join(folder, `${prefix}${String(current).padStart(4, '0')}`);
  const unfinished = `${target}.part`;
  rmSync(unfinished, { force: true });
  db.copyTo(unfinished);
  if (existsSync(target)) rmSync(target);
  renameSync(unfinished, target);
  const backups = readdirSync(folder).filter((name) => name.startsWith(prefix) && !name.endsWith('.part')).sort();
  for (const name of backups.slice(0, -KEPT_BACKUPS)) rmSync(join(folder, name));
}

/** The schema as text, in a stable order: what schema.sql holds. */
export function dumpSchema(db: Database): string {
  const rows = db.all<{ sql: string }>("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY tbl_name, type DESC, name");
  return `-- Generated from the migrations (version ${db.version()}); a test keeps it true. Do not edit.\n\n${rows.map((row) => `${row.sql};`).join('\n\n')}\n`;
}
