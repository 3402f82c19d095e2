// Owns the index database: where each chunk lies, which packs and leases there are, running totals. All SQL of the store is here.
// It holds nothing that cannot be rebuilt: packs are the truth for chunks, captures/ for leases. Hence synchronous NORMAL for the
// ingest's transactions (a lost one is read again from the unsynced tail of a pack), and FULL where a file is removed afterwards.
import Database from 'better-sqlite3';
import { FRAME_HEADER_BYTES, HASH_BYTES } from '#shared/agent/frame.ts';
import { AppError } from '#shared/errors.ts';
import { asBuffer } from './hash.ts';

export const ChunkState = { unverified: 0, verified: 1, damaged: 2 } as const;
export const PackState = { open: 0, sealed: 1, dropping: 2 } as const;
/** pack 0 = the chunk's frame is gone. lease = number of the lease it arrived under, 0 for none. */
export type ChunkRow = { pack: number; offset: number; stored: number; raw: number; state: number; lease: number };
export type Placement = { hash: Uint8Array; offset: number; stored: number; raw: number };
export type PackRow = { id: number; state: number; size: number; synced: number };
export type LeaseRow = { number: number; id: string; expiresAt: number; manifest: string | null; newChunks: number; newBytes: number; storedBytes: number };
export type Totals = { chunks: number; raw: number; stored: number; unverified: number };

/** A chunk counts as arrived for a lease when it was re-hashed from disk, or when it came under that very lease. */
export function isArrived(row: ChunkRow | undefined, lease: number): boolean {
  if (row === undefined || row.pack === 0) return false;
  return row.state === ChunkState.verified || (row.state === ChunkState.unverified && row.lease === lease);
}

const VERSION = 1;
const schema = `
CREATE TABLE chunks(hash BLOB NOT NULL PRIMARY KEY, pack INTEGER NOT NULL, offset INTEGER NOT NULL, stored INTEGER NOT NULL, raw INTEGER NOT NULL,
  state INTEGER NOT NULL, lease INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE packs(id INTEGER PRIMARY KEY, state INTEGER NOT NULL, size INTEGER NOT NULL, synced INTEGER NOT NULL) STRICT;
CREATE TABLE leases(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, expires INTEGER NOT NULL, manifest TEXT,
  new_chunks INTEGER NOT NULL DEFAULT 0, new_bytes INTEGER NOT NULL DEFAULT 0, stored_bytes INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE totals(one INTEGER PRIMARY KEY CHECK (one = 1), chunks INTEGER NOT NULL, raw INTEGER NOT NULL, stored INTEGER NOT NULL, unverified INTEGER NOT NULL,
  next_pack INTEGER NOT NULL, complete INTEGER NOT NULL) STRICT;
INSERT INTO totals VALUES(1, 0, 0, 0, 0, 1, 0);
CREATE INDEX damaged ON chunks(state) WHERE state = 2;
`;

type RawChunk = [pack: number, offset: number, stored: number, raw: number, state: number, lease: number];
type RawSlice = [hash: Buffer, ...RawChunk];

export class IndexDatabase {
  readonly #db: Database.Database;
  readonly #get: Database.Statement<[Buffer], RawChunk>;
  readonly #put: Database.Statement<unknown[]>;
  readonly #saveTotals: Database.Statement<unknown[]>;
  readonly #statements = new Map<string, Database.Statement<unknown[]>>();
  readonly #key = Buffer.alloc(HASH_BYTES);
  #totals: Totals;

