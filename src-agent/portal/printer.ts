// Owns what a terminal gets that can only print (TERM=dumb, a captured log): each new screen as lines of text, and what changes on
// it now and then. Nothing is ever overwritten.
import type { CellBuffer } from './cells.ts';
import type { PortalState } from './state.ts';

/** While a screen stays the same but for its figures. */
const againMs = 10_000;

export class LinePrinter {
  private readonly write: (text: string) => unknown;
  private printed = '';
  private kind = '';
  private at = -Infinity;

  constructor(write: (text: string) => unknown) {
    this.write = write;
  }

  print(picture: CellBuffer, state: PortalState): void {
    // Without the bottom line: its clock alone is no news.
    const lines = picture.lines().slice(0, -1).filter((line) => line !== '');
    const text = lines.join('\n');
    const kind = kindOf(state);
    if (text === this.printed || (kind === this.kind && state.now - this.at < againMs)) return;
    this.printed = text;
    this.kind = kind;
    this.at = state.now;
    this.write(`\n${text}\n`);
  }
}

/** What a person did or decided changes it; a figure or a second less does not. */
function kindOf(state: PortalState): string {
  const { stage, menu } = state;
  switch (stage.kind) {
    case 'menu': return `menu ${menu.path.join('/')} ${menu.filter} ${menu.selectedId}`;
    case 'name': return `name ${stage.entry.value} ${stage.entry.checked?.problem}`;
    case 'candidates': return `candidates ${stage.index} ${stage.problem}`;
    case 'scheduling': return `scheduling ${stage.phase}`;
    case 'run': return `run ${stage.model.index} ${stage.model.cancel} ${stage.model.message === null} ${stage.model.waiting?.what}`;
    default: return stage.kind;
  }
}
