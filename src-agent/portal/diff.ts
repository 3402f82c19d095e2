// Owns what is sent to turn the screen that is shown into the one that is wanted: only changed cells, the shortest cursor moves, a
// change of looks only where looks change. It keeps what is shown up to date with what was sent, so a caller may stop after any
// piece and come back with a newer picture. Pure but for that.
import { CellBuffer } from './cells.ts';
import type { Cell, Size } from './cells.ts';
import { charWidth } from './charset.ts';
import type { Role, Theme } from './theme.ts';

type Change = { row: number; column: number };

export class ScreenDiff {
  private readonly shown: CellBuffer;
  private readonly theme: Theme;
  /** Where the cursor is known to be; null after the last column, where terminals differ. */
  private cursor: { row: number; column: number } | null = null;
  private looks: string | null = null;
  private out = '';

  /** Erasing to the end of a line paints it in the current background (not on a vt100). */
  private readonly eraseKeepsLooks: boolean;

  constructor(size: Size, theme: Theme, options: { eraseKeepsLooks: boolean }) {
    this.shown = new CellBuffer(size);
    this.theme = theme;
    this.eraseKeepsLooks = options.eraseKeepsLooks;
  }

  /** The whole screen is blank now, in plain looks, with the cursor anywhere. */
  cleared(): string {
    this.cursor = null;
    this.looks = '';
    return '\x1b[m\x1b[H\x1b[2J';
  }

  /** The next piece, of about `most` bytes at most, and whether the screen then shows `next`. */
  piece(next: CellBuffer, most: number): { text: string; complete: boolean } {
    this.out = '';
    for (let row = 0; row < next.size.rows; row++) {
      for (let column = 0; column < next.size.columns; column++) {
        if (!this.differs(next, { row, column })) continue;
        if (this.out.length >= most) return { text: this.out, complete: false };
        column = this.send(next, { row, column });
      }
    }
    return { text: this.out, complete: true };
  }

  private differs(next: CellBuffer, at: Change): boolean {
    if (isLast(next.size, at) && !(this.eraseKeepsLooks && next.at(at.row, at.column).char === ' ')) return false;
    return !same(next.at(at.row, at.column), this.shown.at(at.row, at.column));
  }

  /** @returns the last column it dealt with */
  private send(next: CellBuffer, at: Change): number {
    const start = next.at(at.row, at.column).char === '' && at.column > 0 ? at.column - 1 : at.column;
    const cell = next.at(at.row, start);
    if (this.eraseTo(next, { row: at.row, column: start })) return next.size.columns - 1;
    this.moveTo(next, at.row, start);
    this.look(cell.role);
    this.out += cell.char;
    this.advance(next, at.row, start);
    return start + Math.max(1, charWidth(cell.char)) - 1;
  }

  /** What follows up to the end of the line is blank in one look: one sequence, where that is shorter than the blanks. */
  private eraseTo(next: CellBuffer, at: Change): boolean {
    const { role } = next.at(at.row, at.column);
    if (this.theme[role] !== '' && !this.eraseKeepsLooks) return false;
    let changed = 0;
    for (let column = at.column; column < next.size.columns; column++) {
      const cell = next.at(at.row, column);
      if (cell.char !== ' ' || cell.role !== role) return false;
      if (!same(cell, this.shown.at(at.row, column))) changed++;
    }
    // The last cell is never written, only erased.
    if (changed < 4 && at.row < next.size.rows - 1) return false;
    this.moveTo(next, at.row, at.column);
    this.look(role);
    this.out += '\x1b[K';
    for (let column = at.column; column < next.size.columns; column++) this.shown.set(at.row, column, ' ', role);
    return true;
  }

  private advance(next: CellBuffer, row: number, column: number): void {
    const cell = next.at(row, column);
    const width = charWidth(cell.char);
    this.shown.set(row, column, cell.char, cell.role);
    if (width === 2) this.shown.set(row, column + 1, '', cell.role);
    const after = column + width;
    this.cursor = after >= next.size.columns ? null : { row, column: after };
  }

  private look(role: Role): void {
    const looks = this.theme[role];
    if (looks === this.looks) return;
    this.out += looks === '' ? '\x1b[m' : `\x1b[0;${looks}m`;
    this.looks = looks;
  }

  private moveTo(next: CellBuffer, row: number, column: number): void {
    if (this.cursor?.row === row && this.cursor.column === column) return;
    const absolute = `\x1b[${row + 1}${column === 0 ? '' : `;${column + 1}`}H`;
    const relative = this.cursor?.row === row && this.cursor.column < column ? this.forward(next, row, this.cursor.column, column) : null;
    this.out += relative !== null && relative.length < absolute.length ? relative : absolute;
    this.cursor = { row, column };
  }

  /** Along the line: the characters in between once more, where they look the same, else a move. */
  private forward(next: CellBuffer, row: number, from: number, to: number): string {
    let again = '';
    for (let column = from; column < to && again.length < 4; column++) {
      const cell = next.at(row, column);
      if (this.theme[cell.role] !== this.looks || charWidth(cell.char) !== 1 || cell.char > '~') return `\x1b[${to - from}C`;
      again += cell.char;
    }
    return again.length === to - from ? again : `\x1b[${to - from === 1 ? '' : to - from}C`;
  }
}

function same(left: Cell, right: Cell): boolean {
  return left.char === right.char && left.role === right.role;
}

/** A vt100 scrolls the screen when its last cell is written. */
function isLast(size: Size, at: Change): boolean {
  return at.row === size.rows - 1 && at.column === size.columns - 1;
}
