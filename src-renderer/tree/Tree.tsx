// The tree at the left: one tab stop, moved through by keys, selection and scroll kept through live updates.
import { Button, Skeleton } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { imageOfNode } from './nodePlaces.ts';
import { TreeMenu } from './TreeMenu.tsx';
import { TreeRowView } from './TreeRowView.tsx';
import { anchoredScroll, moveFor, range, rowId, typeAhead } from './treeModel.ts';
import type { NodeRow, TreeRow } from './treeModel.ts';
import { useTree } from './useTree.ts';
import { StateMark } from '../ui/StateMark.tsx';
import { useImageActions } from '../images/useImageActions.tsx';
import classes from './Tree.module.css';

const rowHeight = 32;
const typeAheadMs = 700;

export function Tree() {
  const [location, navigate] = useLocation();
  const { rows, rootState, expand, collapse, retry } = useTree();
  const actions = useImageActions();
  const [active, setActive] = useState<string | null>(null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [renaming, setRenaming] = useState<string | null>(null);
  const [menu, setMenu] = useState<{ x: number; y: number; id: string } | null>(null);
  const anchor = useRef<string | null>(null);
  const typed = useRef({ text: '', at: 0 });
  const scroller = useRef<HTMLDivElement>(null);
  const open = location === '/' ? null : openNode(location);
  const current = active ?? open;
  const virtualizer = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => rowHeight, overscan: 10, getItemKey: (index) => { const row = rows[index]; return row === undefined ? index : rowId(row); } });
  useAnchoredScroll(rows, scroller);
  // The page one opens elsewhere (a link, back) becomes the tree's active row too.
  useEffect(() => { setActive(open); setSelected(new Set()); }, [open]);

  const focusRow = (id: string): void => {
    setActive(id);
    const index = rows.findIndex((row) => rowId(row) === id);
    if (index >= 0) virtualizer.scrollToIndex(index, { align: 'auto' });
  };
  const nodeRow = (id: string | null): NodeRow | undefined => rows.find((row): row is NodeRow => row.type === 'node' && row.node.id === id);
  const openRow = (id: string): void => navigate(`/${id}`);
  const selection = (id: string): string[] => (selected.has(id) ? [...selected] : [id]);
  const trash = (ids: string[]): void => {
    // The rows are about to go: what comes after them (or before) becomes the active one.
    const places = rows.map(rowId);
    const last = Math.max(...ids.map((id) => places.indexOf(id)));
    const next = places.slice(last + 1).find((id) => imageOfNode(id) !== null) ?? places.slice(0, last).findLast((id) => !ids.includes(id));
    for (const id of ids) {
      const image = imageOfNode(id);
      const row = nodeRow(id);
      if (image !== null && row !== undefined) actions.trash({ image, name: row.node.name });
    }
    setSelected(new Set());
    if (next !== undefined && ids.every((id) => imageOfNode(id) !== null)) focusRow(next);
  };
  const click = (id: string, event: React.MouseEvent): void => {
    scroller.current?.focus({ preventScroll: true });
    setActive(id);
    if (event.shiftKey && (anchor.current ?? current) !== null) return setSelected(new Set(range(rows, anchor.current ?? current ?? id, id)));
    anchor.current = id;
    if (event.ctrlKey || event.metaKey) return setSelected(toggled(selected, id));
    setSelected(new Set());
    openRow(id);
  };
  const showMenu = (id: string, x: number, y: number): void => {
    setActive(id);
    setMenu({ x, y, id });
  };
  const keyDown = (event: React.KeyboardEvent): void => {
    if (renaming !== null || event.target !== event.currentTarget) return;
    if (event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey && !event.altKey) {
      if (event.key === '?') return;
      const now = Date.now();
      typed.current = { text: now - typed.current.at < typeAheadMs ? typed.current.text + event.key : event.key, at: now };
      const found = typeAhead(rows, current, typed.current.text);
      if (found !== null) focusRow(found);
      event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (handleCommandKey(event)) { event.preventDefault(); return; }
    const move = moveFor(rows, current, event.key, Math.floor((scroller.current?.clientHeight ?? 320) / rowHeight) - 1);
    if (move === null) return;
    event.preventDefault();
    if ('expand' in move) return expand(move.expand);
    if ('collapse' in move) return collapse(move.collapse);
    if (event.shiftKey && current !== null) {
      anchor.current ??= current;
      setSelected(new Set(range(rows, anchor.current, move.focus)));
    } else {
      anchor.current = move.focus;
      if (!event.shiftKey) setSelected(new Set());
    }
    focusRow(move.focus);
  };
  const handleCommandKey = (event: React.KeyboardEvent): boolean => {
    if (current === null) return false;
    if (event.key === 'Enter') openRow(current);
    else if (event.key === ' ') { anchor.current = current; setSelected(toggled(selected, current)); }
    else if (event.key === 'F2' && imageOfNode(current) !== null) setRenaming(current);
    else if (event.key === 'Delete') trash(selection(current));
    else if (event.key === 'Escape') setSelected(new Set());
    else return false;
    return true;
  };
  const finishRename = (row: NodeRow, name: string | null): void => {
    setRenaming(null);
    scroller.current?.focus();
    const image = imageOfNode(row.node.id);
    if (name !== null && name !== row.node.name && image !== null) actions.rename({ image, name, from: row.node.name });
  };

  const activeVisible = rows.some((row) => rowId(row) === current);
  if (rootState === 'loading') return <TreeSkeleton />;
  if (rootState === 'failed') return <div className={classes['unread']} role="alert"><StateMark tone="fail">The tree could not be read</StateMark><Button variant="default" onClick={retry}>Try again</Button></div>;
  return (
    <>
      <div
        ref={scroller} role="tree" aria-label="Everything on this server" aria-multiselectable tabIndex={0} className={classes['tree']}
        {...(activeVisible && current !== null ? { 'aria-activedescendant': domId(current) } : {})}
        onKeyDown={keyDown}
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
            return (
              <TreeRowView
                key={item.key} row={row} top={item.start} domId={domId(rowId(row))}
                active={rowId(row) === current} open={rowId(row) === open} selected={selected.has(rowId(row))} renaming={rowId(row) === renaming}
                onClick={click} onToggle={(id, isOpen) => (isOpen ? collapse(id) : expand(id))} onMenu={showMenu} onRename={finishRename} onStartRename={setRenaming}
              />
            );
          })}
        </div>
      </div>
      {menu !== null && (
        <TreeMenu
          {...menu} row={nodeRow(menu.id)} count={selection(menu.id).length}
          onClose={() => { setMenu(null); scroller.current?.focus({ preventScroll: true }); }}
          onOpen={() => openRow(menu.id)} onRename={() => setRenaming(menu.id)} onTrash={() => trash(selection(menu.id))}
        />
      )}
    </>
  );
}

function openNode(location: string): string {
  const [kind, id] = location.slice(1).split('/');
  return id !== undefined && (kind === 'image' || kind === 'computer' || kind === 'server' || kind === 'run') ? `${kind}/${id}` : (kind ?? '');
}
function domId(id: string): string {
  return `tree-${id.replaceAll(/[^\w-]/g, '-')}`;
}
function toggled(selected: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(selected);
  if (!next.delete(id)) next.add(id);
  return next;
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
