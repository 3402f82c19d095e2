// Owns how the menu and the details of an item look.
import { taskSummary } from '#shared/model/job.ts';
import type { MenuItem } from '#shared/model/menu.ts';
import { formatBytes } from '#shared/units.ts';
import type { Canvas } from '../cells.ts';
import { menuView } from '../menu.ts';
import type { MenuRow, MenuView } from '../menu.ts';
import { findItem } from '../state.ts';
import type { Open, PortalState, Stage } from '../state.ts';
import { firstRow } from './choices.ts';
import type { KeyHint, Screen } from './frame.ts';

const emptyMenu = 'Nothing is offered to this computer yet. An administrator publishes a job in the console: by (MI) in its name, or by the switch “Show in portal”. It appears here at once.';

export function menuScreen(state: PortalState, open: Open): Screen {
  const view = menuView(open.menu, state.menu);
  const selected = view.rows[view.index]?.node;
  const keys: KeyHint[] = [];
  if (selected !== undefined) keys.push(['Enter', selected.kind === 'folder' ? 'open' : 'choose']);
  keys.push(['Esc', state.menu.filter === '' ? 'back' : 'clear filter']);
  if (selected?.kind === 'item') keys.push(['F1', 'details']);
  return { keys, body: (canvas) => drawMenu(canvas, state, open, view) };
}

function drawMenu(canvas: Canvas, state: PortalState, open: Open, view: MenuView): void {
  const heading = view.crumbs.length > 0 ? view.crumbs.join(' / ') : open.settings.portalText;
  const filter = state.menu.filter === '' ? (view.total > 0 ? 'type to filter' : '') : `filter: ${state.menu.filter}_`;
  const filterWidth = Math.min(canvas.measure(filter), Math.floor(canvas.columns / 2));
  canvas.text(0, 0, heading === '' ? 'Menu' : heading, { role: 'heading', width: canvas.columns - filterWidth - 2 });
  canvas.text(0, canvas.columns - filterWidth, filter, { role: state.menu.filter === '' ? 'quiet' : 'strong', width: filterWidth });
  const pending = Math.min(open.pending.length, 3);
  const listRows = canvas.rows - 2 - (pending > 0 ? pending + 1 : 0);
  const list = canvas.area(1, 0, listRows + 1, canvas.columns);
  if (view.rows.length === 0) list.paragraph(1, 2, view.total === 0 ? emptyMenu : `Nothing here is called “${state.menu.filter.trim()}”. Esc shows everything again.`, { role: 'text' });
  else drawRows(list, view);
  if (pending > 0) drawPending(canvas.area(canvas.rows - pending, 0, pending, canvas.columns), open);
}

function drawPending(canvas: Canvas, open: Open): void {
  const shown = open.pending.slice(0, canvas.rows);
  shown.forEach((run, row) => {
    const more = open.pending.length - shown.length;
    const tail = row === shown.length - 1 ? `${more > 0 ? ` and ${more} more` : ''}; a pick replaces ${open.pending.length > 1 ? 'them' : 'it'}` : '';
    canvas.text(row, 0, row === 0 ? 'Waiting for this computer: ' : '                           ', { role: 'warn' });
    canvas.text(row, 27, `${run.title}, by ${run.by}${tail}`, { role: 'warn' });
  });
}

type Columns = { label: number; effect: number; size: number };

function drawRows(canvas: Canvas, view: MenuView): void {
  const hidden = view.rows.length > canvas.rows;
  const rows = hidden ? canvas.rows - 2 : canvas.rows - 1;
  const top = firstRow(view.index, view.rows.length, rows);
  const columns = columnsOf(canvas, view.rows);
  if (columns.size > 0) canvas.text(0, 0, 'needs a disk of', { role: 'quiet', width: canvas.columns, align: 'right' });
  view.rows.slice(top, top + rows).forEach((row, at) => drawRow(canvas, at + 1, row, { selected: top + at === view.index, columns }));
  if (!hidden) return;
  const last = Math.min(view.rows.length, top + rows);
  canvas.text(canvas.rows - 1, 2, `${top + 1}–${last} of ${view.rows.length}${top > 0 ? ' ▲' : ''}${last < view.rows.length ? ' ▼' : ''}`, { role: 'quiet' });
}

