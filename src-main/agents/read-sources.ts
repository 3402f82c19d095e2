// Owns what a computer is told of whom to read a version from: the servers that have it ready, nearest first, each with a ticket that opens
// there this run's manifest and nothing else. Knows no run and no store.
import type { ReadSource } from '#shared/agent/messages.ts';
import type { Servers } from '../servers/service.ts';

export type ReadSourcesParts = { servers: Pick<Servers, 'selfId' | 'sourcesFor' | 'near' | 'ticketFor' | 'known' | 'names'> };
export type ReadSources = ReturnType<typeof openReadSources>;
type Wanted = { address: string; versionGuid: string; manifest: string; runId: string };

/** Of one server: the nearest ones. Each that does not answer costs the computer some seconds. */
const MAX_ADDRESSES = 3;

export function openReadSources({ servers }: ReadSourcesParts) {
  return {
    /** Servers that have a computer at this address at their site. */
    near: (address: string): ReadonlySet<string> => servers.near()(address),
    /** Whether a computer at this address can read it from another server than this one now: one that is not connected may be gone for long. */
    isElsewhere(address: string, versionGuid: string): boolean {
      const others = servers.sourcesFor(address, versionGuid).filter((source) => source.serverId !== servers.selfId && source.addresses.length > 0);
      if (others.length === 0) return false;
      const connected = new Set(servers.names().filter((each) => each.connected).map((each) => each.id));
      return others.some((source) => connected.has(source.serverId));
    },
    /** Best first; empty where there is nobody but this server. */
    listFor({ address, versionGuid, manifest, runId }: Wanted): ReadSource[] {
      const sources = servers.sourcesFor(address, versionGuid).flatMap(({ serverId, name, addresses, reason }): ReadSource[] => {
        if (serverId === servers.selfId) return [{ serverId, name, url: '', fingerprint: '', ticket: '', reason }];
        const fingerprint = servers.known(serverId)?.fingerprint ?? '';
        if (fingerprint === '') return [];
        const ticket = servers.ticketFor({ server: serverId, run: runId, may: { kind: 'read', manifest } });
        return addresses.slice(0, MAX_ADDRESSES).map((url) => ({ serverId, name, url, fingerprint, ticket, reason }));
      });
      return sources.every((source) => source.serverId === servers.selfId) ? [] : sources;
    },
  };
}
