import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from './database.ts';
import { lockFolder } from './folder-lock.ts';
import { dumpSchema, migrate } from './migrate.ts';
import { migrations } from './migrations/list.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'platen-db-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const log = (): void => undefined;
const open = () => new Database(join(folder, 'platen.db'), log);

describe('the database', () => {
  it('has the schema that schema.sql shows', () => {
    const db = open();
    migrate(db, migrations, log);
    const path = join(import.meta.dirname, 'schema.sql');
    const dump = dumpSchema(db);
    db.close();
    if (process.env['PLATEN_WRITE_SCHEMA'] === '1') writeFileSync(path, dump);
    expect(readFileSync(path, 'utf8')).toBe(dump);
  });

  it('is numbered without gaps, in order', () => {
    expect(migrations.map((migration) => migration.version)).toEqual(migrations.map((_, i) => i + 1));
  });

  it('is backed up as it was before a migration changes it', () => {
    const db = open();
    migrate(db, migrations, log);
    db.run("INSERT INTO setting (key, value) VALUES ('a', '1')");
    migrate(db, [...migrations, { version: migrations.length + 1, name: 'drops', sql: 'DROP TABLE setting' }], log);
    expect(db.version()).toBe(migrations.length + 1);
    db.close();
    const backups = readdirSync(folder).filter((name) => name.includes('.version-'));
    expect(backups).toEqual([`platen.db.version-${String(migrations.length).padStart(4, '0')}`]);
    const old = new Database(join(folder, backups[0] ?? ''), log);
    expect([old.version(), old.all('SELECT * FROM setting')]).toEqual([migrations.length, [{ key: 'a', value: '1' }]]);
    old.close();
  });

  it('has its images measured when it comes from a version that did not keep their size', () => {
    const db = open();
    migrate(db, migrations.slice(0, 1), log);
    db.run("INSERT INTO image (guid, name, created_at) VALUES ('g', 'Lab', 1)");
    migrate(db, migrations, log);
    expect(db.all('SELECT name, stored_bytes, stored_bytes_stale FROM image')).toEqual([{ name: 'Lab', stored_bytes: 0, stored_bytes_stale: 1 }]);
    db.close();
  });

  it('stays exactly as it was when a migration fails half way', () => {
    const db = open();
    migrate(db, migrations, log);
    const before = dumpSchema(db);
    expect(() => migrate(db, [...migrations, { version: migrations.length + 1, name: 'bad', sql: 'DROP TABLE setting; CREATE TABLE nonsense (' }], log)).toThrow();
    expect([db.version(), dumpSchema(db)]).toEqual([migrations.length, before]);
    db.close();
  });

  it('is refused, and not touched, when a newer program wrote it', () => {
    const db = open();
    migrate(db, migrations, log);
    db.setVersion(99);
    expect(() => migrate(db, migrations, log)).toThrow(expect.objectContaining({ code: 'newer-database', data: expect.objectContaining({ found: 99 }) as unknown }) as Error);
    expect(db.version()).toBe(99);
    db.close();
  });

  it('reports slow queries', () => {
    const said: string[] = [];
    const db = new Database(join(folder, 'slow.db'), (_, message) => said.push(message));
    db.get('WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 2000000) SELECT max(n) FROM count');
    db.close();
    expect(said).toEqual(['slow query']);
  });
});

describe('the lock of a data folder', () => {
  it('refuses a second holder, naming the first, and is free again after release', () => {
    const first = lockFolder(folder, 1_700_000_000_000);
    first.announce('http://127.0.0.1:1234');
    expect(() => lockFolder(folder, 2)).toThrow(expect.objectContaining({ code: 'data-folder-in-use', data: { folder, pid: process.pid, url: 'http://127.0.0.1:1234', since: 1_700_000_000_000 } }) as Error);
    first.release();
    lockFolder(folder, 3).release();
  });

  it('is taken over from a process that was killed', async () => {
    const program = `import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, 'folder-lock.ts'))}; lockFolder(process.argv[1], 1); console.log('locked'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    expect(() => lockFolder(folder, 2)).toThrow(expect.objectContaining({ code: 'data-folder-in-use', data: expect.objectContaining({ pid: child.pid }) as unknown }) as Error);
    child.kill('SIGKILL');
    await once(child, 'exit');
    lockFolder(folder, 3).release();
  });
});
