import { expect, it } from 'vitest';
import type { CopyState } from '#shared/model/replication.ts';
import { lastCopyProblem } from './last-copy.ts';

const table: [copies: Record<string, CopyState>, givenUp: string[], problem: 'last-ready' | 'never-proved' | null][] = [
  [{ a: 'ready' }, ['a'], 'last-ready'],
  [{ a: 'ready', b: 'ready' }, ['a'], null],
  [{ a: 'ready', b: 'ready' }, ['a', 'b'], 'last-ready'],
  [{ a: 'ready', b: 'removing' }, ['a'], 'last-ready'],
  [{ a: 'ready', b: 'verifying' }, ['a'], 'last-ready'],
  [{ a: 'ready', b: 'damaged', c: 'copying' }, ['a'], 'last-ready'],
  [{ a: 'damaged', b: 'ready' }, ['a'], null],
  [{ a: 'damaged', b: 'damaged' }, ['a'], 'never-proved'],
  [{ a: 'verifying' }, ['a'], 'never-proved'],
  [{ a: 'copying' }, ['a'], null],
  [{ a: 'absent' }, ['a'], null],
  [{ a: 'removing' }, ['a'], null],
  [{ a: 'ready' }, [], null],
  [{ a: 'ready' }, ['b'], null],
];
it.each(table)('copies %j, given up on %j: %s', (copies, givenUp, problem) => {
  expect(lastCopyProblem(Object.entries(copies).map(([serverId, state]) => ({ serverId, state })), new Set(givenUp))).toBe(problem);
});
