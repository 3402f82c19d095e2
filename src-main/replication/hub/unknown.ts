// Owns which proved copies package servers reported that the console has no record of: its database is older than they are, or was lost. They
// are kept in memory, shown by the doctor, and taken up when a person says so. Nothing is ever deleted for being unknown.
import type { ManifestHead, ManifestSignature } from '#shared/agent/manifest.ts';
import { AppError } from '#shared/errors.ts';
import type { CopyReport, Peer } from '#shared/replication/messages.ts';
import type { Store } from '../../store/types.ts';
import { isManifestSignedBy } from '../../store/signing.ts';
import { PeerClient, type OwnIdentity } from '../peer/client.ts';

/** A server that says more is not believed further. */
const MOST = 100_000;
const FETCH_MS = 120_000;
const ADOPTION_MS = 3_600_000;

export class UnknownCopies {
  readonly #byServer = new Map<string, Map<string, CopyReport>>();

  /** @param whole true: what is not named is not there */
  note(serverId: string, copies: readonly CopyReport[], { said, whole }: { said: readonly CopyReport[]; whole: boolean }): void {
    const known = whole ? new Map<string, CopyReport>() : this.#byServer.get(serverId) ?? new Map<string, CopyReport>();
    for (const { versionGuid } of said) known.delete(versionGuid);
    for (const copy of copies) if (known.size < MOST) known.set(copy.versionGuid, copy);
    if (known.size === 0) this.#byServer.delete(serverId);
    else this.#byServer.set(serverId, known);
  }
  /** Those that are proved there. */
  list(): { serverId: string; copy: CopyReport }[] {
    return [...this.#byServer].flatMap(([serverId, copies]) => [...copies.values()].filter((copy) => copy.state === 'ready' && copy.provedAt !== null).map((copy) => ({ serverId, copy })));
  }
  find(serverId: string, versionGuid: string): CopyReport | undefined {
    return this.#byServer.get(serverId)?.get(versionGuid);
  }
  forget(serverId: string, versionGuid: string): void {
    this.#byServer.get(serverId)?.delete(versionGuid);
  }
}

export type Described = { head: ManifestHead; manifest: string; manifestBytes: number };

/** The manifest as that server has it, proved: its bytes hash to its name, and one of these keys signed it. */
export async function describeFrom(peer: Peer, manifest: string, { self, store, keys }: { self: OwnIdentity; store: Pick<Store, 'openAdoption'>; keys: readonly string[] }): Promise<Described> {
  const client = new PeerClient(peer, self);
  const signal = AbortSignal.timeout(FETCH_MS);
  const adoption = await store.openAdoption(`found-${manifest.slice(0, 48)}`, manifest, ADOPTION_MS);
  try {
    const signatures: ManifestSignature[] = await client.signatures(manifest, signal);
    if (!signatures.some((signature) => signature.manifest === manifest && keys.some((key) => isManifestSignedBy(key, signature)))) {
      throw new AppError('proof-failed', `No server that this console knows signed it, so it is not taken up from ${peer.name}.`, { manifest });
    }
    const answer = await client.manifest(manifest, adoption.manifestBytes, signal);
    for await (const piece of answer as AsyncIterable<Buffer>) await adoption.addManifest(piece);
    const reader = await adoption.finishManifest();
    await reader.close();
    return { head: reader.head, manifest, manifestBytes: reader.sizeBytes };
  } finally {
    await adoption.close();
    client.close();
  }
}
