// Pure: the portal's menu as the text screen a technician sees, 80 columns by 25 rows, one of its lines chosen. The console may not
// import the agent, which draws the real one; menuScreen.test.ts holds the two to the same text, line by line.
import { formatBytes } from '#shared/units.ts';
import type { MenuNode } from '#shared/model/menu.ts';
import type { PortalSettings } from '#shared/model/server.ts';

/** As the agent's theme calls them. */
export type Ink = 'text' | 'heading' | 'quiet' | 'title' | 'selected' | 'warn' | 'key' | 'status';
export type Piece = { text: string; ink: Ink };
export type ScreenLine = Piece[];
/** The computer the screen is shown on: an example, since every computer has the same menu. */
export type Example = { computerName: string; model: string; serial: string; address: string; serverName: string; clock: string };

export const screenColumns = 80;
export const screenRows = 25;
const body = { top: 2, left: 3, rows: 20, columns: 74 } as const;
const edges = { left: 2, right: 78 } as const;
const emptyMenu = 'Nothing is offered to this computer yet. An administrator publishes a job in the console: by (MI) in its name, or by the switch “Show in portal”. It appears here at once.';

export type MenuScreen = { lines: ScreenLine[]; /** Place of the chosen line among those of its level, from 1; null where it is not there. */ place: number | null; count: number };

/** @param chosen "job/<id>" or "folder/<id>"; the level of the menu that holds it is shown, and no line is marked where none does */
export function menuScreen(settings: Pick<PortalSettings, 'portalTitle' | 'portalText'>, menu: readonly MenuNode[], chosen: string | null, example: Example): MenuScreen {
  const found = levelOf(menu, chosen, []) ?? { nodes: menu, path: [] };
  const index = found.nodes.findIndex((node) => node.id === chosen);
  const lines: ScreenLine[] = Array.from({ length: screenRows }, () => []);
  const nameRoom = Math.min(width(example.computerName), Math.floor((edges.right - edges.left) / 2));
  lines[0] = [pad('', edges.left, 'title'), pad(settings.portalTitle, edges.right - edges.left - nameRoom, 'title'), pad(cutMiddle(example.computerName, nameRoom), nameRoom + screenColumns - edges.right, 'title')];
  const crumbs = found.path.join(' / ');
  const heading = crumbs === '' ? (settings.portalText === '' ? 'Menu' : settings.portalText) : crumbs;
  const filter = found.nodes.length > 0 ? 'type to filter' : '';
  lines[body.top] = [pad('', body.left, 'text'), pad(cut(heading, body.columns - width(filter) - 2), body.columns - width(filter), 'heading'), pad(filter, width(filter), 'quiet')];
  if (found.nodes.length === 0) wrap(emptyMenu, body.columns - 2).forEach((line, at) => { lines[body.top + 2 + at] = [pad('', body.left + 2, 'text'), pad(line, body.columns - 2, 'text')]; });
  else listLines(found.nodes, index).forEach((line, at) => { lines[body.top + 1 + at] = [pad('', body.left, 'text'), ...line]; });
  const selected = found.nodes[Math.max(0, index)];
  const keys: [string, string][] = [...(selected === undefined ? [] : [['Enter', selected.kind === 'folder' ? 'open' : 'choose'] as [string, string]]), ['Esc', 'back'], ...(selected?.kind === 'item' ? [['F1', 'details'] as [string, string]] : [])];
  lines[screenRows - 2] = [pad('', body.left, 'text'), ...keys.flatMap(([key, does]): Piece[] => [{ text: key, ink: 'key' }, { text: ` ${does}   `, ink: 'text' }])];
  const status = [example.model, example.serial, example.address, `server ${example.serverName}`].join(' · ');
  lines[screenRows - 1] = [pad('', edges.left, 'status'), pad(status, edges.right - edges.left - width(example.clock), 'status'), pad(example.clock, width(example.clock) + screenColumns - edges.right, 'status')];
  return { lines: lines.map(filled), place: index < 0 ? null : index + 1, count: found.nodes.length };
}

