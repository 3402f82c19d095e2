// Pure: the room now, as sections of the home page. So few computers that they are a picture: one section per group that holds some,
// those with trouble first. Too many for that: those on which something goes on, and each group by its counts.
import type { ComputerRow, Group } from '#shared/model/computer.ts';
import type { RunView } from '#shared/model/run.ts';
import { inRoomOrder, stationOf, summaryOf } from '../computers/station.ts';
import type { RoomSummary, Station } from '../computers/station.ts';

/** id: of the group, "new", or null for what goes on wherever it is. hidden: computers that are counted but not shown. */
export type RoomSection = { id: string | null; name: string; stations: Station[]; hidden: number; summary: RoomSummary };

/** So many tiles are still a picture of the room; beyond that they are a list nobody reads, and take long to read from the server. */
export const mostTilesInAll = 240;
export const mostTilesInSection = 80;

const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

export function roomSections(stations: readonly Station[], groups: readonly Group[], nameOf: (id: string | null) => string): RoomSection[] {
  const byGroup = Map.groupBy(stations, (station) => station.computer.groupId);
  const known = new Set(groups.map((group) => group.id));
  return [...byGroup].filter(([id]) => id === null || known.has(id)).map(([id, all]): RoomSection => {
    const shown = inRoomOrder(all).slice(0, mostTilesInSection);
    return { id: id ?? 'new', name: nameOf(id), stations: shown, hidden: all.length - shown.length, summary: summaryOf(all) };
  }).toSorted((left, right) => Number(right.summary.trouble > 0) - Number(left.summary.trouble > 0) || Number(left.id === 'new') - Number(right.id === 'new') || names.compare(left.name, right.name));
}

/** runs: the one that counts of each computer. */
export function crowdedSections(runs: Iterable<RunView>, groups: readonly Group[], nameOf: (id: string | null) => string): RoomSection[] {
  const going = inRoomOrder([...runs].map((run) => stationOf(rowOf(run), run, Number.POSITIVE_INFINITY)).filter((station) => station.rank < 4));
  const shown = going.slice(0, mostTilesInSection);
  const now: RoomSection[] = going.length === 0 ? [] : [{ id: null, name: 'Going on now', stations: shown, hidden: going.length - shown.length, summary: { ...summaryOf(going), computers: 0, online: 0 } }];
  // Groups in groups are counted by those they lie in.
  const top = groups.filter((group) => group.parentId === null && group.computerCount > 0);
  return [...now, ...top.map((group): RoomSection => ({
    id: group.id, name: nameOf(group.id), stations: [], hidden: group.computerCount, summary: { computers: group.computerCount, online: group.onlineCount, running: 0, waiting: 0, trouble: 0 },
  })).toSorted((left, right) => names.compare(left.name, right.name))];
}

/** As much of a computer as its run tells: enough for a tile that says what goes on there. */
function rowOf(run: RunView): ComputerRow {
  return { id: run.computerId, name: run.computerName, groupId: null, firstSeenAt: run.startedAt, lastSeenAt: run.startedAt, online: run.state === 'running', address: '', model: '', serial: '', diskCount: 0, named: true, trashedAt: null };
}
