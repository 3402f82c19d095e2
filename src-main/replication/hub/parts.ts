// Owns what the hub needs of others, as small as it is.
import type { CopyEvent, CopyState } from '#shared/model/replication.ts';
import type { CapturedVersion, CopyReport } from '#shared/replication/messages.ts';
import type { Events } from '../../events/service.ts';
import type { Log } from '../../log/service.ts';
import type { Servers } from '../../servers/service.ts';

/** absent where nothing was said about it yet. */
export type KnownCopy = { versionGuid: string; imageGuid: string; manifest: string; state: CopyState; provedAt: number | null; problem: string | null };
export type CopyFacts = { provedAt?: number | null; damagedChunks?: number; problem?: string | null };
export type CopyBook = {
  /** Rows of copies at a server, with the manifest that the console knows for the version. */
  on(serverId: string): KnownCopy[];
  /** The same for one version; null where the console does not know the version. */
  at(versionGuid: string, serverId: string): KnownCopy | null;
  /** Compare-and-set by nextCopyState; @returns the state it is in now, null where the event does not happen in the state it was in. */
  move(versionGuid: string, serverId: string, event: CopyEvent, facts?: CopyFacts): CopyState | null;
};
export type UnknownBook = { note(serverId: string, copies: readonly CopyReport[], report: { said: readonly CopyReport[]; whole: boolean }): void };
export type HubParts = {
  servers: Servers; events: Events; log: Log; clock: () => number; copies: CopyBook; fingerprint: string;
  transaction: <T>(work: () => T) => T;
  /** A version that was captured at a package server. @returns its number here */
  captured: (version: CapturedVersion, serverId: string) => number | Promise<number>;
  /** Signatures of manifests by this key count from now on. */
  trustKey: (publicKeyPem: string) => Promise<void>;
};
