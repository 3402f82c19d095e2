// The tree at the left: one tab stop, moved through by keys; selection, expansion, scroll and focus kept through live updates.
import { Button, Skeleton } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { DragLayer } from './DragLayer.tsx';
import { armDrag } from './dragStore.ts';
import type { DragItem } from './dropRules.ts';
import { isComputerItem, isJobItem, kindOf, nodeOfLocation } from './nodePlaces.ts';
import { openObjectDialog } from './objectDialogStore.ts';
import { TreeMenu } from './TreeMenu.tsx';
import { TreeRowView } from './TreeRowView.tsx';
import { treeKeys } from './treeKeys.ts';
import { anchoredScroll, rowId } from './treeModel.ts';
import type { NodeRow, TreeRow } from './treeModel.ts';
import { abilitiesOf, useNodeCommands } from './useNodeCommands.ts';
import { useTree } from './useTree.ts';
import { useTreeSelection } from './useTreeSelection.ts';
import { StateMark } from '../ui/StateMark.tsx';
import classes from './Tree.module.css';

const rowHeight = 32;

export function Tree() {
  const [location, navigate] = useLocation();
  const { rows, rootState, expand, collapse, retry } = useTree();
  const commands = useNodeCommands();
  const open = location === '/' ? null : nodeOfLocation(location);
  const selection = useTreeSelection(rows, open);
  const { current, selected } = selection;
  const [renaming, setRenaming] = useState<string | null>(null);
  const [menu, setMenu] = useState<{ x: number; y: number; id: string } | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const typed = useRef({ text: '', at: 0 });
  const virtualizer = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => rowHeight, overscan: 10, getItemKey: (index) => { const row = rows[index]; return row === undefined ? index : rowId(row); } });
  useAnchoredScroll(rows, scroller);

  const scrollTo = (id: string): boolean => {
    const index = rows.findIndex((row) => rowId(row) === id);
    if (index >= 0) virtualizer.scrollToIndex(index, { align: 'auto' });
    return index >= 0;
  };
  const focusRow = (id: string): void => { selection.setActive(id); scrollTo(id); };
  const toTree = (): void => scroller.current?.focus({ preventScroll: true });
  const openRow = (id: string): void => navigate(`/${id}`);
  const itemsOf = (nodes: readonly NodeRow[]): DragItem[] => nodes.map(({ node, parent }) => ({ id: node.id, name: node.name, parent }));
  const meant = (id: string): DragItem[] => itemsOf(selection.meant(id));

  // What was just made is shown and named as soon as the server's tree has it.
  const renamingRow = renaming === null ? -1 : rows.findIndex((row) => rowId(row) === renaming);
  useEffect(() => { if (renamingRow >= 0) virtualizer.scrollToIndex(renamingRow, { align: 'auto' }); }, [renamingRow, virtualizer]);

  const trash = (id: string): void => {
    const items = meant(id);
    if (!abilitiesOf(items.map((item) => item.id)).trash) return;
    // The rows are about to go: what comes after them (or before) becomes the active one.
    const places = rows.map(rowId);
    const gone = new Set(items.map((item) => item.id));
    const last = Math.max(...items.map((item) => places.indexOf(item.id)));
    const inside = (at: number): boolean => { const row = rows[at]; return row?.type === 'node' && row.path.some((each) => gone.has(each)); };
    const next = places.findIndex((place, at) => at > last && !gone.has(place) && !inside(at));
    const before = places.slice(0, last).findLast((place) => !gone.has(place));
    commands.trash(items);
    selection.clear();
    const then = next >= 0 && kindOf(places[next] ?? '') === kindOf(items[0]?.id ?? '') ? places[next] : before;
    if (then !== undefined) focusRow(then);
  };
  const create = (what: 'group' | 'folder' | 'job', parent: string): void => {
    expand(...(rows.find((row): row is NodeRow => row.type === 'node' && row.node.id === parent)?.path ?? []), parent);
    void commands.create(what, parent).then((made) => {
      if (made === null) return;
      selection.setActive(made);
      if (what === 'job') openRow(made);
      setRenaming(made);
    });
  };
  const duplicate = (id: string): void => {
    void commands.duplicate(meant(id)).then((made) => {
      const [first] = made ?? [];
      if (first === undefined) return;
      selection.clear();
      selection.setActive(first);
    });
  };

  const click = (id: string, event: React.MouseEvent): void => {
    toTree();
    if (event.shiftKey) { selection.extendTo(id); selection.setActive(id); return; }
    if (event.ctrlKey || event.metaKey) { selection.toggle(id); selection.setActive(id); return; }
    selection.setActive(id);
    selection.pick(id);
    openRow(id);
  };
  const showMenu = (id: string, x: number, y: number): void => {
    selection.setActive(id);
    setMenu({ x, y, id });
  };
  const keyDown = treeKeys({
    rows, selection, expand, collapse, focusRow, typed: typed.current, pageRows: () => Math.floor((scroller.current?.clientHeight ?? 320) / rowHeight) - 1,
    abilities: (id) => abilitiesOf(meant(id).map((item) => item.id)),
    commands: { open: openRow, rename: setRenaming, trash, duplicate },
  });
  const finishRename = async (row: NodeRow, name: string | null, stay: boolean): Promise<string | null> => {
    const asked = name === null || name === row.node.name ? null : commands.rename({ id: row.node.id, name: row.node.name, parent: row.parent }, name, stay);
    if (stay) {
      const why = await asked;
      if (why !== null) return why;
    }
    setRenaming((now) => (now === row.node.id ? null : now));
    toTree();
    return null;
  };
  const pointerDown = (row: NodeRow, event: React.PointerEvent): void => armDrag(event, () => itemsOf(selection.meant(row.node.id)).filter((item) => isComputerItem(item.id) || isJobItem(item.id)));

  if (rootState === 'loading') return <TreeSkeleton />;
  if (rootState === 'failed') return <div className={classes['unread']} role="alert"><StateMark tone="fail">The tree could not be read</StateMark><Button variant="default" onClick={retry}>Try again</Button></div>;
  const activeVisible = current !== null && rows.some((row) => rowId(row) === current);
  return (
    <>
      <div
        ref={scroller} role="tree" aria-label="Everything on this server" aria-multiselectable tabIndex={0} className={classes['tree']} data-drag-scrolls
        {...(activeVisible ? { 'aria-activedescendant': domId(current) } : {})}
        onKeyDown={(event) => { if (renaming === null && event.target === event.currentTarget && keyDown(event)) event.preventDefault(); }}
        onContextMenu={(event) => {
          event.preventDefault();
          // The menu key sends the event to the tree itself: the menu then opens at the active row.
          if (event.target === event.currentTarget && current !== null) {
            const box = document.getElementById(domId(current))?.getBoundingClientRect();
            if (box) showMenu(current, box.left + 48, box.bottom);
          }
        }}
      >
        <div role="presentation" className={classes['sizer']} style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            const id = rowId(row);
            return (
              <TreeRowView
                key={item.key} row={row} top={item.start} domId={domId(id)} active={id === current} open={id === open} selected={selected.has(id)} renaming={id === renaming}
                onClick={click} onToggle={(of, isOpen) => (isOpen ? collapse(of) : expand(of))} onMenu={showMenu} onRename={finishRename} onPointerDown={pointerDown}
              />
            );
          })}
        </div>
      </div>
      {menu !== null && (
        <TreeMenu
          {...menu} items={meant(menu.id)} row={rows.find((row): row is NodeRow => row.type === 'node' && row.node.id === menu.id)}
          onClose={() => { setMenu(null); toTree(); }} onOpen={() => openRow(menu.id)} onRename={() => setRenaming(menu.id)} onTrash={() => trash(menu.id)} onDuplicate={() => duplicate(menu.id)}
          onRun={() => commands.run(meant(menu.id))} onMove={() => openObjectDialog({ kind: 'move', items: meant(menu.id) })} onNew={(what) => create(what, menu.id)}
        />
      )}
      <DragLayer onDrop={commands.drop} onRest={expand} />
    </>
  );
}

function domId(id: string): string {
  return `tree-${id.replaceAll(/[^\w-]/g, '-')}`;
}

function useAnchoredScroll(rows: TreeRow[], scroller: React.RefObject<HTMLDivElement | null>): void {
  const before = useRef(rows);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element && before.current !== rows && element.scrollTop > 0) element.scrollTop = anchoredScroll(before.current, rows, element.scrollTop, rowHeight);
    before.current = rows;
  }, [rows, scroller]);
}

function TreeSkeleton() {
  return (
    <div className={classes['tree']} aria-hidden>
      {Array.from({ length: 9 }, (_, index) => <div key={index} className={classes['skeleton']} style={{ paddingLeft: index % 4 === 0 ? 30 : 52 }}><Skeleton h={10} w={80 + ((index * 41) % 70)} /></div>)}
    </div>
  );
}
