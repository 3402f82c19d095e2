// Pure: the room now, as sections of the home page: one per group that holds computers, those with trouble first. Where there are too
// many computers to show, only those are shown on which something goes on, and the rest is counted.
import type { Group } from '#shared/model/computer.ts';
import { inRoomOrder, summaryOf } from '../computers/station.ts';
import type { RoomSummary, Station } from '../computers/station.ts';

/** hidden: computers of it that are counted but not shown. */
export type RoomSection = { id: string; name: string; stations: Station[]; hidden: number; summary: RoomSummary };

/** So many tiles are still a picture of the room; beyond that they are a list nobody reads. */
export const mostTilesInAll = 240;
export const mostTilesInSection = 80;

export function roomSections(stations: readonly Station[], groups: readonly Group[], nameOf: (id: string | null) => string): RoomSection[] {
  const byGroup = Map.groupBy(stations, (station) => station.computer.groupId);
  const tooMany = stations.length > mostTilesInAll;
  const known = new Set(groups.map((group) => group.id));
  const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
  return [...byGroup].filter(([id]) => id === null || known.has(id)).map(([id, all]): RoomSection => {
    const wanted = inRoomOrder(all).filter((station) => !tooMany || station.rank < 4);
    const shown = wanted.slice(0, mostTilesInSection);
    return { id: id ?? 'new', name: nameOf(id), stations: shown, hidden: all.length - shown.length, summary: summaryOf(all) };
  }).toSorted((left, right) => Number(right.summary.trouble > 0) - Number(left.summary.trouble > 0) || Number(left.id === 'new') - Number(right.id === 'new') || names.compare(left.name, right.name));
}
