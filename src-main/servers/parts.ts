// Owns what the files of this slice hand each other, and the few phrases all of them use.
import { AppError } from '#shared/errors.ts';
import type { CopyState, Moving } from '#shared/model/replication.ts';
import type { Database } from '../db/database.ts';
import type { Events } from '../events/service.ts';
import type { Log } from '../log/service.ts';
import type { SettingsService } from '../settings/service.ts';
import type { Undo } from '../undo/service.ts';
import type { ServerRepo, ServerRow } from './repo.ts';

export type Undoable = { undo: number | null };
/** This server's Ed25519 key: its store's. sign: base64 over purpose + message. */
export type SigningKey = { readonly publicKey: string; sign(purpose: string, message: string): string };
export type Identity = { id: string; role: ServerRow['role']; fingerprint: string; version: string; key: SigningKey };
export type ServersParts = {
  db: Database; events: Events; settings: SettingsService; undo: Undo; log: Log; clock: () => number; self: Identity;
  /** Where others reach this server now. */
  addresses: () => string[];
  /** The same; empty where it listens on loopback alone. */
  reachable: () => string[];
};
/** What the channel knows of a server that is connected, gone when the connection is. */
export type LiveServer = {
  moving: Omit<Moving, 'imageName' | 'imageGuid' | 'number'>[]; problems: string[];
  /** As the last heartbeat said; the rows follow now and then. */
  figures: { freeBytes: number; totalBytes: number; skewMs: number }; seenAt: number;
};
export type CopyRow = { version_guid: string; server_id: string; state: CopyState; proved_at: number | null; problem: string | null };

/** What stands at a copy that is less than it was proved to be, until it is proved again. */
export const LOST = 'It was proved there, and is not there any more. Nobody told the server to let go of it.';
export const CONTRADICTED = 'The server holds something else under the identity of this version. It is not used from there.';

/** By id, or by name where only one has it. */
export function findServer(repo: ServerRepo, ref: string): ServerRow {
  const rows = repo.all();
  const byId = rows.find((row) => row.id === ref.toLowerCase());
  if (byId !== undefined) return byId;
  const named = rows.filter((row) => row.name.toLowerCase() === ref.trim().toLowerCase());
  const [living] = named.filter((row) => row.state === 'joined' || row.state === 'retiring');
  const found = named.length === 1 ? named[0] : living;
  if (found === undefined) throw new AppError('not-found', `There is no server "${ref}". "platen server list" shows those that are known.`, { server: ref });
  return found;
}

/** What an inverse says where somebody was faster. */
export function changedSince(what: string): AppError {
  return new AppError('conflict', `This can't be undone any more: ${what} has changed since. Change it by hand where that is still wanted.`);
}

export function readAddresses(text: string): string[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
  } catch {
    return [];
  }
}
