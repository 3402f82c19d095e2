// Owns the picture of a screen as cells: views draw on a Canvas, diff.ts sends what changed. Nothing here knows escape sequences.
import { charWidth, cut, cutMiddle, fold, textWidth, wrap } from './charset.ts';
import type { Charset } from './charset.ts';
import type { Role } from './theme.ts';

export type Cell = { /** '' is the second half of a wide character. */ char: string; role: Role };
export type Size = { columns: number; rows: number };

export class CellBuffer {
  readonly size: Size;
  private readonly cells: Cell[];

  constructor(size: Size) {
    this.size = size;
    this.cells = Array.from({ length: size.columns * size.rows }, () => ({ char: ' ', role: 'text' as const }));
  }

  at(row: number, column: number): Cell {
    const cell = this.cells[row * this.size.columns + column];
    if (cell === undefined || column >= this.size.columns) throw new RangeError(`no cell at ${row},${column}`);
    return cell;
  }

  set(row: number, column: number, char: string, role: Role): void {
    if (row < 0 || column < 0 || row >= this.size.rows || column >= this.size.columns) return;
    const cell = this.at(row, column);
    // Half of a wide character can't stand alone.
    if (cell.char === '' && char !== '' && column > 0) this.at(row, column - 1).char = ' ';
    const after = column + 1 < this.size.columns ? this.at(row, column + 1) : null;
    if (after?.char === '') after.char = ' ';
    cell.char = char;
    cell.role = role;
  }

  /** Its lines without what trails, for tests and for terminals that can only print. */
  lines(): string[] {
    return Array.from({ length: this.size.rows }, (_, row) => {
      let line = '';
      for (let column = 0; column < this.size.columns; column++) line += this.at(row, column).char;
      return line.trimEnd();
    });
  }
}

export type TextOptions = { role?: Role; /** Most columns it may take; else up to the area's edge. */ width?: number; align?: 'left' | 'right'; elide?: 'end' | 'middle'; /** Fills the width with the role. */ fill?: boolean };

/** A rectangle of the screen to draw on, with its own coordinates. What does not fit is cut, never wrapped into a neighbour. */
export class Canvas {
  readonly columns: number;
  readonly rows: number;
  readonly charset: Charset;
  private readonly buffer: CellBuffer;
  private readonly top: number;
  private readonly left: number;

  constructor(buffer: CellBuffer, charset: Charset, area: { top: number; left: number; rows: number; columns: number } = { top: 0, left: 0, ...buffer.size }) {
    this.buffer = buffer;
    this.charset = charset;
    this.top = area.top;
    this.left = area.left;
    this.rows = Math.max(0, area.rows);
    this.columns = Math.max(0, area.columns);
  }

  area(top: number, left: number, rows: number, columns: number): Canvas {
    return new Canvas(this.buffer, this.charset, {
      top: this.top + top, left: this.left + left, rows: Math.min(rows, this.rows - top), columns: Math.min(columns, this.columns - left),
    });
  }

  /** @returns the column after the last one drawn */
  text(row: number, column: number, raw: string, options: TextOptions = {}): number {
    const width = Math.min(options.width ?? Infinity, this.columns - column);
    if (row < 0 || row >= this.rows || width <= 0) return column;
    const role = options.role ?? 'text';
    const folded = fold(raw, this.charset);
    const shown = options.elide === 'middle' ? cutMiddle(folded, width, this.charset) : cut(folded, width, this.charset);
    const pad = width === Infinity ? 0 : Math.max(0, width - textWidth(shown));
    let at = column;
    if (options.align === 'right') {
      if (options.fill === true) this.blank(row, at, pad, role);
      at += pad;
    }
    for (const char of shown) {
      this.buffer.set(this.top + row, this.left + at, char, role);
      if (charWidth(char) === 2) this.buffer.set(this.top + row, this.left + at + 1, '', role);
      at += charWidth(char);
    }
    if (options.fill === true && options.align !== 'right') {
      this.blank(row, at, pad, role);
      at += pad;
    }
    return at;
  }

  blank(row: number, column: number, count: number, role: Role): void {
    for (let at = column; at < Math.min(column + count, this.columns); at++) this.buffer.set(this.top + row, this.left + at, ' ', role);
  }

  fill(role: Role): void {
    for (let row = 0; row < this.rows; row++) this.blank(row, 0, this.columns, role);
  }

  /** Wrapped text; @returns the row after its last line. At most `rows` lines, the last one marked when there is more. */
  paragraph(row: number, column: number, raw: string, options: { role?: Role; rows?: number; width?: number } = {}): number {
    const width = Math.min(options.width ?? Infinity, this.columns - column);
    const most = Math.min(options.rows ?? Infinity, this.rows - row);
    if (width <= 0 || most <= 0) return row;
    const lines = wrap(fold(raw, this.charset), width);
    lines.slice(0, most).forEach((line, index) => {
      const last = index === most - 1 && lines.length > most;
      this.text(row + index, column, last ? `${line} ${'.'.repeat(width)}` : line, { role: options.role ?? 'text', width });
    });
    return row + Math.min(lines.length, most);
  }

  /** Columns the text takes on this terminal. */
  measure(raw: string): number {
    return textWidth(fold(raw, this.charset));
  }
}
