// Pure: which rows of the matrix are shown, and how an image's owner and scope are said.
import type { MatrixRow, Scope } from '#shared/model/replication.ts';

/** place: "owner <id>" (the image's location), "copy <id>" (held there, in whatever state), or '' for anywhere. */
export type MatrixFilter = { text: string; place: string; newestOnly: boolean };

export function shownRows(rows: readonly MatrixRow[], names: ReadonlyMap<string, string>, { text, place, newestOnly }: MatrixFilter): MatrixRow[] {
  const wanted = text.trim().toLocaleLowerCase();
  const [how, id] = place.split(' ');
  const newest = new Map<string, number>();
  if (newestOnly) for (const row of rows) newest.set(row.imageGuid, Math.max(newest.get(row.imageGuid) ?? 0, row.number));
  return rows.filter((row) => {
    if (newestOnly && row.number !== newest.get(row.imageGuid)) return false;
    if (how === 'owner' && row.ownerId !== id) return false;
    if (how === 'copy' && !row.cells.some((cell) => cell.serverId === id && cell.state !== 'absent')) return false;
    // A server's name finds the images whose location it is.
    return wanted === '' || row.imageName.toLocaleLowerCase().includes(wanted) || (names.get(row.ownerId) ?? '').toLocaleLowerCase() === wanted;
  });
}

export const scopeWords: Record<Scope, { label: string; text: string }> = {
  default: { label: 'Default', text: 'As its site’s template names it; elsewhere as the settings say.' },
  all: { label: 'All servers', text: 'To every package server.' },
  none: { label: 'Owner only', text: 'To no server but its owner.' },
  selected: { label: 'Selected', text: 'To the servers chosen here, and to sites whose template names it.' },
};

export function managedWords(ownerId: string, selfId: string): { managed: 'locally' | 'externally'; words: string } {
  return ownerId === selfId ? { managed: 'locally', words: 'locally managed' } : { managed: 'externally', words: 'externally managed' };
}
