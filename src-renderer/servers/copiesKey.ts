// Pure: what of the package servers decides how images and their copies look. Heartbeats change rates and clocks, and none of this.
import type { PackageServer } from '#shared/model/replication.ts';

export function copiesKey(servers: readonly PackageServer[]): string {
  return JSON.stringify(servers.map(({ id, name, state, siteId, parentId, ownedImages, copies }) => [id, name, state, siteId, parentId, ownedImages, copies]));
}
