// Owns making a backup while the server runs: the database copied as it is at one moment, then everything streamed to whoever asked, against
// a ticket. The command line seals it (sealing.ts), so a passphrase never comes here.
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError, toAppError } from '#shared/errors.ts';
import type { BackupAbout, PreparedBackup } from '#shared/model/backup.ts';
import type { Database } from '../db/database.ts';
import type { Events } from '../events/service.ts';
import type { Log } from '../log/service.ts';
import type { Store } from '../store/types.ts';
import { bytesOf, contentsOf } from './contents.ts';
import { writeEntries } from './entries.ts';
import { openBackupRepo } from './repo.ts';

export type Backup = ReturnType<typeof openBackup>;
export type BackupParts = { db: Database; store: Pick<Store, 'holdStill' | 'foreseeSpace'>; events: Events; log: Log; clock: () => number; dataFolder: string; version: string };

export const BACKUP_PATH = '/download/backup';
const TICKET_MS = 600_000;
/** Where nobody reads any more, the store is not held still for ever. */
const STALL_MS = 120_000;

type Prepared = { about: BackupAbout; actor: string; expiresAt: number };

/** When this data folder was made of a backup; null for one that was not. */
export function restoredAt(db: Database): number | null {
  return openBackupRepo(db).restoredAt();
}

export function openBackup({ db, store, events, log, clock, dataFolder, version }: BackupParts) {
  const repo = openBackupRepo(db);
  const prepared = new Map<string, Prepared>();
  const closing = new AbortController();
  const underWay = new Set<Promise<void>>();
  const folder = join(dataFolder, 'backup.tmp');
  // What a crash left of an earlier one.
  rmSync(folder, { recursive: true, force: true });

  /** What was written last is still in the file beside it. */
  function databaseBytes(): number {
    return ['', '-wal'].reduce((sum, suffix) => sum + (statSync(db.path + suffix, { throwIfNoEntry: false })?.size ?? 0), 0);
  }

  function about(images: boolean): BackupAbout {
    const self = repo.self();
    if (self === undefined) throw new AppError('internal', 'This server has no row of its own.');
    return {
      format: 1, at: clock(), serverId: self.id, serverName: self.name, role: self.role, version, databaseVersion: db.version(), fingerprint: self.fingerprint, images, versions: repo.versions(self.id),
    };
  }

  /** Nothing is swept or repaired while packs are read; without images there is nothing to hold. */
  async function send({ about: said, actor }: Prepared, response: ServerResponse): Promise<void> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const database = join(folder, `${randomBytes(8).toString('hex')}.db`);
    const signal = closing.signal;
    const stream = async (): Promise<void> => {
      await db.backUpTo(database);
      // Of the moment the copy was made, not of when it was asked for.
      const fresh = about(said.images);
      response.setTimeout(STALL_MS, () => response.destroy());
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
      await pipeline(Readable.from(writeEntries(contentsOf({ dataFolder, about: fresh, database, signal })), { objectMode: false }), response, { signal });
      events.record({ actor, entity: 'server', id: said.serverId, kind: 'backup', message: `A backup was made${said.images ? ', with images' : ', without images'}`, data: { images: said.images } });
      events.changed('server', said.serverId);
    };
    try {
      await store.foreseeSpace(databaseBytes());
      await (said.images ? store.holdStill(stream) : stream());
    } finally {
      rmSync(database, { force: true });
    }
  }

  return {
    /** What a backup would hold now, and where it is fetched. */
    async prepare({ images }: { images: boolean }, actor: string): Promise<PreparedBackup> {
      for (const [key, { expiresAt }] of prepared) if (expiresAt < clock()) prepared.delete(key);
      const secret = randomBytes(32).toString('base64url');
      const said = about(images);
      prepared.set(hashOf(secret), { about: said, actor, expiresAt: clock() + TICKET_MS });
      return { path: `${BACKUP_PATH}?ticket=${secret}`, about: said, bytes: await bytesOf(dataFolder, images, databaseBytes()) };
    },
    /** Answers BACKUP_PATH: entries (entries.ts), not sealed; it travels over loopback or pinned TLS only. What breaks off lacks its end. */
    async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const ticket = new URLSearchParams((request.url ?? '').split('?', 2)[1] ?? '').get('ticket') ?? '';
      const found = prepared.get(hashOf(ticket));
      if (found === undefined || found.expiresAt < clock()) throw new AppError('unauthorized', 'This backup can\'t be fetched any more: it waits for ten minutes, and is fetched once. Make it again: platen backup create FILE');
      if (request.method !== 'GET') throw new AppError('invalid-input', 'A backup is fetched with GET.');
      prepared.delete(hashOf(ticket));
      const sending = send(found, response);
      underWay.add(sending);
      try {
        await sending;
      } catch (error) {
        if (!response.headersSent) throw error;
        log.error('a backup broke off', { error: toAppError(error) });
        response.destroy();
      } finally {
        underWay.delete(sending);
      }
    },
    async close(): Promise<void> {
      closing.abort();
      await Promise.allSettled(underWay);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
