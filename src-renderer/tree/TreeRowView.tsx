// One row of the tree: chevron, icon, name, then at the right what counts, its state, and that the portal offers it. Dumb: what
// happens is said by its owner.
import { IconChevronDown, IconChevronRight, IconDots } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { computerNameProblem } from '#shared/model/computer-name.ts';
import { dropPlace, useDropMark, useIsDragged } from './dragStore.ts';
import { NodeIcon } from './NodeIcon.tsx';
import { nodeTone } from './nodeTone.ts';
import { portalName } from './portalName.ts';
import type { NodeRow, TreeRow } from './treeModel.ts';
import { MiddleText } from '../ui/MiddleText.tsx';
import { StateIcon } from '../ui/StateMark.tsx';
import classes from './Tree.module.css';

type Props = {
  row: TreeRow; top: number; domId: string; active: boolean; open: boolean; selected: boolean; renaming: boolean;
  onClick: (id: string, event: React.MouseEvent) => void;
  onToggle: (id: string, isOpen: boolean) => void;
  onMenu: (id: string, x: number, y: number) => void;
  /** null: nothing was wanted. The answer is why it could not be, for somebody who is still there to read it. */
  onRename: (row: NodeRow, name: string | null, stay: boolean) => Promise<string | null>;
  onPointerDown: (row: NodeRow, event: React.PointerEvent) => void;
};

export function TreeRowView(props: Props) {
  const { row, top, domId } = props;
  if (row.type === 'node') return <NodeView {...props} row={row} />;
  return <div role="treeitem" aria-level={row.depth + 1} aria-disabled id={domId} className={`${classes['row']} ${classes['placeholder']}`} style={{ transform: `translateY(${top}px)`, paddingLeft: 28 + row.depth * 18 }}>{row.type === 'loading' ? 'Reading…' : 'Could not be read'}</div>;
}

function NodeView({ row, top, domId, active, open, selected, renaming, onClick, onToggle, onMenu, onRename, onPointerDown }: Props & { row: NodeRow }) {
  const { node } = row;
  const tone = nodeTone(node);
  const mark = useDropMark(node.id);
  const isDragged = useIsDragged(node.id);
  const portal = node.published === true;
  return (
    <div
      role="treeitem" id={domId} aria-level={row.depth + 1} aria-setsize={row.siblings} aria-posinset={row.position} aria-selected={selected || open}
      {...(node.hasChildren ? { 'aria-expanded': row.expanded } : {})}
      {...dropPlace({ id: node.id, name: portal ? portalName(node.name) : node.name, path: row.path }, node.hasChildren && !row.expanded)}
      className={classes['row']} data-active={active} data-open={open} data-selected={selected} data-target={mark} data-dragged={isDragged || undefined}
      style={{ transform: `translateY(${top}px)`, paddingLeft: 6 + row.depth * 18 }}
      onClick={(event) => { if (!renaming) onClick(node.id, event); }}
      onPointerDown={(event) => { if (!renaming) onPointerDown(row, event); }}
      onContextMenu={(event) => { event.preventDefault(); event.stopPropagation(); onMenu(node.id, event.clientX, event.clientY); }}
    >
      <span className={classes['chevron']} onClick={(event) => { if (node.hasChildren) { event.stopPropagation(); onToggle(node.id, row.expanded); } }}>{node.hasChildren && (row.expanded ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />)}</span>
      <span className={classes['icon']}><NodeIcon kind={node.kind} size={16} /></span>
      {renaming ? <RenameField row={row} onDone={onRename} /> : (
        <>
          <span className={classes['name']}><MiddleText text={portal ? portalName(node.name) : node.name} /></span>
          {node.badge !== null && <span className={classes['badge']}> {node.badge}</span>}
          {portal && <span className={classes['portal']} title="Offered in the portal"> (MI)</span>}
          {tone !== null && <span className={classes['tone']} title={node.state ?? ''}><span className="offscreen"> {node.state}</span><StateIcon tone={tone} size={12} /></span>}
          <span className={classes['dots']} title="More" aria-hidden onPointerDown={(event) => event.stopPropagation()} onClick={(event) => { event.stopPropagation(); const box = event.currentTarget.getBoundingClientRect(); onMenu(node.id, box.left, box.bottom); }}><IconDots size={16} /></span>
        </>
      )}
    </div>
  );
}

function RenameField({ row, onDone }: { row: NodeRow; onDone: Props['onRename'] }) {
  const input = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  const [name, setName] = useState(row.node.name);
  // What the server refused, as long as that is what stands there.
  const [refused, setRefused] = useState<{ name: string; why: string } | null>(null);
  // What Windows and DNS would not take is said while one types; Enter keeps nothing of it.
  const problem = refused?.name === name ? refused.why : row.node.kind === 'computer' && name !== row.node.name ? computerNameProblem(name.trim()) : null;
  useEffect(() => { input.current?.focus(); input.current?.select(); }, []);
  const finish = (wanted: string | null): void => {
    if (done.current) return;
    done.current = true;
    void onDone(row, wanted?.trim() === '' ? null : (wanted?.trim() ?? null), false);
  };
  /** The field stays until the server has taken the name. */
  const submit = async (): Promise<void> => {
    const wanted = name.trim();
    if (wanted === '' || wanted === row.node.name) {
      finish(null);
      return;
    }
    if (done.current) return;
    done.current = true;
    const why = await onDone(row, wanted, true);
    if (why === null) return;
    done.current = false;
    setRefused({ name, why });
  };
  return (
    <span className={classes['renaming']}>
      <input
        ref={input} className={classes['rename']} aria-label={`New name of ${row.node.name}`} value={name} maxLength={200} spellCheck={false} {...(problem === null ? {} : { 'aria-describedby': 'rename-problem', 'aria-invalid': true })}
        onChange={(event) => setName(event.currentTarget.value)}
        onClick={(event) => event.stopPropagation()}
        onBlur={() => finish(problem === null ? name : null)}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === 'Enter' && problem === null) void submit();
          if (event.key === 'Escape') finish(null);
        }}
      />
      {problem !== null && <span id="rename-problem" role="status" className={classes['hint']}>{problem}</span>}
    </span>
  );
}
