// Pure: what is lost and what stays when a package server is revoked, in lines; said before it is done.
import type { PackageServer } from '#shared/model/replication.ts';

export function lossOf(server: Pick<PackageServer, 'name' | 'copies' | 'ownedImages'>): string[] {
  const copies = server.copies.ready + server.copies.damaged + server.copies.verifying + server.copies.copying;
  return [
    copies === 0 ? 'It holds no copies.' : `Its ${copies === 1 ? 'copy stays' : `${copies} copies stay`} on its disk: nothing is deleted there.`,
    'Computers are not sent there any more, and other servers neither copy from it nor to it. This happens at once.',
    ...(server.ownedImages === 0 ? [] : [`It owns ${server.ownedImages === 1 ? '1 image' : `${server.ownedImages} images`}. Versions that no other server has a ready copy of can’t be deployed until it comes back or another server takes ownership.`]),
    'To bring it back, add it again: it joins with a new token and keeps what it holds.',
  ];
}
