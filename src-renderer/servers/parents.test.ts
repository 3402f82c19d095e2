import { expect, test } from 'vitest';
import { parentsFor } from './parents.ts';

const server = (id: string, change: Partial<{ siteId: string | null; parentId: string | null; role: 'console' | 'package-server'; state: 'joined' | 'revoked' }> = {}) => ({ id, siteId: 'rome', parentId: null, role: 'package-server' as const, state: 'joined' as const, ...change });
const ids = (of: { id: string | null; siteId: string | null }, servers: ReturnType<typeof server>[]): string[] => parentsFor(of, servers).map((each) => each.id);

test('an edge server copies from a server of its site that is none itself', () => {
  const servers = [server('a'), server('b', { parentId: 'a' }), server('c', { siteId: 'milan' }), server('d', { state: 'revoked' }), server('e', { role: 'console' }), server('f')];
  expect(ids(server('f'), servers)).toEqual(['a']);
  expect(ids({ id: null, siteId: 'rome' }, servers)).toEqual(['a', 'f']);
});

test('one that others copy from, or that is at no site, can be none', () => {
  expect(ids(server('a'), [server('a'), server('b', { parentId: 'a' }), server('f')])).toEqual([]);
  expect(ids(server('a', { siteId: null }), [server('a', { siteId: null }), server('f', { siteId: null })])).toEqual([]);
});
