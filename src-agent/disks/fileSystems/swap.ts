// Owns recognising Linux swap areas: only the first page (header, label, UUID) has content worth keeping.
// A swap area that holds a hibernated system is refused: its content is a running computer's memory.
import { hasMagic, readBytes, text, uuidText } from '../bytes.ts';
import type { DiskReader } from '../types.ts';
import { UsedMapBuilder } from '../usedMap.ts';
import { refuse } from './volume.ts';
import type { Recognised } from './volume.ts';

const pageSizes = [4096, 8192, 16384, 32768, 65536];
const signatures = ['SWAPSPACE2', 'SWAP-SPACE'];
/** What swsusp, uswsusp, TuxOnIce and the kernel put in place of the signature while an image is stored. */
const hibernated = ['S1SUSPEND', 'S2SUSPEND', 'ULSUSPEND', 'LINHIB0001'];
const tuxOnIce = '\xed\xc3\x02\xe9\x98\x56\xe5\x0c';

export async function recogniseSwap(volume: DiskReader): Promise<Recognised | null> {
  for (const pageSize of pageSizes) {
    if (volume.sizeBytes < pageSize) return null;
    const signature = await readBytes(volume, pageSize - 10, 10);
    if (hibernated.some((magic) => hasMagic(signature, 0, magic)) || hasMagic(signature, 0, tuxOnIce)) {
      throw refuse('volume-hibernated', 'The swap area holds a hibernated Linux system.', 'Start that computer and shut it down properly (systemctl poweroff), then try again.', { fsType: 'swap', label: '' });
    }
    if (!signatures.some((magic) => hasMagic(signature, 0, magic))) continue;
    const header = await readBytes(volume, 0, pageSize);
    const old = hasMagic(signature, 0, 'SWAP-SPACE');
    const builder = new UsedMapBuilder(pageSize, volume.sizeBytes);
    builder.add(0, pageSize);
    return { fsType: 'swap', label: old ? '' : text(header, 1052, 16), uuid: old ? '' : uuidText(header, 1036), blockSizeBytes: pageSize, map: builder.finish() };
  }
  return null;
}
