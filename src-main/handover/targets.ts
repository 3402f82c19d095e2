// Owns who hands over what to whom: the images and servers that a request means, and the choice of a new owner where none was named. Pure but
// for the readers it is given.
import { AppError } from '#shared/errors.ts';
import type { HandoverRequest } from '#shared/model/replication.ts';
import type { HandingServer } from '../servers/service.ts';
import { handedVersions, type HeldImage, type Kind } from './parts.ts';

/** to: null where no server may take it. */
export type Handed = { image: HeldImage; from: HandingServer | null; to: HandingServer | null };
export type Asked = { kind: Kind; from: HandingServer | null; to: HandingServer | null; /** Nobody named the new owner. */ chooses: boolean; acceptLoss: boolean; handed: Handed[] };
type Reader = { servers: readonly HandingServer[]; find: (ref: string) => HandingServer; image: (ref: string) => string; images: (guids: readonly string[]) => Map<string, HeldImage>; ownedBy: (serverId: string) => string[] };

export function isIn(server: HandingServer): boolean {
  return server.state === 'joined' || server.state === 'retiring';
}

export function readRequest(request: HandoverRequest, reader: Reader): Asked {
  const serverOf = (id: string): HandingServer | null => reader.servers.find((server) => server.id === id) ?? null;
  if (request.kind === 'take-ownership') {
    const to = reader.find(request.to);
    const images = reader.images([...new Set(request.images.map(reader.image))]);
    return { kind: request.kind, from: null, to, chooses: false, acceptLoss: false, handed: [...images.values()].map((image) => ({ image, from: serverOf(image.ownerId), to })) };
  }
  const from = reader.find(request.from);
  const named = request.to === null ? null : reader.find(request.to);
  const images = [...reader.images(reader.ownedBy(from.id)).values()];
  const choice = targetsFor(request.kind, images, { from, named, servers: reader.servers });
  return {
    kind: request.kind, from, to: named ?? (request.kind === 'recover' ? null : choice.one), chooses: named === null, acceptLoss: request.kind === 'recover' && request.acceptLoss,
    handed: images.map((image) => ({ image, from, to: choice.of(image) })),
  };
}

type Among = { from: HandingServer; named: HandingServer | null; servers: readonly HandingServer[] };

/** retire: one server for all of it, whoever holds most already. recover: for each image who has most of it proved. The console where nobody has any. */
export function targetsFor(kind: Kind, images: readonly HeldImage[], { from, named, servers }: Among): { one: HandingServer | null; of: (image: HeldImage) => HandingServer | null } {
  if (named !== null) return { one: named, of: () => named };
  const able = servers.filter((server) => server.id !== from.id && server.state === 'joined');
  const best = (among: readonly HeldImage[]): HandingServer | null => {
    const held = new Map(able.map((server) => [server.id, heldBytes(among, server.id)]));
    const ranked = able.toSorted((a, b) => (held.get(b.id) ?? 0) - (held.get(a.id) ?? 0) || Number(b.isConsole) - Number(a.isConsole) || a.name.localeCompare(b.name));
    return ranked[0] ?? null;
  };
  const one = best(images);
  return { one, of: kind === 'recover' ? (image) => best([image]) : () => one };
}

function heldBytes(images: readonly HeldImage[], serverId: string): number {
  return images.reduce((sum, image) => sum + handedVersions(image).reduce((bytes, version) => bytes + (version.copies.get(serverId)?.state === 'ready' ? version.storedBytes + 1 : 0), 0), 0);
}

/** By GUID, or by name where only one has it. */
export function findImage(ref: string, { exists, named }: { exists: (guid: string) => boolean; named: (name: string) => string[] }): string {
  const guid = ref.trim().toLowerCase();
  if (exists(guid)) return guid;
  const found = named(ref.trim());
  const [first] = found;
  if (first === undefined) throw new AppError('not-found', `There is no image "${ref}". "platen image list" shows what there is.`, { image: ref });
  if (found.length > 1) throw new AppError('ambiguous-name', `${found.length} images are called "${ref}": ${found.join(', ')}. Use the GUID.`, { image: ref, guids: found });
  return first;
}
