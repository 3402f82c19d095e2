// Owns what the link needs of others, as small as it is.
import type { CapturedVersion, CopyReport, HubRequest, Plan } from '#shared/replication/messages.ts';
import type { Events } from '../../events/service.ts';
import type { Log } from '../../log/service.ts';
import type { SigningKey } from '../../servers/service.ts';
import type { ReplicaState } from './state.ts';

/** What this server has itself. */
export type LocalCopies = {
  /** Every copy of its own, proved or not. */
  report(): CopyReport[];
  /** A version that is here and that this server captured (signed); null for any other. */
  captured(versionGuid: string): Promise<CapturedVersion | null>;
  /** Re-hash now; the outcome shows in the report. */
  verify(versionGuid: string): void;
  /** A signed record of the console was checked: this exact manifest goes, if it is here. */
  letGo(version: { guid: string; manifest: string }): Promise<void>;
};
export type LinkParts = {
  state: ReplicaState; local: LocalCopies; key: SigningKey; events: Events; log: Log; clock: () => number;
  own: { id: string; fingerprint: string; version: string }; addresses: () => string[]; figures: () => { freeBytes: number; totalBytes: number };
  trustKey: (publicKeyPem: string) => Promise<void>;
  /** Another plan is in force. */
  onPlan: (plan: Plan) => void;
  onUrgent: (versionGuid: string) => void;
  /** Records that are not carried out, in words; empty: all that came were. */
  onRefused: (refused: readonly string[]) => void;
  /** Captures that the console sends here. */
  capture: (request: HubRequest) => Promise<Record<string, unknown>>;
  /** Tests shorten it. */
  firstPauseMs?: number;
};
