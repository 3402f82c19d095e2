// Owns what a change of templates or scope would do, in words, before it does: the plan as it is beside the plan as it would be. Pure.
import type { Consequence } from '#shared/model/replication.ts';
import { formatBytes } from '#shared/units.ts';
import type { HeldVersionRow } from './holdings-repo.ts';
import { neededOf, type NeededVersion } from './needed.ts';
import { planOf, type PlanWorld, type Wanted } from './plan.ts';
import type { Known } from './world.ts';

/** One line per image and server, at most this many; the rest is counted. */
const MAX_LINES = 500;

export function consequencesBetween(known: Known, changed: PlanWorld): Consequence[] {
  const [before, after] = [planOf(known.world), planOf(changed)];
  const rowsOf = Map.groupBy(known.versions.values(), (row) => row.image_guid);
  const lines: Consequence[] = [];
  for (const server of known.world.servers) {
    const [had, gets] = [byImage(before.get(server.id) ?? []), byImage(after.get(server.id) ?? [])];
    for (const [imageGuid, wanted] of gets) {
      const fresh = wanted.filter((each) => !(had.get(imageGuid) ?? []).some((old) => old.version.guid === each.version.guid) && each.why !== 'kept');
      if (fresh.length === 0) continue;
      const toCopy = fresh.filter((each) => !known.world.hasCopy(each.version.guid, server.id));
      const bytes = bytesToCome(known, rowsOf.get(imageGuid) ?? [], { toCopy, serverId: server.id });
      const name = known.images.get(imageGuid)?.name ?? imageGuid;
      lines.push({
        kind: 'gain', imageGuid, serverId: server.id,
        text: toCopy.length === 0 ? `${name} is kept up to date on ${server.name} from now on; it is there already.` : `${name} is copied to ${server.name}: ${toCopy.length === 1 ? '1 version' : `${toCopy.length} versions`}, at most ${formatBytes(bytes)}.`,
      });
    }
    for (const [imageGuid, wanted] of had) {
      const left = wanted.filter((each) => !(gets.get(imageGuid) ?? []).some((now) => now.version.guid === each.version.guid && now.why !== 'kept') && each.why !== 'kept');
      if (left.length === 0) continue;
      const name = known.images.get(imageGuid)?.name ?? imageGuid;
      const there = left.some((each) => known.world.hasCopy(each.version.guid, server.id));
      lines.push({
        kind: 'loss', imageGuid, serverId: server.id,
        text: there ? `${name} is not kept up to date on ${server.name} any more. What is there stays there; nothing is deleted.` : `${name} does not come to ${server.name} any more.`,
      });
    }
  }
  if (lines.length === 0) return [{ kind: 'note', text: 'No server gets or loses anything by this.', imageGuid: null, serverId: null }];
  return lines.length <= MAX_LINES ? lines : [...lines.slice(0, MAX_LINES), { kind: 'note', text: `And ${lines.length - MAX_LINES} more like these.`, imageGuid: null, serverId: null }];
}

/** What the versions bring to that server, told as the list of servers tells it once they are to come (needed.ts). */
function bytesToCome(known: Known, rows: readonly HeldVersionRow[], { toCopy, serverId }: { toCopy: readonly Wanted[]; serverId: string }): number {
  const coming = new Set(toCopy.map((each) => each.version.guid));
  const placeOf = (guid: string): NeededVersion['at'] => (coming.has(guid) ? 'to-come' : known.world.hasCopy(guid, serverId) ? 'here' : 'not');
  return neededOf(rows.map((row) => ({ number: row.number, storedBytes: row.stored_bytes, usedBytes: row.used_bytes, at: placeOf(row.guid) })), known.images.get(rows[0]?.image_guid ?? '')?.stored_bytes ?? 0);
}

function byImage(wanted: readonly Wanted[]): Map<string, Wanted[]> {
  return Map.groupBy(wanted, (each) => each.image.guid);
}
