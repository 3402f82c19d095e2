// Owns laying out a disk image that is an ISO 9660 file system at the same time (ECMA-119 level 1; El Torito 1.0): written to a USB disk it
// starts by its partition table, burnt to a disc by its boot catalogue. Pure: gives the pieces of the image in order, large files by name
// only. What is in the files is medium.ts's business.

/** In memory, or a file on disk whose size is known. */
export type Content = Uint8Array | { path: string; sizeBytes: number };
export type IsoFile = { /** Path parts in capital letters, 8.3. */ path: string; content: Content };
export type Piece = { at: number; content: Content };
export type IsoImage = { sizeBytes: number; /** In order; between them are zeros. */ pieces: Piece[]; /** By path: the first block of 2048 bytes. */ blockOf: ReadonlyMap<string, number> };

export const BLOCK = 2048;
const DESCRIPTORS_AT = 16;
/** Programs that write USB disks, and some BIOSes, want whole mebibytes. */
const ALIGNMENT = 1024 * 1024;
const VOLUME_ID = 'PLATEN_BOOT';

type Folder = { path: string; name: string; parent: number; files: { name: string; block: number; sizeBytes: number }[]; block: number };

/** @param boot paths of what El Torito starts: without emulation, on BIOS and on UEFI; the second is a file system of its own */
export function layOutIso(files: readonly IsoFile[], boot: { bios: string; uefi: string }): IsoImage {
  const folders = foldersOf(files);
  const [pathTable, pathTableOther, firstFolder] = [DESCRIPTORS_AT + 3, DESCRIPTORS_AT + 4, DESCRIPTORS_AT + 5];
  folders.forEach((folder, index) => (folder.block = firstFolder + index));
  const catalogBlock = firstFolder + folders.length;
  let next = catalogBlock + 1;
  const blockOf = new Map<string, number>();
  const pieces: Piece[] = [];
  for (const { path, content } of files) {
    if (blockOf.has(path)) throw new RangeError(`${path} is there twice`);
    blockOf.set(path, next);
    const sizeBytes = sizeOf(content);
    const folder = folders.find((each) => each.path === folderOf(path));
    folder?.files.push({ name: `${path.slice(path.lastIndexOf('/') + 1)};1`, block: next, sizeBytes });
    pieces.push({ at: next * BLOCK, content });
    next += Math.ceil(sizeBytes / BLOCK);
  }
  const sizeBytes = Math.ceil((next * BLOCK) / ALIGNMENT) * ALIGNMENT;
  const tables = [pathTableOf(folders, 'little'), pathTableOf(folders, 'big')] as const;
  const [root] = folders;
  if (root === undefined) throw new RangeError('an image without files');
  const uefi = files.find(({ path }) => path === boot.uefi);
  const heads: Piece[] = [
    { at: DESCRIPTORS_AT * BLOCK, content: volumeDescriptor(sizeBytes / BLOCK, root.block, { bytes: tables[0].length, little: pathTable, big: pathTableOther }) },
    { at: (DESCRIPTORS_AT + 1) * BLOCK, content: bootDescriptor(catalogBlock) },
    { at: (DESCRIPTORS_AT + 2) * BLOCK, content: Buffer.concat([Buffer.from([255]), Buffer.from('CD001'), Buffer.from([1])]) },
    { at: pathTable * BLOCK, content: tables[0] }, { at: pathTableOther * BLOCK, content: tables[1] },
    ...folders.map((folder) => ({ at: folder.block * BLOCK, content: folderBlock(folder, folders) })),
    { at: catalogBlock * BLOCK, content: catalog(needed(blockOf, boot.bios), { block: needed(blockOf, boot.uefi), sizeBytes: uefi === undefined ? 0 : sizeOf(uefi.content) }) },
  ];
  return { sizeBytes, pieces: [...heads, ...pieces], blockOf };
}

export function sizeOf(content: Content): number {
  return content instanceof Uint8Array ? content.length : content.sizeBytes;
}

/** Breadth first, as the path table wants them; the root is its own parent. */
function foldersOf(files: readonly IsoFile[]): Folder[] {
  const paths = new Set(['']);
  for (const { path } of files) {
    if (!path.split('/').every((part) => /^[A-Z0-9_]{1,8}(\.[A-Z0-9_]{1,3})?$/.test(part))) throw new RangeError(`"${path}" is no path of short names`);
    for (let parent = folderOf(path); parent !== ''; parent = folderOf(parent)) paths.add(parent);
  }
  const sorted = [...paths].toSorted((left, right) => depth(left) - depth(right) || (left < right ? -1 : 1));
  return sorted.map((path) => ({ path, name: path.slice(path.lastIndexOf('/') + 1), parent: Math.max(0, sorted.indexOf(folderOf(path))), files: [], block: 0 }));
}
function depth(path: string): number {
  return path === '' ? 0 : path.split('/').length;
}
function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function folderBlock(folder: Folder, folders: readonly Folder[]): Buffer {
  const parent = folders[folder.parent] ?? folder;
  const children = [
    ...folders.filter((each) => each !== folder && each.path !== '' && folders[each.parent] === folder).map((each) => ({ name: each.name, record: record(Buffer.from(each.name), each.block, BLOCK, true) })),
    ...folder.files.map((file) => ({ name: file.name, record: record(Buffer.from(file.name), file.block, file.sizeBytes, false) })),
  ].toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const bytes = Buffer.concat([record(Buffer.from([0]), folder.block, BLOCK, true), record(Buffer.from([1]), parent.block, BLOCK, true), ...children.map((child) => child.record)]);
  if (bytes.length > BLOCK) throw new RangeError(`/${folder.path} has too many entries`);
  return Buffer.concat([bytes, Buffer.alloc(BLOCK - bytes.length)]);
}

