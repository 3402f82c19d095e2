// Pure: from which servers one can be told to copy alone, which makes it an edge server of that one.
import type { PackageServer } from '#shared/model/replication.ts';

type Placed = Pick<PackageServer, 'id' | 'siteId' | 'parentId' | 'role' | 'state'>;

/** Package servers of the same site that copy from nobody alone themselves; none for one that others copy from. server: null for one that is still to come. */
export function parentsFor<Server extends Placed>(server: Pick<PackageServer, 'siteId'> & { id: string | null }, servers: readonly Server[]): Server[] {
  if (server.siteId === null || servers.some((each) => each.parentId !== null && each.parentId === server.id && each.state === 'joined')) return [];
  return servers.filter((each) => each.id !== server.id && each.siteId === server.siteId && each.role === 'package-server' && each.state === 'joined' && each.parentId === null);
}
