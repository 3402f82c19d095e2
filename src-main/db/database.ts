// Owns the connection to platen.db: pragmas, cached statements, transactions, the log of slow queries. It knows no table.
import Sqlite from 'better-sqlite3';
import { dirname } from 'node:path';
import { AppError } from '#shared/errors.ts';

export type DatabaseLog = (level: 'info' | 'warn' | 'error', message: string, data?: Record<string, unknown>) => void;
export type Value = string | number | bigint | null | Uint8Array;
export type Values = Record<string, Value>;

const SLOW_QUERY_MS = 40;
/** At once: a few milliseconds. */
const BACKUP_PAGES = 256;

export class Database {
  readonly path: string;
  readonly #connection: Sqlite.Database;
  readonly #statements = new Map<string, Sqlite.Statement<unknown[], unknown>>();
  readonly #log: DatabaseLog;

  constructor(path: string, log: DatabaseLog) {
    this.path = path;
    this.#log = log;
    this.#connection = new Sqlite(path);
    try {
      this.#connection.pragma('journal_mode = WAL');
      this.#connection.pragma('synchronous = FULL');
      this.#connection.pragma('foreign_keys = ON');
      this.#connection.pragma('busy_timeout = 5000');
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  all<Row>(sql: string, values: Values = {}): Row[] {
    return this.#timed(sql, (statement) => statement.all(values) as Row[]);
  }
  get<Row>(sql: string, values: Values = {}): Row | undefined {
    return this.#timed(sql, (statement) => statement.get(values) as Row | undefined);
  }
  /** @returns the number of rows changed, by which a compare-and-set knows whether it won */
  run(sql: string, values: Values = {}): number {
    return this.#timed(sql, (statement) => statement.run(values).changes);
  }
  /** Several statements at once, for migrations. */
  script(sql: string): void {
    this.#connection.exec(sql);
  }
  /** Takes the write lock at the start, so that what was read inside is still true when it is written. Nests by savepoints. */
  transaction<T>(work: () => T): T {
    return this.#explained(() => this.#connection.transaction(work).immediate());
  }
  version(): number {
    return this.#connection.pragma('user_version', { simple: true }) as number;
  }
  setVersion(version: number): void {
    this.#connection.pragma(`user_version = ${Math.trunc(version)}`);
  }
  /** A consistent copy of the whole database as a new file. */
  copyTo(path: string): void {
    this.#connection.prepare('VACUUM INTO ?').run(path);
  }
  /** The same without stopping the server for it: page by page, and what is written meanwhile is in it. */
  async backUpTo(path: string): Promise<void> {
    await this.#connection.backup(path, { progress: () => BACKUP_PAGES });
  }
  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }

  /** A disk that is full or failing is nothing internal: it is said in words. A transaction that met it has left nothing behind. */
  #explained<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const code = error instanceof Sqlite.SqliteError ? error.code : '';
      const folder = dirname(this.path);
      if (code === 'SQLITE_FULL') {
        throw new AppError('disk-full', `The disk that holds ${folder} is full, so nothing of this was written. Make room there, then try again.`, { folder, errno: code }, error);
      }
      if (code.startsWith('SQLITE_IOERR')) {
        throw new AppError('io', `The disk that holds ${folder} refused a call (${code}), so nothing of this was written. Check the disk and the system's log, then try again.`, { folder, errno: code }, error);
      }
      throw error;
    }
  }

  #timed<T>(sql: string, work: (statement: Sqlite.Statement<unknown[], unknown>) => T): T {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    const started = performance.now();
    const prepared = statement;
    const result = this.#explained(() => work(prepared));
    const tookMs = performance.now() - started;
    if (tookMs > SLOW_QUERY_MS) this.#log('warn', 'slow query', { sql: sql.replace(/\s+/g, ' ').slice(0, 300), tookMs: Math.round(tookMs) });
    return result;
  }
}
