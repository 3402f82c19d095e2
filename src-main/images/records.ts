// Owns writing the orders that delete on other servers: one record per image or version, numbered, signed by this console, in the same
// transaction as what it orders. A server carries out exactly the manifests that a record names, whenever it comes back.
import { signedPurposes, type RecordBody } from '#shared/replication/record.ts';
import type { Store } from '../store/types.ts';
import type { CopiesRepo } from './copies-repo.ts';

export type RecordsParts = { copiesRepo: CopiesRepo; store: Pick<Store, 'sign'>; selfId: string; clock: () => number };
type Order = { kind: RecordBody['kind']; server: string | null; image: string; versions: readonly { guid: string; manifest: string }[]; by: string };

/** A record travels whole, and its text is bounded (signedRecordSchema). */
const MOST_VERSIONS = 20;

/** Call inside the transaction. @returns the numbers of the records; none where there never was anybody else to hear of it */
export function orderRemoval({ copiesRepo, store, selfId, clock }: RecordsParts, order: Order): number[] {
  if (!copiesRepo.isConsole() || order.versions.length === 0) return [];
  if (order.server === null && !copiesRepo.hadOtherServers()) return [];
  const numbers: number[] = [];
  for (let at = 0; at < order.versions.length; at += MOST_VERSIONS) {
    const versions = order.versions.slice(at, at + MOST_VERSIONS).map(({ guid, manifest }) => ({ guid, manifest }));
    const now = clock();
    const row = { at: now, kind: order.kind, serverId: order.server, versionGuid: order.kind === 'delete-image' ? null : versions[0]?.guid ?? null, imageGuid: order.image };
    numbers.push(copiesRepo.insertRecord(row, (seq) => {
      const body = JSON.stringify({ purpose: 'record', console: selfId, seq, at: now, by: order.by.slice(0, 200), kind: order.kind, server: order.server, image: order.image, versions } satisfies RecordBody);
      return { body, signature: store.sign(signedPurposes.record, body) };
    }));
  }
  return numbers;
}