/** The list of the body: its own heading, as many rows as fit, and which of them those are. */
function listLines(nodes: readonly MenuNode[], index: number): ScreenLine[] {
  const hidden = nodes.length > body.rows - 1;
  const rows = hidden ? body.rows - 3 : body.rows - 2;
  const top = nodes.length <= rows ? 0 : Math.max(0, Math.min(nodes.length - rows, index - Math.floor(rows / 2)));
  const columns = columnsOf(nodes);
  const shown = nodes.slice(top, top + rows);
  const last = top + shown.length;
  return [
    columns.size === 0 ? [] : [pad('needs a disk of'.padStart(body.columns), body.columns, 'quiet')],
    ...shown.map((node, at) => rowLine(node, top + at === index, columns)),
    ...(hidden ? [[pad(`  ${top + 1}–${last} of ${nodes.length}${top > 0 ? ' ▲' : ''}${last < nodes.length ? ' ▼' : ''}`, body.columns, 'quiet')]] : []),
  ];
}

type Columns = { label: number; effect: number; size: number };
function columnsOf(nodes: readonly MenuNode[]): Columns {
  const items = nodes.filter((node) => node.kind === 'item');
  const size = items.some((item) => item.needsBytes !== null) ? 9 : 0;
  const widest = Math.max(0, ...items.map((item) => width(item.problem ?? item.effect)));
  const labels = Math.max(12, ...nodes.map((node) => width(node.label) + (node.kind === 'folder' ? 2 : 0)));
  const room = body.columns - 2 - size;
  const label = Math.min(labels + 3, Math.max(room - widest - 1, Math.floor((room * 2) / 3)));
  return { label, effect: Math.max(0, room - label), size };
}

function rowLine(node: MenuNode, selected: boolean, columns: Columns): ScreenLine {
  const greyed = node.kind === 'item' && node.problem !== null;
  const ink = (other: Ink): Ink => (selected ? 'selected' : other);
  const name = [pad(selected ? '► ' : '  ', 2, ink(greyed ? 'quiet' : 'text')), pad(cutMiddle(node.label, columns.label), columns.label, ink(greyed ? 'quiet' : 'text'))];
  if (node.kind === 'folder') return [...name, pad(`► ${node.children.length === 1 ? '1 item' : `${node.children.length} items`}`, columns.effect + columns.size, ink('quiet'))];
  const size = node.needsBytes === null ? '' : formatBytes(node.needsBytes);
  return [...name, pad(node.problem ?? node.effect, columns.effect, ink(greyed ? 'warn' : 'quiet')), pad(size.padStart(columns.size), columns.size, ink('quiet'))];
}

/** The level whose nodes hold the chosen one, with the folders that lead there. */
function levelOf(nodes: readonly MenuNode[], chosen: string | null, path: readonly string[]): { nodes: readonly MenuNode[]; path: readonly string[] } | null {
  if (nodes.some((node) => node.id === chosen)) return { nodes, path };
  for (const node of nodes) {
    const inside = node.kind === 'folder' ? levelOf(node.children, chosen, [...path, node.label]) : null;
    if (inside !== null) return inside;
  }
  return null;
}

const letters = (text: string): string[] => [...text];
const width = (text: string): number => letters(text).length;

/** Exactly so many columns: cut with an ellipsis, or filled up. */
function pad(text: string, columns: number, ink: Ink): Piece {
  const shown = cut(text, columns);
  return { text: shown + ' '.repeat(columns - width(shown)), ink };
}
function cut(text: string, columns: number): string {
  return width(text) <= columns ? text : columns <= 0 ? '' : `${letters(text).slice(0, columns - 1).join('')}…`;
}
function cutMiddle(text: string, columns: number): string {
  if (width(text) <= columns || columns < 7) return cut(text, columns);
  const left = Math.ceil((columns - 1) / 2);
  return `${letters(text).slice(0, left).join('')}…${letters(text).slice(-(columns - 1 - left)).join('')}`;
}
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && width(line) + 1 + width(word) <= columns) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
function filled(line: ScreenLine): ScreenLine {
  const used = line.reduce((sum, piece) => sum + width(piece.text), 0);
  return used >= screenColumns ? line : [...line, pad('', screenColumns - used, 'text')];
}
