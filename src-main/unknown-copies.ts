// Composes what the doctor does with proved copies of which the console has no record: the hub remembers them, the manifest comes from the server
// that has it and is proved, and images make the rows again.
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import type { Peer } from '#shared/replication/messages.ts';
import type { Database } from './db/database.ts';
import type { DoctorParts } from './doctor/service.ts';
import type { Images } from './images/service.ts';
import type { Hub } from './replication/hub/service.ts';
import { describeFrom } from './replication/hub/unknown.ts';
import type { Servers } from './servers/service.ts';
import type { Store } from './store/types.ts';

export type UnknownCopiesParts = { db: Database; hub: Hub | null; servers: Servers; images: Images; store: Store; selfId: string };

const addressesSchema = z.array(z.string()).catch([]);

export function openUnknownCopies({ db, hub, servers, images, store, selfId }: UnknownCopiesParts): DoctorParts['unknown'] {
  if (hub === null) return null;
  function peerOf(serverId: string): Peer {
    const row = servers.known(serverId);
    if (row === null || row.is_self === 1) throw new AppError('not-found', 'That server is not known any more.', { serverId });
    return { id: row.id, name: row.name, addresses: addressesSchema.parse(JSON.parse(row.addresses)), fingerprint: row.fingerprint, publicKey: row.public_key, siteId: row.site_id, isConsole: false, isSource: true };
  }
  return {
    list: () => hub.unknown.list().flatMap(({ serverId, copy: { versionGuid, manifest } }) => {
      // Told since, or deleted for good: then its record is on the way there.
      if (images.copies.at(versionGuid, serverId) !== null || images.wasDeleted({ guid: versionGuid, manifest })) return [];
      return [{ serverId, serverName: servers.known(serverId)?.name ?? 'A server', versionGuid, manifest }];
    }),
    takeUp: async ({ serverId, versionGuid, manifest }) => {
      const said = hub.unknown.find(serverId, versionGuid);
      const keys = db.all<{ public_key: string }>("SELECT public_key FROM server WHERE public_key <> ''").map((row) => row.public_key);
      const described = await describeFrom(peerOf(serverId), manifest, { self: { id: selfId, sign: (purpose, message) => store.sign(purpose, message) }, store, keys });
      if (described.head.version.guid !== versionGuid) throw new AppError('proof-failed', 'The manifest there is of another version than that server says.', { manifest });
      const number = images.foundElsewhere({ ...described, storedBytes: 0 }, { serverId, actor: 'doctor' });
      if (said !== undefined) hub.sayAgain(serverId, said);
      hub.unknown.forget(serverId, versionGuid);
      return `version ${number} of "${described.head.image.name}"`;
    },
  };
}
