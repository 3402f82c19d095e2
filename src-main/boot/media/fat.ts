// Owns writing a FAT16 file system as firmware reads it (Microsoft's FAT specification 1.03; UEFI 2.10 §13.3): folders and files with short
// names, laid out without gaps. Pure and reproducible: no times, a serial number that is given. It reads nothing.

/** Path parts in capital letters, 8.3. */
export type FatFile = { path: string; content: Uint8Array };

const SECTOR = 512;
const ENTRY = 32;
const RESERVED_SECTORS = 1;
const FATS = 2;
const ROOT_ENTRIES = 512;
const ROOT_SECTORS = (ROOT_ENTRIES * ENTRY) / SECTOR;
/** By the number of clusters alone a reader knows which FAT it is: fewer would be FAT12, more FAT32. */
const [LEAST_CLUSTERS, MOST_CLUSTERS] = [4085, 65_524];
const LAST = 0xffff;
const [FOLDER, ARCHIVE, VOLUME] = [0x10, 0x20, 0x08];

type Node = { name: string; content: Uint8Array | null; children: Node[]; cluster: number; clusters: number };

/** @param label up to 11 characters; serial: 32 bits. Throws RangeError for names that are none and for more than 31 MB. */
export function writeFat(files: readonly FatFile[], { label, serial }: { label: string; serial: number }): Buffer {
  const root: Node = { name: '', content: null, children: [], cluster: 0, clusters: 0 };
  for (const file of files) add(root, file);
  const nodes = inOrder(root);
  let next = 2;
  for (const node of nodes) {
    const bytes = node.content?.length ?? (node.children.length + 2) * ENTRY;
    node.clusters = Math.ceil(bytes / SECTOR);
    node.cluster = node.clusters === 0 ? 0 : next;
    next += node.clusters;
  }
  const clusters = Math.max(LEAST_CLUSTERS + 11, next - 2);
  if (clusters > MOST_CLUSTERS) throw new RangeError(`${next - 2} clusters are too many for FAT16`);
  const fatSectors = Math.ceil(((clusters + 2) * 2) / SECTOR);
  const dataSector = RESERVED_SECTORS + FATS * fatSectors + ROOT_SECTORS;
  const image = Buffer.alloc((dataSector + clusters) * SECTOR);
  writeBootSector(image, { sectors: dataSector + clusters, fatSectors, label, serial });
  const fat = image.subarray(RESERVED_SECTORS * SECTOR, (RESERVED_SECTORS + fatSectors) * SECTOR);
  fat.writeUInt16LE(0xfff8, 0);
  fat.writeUInt16LE(LAST, 2);
  for (const { cluster, clusters: count } of nodes) {
    for (let index = 0; index < count; index++) fat.writeUInt16LE(index === count - 1 ? LAST : cluster + index + 1, (cluster + index) * 2);
  }
  fat.copy(image, (RESERVED_SECTORS + fatSectors) * SECTOR);
  const rootAt = (RESERVED_SECTORS + FATS * fatSectors) * SECTOR;
  image.set(entry(label.padEnd(11).slice(0, 11), VOLUME, 0, 0), rootAt);
  root.children.forEach((child, index) => image.set(entryOf(child), rootAt + (index + 1) * ENTRY));
  for (const node of nodes) {
    const at = (dataSector + node.cluster - 2) * SECTOR;
    if (node.content !== null) image.set(node.content, at);
    else writeFolder(image.subarray(at, at + node.clusters * SECTOR), node, parentOf(root, node));
  }
  return image;
}

function writeBootSector(image: Buffer, { sectors, fatSectors, label, serial }: { sectors: number; fatSectors: number; label: string; serial: number }): void {
  image.set([0xeb, 0x3c, 0x90], 0);
  image.write('PLATEN  ', 3, 'latin1');
  image.writeUInt16LE(SECTOR, 11);
  image[13] = 1; // sectors per cluster
  image.writeUInt16LE(RESERVED_SECTORS, 14);
  image[16] = FATS;
  image.writeUInt16LE(ROOT_ENTRIES, 17);
  image.writeUInt16LE(sectors < 0x10000 ? sectors : 0, 19);
  image[21] = 0xf8;
  image.writeUInt16LE(fatSectors, 22);
  image.writeUInt16LE(32, 24);
  image.writeUInt16LE(64, 26);
  image.writeUInt32LE(sectors < 0x10000 ? 0 : sectors, 32);
  image[36] = 0x80;
  image[38] = 0x29;
  image.writeUInt32LE(serial >>> 0, 39);
  image.write(label.padEnd(11).slice(0, 11), 43, 'latin1');
  image.write('FAT16   ', 54, 'latin1');
  image.writeUInt16LE(0xaa55, 510);
}

function writeFolder(into: Buffer, folder: Node, parent: Node): void {
  into.set(entry('.'.padEnd(11), FOLDER, folder.cluster, 0), 0);
  // The root has no cluster: 0 stands for it.
  into.set(entry('..'.padEnd(11), FOLDER, parent.cluster, 0), ENTRY);
  folder.children.forEach((child, index) => into.set(entryOf(child), (index + 2) * ENTRY));
}
function entryOf({ name, content, cluster }: Node): Buffer {
  const [base = '', extension = ''] = name.split('.');
  return entry(base.padEnd(8) + extension.padEnd(3), content === null ? FOLDER : ARCHIVE, cluster, content?.length ?? 0);
}
function entry(name: string, attributes: number, cluster: number, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(ENTRY);
  bytes.write(name, 0, 'latin1');
  bytes[11] = attributes;
  // The first of January 1980, the earliest day there is: programs take zero for a damaged date.
  for (const at of [16, 18, 24]) bytes.writeUInt16LE(0x21, at);
  bytes.writeUInt16LE(cluster, 26);
  bytes.writeUInt32LE(sizeBytes, 28);
  return bytes;
}

function add(root: Node, { path, content }: FatFile): void {
  const parts = path.split('/');
  let folder = root;
  for (const [index, name] of parts.entries()) {
    if (!/^[A-Z0-9_-]{1,8}(\.[A-Z0-9_-]{1,3})?$/.test(name)) throw new RangeError(`"${path}" is no path of short names`);
    const isFile = index === parts.length - 1;
    let child = folder.children.find((each) => each.name === name);
    if (child !== undefined && (isFile || child.content !== null)) throw new RangeError(`${path} is there twice`);
    if (child === undefined) {
      child = { name, content: isFile ? content : null, children: [], cluster: 0, clusters: 0 };
      folder.children.push(child);
    }
    folder = child;
  }
}
function inOrder(folder: Node): Node[] {
  return folder.children.flatMap((child) => [child, ...inOrder(child)]);
}
function parentOf(folder: Node, wanted: Node): Node {
  return [folder, ...inOrder(folder)].find((each) => each.children.includes(wanted)) ?? folder;
}
