// Owns what a boot medium is made of: one image that starts as a USB disk and as a disc, on BIOS (ISOLINUX) and UEFI with Secure Boot
// (Debian's signed shim and GRUB). Pure and reproducible; the kernel and the base archive stay where they are until the image is read.
import { createHash } from 'node:crypto';
import { writeFat } from './fat.ts';
import { BLOCK, layOutIso, sizeOf, type Content, type IsoImage } from './iso.ts';
import { grubMenu, isolinuxMenu, markPath, mediumPaths } from './menus.ts';

/** Loaders by the names of the recipe. */
export const mediumLoaders = ['isolinux.bin', 'isohdpfx.bin', 'ldlinux.c32', 'libutil.c32', 'menu.c32', 'shimx64.efi', 'grubdisk.efi'] as const;
export type MediumLoader = (typeof mediumLoaders)[number];
export type MediumParts = {
  loaders: Readonly<Record<MediumLoader, Uint8Array>>;
  kernel: { path: string; sizeBytes: number; sha256: string }; base: { path: string; sizeBytes: number; sha256: string }; small: Uint8Array;
  kernelWords: readonly string[];
  countdownSeconds: number;
};
export type Medium = IsoImage & { id: string };

const ESP = 'BOOT/ESP.IMG';
const ISOLINUX = 'ISOLINUX/ISOLINUX.BIN';
const MBR_CODE_BYTES = 432;
const SECTORS_PER_BLOCK = BLOCK / 512;
const EFI_SYSTEM = 0xef;

export function makeMedium(parts: MediumParts): Medium {
  const { loaders, kernel, base, small } = parts;
  const id = idOf(parts);
  const grub = Buffer.from(grubMenu({ id, kernelWords: parts.kernelWords, countdownSeconds: parts.countdownSeconds }));
  const isolinux = Buffer.from(isolinuxMenu({ id, kernelWords: parts.kernelWords, countdownSeconds: parts.countdownSeconds }));
  const esp = writeFat([
    { path: 'EFI/BOOT/BOOTX64.EFI', content: loaders['shimx64.efi'] }, { path: 'EFI/BOOT/GRUBX64.EFI', content: loaders['grubdisk.efi'] },
    // Where Debian's GRUB looks for its configuration.
    { path: 'EFI/DEBIAN/GRUB.CFG', content: grub },
  ], { label: 'PLATEN BOOT', serial: Number.parseInt(id, 16) });
  const loader = Buffer.from(loaders['isolinux.bin']);
  const image = layOutIso([
    // On a disc GRUB takes the disc itself for where it came from.
    { path: 'EFI/DEBIAN/GRUB.CFG', content: grub },
    { path: 'ISOLINUX/ISOLINUX.CFG', content: isolinux }, { path: ISOLINUX, content: loader },
    { path: 'ISOLINUX/LDLINUX.C32', content: loaders['ldlinux.c32'] }, { path: 'ISOLINUX/LIBUTIL.C32', content: loaders['libutil.c32'] }, { path: 'ISOLINUX/MENU.C32', content: loaders['menu.c32'] },
    { path: markPath(id), content: Buffer.from('Platen boot medium\n') },
    { path: ESP, content: esp },
    { path: mediumPaths.kernel, content: { path: kernel.path, sizeBytes: kernel.sizeBytes } }, { path: mediumPaths.base, content: { path: base.path, sizeBytes: base.sizeBytes } }, { path: mediumPaths.small, content: small },
  ], { bios: ISOLINUX, uefi: ESP });
  const loaderBlock = image.blockOf.get(ISOLINUX) ?? 0;
  tellWhereItLies(loader, loaderBlock);
  const table = bootSector(loaders['isohdpfx.bin'], { id, loaderBlock, sectors: image.sizeBytes / 512, esp: { firstSector: (image.blockOf.get(ESP) ?? 0) * SECTORS_PER_BLOCK, sectors: Math.ceil(esp.length / 512) } });
  return { ...image, id, pieces: [{ at: 0, content: table }, ...image.pieces] };
}

/** Everything in order, zeros between the pieces; nothing large is held in memory. */
export async function* readMedium({ pieces, sizeBytes }: IsoImage, openFile: (path: string) => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const piece of pieces) {
    if (piece.at > at) yield Buffer.alloc(piece.at - at);
    at = piece.at + sizeOf(piece.content);
    yield* bytesOf(piece.content, openFile);
  }
  if (at < sizeBytes) yield Buffer.alloc(sizeBytes - at);
}
async function* bytesOf(content: Content, openFile: (path: string) => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) {
    yield content;
    return;
  }
  let seen = 0;
  for await (const bytes of openFile(content.path)) {
    seen += bytes.length;
    yield bytes;
  }
  // A build that ended in between replaced it: half of the one and half of the other would start nothing.
  if (seen !== content.sizeBytes) throw new RangeError(`${content.path} changed while it was read: it has ${seen} bytes instead of ${content.sizeBytes}`);
}

function idOf({ kernel, base, small, kernelWords, countdownSeconds, loaders }: MediumParts): string {
  const hash = createHash('sha256').update(JSON.stringify([kernel.sha256, base.sha256, kernelWords, countdownSeconds])).update(small);
  for (const name of mediumLoaders) hash.update(loaders[name]);
  return hash.digest('hex').slice(0, 8);
}

/** ISOLINUX's boot information table (isolinux.asm, bi_pvd): its own place, its length and a sum over itself. */
function tellWhereItLies(loader: Buffer, block: number): void {
  const [table, tableEnd] = [8, 64];
  loader.fill(0, table, tableEnd);
  loader.writeUInt32LE(16, table);
  loader.writeUInt32LE(block, table + 4);
  loader.writeUInt32LE(loader.length, table + 8);
  let sum = 0;
  for (let at = tableEnd; at + 4 <= loader.length; at += 4) sum = (sum + loader.readUInt32LE(at)) >>> 0;
  loader.writeUInt32LE(sum, table + 12);
}

/** The first sector as a disk's: code that starts ISOLINUX, and two partitions. */
function bootSector(code: Uint8Array, { id, loaderBlock, sectors, esp }: { id: string; loaderBlock: number; sectors: number; esp: { firstSector: number; sectors: number } }): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.set(code.subarray(0, MBR_CODE_BYTES), 0);
  bytes.writeUInt32LE(loaderBlock * SECTORS_PER_BLOCK, 432);
  bytes.writeUInt32LE(Number.parseInt(id, 16), 440);
  // Some BIOSes start no disk without an active partition. Its type is none: UEFI refuses a table whose partitions overlap, but for such.
  partition(bytes, 446, { active: true, type: 0, firstSector: 0, sectors });
  partition(bytes, 462, { active: false, type: EFI_SYSTEM, firstSector: esp.firstSector, sectors: esp.sectors });
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}
function partition(bytes: Buffer, at: number, { active, type, firstSector, sectors }: { active: boolean; type: number; firstSector: number; sectors: number }): void {
  bytes[at] = active ? 0x80 : 0;
  // Cylinders and heads mean nothing on a USB disk: the values that say so.
  bytes.set([0xfe, 0xff, 0xff], at + 1);
  bytes[at + 4] = type;
  bytes.set([0xfe, 0xff, 0xff], at + 5);
  bytes.writeUInt32LE(firstSector, at + 8);
  bytes.writeUInt32LE(sectors, at + 12);
}
