// Pure: the places one can move things to, as the list of *Move to…*: named by their whole path, those that make no sense left out.
import { judgeDrop } from './dropRules.ts';
import type { DragItem, Drop } from './dropRules.ts';

/** id: as in the tree. path: the places it lies in. */
export type Place = { id: string; name: string; path: readonly { id: string; name: string }[] };
export type Choice = { id: string; name: string; where: string; drop: Drop };

export function choicesFor(items: readonly DragItem[], places: readonly Place[], filter: string): Choice[] {
  const words = filter.toLocaleLowerCase().split(/\s+/).filter((word) => word !== '');
  return places.flatMap((place) => {
    const where = place.path.map((each) => each.name).join(' / ');
    const text = `${where} ${place.name}`.toLocaleLowerCase();
    if (!words.every((word) => text.includes(word))) return [];
    const { drop } = judgeDrop(items, { id: place.id, name: place.name, path: place.path.map((each) => each.id) });
    return drop === null ? [] : [{ id: place.id, name: place.name, where, drop }];
  });
}

/** Groups or folders in the order of the tree, each with its path. */
export function inTreeOrder(kind: 'group' | 'folder', all: readonly { id: string; parentId: string | null; name: string }[], root: { id: string; name: string }): Place[] {
  const byParent = Map.groupBy(all, (each) => each.parentId);
  const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
  const below = (parent: string | null, path: Place['path']): Place[] => (byParent.get(parent) ?? []).toSorted((left, right) => names.compare(left.name, right.name)).flatMap((each) => {
    const place = { id: `${kind}/${each.id}`, name: each.name, path };
    return path.length > 64 ? [] : [place, ...below(each.id, [...path, { id: place.id, name: place.name }])];
  });
  return [{ ...root, path: [] }, ...below(null, [root])];
}
