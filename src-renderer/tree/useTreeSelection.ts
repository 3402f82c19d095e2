// Owns which row the keyboard is on and which rows are selected. Rows are known by id, so live updates change neither.
import { useCallback, useEffect, useRef, useState } from 'react';
import { range, rowId } from './treeModel.ts';
import type { NodeRow, TreeRow } from './treeModel.ts';
import { isOfOneKind } from './nodePlaces.ts';

export function useTreeSelection(rows: TreeRow[], open: string | null) {
  const [active, setActive] = useState<string | null>(null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const anchor = useRef<string | null>(null);
  const current = active ?? open;
  // The page one opens elsewhere (a link, back) becomes the tree's active row too.
  useEffect(() => { setActive(open); setSelected(new Set()); }, [open]);

  const clear = useCallback(() => setSelected(new Set()), []);
  return {
    current, selected, setActive, clear,
    toggle: (id: string): void => {
      anchor.current = id;
      setSelected((now) => {
        const next = new Set(now);
        // The row one came from is meant, too.
        if (now.size === 0 && current !== null && current !== id && isOfOneKind(current, id)) next.add(current);
        if (!next.delete(id)) next.add(id);
        return next;
      });
    },
    extendTo: (id: string): void => {
      anchor.current ??= current ?? id;
      setSelected(new Set(range(rows, anchor.current, id)));
    },
    /** Alone from here on. */
    pick: (id: string): void => {
      anchor.current = id;
      clear();
    },
    /** The rows beside it, all of one branch. */
    selectSiblings: (id: string): void => {
      const of = rows.find((row) => rowId(row) === id);
      if (of?.type === 'node') setSelected(new Set(rows.flatMap((row) => (row.type === 'node' && row.parent === of.parent ? [row.node.id] : []))));
    },
    /** What a command at this row is about: the selection where it is part of it, else this row. In the order seen; gone ones left out. */
    meant: (id: string): NodeRow[] => rows.filter((row): row is NodeRow => row.type === 'node' && (selected.has(id) ? selected.has(row.node.id) : row.node.id === id)),
  };
}
export type TreeSelection = ReturnType<typeof useTreeSelection>;
