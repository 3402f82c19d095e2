// Owns the menu as a technician moves in it: folders, type-to-filter, what is selected. Pure; what is in the menu is the server's word.
import type { MenuFolder, MenuNode } from '#shared/model/menu.ts';
import type { Key } from './keys.ts';
import { go, serverAway, stay, withNote } from './state.ts';
import type { MenuPlace, PortalState, Step } from './state.ts';
import { startItem } from './picking.ts';

export type MenuRow = { node: MenuNode; /** Folders on the way, while a filter looks into them; '' else. */ path: string };
export type MenuView = { rows: readonly MenuRow[]; index: number; /** Labels of the folders gone into. */ crumbs: readonly string[]; /** Items there without the filter. */ total: number };

const longestFilter = 40;
const pageRows = 10;

export function menuView(menu: readonly MenuNode[], place: MenuPlace): MenuView {
  const { nodes, crumbs } = nodesAt(menu, place.path);
  const rows = place.filter.trim() === '' ? nodes.map((node) => ({ node, path: '' })) : matching(nodes, wordsOf(place.filter), '');
  const found = rows.findIndex((row) => row.node.id === place.selectedId);
  return { rows, index: Math.max(0, found), crumbs, total: nodes.length };
}

export function menuKey(state: PortalState, key: Key): Step {
  if (state.open === null) return stay(state);
  const view = menuView(state.open.menu, state.menu);
  const row = view.rows[view.index];
  const place = (change: Partial<MenuPlace>): Step => stay({ ...state, menu: { ...state.menu, problem: null, ...change } });
  const select = (index: number): Step => place({ selectedId: view.rows[Math.max(0, Math.min(view.rows.length - 1, index))]?.node.id ?? null });
  switch (key.name) {
    case 'up': return select(view.index - 1);
    case 'down': return select(view.index + 1);
    case 'page-up': return select(view.index - pageRows);
    case 'page-down': return select(view.index + pageRows);
    case 'home': return select(0);
    case 'end': return select(view.rows.length - 1);
    case 'right': return row?.node.kind === 'folder' ? choose(state, row.node) : stay(state);
    case 'left': return state.menu.path.length > 0 ? leaveFolder(state) : stay(state);
    case 'enter': return row === undefined ? stay(state) : choose(state, row.node);
    case 'f1': return row?.node.kind === 'item' ? go(state, { kind: 'details', item: row.node.id, top: 0 }) : stay(state);
    case 'escape': return back(state);
    case 'backspace': return state.menu.filter === '' ? stay(state) : place({ filter: [...state.menu.filter].slice(0, -1).join(''), selectedId: null });
    case 'ctrl-u': return place({ filter: '', selectedId: null });
    case 'paste':
    case 'text': return typed(state, key.text);
    default: return stay(state);
  }
}

function typed(state: PortalState, text: string): Step {
  if (text === '?') return menuKey(state, { name: 'f1' });
  const filter = [...(state.menu.filter + text).trimStart()].slice(0, longestFilter).join('');
  return stay({ ...state, menu: { ...state.menu, filter, selectedId: null, problem: null } });
}

function choose(state: PortalState, node: MenuNode): Step {
  if (node.kind === 'folder') return stay({ ...state, menu: { path: [...pathTo(state, node)], filter: '', selectedId: null, problem: null } });
  if (node.problem !== null) return go(state, { kind: 'details', item: node.id, top: 0 });
  if (state.server?.state === 'away') return stay(withNote(state, serverAway));
  return startItem(state, node);
}

/** Esc: first the filter, then the folder, then the portal itself. */
function back(state: PortalState): Step {
  if (state.menu.filter !== '') return stay({ ...state, menu: { ...state.menu, filter: '', problem: null } });
  if (state.menu.path.length > 0) return leaveFolder(state);
  return go(state, { kind: 'leave', back: state.stage });
}

function leaveFolder(state: PortalState): Step {
  return stay({ ...state, menu: { path: state.menu.path.slice(0, -1), filter: '', selectedId: state.menu.path.at(-1) ?? null, problem: null } });
}

/** A filter finds folders deep down: going in remembers the way, so that Esc walks it back. */
function pathTo(state: PortalState, folder: MenuFolder): readonly string[] {
  const search = (nodes: readonly MenuNode[], way: readonly string[]): readonly string[] | null => {
    for (const node of nodes) {
      if (node.kind !== 'folder') continue;
      const here = [...way, node.id];
      const found = node === folder || node.id === folder.id ? here : search(node.children, here);
      if (found !== null) return found;
    }
    return null;
  };
  return search(state.open?.menu ?? [], []) ?? [];
}

/** A folder that is gone is left without a word: what is offered is what counts. */
function nodesAt(menu: readonly MenuNode[], path: readonly string[]): { nodes: readonly MenuNode[]; crumbs: string[] } {
  let nodes = menu;
  const crumbs: string[] = [];
  for (const id of path) {
    const folder = nodes.find((node) => node.kind === 'folder' && node.id === id);
    if (folder?.kind !== 'folder') break;
    nodes = folder.children;
    crumbs.push(folder.label);
  }
  return { nodes, crumbs };
}

function matching(nodes: readonly MenuNode[], words: readonly string[], path: string): MenuRow[] {
  return nodes.flatMap((node) => {
    const label = plain(node.label);
    const here = words.every((word) => label.includes(word)) ? [{ node, path }] : [];
    return node.kind === 'folder' ? [...here, ...matching(node.children, words, path === '' ? node.label : `${path} / ${node.label}`)] : here;
  });
}

function wordsOf(filter: string): string[] {
  return plain(filter).split(/\s+/).filter((word) => word !== '');
}

/** Case and accents make no difference: not every keyboard has them. */
function plain(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}+/gu, '').toLowerCase();
}
