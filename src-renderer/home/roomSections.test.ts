import { expect, it } from 'vitest';
import type { Group } from '#shared/model/computer.ts';
import type { Station } from '../computers/station.ts';
import type { RunView } from '#shared/model/run.ts';
import { crowdedSections, mostTilesInSection, roomSections } from './roomSections.ts';

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
it('shows of a very large group only so many, and counts the others', () => {
  const many = Array.from({ length: mostTilesInSection + 10 }, (_, index) => station(`pc-${index}`, 'Hall', index === 85 ? 1 : 4));
  const [hall] = roomSections(many, [group('Hall')], nameOf);
  expect({ first: hall?.stations[0]?.computer.name, shown: hall?.stations.length, hidden: hall?.hidden }).toEqual({ first: 'pc-85', shown: mostTilesInSection, hidden: 10 });
});
it('shows of a site too large for a picture where something goes on, and its groups by their counts', () => {
  const run = (name: string, state: RunView['state']): RunView => ({
    id: name, kind: 'deploy', state, waitingFor: null, batchId: null, jobId: null, jobName: '', tasks: [], taskIndex: 0, computerId: name, computerName: name, imageGuid: null, imageName: 'Win11', versionNumber: 1,
    disk: null, progress: null, result: null, error: null, actor: 'anna', startedAt: 0, endedAt: state === 'succeeded' ? 9 : null,
  });
  const sections = crowdedSections([run('pc-2', 'running'), run('pc-1', 'failed'), run('pc-3', 'succeeded')], [{ ...group('Hall'), computerCount: 900, onlineCount: 40 }, { ...group('Row'), parentId: 'Hall', computerCount: 30 }, group('Empty')], nameOf);
  expect(sections.map((section) => [section.name, section.stations.map((each) => each.computer.name), section.hidden, section.summary.online])).toEqual([['Going on now', ['pc-1', 'pc-2'], 0, 0], ['Hall', [], 900, 40]]);
});