function columnsOf(canvas: Canvas, rows: readonly MenuRow[]): Columns {
  const items = rows.flatMap(({ node }) => (node.kind === 'item' ? [node] : []));
  const size = items.some((item) => item.needsBytes !== null) ? 9 : 0;
  const widest = Math.max(0, ...items.map((item) => canvas.measure(item.problem ?? item.effect)));
  const labels = Math.max(12, ...rows.map((row) => canvas.measure(labelOf(row)) + (row.node.kind === 'folder' ? 2 : 0)));
  const room = canvas.columns - 2 - size;
  // The name is what one looks for: it gets what it needs, up to two thirds.
  const label = Math.min(labels + 3, Math.max(room - widest - 1, Math.floor((room * 2) / 3)));
  return { label, effect: Math.max(0, room - label), size };
}

function labelOf(row: MenuRow): string {
  return row.path === '' ? row.node.label : `${row.node.label}  (${row.path})`;
}

function drawRow(canvas: Canvas, at: number, row: MenuRow, look: { selected: boolean; columns: Columns }): void {
  const { columns, selected } = look;
  const { node } = row;
  const greyed = node.kind === 'item' && node.problem !== null;
  const role = selected ? 'selected' : greyed ? 'greyed' : 'text';
  canvas.text(at, 0, selected ? '► ' : '  ', { role });
  if (node.kind === 'folder') {
    canvas.text(at, 2, labelOf(row), { role, width: columns.label, fill: true, elide: 'middle' });
    canvas.text(at, columns.label + 2, `► ${countOf(node.children.length)}`, { role: selected ? 'selected' : 'quiet', width: columns.effect + columns.size, fill: true });
    return;
  }
  canvas.text(at, 2, labelOf(row), { role, width: columns.label, fill: true, elide: 'middle' });
  canvas.text(at, columns.label + 2, node.problem ?? node.effect, { role: selected ? 'selected' : greyed ? 'warn' : 'quiet', width: columns.effect, fill: true });
  if (columns.size > 0) canvas.text(at, columns.label + 2 + columns.effect, node.needsBytes === null ? '' : formatBytes(node.needsBytes), { role: selected ? 'selected' : 'quiet', width: columns.size, align: 'right', fill: true });
}

function countOf(items: number): string {
  return items === 1 ? '1 item' : `${items} items`;
}

export function detailsScreen(stage: Extract<Stage, { kind: 'details' }>, open: Open): Screen {
  const item = findItem(open, stage.item);
  return { keys: [['Esc', 'back']], body: (canvas) => (item === null ? undefined : drawDetails(canvas, item, { open, top: stage.top })) };
}

function drawDetails(canvas: Canvas, item: MenuItem, look: { open: Open; top: number }): void {
  let row = canvas.paragraph(0, 0, item.label, { role: 'heading', rows: 3 });
  canvas.text(row, 0, [item.effect, item.jobs > 1 ? `${item.jobs} jobs, one after the other` : '', item.needsBytes === null ? '' : `needs a disk of ${formatBytes(item.needsBytes)} or more`].filter((part) => part !== '').join(' · '), { role: 'quiet' });
  row += 2;
  if (item.problem !== null) row = canvas.paragraph(row, 0, `It can’t be chosen now: ${item.problem}`, { role: 'warn', rows: 5 }) + 1;
  const tasks = look.open.tasks[item.id] ?? [];
  if (tasks.length === 0) return;
  canvas.text(row, 0, 'What it does, in this order:');
  const room = canvas.rows - row - 2;
  const top = Math.max(0, Math.min(look.top, tasks.length - room));
  tasks.slice(top, top + room).forEach((task, at) => {
    canvas.text(row + 1 + at, 0, `${top + at + 1}.`, { width: 4, align: 'right', role: 'quiet' });
    canvas.text(row + 1 + at, 5, taskSummary(task));
  });
  if (tasks.length > room) canvas.text(canvas.rows - 1, 5, `${top + 1}–${Math.min(tasks.length, top + room)} of ${tasks.length}`, { role: 'quiet' });
}