/** ECMA-119 §9.1 */
function record(name: Uint8Array, block: number, sizeBytes: number, isFolder: boolean): Buffer {
  const bytes = Buffer.alloc((33 + name.length + 1) & ~1);
  bytes[0] = bytes.length;
  both32(bytes, 2, block);
  both32(bytes, 10, sizeBytes);
  bytes.set([80, 1, 1, 0, 0, 0, 0], 18);
  bytes[25] = isFolder ? 2 : 0;
  both16(bytes, 28, 1);
  bytes[32] = name.length;
  bytes.set(name, 33);
  return bytes;
}

function pathTableOf(folders: readonly Folder[], order: 'little' | 'big'): Buffer {
  return Buffer.concat(folders.map(({ name, block, parent }) => {
    const bytes = Buffer.alloc((8 + Math.max(1, name.length) + 1) & ~1);
    bytes[0] = Math.max(1, name.length);
    if (order === 'little') {
      bytes.writeUInt32LE(block, 2);
      bytes.writeUInt16LE(parent + 1, 6);
    } else {
      bytes.writeUInt32BE(block, 2);
      bytes.writeUInt16BE(parent + 1, 6);
    }
    bytes.write(name, 8, 'latin1');
    return bytes;
  }));
}

/** ECMA-119 §8.4 */
function volumeDescriptor(blocks: number, rootBlock: number, table: { bytes: number; little: number; big: number }): Buffer {
  const bytes = Buffer.alloc(BLOCK);
  bytes[0] = 1;
  bytes.write('CD001', 1, 'latin1');
  bytes[6] = 1;
  bytes.fill(' ', 8, 72);
  bytes.write(VOLUME_ID, 40, 'latin1');
  both32(bytes, 80, blocks);
  both16(bytes, 120, 1);
  both16(bytes, 124, 1);
  both16(bytes, 128, BLOCK);
  both32(bytes, 132, table.bytes);
  bytes.writeUInt32LE(table.little, 140);
  bytes.writeUInt32BE(table.big, 148);
  bytes.set(record(Buffer.from([0]), rootBlock, BLOCK, true), 156);
  bytes.fill(' ', 190, 813);
  bytes.write('PLATEN', 574, 'latin1');
  // Made, changed: the same day for every image. Ends: never.
  for (const at of [813, 830]) bytes.write('1980010100000000', at, 'latin1');
  for (const at of [847, 864]) bytes.write('0000000000000000', at, 'latin1');
  bytes[881] = 1;
  return bytes;
}

/** El Torito, figure 7 */
function bootDescriptor(catalogBlock: number): Buffer {
  const bytes = Buffer.alloc(BLOCK);
  bytes.write('CD001', 1, 'latin1');
  bytes[6] = 1;
  bytes.write('EL TORITO SPECIFICATION', 7, 'latin1');
  bytes.writeUInt32LE(catalogBlock, 71);
  return bytes;
}

/** El Torito, figures 2 to 5: one entry for BIOS, one section for UEFI (UEFI 2.10 §13.3.2.1). */
function catalog(biosBlock: number, uefi: { block: number; sizeBytes: number }): Buffer {
  const bytes = Buffer.alloc(BLOCK);
  bytes[0] = 1;
  bytes.write('PLATEN', 4, 'latin1');
  bytes.set([0x55, 0xaa], 30);
  let sum = 0;
  for (let at = 0; at < 32; at += 2) sum += bytes.readUInt16LE(at);
  bytes.writeUInt16LE(-sum & 0xffff, 28);
  bytes[32] = 0x88;
  // Four sectors of 512 bytes: the loader reads the rest by itself.
  bytes.writeUInt16LE(4, 38);
  bytes.writeUInt32LE(biosBlock, 40);
  bytes.set([0x91, 0xef, 1, 0], 64);
  bytes[96] = 0x88;
  bytes.writeUInt16LE(Math.ceil(uefi.sizeBytes / 512), 102);
  bytes.writeUInt32LE(uefi.block, 104);
  return bytes;
}

function needed(blockOf: ReadonlyMap<string, number>, path: string): number {
  const block = blockOf.get(path);
  if (block === undefined) throw new RangeError(`the image has no ${path}`);
  return block;
}
function both32(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32LE(value, at);
  bytes.writeUInt32BE(value, at + 4);
}
function both16(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt16LE(value, at);
  bytes.writeUInt16BE(value, at + 2);
}
