// Owns which computer a boot is of, by what loaders can say of it: pure, from the snapshot. The agent's hello decides it for good, with more to
// go by.
import { isMeaningful, swappedUuid } from '#shared/model/placeholders.ts';
import type { BootComputer, BootSnapshot } from './snapshot.ts';

/** An adapter that moves from computer to computer (USB, a dock) is no proof against a UUID: then this is a computer that is not known. */
export function knownComputer({ computers, byMac, byUuid }: Pick<BootSnapshot, 'computers' | 'byMac' | 'byUuid'>, { mac, uuid }: { mac: string; uuid: string | null }): BootComputer | null {
  const said = uuid === null || !isMeaningful(uuid) ? null : uuid.toLowerCase();
  const index = said === null ? undefined : byUuid[said] ?? byUuid[swappedUuid(said)];
  if (index !== undefined) return computers[index] ?? null;
  const adapters = byMac[mac];
  if (adapters === undefined || (said !== null && Object.values(byUuid).includes(adapters))) return null;
  return computers[adapters] ?? null;
}
