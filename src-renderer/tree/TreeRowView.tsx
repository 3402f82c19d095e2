// One row of the tree: chevron, icon, name, then one badge or state at the right. Dumb: what happens is said by its owner.
import { IconChevronDown, IconChevronRight, IconDots } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { NodeIcon } from './NodeIcon.tsx';
import { nodeTone } from './nodeTone.ts';
import type { NodeRow, TreeRow } from './treeModel.ts';
import { MiddleText } from '../ui/MiddleText.tsx';
import { StateIcon } from '../ui/StateMark.tsx';
import classes from './Tree.module.css';

type Props = {
  row: TreeRow; top: number; domId: string; active: boolean; open: boolean; selected: boolean; renaming: boolean;
  onClick: (id: string, event: React.MouseEvent) => void;
  onToggle: (id: string, isOpen: boolean) => void;
  onMenu: (id: string, x: number, y: number) => void;
  onRename: (row: NodeRow, name: string | null) => void;
  onStartRename: (id: string) => void;
};

export function TreeRowView({ row, top, domId, active, open, selected, renaming, onClick, onToggle, onMenu, onRename }: Props) {
  const style = { transform: `translateY(${top}px)`, paddingLeft: 6 + row.depth * 18 };
  if (row.type !== 'node') {
    return <div role="treeitem" aria-level={row.depth + 1} aria-disabled id={domId} className={`${classes['row']} ${classes['placeholder']}`} style={{ ...style, paddingLeft: style.paddingLeft + 22 }}>{row.type === 'loading' ? 'Reading…' : 'Could not be read'}</div>;
  }
  const { node } = row;
  const tone = nodeTone(node);
  const chevron = row.expanded ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />;
  return (
    <div
      role="treeitem" id={domId} aria-level={row.depth + 1} aria-setsize={row.siblings} aria-posinset={row.position} aria-selected={selected || open}
      {...(node.hasChildren ? { 'aria-expanded': row.expanded } : {})}
      className={classes['row']} data-active={active} data-open={open} data-selected={selected} style={style}
      onClick={(event) => { if (!renaming) onClick(node.id, event); }}
      onContextMenu={(event) => { event.preventDefault(); event.stopPropagation(); onMenu(node.id, event.clientX, event.clientY); }}
    >
      <span className={classes['chevron']} onClick={(event) => { if (node.hasChildren) { event.stopPropagation(); onToggle(node.id, row.expanded); } }}>{node.hasChildren && chevron}</span>
      <span className={classes['icon']}><NodeIcon kind={node.kind} size={16} /></span>
      {renaming ? <RenameField row={row} onDone={onRename} /> : <span className={classes['name']}><MiddleText text={node.name} /></span>}
      {!renaming && node.badge !== null && <span className={classes['badge']}> {node.badge}</span>}
      {!renaming && tone !== null && <span className={classes['tone']} title={node.state ?? ''}><span className="offscreen"> {node.state}</span><StateIcon tone={tone} size={12} /></span>}
      {!renaming && <span className={classes['dots']} title="More" aria-hidden onClick={(event) => { event.stopPropagation(); const box = event.currentTarget.getBoundingClientRect(); onMenu(node.id, box.left, box.bottom); }}><IconDots size={16} /></span>}
    </div>
  );
}

function RenameField({ row, onDone }: { row: NodeRow; onDone: (row: NodeRow, name: string | null) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  useEffect(() => { input.current?.focus(); input.current?.select(); }, []);
  const finish = (name: string | null): void => {
    if (done.current) return;
    done.current = true;
    onDone(row, name?.trim() === '' ? null : (name?.trim() ?? null));
  };
  return (
    <input
      ref={input} className={classes['rename']} aria-label={`New name of ${row.node.name}`} defaultValue={row.node.name} maxLength={200}
      onClick={(event) => event.stopPropagation()}
      onBlur={(event) => finish(event.currentTarget.value)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Enter') finish(event.currentTarget.value);
        if (event.key === 'Escape') finish(null);
      }}
    />
  );
}
