import { describe, expect, it } from 'vitest';
import { changeQueue, treeIsStale } from './changeQueue.ts';
import type { Entity } from './changeQueue.ts';

describe('what a change makes stale in the tree', () => {
  const stale = (entity: Entity): (string | null)[] => [null, 'computers', 'group/1', 'group/new', 'jobs', 'folder/1', 'images', 'activity', 'servers'].filter((parent) => treeIsStale(parent, new Set([entity])));
  it.each([
    ['computer', [null, 'computers', 'group/1', 'group/new']], ['group', [null, 'computers', 'group/1', 'group/new']], ['job', [null, 'jobs', 'folder/1']],
    ['image', [null, 'jobs', 'folder/1', 'images']], ['run', [null, 'group/1', 'group/new', 'activity']], ['settings', [null, 'servers']],
  ] as const)('%s', (entity, parents) => {
    expect(stale(entity)).toEqual(parents);
  });
});

it('reads at once, and gathers what changes meanwhile into one reading after it', async () => {
  const readings: Entity[][] = [];
  const ends: (() => void)[] = [];
  const note = changeQueue((entities) => new Promise<void>((resolve) => { readings.push([...entities]); ends.push(resolve); }), 0);
  note(['run']);
  note(['run', 'computer']);
  note(['computer', 'job']);
  expect(readings).toEqual([['run']]);
  ends[0]?.();
  await expect.poll(() => readings).toEqual([['run'], ['run', 'computer', 'job']]);
  ends[1]?.();
  await new Promise((resolve) => { setTimeout(resolve, 5); });
  expect(readings).toHaveLength(2);
});
