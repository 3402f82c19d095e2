import { describe, expect, it } from 'vitest';
import type { TreeNode } from '#shared/model/server.ts';
import { anchoredScroll, flatten, moveFor, range, rowId, typeAhead } from './treeModel.ts';
import type { Children, TreeRow } from './treeModel.ts';

const node = (id: string, name: string, hasChildren = false): TreeNode => ({ id, kind: hasChildren ? 'images' : 'image', name, badge: null, state: null, hasChildren });
const tree: Record<string, Children> = {
  root: { nodes: [node('computers', 'Computers', true), node('images', 'Images', true), node('activity', 'Activity')] },
  images: { nodes: [node('image/1', 'Win11 lab'), node('image/2', 'Linux workshop'), node('image/3', 'Windows 10')] },
  computers: 'loading',
};
const rowsOf = (...expanded: string[]): TreeRow[] => flatten((parent) => tree[parent ?? 'root'] ?? 'failed', new Set(expanded));
const ids = (rows: TreeRow[]): string[] => rows.map(rowId);

describe('the rows of the tree', () => {
  it('shows the children of expanded nodes below them, and a placeholder where they are not known yet', () => {
    expect(ids(rowsOf('images', 'computers'))).toEqual(['computers', 'loading:computers', 'images', 'image/1', 'image/2', 'image/3', 'activity']);
  });
  it('tells place and number of siblings for screen readers', () => {
    expect(rowsOf('images')[3]).toMatchObject({ depth: 1, position: 2, siblings: 3, parent: 'images' });
  });
  it('keeps an expansion that a node without children cannot show', () => {
    expect(ids(rowsOf('activity'))).toEqual(['computers', 'images', 'activity']);
  });
});

describe('keys in the tree', () => {
  const rows = rowsOf('images');
  it.each([
    ['ArrowDown', 'computers', { focus: 'images' }], ['ArrowUp', 'computers', { focus: 'computers' }], ['ArrowDown', 'activity', { focus: 'activity' }],
    ['Home', 'image/2', { focus: 'computers' }], ['End', 'image/2', { focus: 'activity' }],
    ['ArrowRight', 'computers', { expand: 'computers' }], ['ArrowRight', 'images', { focus: 'image/1' }], ['ArrowRight', 'image/1', null],
    ['ArrowLeft', 'image/2', { focus: 'images' }], ['ArrowLeft', 'images', { collapse: 'images' }], ['ArrowLeft', 'computers', null],
    ['ArrowDown', 'gone', { focus: 'computers' }],
  ] as const)('%s on %s', (key, active, expected) => {
    expect(moveFor(rows, active, key)).toEqual(expected);
  });
  it('finds the next row by its first letters, going round', () => {
    expect([typeAhead(rows, 'computers', 'w'), typeAhead(rows, 'image/1', 'w'), typeAhead(rows, 'image/3', 'ww'), typeAhead(rows, 'image/1', 'windows'), typeAhead(rows, null, 'x')])
      .toEqual(['image/1', 'image/3', 'image/1', 'image/3', null]);
  });
  it('selects a range in either direction', () => {
    expect(range(rows, 'image/3', 'images')).toEqual(['images', 'image/1', 'image/2', 'image/3']);
  });
});

describe('the place one reads in a tree that changes', () => {
  const after = flatten((parent) => (parent === null ? { nodes: [node('new', 'Added above'), ...(tree['root'] as { nodes: TreeNode[] }).nodes] } : tree[parent] ?? 'failed'), new Set(['images']));
  it('stays on the same row when rows appear above it', () => {
    expect(anchoredScroll(rowsOf('images'), after, 70, 32)).toBe(102);
  });
  it('moves to the next row still there when the row itself has gone', () => {
    expect(anchoredScroll(after, rowsOf('images'), 0, 32)).toBe(0);
  });
});
