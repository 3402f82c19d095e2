// Pure: the portal's menu as the text screen a technician sees, 80 columns by 25 rows, one of its lines chosen. Follows screens.md
// section 3: title bar, text, items with effect and size in columns, keys, identity.
import { formatBytes } from '#shared/units.ts';
import type { MenuItem, MenuNode } from '#shared/model/menu.ts';
import type { PortalSettings } from '#shared/model/server.ts';

export type Ink = 'title' | 'plain' | 'bright' | 'dim' | 'chosen' | 'warn' | 'status';
export type Piece = { text: string; ink: Ink };
export type ScreenLine = Piece[];

export const screenColumns = 80;
export const screenRows = 25;
const listTop = 5;
const listRows = 17;
const columns = { label: 36, effect: 26, size: 9 } as const;

export type MenuScreen = { lines: ScreenLine[]; /** Place of the chosen line among those of its level, from 1; null where it is not there. */ place: number | null; count: number };

/** @param chosen "job/<id>" or "folder/<id>"; the level of the menu that holds it is shown */
export function menuScreen(settings: Pick<PortalSettings, 'portalTitle' | 'portalText'>, menu: readonly MenuNode[], chosen: string | null, clock: string): MenuScreen {
  const found = levelOf(menu, chosen, []) ?? { nodes: menu, path: [] };
  const index = found.nodes.findIndex((node) => node.id === chosen);
  const top = Math.max(0, Math.min(index - Math.floor(listRows / 2), found.nodes.length - listRows));
  const shown = found.nodes.slice(top, top + listRows);
  const lines: ScreenLine[] = Array.from({ length: screenRows }, () => [piece('', screenColumns, 'plain')]);
  lines[0] = [piece(` ${settings.portalTitle}`, screenColumns, 'title')];
  lines[1] = [piece('─'.repeat(screenColumns), screenColumns, 'dim')];
  const heading = found.path.length === 0 ? settings.portalText : found.path.join(' ► ');
  lines[3] = [piece(`   ${heading}`, 56, 'bright'), piece('type to filter: _'.padStart(21), 24, 'dim')];
  shown.forEach((node, at) => { lines[listTop + at] = itemLine(node, node.id === chosen); });
  if (found.nodes.length === 0) lines[listTop] = [piece('   Nothing is offered for this computer.', screenColumns, 'plain')];
  if (top > 0) lines[listTop - 1] = [piece('     ▲ more', screenColumns, 'dim')];
  if (top + listRows < found.nodes.length) lines[listTop + listRows] = [piece('     ▼ more', screenColumns, 'dim')];
  lines[23] = [piece(`   Enter choose   Esc back   F1 details`, screenColumns, 'dim')];
  lines[24] = [piece(` Latitude 5420 · 7XK2M33 · 192.168.10.57`, screenColumns - clock.length - 1, 'status'), piece(`${clock} `, clock.length + 1, 'status')];
  return { lines, place: index < 0 ? null : index + 1, count: found.nodes.length };
}

function itemLine(node: MenuNode, isChosen: boolean): ScreenLine {
  const mark = isChosen ? '   > ' : '     ';
  if (node.kind === 'folder') {
    return [piece(mark, 5, isChosen ? 'chosen' : 'plain'), piece(node.label, columns.label, isChosen ? 'chosen' : 'plain'), piece(' ►', screenColumns - 5 - columns.label, isChosen ? 'chosen' : 'plain')];
  }
  const ink = isChosen ? 'chosen' : node.problem === null ? 'plain' : 'dim';
  const rest = screenColumns - 5 - columns.label - 2;
  if (node.problem !== null) return [piece(mark, 5, ink), piece(node.label, columns.label, ink), piece('  ', 2, ink), piece(node.problem, rest, isChosen ? 'chosen' : 'warn')];
  return [
    piece(mark, 5, ink), piece(node.label, columns.label, ink), piece('  ', 2, ink), piece(node.effect, columns.effect, isChosen ? 'chosen' : 'dim'),
    piece(sizeOf(node).padStart(columns.size), rest - columns.effect, ink),
  ];
}
function sizeOf(item: MenuItem): string {
  return item.needsBytes === null ? '' : formatBytes(item.needsBytes);
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

/** Exactly so many columns: cut with an ellipsis, or filled up. */
function piece(text: string, width: number, ink: Ink): Piece {
  const letters = [...text];
  return { text: letters.length > width ? `${letters.slice(0, width - 1).join('')}…` : text.padEnd(width - letters.length + text.length), ink };
}
