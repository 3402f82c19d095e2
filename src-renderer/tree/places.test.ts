import { expect, it } from 'vitest';
import { choicesFor, inTreeOrder } from './places.ts';

const groups = inTreeOrder('group', [{ id: 'r10', parentId: 'b', name: 'Room 10' }, { id: 'b', parentId: null, name: 'Main building' }, { id: 'r2', parentId: 'b', name: 'Room 2' }, { id: 'l', parentId: null, name: 'Loans' }], { id: 'computers', name: 'Computers' });

it('lists places in the order of the tree, with where they are', () => {
  expect(groups.map((place) => [place.id, place.path.map((each) => each.name).join('/')])).toEqual([['computers', ''], ['group/l', 'Computers'], ['group/b', 'Computers'], ['group/r2', 'Computers/Main building'], ['group/r10', 'Computers/Main building']]);
});
it('offers a group every place but itself, what lies in it, and where it is', () => {
  expect(choicesFor([{ id: 'group/b', name: 'Main building', parent: 'computers' }], groups, '').map((choice) => choice.id)).toEqual(['group/l']);
});
it('narrows by every word, in name or place', () => {
  expect(choicesFor([{ id: 'computer/1', name: 'PC', parent: 'group/r2' }], groups, 'main 10').map((choice) => choice.name)).toEqual(['Room 10']);
});
