import { expect, it } from 'vitest';
import type { CopyReport } from '#shared/replication/messages.ts';
import { UnknownCopies } from './unknown.ts';

const copies = (from: number, count: number): CopyReport[] => Array.from({ length: count }, (_, at) => ({ versionGuid: `v${from + at}`, manifest: 'm', state: 'ready', provedAt: 1, damagedChunks: 0, problem: null }));

it('keeps a bounded number of one server\'s unknown copies, also where it tells of them bit by bit', () => {
  const unknown = new UnknownCopies();
  for (let at = 0; at < 120; at++) unknown.note('s', copies(at * 1000, 1000), { said: copies(at * 1000, 1000), whole: false });
  expect(unknown.list()).toHaveLength(100_000);
  // Others have their own.
  unknown.note('t', copies(0, 3), { said: copies(0, 3), whole: true });
  expect(unknown.list().filter(({ serverId }) => serverId === 't')).toHaveLength(3);
  expect([unknown.find('t', 'v2')?.versionGuid, unknown.find('t', 'v5'), unknown.find('nobody', 'v2')]).toEqual(['v2', undefined, undefined]);
});
