// Pure: the tree as the flat list of rows one sees, and what a key does to it. Knows nodes by id only, so that live updates
// can replace every node without touching selection or expansion.
import type { TreeNode } from '#shared/model/server.ts';

/** path: the nodes it lies in, from the root on. */
export type NodeRow = { type: 'node'; node: TreeNode; parent: string | null; path: readonly string[]; depth: number; position: number; siblings: number; expanded: boolean };
/** Stands where the children of an expanded node are not known yet, or could not be read. */
export type PlaceholderRow = { type: 'loading' | 'failed'; parent: string; depth: number };
export type TreeRow = NodeRow | PlaceholderRow;
export type Children = { nodes: TreeNode[] } | 'loading' | 'failed';

export function rowId(row: TreeRow): string {
  return row.type === 'node' ? row.node.id : `${row.type}:${row.parent}`;
}

export function flatten(childrenOf: (parent: string | null) => Children, expanded: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = [];
  const visit = (parent: string | null, path: readonly string[]): void => {
    const depth = path.length;
    const children = childrenOf(parent);
    if (children === 'loading' || children === 'failed') {
      if (parent !== null) rows.push({ type: children, parent, depth });
      return;
    }
    children.nodes.forEach((node, index) => {
      const open = node.hasChildren && expanded.has(node.id);
      rows.push({ type: 'node', node, parent, path, depth, position: index + 1, siblings: children.nodes.length, expanded: open });
      if (open) visit(node.id, [...path, node.id]);
    });
  };
  visit(null, []);
  return rows;
}

/** Branches that are open where one can see them: only their children are read. */
export function openBranches(rows: readonly TreeRow[]): string[] {
  return rows.flatMap((row) => (row.type === 'node' && row.expanded ? [row.node.id] : []));
}

export type TreeMove = { focus: string } | { expand: string } | { collapse: string } | null;

/** What an arrow, Home, End or page key does, after the ARIA tree pattern. */
export function moveFor(rows: TreeRow[], active: string | null, key: string, pageRows = 10): TreeMove {
  const nodes = rows.filter((row) => row.type === 'node');
  const index = nodes.findIndex((row) => row.node.id === active);
  const focus = (row: NodeRow | undefined): TreeMove => (row === undefined ? null : { focus: row.node.id });
  const current = nodes[index];
  if (current === undefined) return focus(nodes[0]);
  const clamp = (at: number): NodeRow | undefined => nodes[Math.min(nodes.length - 1, Math.max(0, at))];
  switch (key) {
    case 'ArrowDown': return focus(clamp(index + 1));
    case 'ArrowUp': return focus(clamp(index - 1));
    case 'Home': return focus(nodes[0]);
    case 'End': return focus(nodes.at(-1));
    case 'PageDown': return focus(clamp(index + pageRows));
    case 'PageUp': return focus(clamp(index - pageRows));
    case 'ArrowRight': {
      if (current.node.hasChildren && !current.expanded) return { expand: current.node.id };
      const next = nodes[index + 1];
      return next?.parent === current.node.id ? focus(next) : null;
    }
    case 'ArrowLeft':
      if (current.expanded) return { collapse: current.node.id };
      return current.parent === null ? null : { focus: current.parent };
    default: return null;
  }
}

/** The next row, from the active one on and round, whose name starts with what was typed; the same letter again goes on to the next. */
export function typeAhead(rows: TreeRow[], active: string | null, typed: string): string | null {
  const nodes = rows.filter((row) => row.type === 'node');
  const text = typed.toLocaleLowerCase();
  const repeated = text.length > 1 && text.split('').every((letter) => letter === text[0]);
  const prefix = repeated ? text.slice(0, 1) : text;
  const from = nodes.findIndex((row) => row.node.id === active);
  const first = prefix.length === 1 ? from + 1 : Math.max(from, 0);
  for (let step = 0; step < nodes.length; step++) {
    const row = nodes[(first + step) % nodes.length];
    if (row?.node.name.toLocaleLowerCase().startsWith(prefix)) return row.node.id;
  }
  return null;
}

/** Ids from one row to another, both included, in the order seen: what Shift selects. */
export function range(rows: TreeRow[], from: string, to: string): string[] {
  const ids = rows.filter((row) => row.type === 'node').map((row) => row.node.id);
  const [a, b] = [ids.indexOf(from), ids.indexOf(to)];
  if (a < 0 || b < 0) return b < 0 ? [] : [to];
  return ids.slice(Math.min(a, b), Math.max(a, b) + 1);
}

/** Where to scroll so that the row at the top stays where it was when rows were added or removed above it. */
export function anchoredScroll(before: TreeRow[], after: TreeRow[], scrollTop: number, rowHeight: number): number {
  const top = Math.floor(scrollTop / rowHeight);
  for (let index = top; index < before.length; index++) {
    const row = before[index];
    if (row === undefined) break;
    const id = rowId(row);
    const now = after.findIndex((candidate) => rowId(candidate) === id);
    if (now >= 0) return Math.max(0, scrollTop + (now - index) * rowHeight);
  }
  return scrollTop;
}
