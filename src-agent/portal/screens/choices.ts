// Owns how a list one chooses from looks: the selected row is marked by a sign and by its looks, and stays in view.
import type { Canvas } from '../cells.ts';

export type Choice = { label: string; detail: string };

/** The first row to show, so that `index` is in view and the list does not move more than it must. */
export function firstRow(index: number, count: number, rows: number): number {
  if (count <= rows) return 0;
  return Math.max(0, Math.min(count - rows, index - Math.floor(rows / 2)));
}

/** @returns the row after the last one */
export function drawChoices(canvas: Canvas, choices: readonly Choice[], index: number): number {
  const rows = Math.min(choices.length, canvas.rows);
  const top = firstRow(index, choices.length, rows);
  const widest = Math.max(...choices.map((each) => canvas.measure(each.label)));
  const labels = Math.min(widest, Math.floor(canvas.columns / 2)) + 2;
  choices.slice(top, top + rows).forEach((choice, row) => {
    const selected = top + row === index;
    canvas.text(row, 0, `${selected ? '►' : ' '} ${choice.label}`, { role: selected ? 'selected' : 'text', width: labels + 2, fill: true, elide: 'middle' });
    canvas.text(row, labels + 2, choice.detail, { role: selected ? 'selected' : 'quiet', width: canvas.columns - labels - 2, fill: true });
  });
  return rows;
}
