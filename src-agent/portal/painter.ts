// Owns when what is drawn is sent: the newest picture only, in bounded pieces, and never more than the line takes. A picture that
// comes while the line is busy replaces the one that waits; nothing is ever queued behind it.
import type { Capabilities } from './capabilities.ts';
import type { CellBuffer, Size } from './cells.ts';
import { ScreenDiff } from './diff.ts';
import type { Theme } from './theme.ts';

/** A piece is what a 9600 baud line takes in a quarter of a second, so that a key is answered soon after. */
const pieceBytes = 240;
/** On a serial line: how much may be under way when the next piece is sent. */
const backlogBytes = 32;

export type Line = { /** False: full, until `drained` is called. */ write: (text: string) => boolean; /** null: as fast as it takes it. */ bytesPerSecond: number | null; now: () => number; wait: (milliseconds: number, then: () => void) => () => void };

export class Painter {
  private readonly line: Line;
  private readonly capabilities: Pick<Capabilities, 'eraseKeepsLooks'>;
  private diff: ScreenDiff;
  private wanted: CellBuffer | null = null;
  private toClear: boolean;
  private isFull = false;
  /** When the line will have sent what it was given, as far as its speed tells. */
  private freeAt = 0;
  private cancelWait: (() => void) | null = null;
  /** Bytes sent so far, for tests and the curious. */
  sentBytes = 0;

  constructor(line: Line, capabilities: Pick<Capabilities, 'eraseKeepsLooks'>, size: Size, theme: Theme) {
    this.line = line;
    this.capabilities = capabilities;
    this.diff = new ScreenDiff(size, theme, capabilities);
    this.toClear = true;
  }

  /** Everything is drawn anew: after a change of size or colours, or when somebody asks because the line has garbled it. */
  reset(size: Size, theme: Theme): void {
    this.diff = new ScreenDiff(size, theme, this.capabilities);
    this.toClear = true;
    this.wanted = null;
  }

  paint(picture: CellBuffer): void {
    this.wanted = picture;
    this.send();
  }

  /** The stream has room again. */
  drained(): void {
    this.isFull = false;
    this.send();
  }

  close(): void {
    this.cancelWait?.();
    this.wanted = null;
  }

  private send(): void {
    while (this.wanted !== null && !this.isFull && this.cancelWait === null) {
      if (this.waitsForLine()) return;
      if (this.toClear) this.write(this.diff.cleared());
      this.toClear = false;
      const { text, complete } = this.diff.piece(this.wanted, pieceBytes);
      if (complete) this.wanted = null;
      if (text !== '') this.write(text);
    }
  }

  private waitsForLine(): boolean {
    if (this.line.bytesPerSecond === null) return false;
    const allowedMs = (backlogBytes / this.line.bytesPerSecond) * 1000;
    const waitMs = Math.ceil(this.freeAt - this.line.now() - allowedMs);
    if (waitMs <= 0) return false;
    this.cancelWait = this.line.wait(waitMs, () => {
      this.cancelWait = null;
      this.send();
    });
    return true;
  }

  private write(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.sentBytes += bytes;
    if (this.line.bytesPerSecond !== null) this.freeAt = Math.max(this.freeAt, this.line.now()) + (bytes / this.line.bytesPerSecond) * 1000;
    if (!this.line.write(text)) this.isFull = true;
  }
}
