import { expect, it } from 'vitest';
import type { Group } from '#shared/model/computer.ts';
import type { Station } from '../computers/station.ts';
import { mostTilesInAll, roomSections } from './roomSections.ts';

const station = (name: string, groupId: string | null, rank = 4): Station => ({
  computer: { id: name, name, groupId, firstSeenAt: 0, lastSeenAt: 0, online: rank !== 5, address: '', model: '', serial: '', diskCount: 1, named: true, trashedAt: null },
  run: null, tone: 'ok', words: '', fraction: null, rank,
});
const group = (id: string): Group => ({ id, parentId: null, name: id, description: '', computerCount: 0, onlineCount: 0, groupCount: 0, trashedAt: null });
const nameOf = (id: string | null): string => id ?? 'New computers';

it('shows each group that holds computers, trouble first, those without a group last', () => {
  const sections = roomSections([station('x', null), station('a', 'Room 10'), station('b', 'Room 2'), station('c', 'Room 14', 1)], ['Room 2', 'Room 10', 'Room 14', 'Empty'].map(group), nameOf);
  expect(sections.map((section) => [section.name, section.summary.trouble])).toEqual([['Room 14', 1], ['Room 2', 0], ['Room 10', 0], ['New computers', 0]]);
});
it('shows of very many computers only those on which something goes on, and counts the others', () => {
  const many = Array.from({ length: mostTilesInAll + 10 }, (_, index) => station(`pc-${index}`, 'Hall', index === 7 ? 2 : 4));
  const [hall] = roomSections(many, [group('Hall')], nameOf);
  expect({ shown: hall?.stations.map((each) => each.computer.name), hidden: hall?.hidden }).toEqual({ shown: ['pc-7'], hidden: mostTilesInAll + 9 });
});
