// Owns listing the frames of one pack of an open store, whatever its condition.
import { ProtocolError } from '#shared/errors.ts';
import type { StoreContext } from './context.ts';
import type { StoreFile } from './files.ts';
import { PACK_HEADER_BYTES, type PackEntry } from './pack-format.ts';
import { readPackIndex, scanFrames } from './pack-scan.ts';

/** All frames of a pack: from its index, or, where that is damaged, from a scan. */
export async function entriesOf(context: StoreContext, id: number): Promise<PackEntry[]> {
  return context.handles.use(id, async (file) => {
    try {
      const { id: inside, entries } = await readPackIndex(file);
      if (inside !== id) throw new ProtocolError(8, 'pack has another number than its name says');
      return entries;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      if (context.packs.isSealed(id)) context.log('warn', 'the index of a pack is damaged; its frames are read instead', { pack: id, reason: error.message });
      return (await scanEntries(file, PACK_HEADER_BYTES, await file.size())).entries;
    }
  });
}

export async function scanEntries(file: StoreFile, from: number, to: number): Promise<{ entries: PackEntry[]; end: number; gaps: number }> {
  const entries: PackEntry[] = [];
  const { end, gaps } = await scanFrames(file, from, to, ({ offset, header }) => {
    entries.push({ hash: header.hash.slice(), offset, storedLength: header.storedLength, rawLength: header.rawLength, compression: header.compression });
  });
  return { entries, end, gaps: gaps.length };
}