  constructor(path: string) {
    this.#db = openDatabase(path);
    this.#get = this.#db.prepare<[Buffer], RawChunk>('SELECT pack, offset, stored, raw, state, lease FROM chunks WHERE hash = ?').raw();
    this.#put = this.#db.prepare(`INSERT INTO chunks VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(hash) DO UPDATE
      SET pack = excluded.pack, offset = excluded.offset, stored = excluded.stored, raw = excluded.raw, state = excluded.state, lease = excluded.lease`);
    this.#saveTotals = this.#db.prepare('UPDATE totals SET chunks = ?, raw = ?, stored = ?, unverified = ?');
    this.#totals = this.#readTotals();
  }

  get totals(): Totals {
    return { ...this.#totals };
  }

  /** False until a first open or a rebuild has read all packs into it. */
  get complete(): boolean {
    return this.#one<{ complete: number }>('SELECT complete FROM totals')?.complete === 1;
  }

  setComplete(complete: boolean): void {
    this.#run('UPDATE totals SET complete = ?', complete ? 1 : 0);
  }

  get(hash: Uint8Array): ChunkRow | undefined {
    return this.getAt(hash, 0);
  }

  /** The row of the hash at `offset`: without making a view for it, as millions are asked for. */
  getAt(bytes: Uint8Array, offset: number): ChunkRow | undefined {
    for (let i = 0; i < HASH_BYTES; i++) this.#key[i] = bytes[offset + i] ?? 0;
    const row = this.#get.get(this.#key);
    return row === undefined ? undefined : { pack: row[0], offset: row[1], stored: row[2], raw: row[3], state: row[4], lease: row[5] };
  }

  /** New places for chunks, replacing what was known of them. With a lease: counted as what that capture brought. */
  place(pack: number, placements: readonly Placement[], options: { lease?: number; state?: number; packSize?: number }): void {
    const state = options.state ?? ChunkState.unverified;
    this.#transaction(() => {
      let rawBytes = 0;
      let storedBytes = 0;
      for (const chunk of placements) {
        this.#forget(chunk.hash);
        this.#put.run(asBuffer(chunk.hash), pack, chunk.offset, chunk.stored, chunk.raw, state, options.lease ?? 0);
        this.#count({ raw: chunk.raw, stored: chunk.stored, state }, 1);
        rawBytes += chunk.raw;
        storedBytes += chunk.stored + FRAME_HEADER_BYTES;
      }
      if (options.packSize !== undefined) this.#run('UPDATE packs SET size = ? WHERE id = ?', options.packSize, pack);
      if (options.lease !== undefined) {
        this.#run('UPDATE leases SET new_chunks = new_chunks + ?, new_bytes = new_bytes + ?, stored_bytes = stored_bytes + ? WHERE number = ?',
          placements.length, rawBytes, storedBytes, options.lease);
      }
    });
  }

  /** Moves chunks from one place to another where they are still at the first; their state stays. */
  move(from: number, to: number, moves: readonly { hash: Uint8Array; from: number; to: number }[]): void {
    this.#transaction(() => {
      for (const { hash, from: fromOffset, to: toOffset } of moves) {
        this.#run('UPDATE chunks SET pack = ?, offset = ? WHERE hash = ? AND pack = ? AND offset = ?', to, toOffset, asBuffer(hash), from, fromOffset);
      }
    });
  }

  /** Sets the state of chunks that are still where they were looked at. */
  setStates(changes: readonly { hash: Uint8Array; pack: number; offset: number; state: number }[], durable = false): void {
    this.#transaction(() => {
      for (const { hash, pack, offset, state } of changes) {
        const row = this.get(hash);
        if (row === undefined || row.pack !== pack || row.offset !== offset || row.state === state) continue;
        this.#count(row, -1);
        this.#run('UPDATE chunks SET state = ? WHERE hash = ?', state, asBuffer(hash));
        this.#count({ ...row, state }, 1);
      }
    }, durable);
  }

  /** The frame is gone: the chunk stays known as damaged, at no place. Nothing where it is at another place by now. */
  markGone(hash: Uint8Array, from: { pack: number; offset: number }): void {
    this.#transaction(() => {
      const row = this.get(hash);
      if (row === undefined || row.pack !== from.pack || row.offset !== from.offset) return;
      this.#count(row, -1);
      this.#run('UPDATE chunks SET pack = 0, offset = 0, state = ? WHERE hash = ?', ChunkState.damaged, asBuffer(hash));
      this.#count({ ...row, state: ChunkState.damaged }, 1);
    });
  }

  setLease(hashes: readonly Uint8Array[], lease: number): void {
    this.#transaction(() => {
      for (const hash of hashes) this.#run('UPDATE chunks SET lease = ? WHERE hash = ? AND state = 0', lease, asBuffer(hash));
    });
  }

  /** Removes chunks that are still at that place. */
  remove(chunks: readonly { hash: Uint8Array; pack: number; offset: number }[]): void {
    this.#transaction(() => {
      for (const { hash, pack, offset } of chunks) {
        const row = this.get(hash);
        if (row !== undefined && row.pack === pack && row.offset === offset) this.#forget(hash);
      }
    });
  }

  /** Chunks in the order of their hashes, a slice at a time, from behind `after`. */
  slice(after: Uint8Array, limit: number): { hash: Buffer; row: ChunkRow }[] {
    const rows = this.#prepare('SELECT hash, pack, offset, stored, raw, state, lease FROM chunks WHERE hash > ? ORDER BY hash LIMIT ?').raw()
      .all(asBuffer(after), limit) as RawSlice[];
    return rows.map((row) => ({ hash: row[0], row: { pack: row[1], offset: row[2], stored: row[3], raw: row[4], state: row[5], lease: row[6] } }));
  }

  damaged(): Buffer[] {
    return this.#prepare('SELECT hash FROM chunks WHERE state = 2').raw().all().map((row) => (row as [Buffer])[0]);
  }

  packs(): PackRow[] {
    return this.#prepare('SELECT id, state, size, synced FROM packs ORDER BY id').all() as PackRow[];
  }

  /** Number for a new pack; never given twice, and never below `atLeast`. */
  nextPack(atLeast: number): number {
    return this.#transaction(() => {
      const next = Math.max(atLeast, this.#one<{ next: number }>('SELECT next_pack AS next FROM totals')?.next ?? 1);
      this.#run('UPDATE totals SET next_pack = ?', next + 1);
      return next;
    });
  }

  savePack(pack: PackRow, durable = false): void {
    this.#transaction(() => {
      this.#run('INSERT INTO packs VALUES(?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET state = excluded.state, size = excluded.size, synced = excluded.synced',
        pack.id, pack.state, pack.size, pack.synced);
    }, durable);
  }

  removePack(id: number): void {
    this.#run('DELETE FROM packs WHERE id = ?', id);
  }

  leases(): LeaseRow[] {
    return this.#prepare(`SELECT number, id, expires AS expiresAt, manifest, new_chunks AS newChunks, new_bytes AS newBytes, stored_bytes AS storedBytes
      FROM leases ORDER BY number`).all() as LeaseRow[];
  }

  lease(id: string): LeaseRow | undefined {
    return this.leases().find((lease) => lease.id === id);
  }

  /** @param manifest the one it is about from its beginning; null leaves what is there */
  saveLease(id: string, expiresAt: number, manifest: string | null = null): void {
    this.#transaction(() => {
      this.#run('INSERT INTO leases(id, expires, manifest) VALUES(?, ?, ?) ON CONFLICT(id) DO UPDATE SET expires = excluded.expires, manifest = coalesce(excluded.manifest, manifest)', id, expiresAt, manifest);
    }, true);
  }

  renewLease(id: string, expiresAt: number): boolean {
    return this.#run('UPDATE leases SET expires = ? WHERE id = ?', expiresAt, id) === 1;
  }

  setLeaseManifest(id: string, manifest: string | null): void {
    this.#transaction(() => this.#run('UPDATE leases SET manifest = ? WHERE id = ?', manifest, id), true);
  }

  removeLease(id: string): void {
    this.#run('DELETE FROM leases WHERE id = ?', id);
  }

  close(): void {
    this.#db.close();
  }

  #forget(hash: Uint8Array): void {
    const row = this.get(hash);
    if (row === undefined) return;
    this.#run('DELETE FROM chunks WHERE hash = ?', asBuffer(hash));
    this.#count(row, -1);
  }

  #count(row: { raw: number; stored: number; state: number }, sign: 1 | -1): void {
    this.#totals.chunks += sign;
    this.#totals.raw += sign * row.raw;
    this.#totals.stored += sign * (row.stored + FRAME_HEADER_BYTES);
    if (row.state === ChunkState.unverified) this.#totals.unverified += sign;
  }

  /** durable: on disk when this returns, for what is followed by removing a file. */
  #transaction<T>(work: () => T, durable = false): T {
    const before = { ...this.#totals };
    if (durable) this.#db.pragma('synchronous = FULL');
    try {
      return this.#db.transaction(() => {
        const result = work();
        const { chunks, raw, stored, unverified } = this.#totals;
        if (chunks !== before.chunks || raw !== before.raw || stored !== before.stored || unverified !== before.unverified) {
          this.#saveTotals.run(chunks, raw, stored, unverified);
        }
        return result;
      })();
    } catch (error) {
      this.#totals = before;
      throw error;
    } finally {
      if (durable) this.#db.pragma('synchronous = NORMAL');
    }
  }

  #readTotals(): Totals {
    return this.#one<Totals>('SELECT chunks, raw, stored, unverified FROM totals') ?? { chunks: 0, raw: 0, stored: 0, unverified: 0 };
  }

  #prepare(sql: string): Database.Statement<unknown[]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare<unknown[]>(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: unknown[]): number {
    return this.#prepare(sql).run(...values).changes;
  }

  #one<T>(sql: string): T | undefined {
    return this.#prepare(sql).get() as T | undefined;
  }
}

function openDatabase(path: string): Database.Database {
  const db = new Database(path, { timeout: 1000 });
  try {
    // One process only: a second one on the same store is refused by the lock, which the kernel drops even after SIGKILL.
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    db.pragma('cache_size = -16384');
    db.pragma('temp_store = FILE');
    const version = db.pragma('user_version', { simple: true });
    if (typeof version === 'number' && version > VERSION) {
      throw new AppError('newer-database', `The store's index is of version ${version}, and this program knows ${VERSION} only. Start the newer program that made it, or remove the index: it is rebuilt from the packs.`);
    }
    if (version === 0) {
      db.transaction(() => {
        db.exec(schema);
        db.pragma(`user_version = ${VERSION}`);
      })();
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
