// Owns where each chunk of another store's packs lies: a table on disk, since millions would not fit in memory. It is thrown away afterwards.
import { rmSync } from 'node:fs';
import Sqlite from 'better-sqlite3';

/** pack: its number in the list that was indexed. */
export type ForeignPlace = { pack: number; offset: number; stored: number; raw: number };
type Entry = { hash: Uint8Array; offset: number; storedLength: number; rawLength: number };
type PlaceRow = [pack: number, offset: number, stored: number, raw: number];

/** One chunk may lie in several packs, of which some are damaged; no more are tried. */
const MAX_PLACES = 4;

export class ForeignIndex {
  readonly #path: string;
  readonly #db: Sqlite.Database;
  #frames = 0;
  readonly #insert: Sqlite.Statement;
  readonly #find: Sqlite.Statement;
  readonly #addAll: (pack: number, entries: readonly Entry[]) => void;

  constructor(path: string) {
    this.#path = path;
    rmSync(path, { force: true });
    this.#db = new Sqlite(path);
    this.#db.pragma('journal_mode = OFF');
    this.#db.pragma('synchronous = OFF');
    this.#db.exec('CREATE TABLE place (hash BLOB NOT NULL, pack INTEGER NOT NULL, offset INTEGER NOT NULL, stored INTEGER NOT NULL, raw INTEGER NOT NULL, PRIMARY KEY (hash, pack, offset)) STRICT, WITHOUT ROWID');
    this.#insert = this.#db.prepare('INSERT OR IGNORE INTO place VALUES (?, ?, ?, ?, ?)');
    this.#find = this.#db.prepare(`SELECT pack, offset, stored, raw FROM place WHERE hash = ? LIMIT ${MAX_PLACES}`).raw();
    this.#addAll = this.#db.transaction((pack: number, entries: readonly Entry[]) => {
      for (const { hash, offset, storedLength, rawLength } of entries) this.#insert.run(Buffer.from(hash), pack, offset, storedLength, rawLength);
    });
  }

  add(pack: number, entries: readonly Entry[]): void {
    this.#addAll(pack, entries);
    this.#frames += entries.length;
  }
  /** How many were found; a chunk that lies in two packs counts twice. */
  get frames(): number {
    return this.#frames;
  }
  places(hash: Uint8Array): ForeignPlace[] {
    return (this.#find.all(Buffer.from(hash)) as PlaceRow[]).map(([pack, offset, stored, raw]) => ({ pack, offset, stored, raw }));
  }
  close(): void {
    this.#db.close();
    rmSync(this.#path, { force: true });
  }
}
