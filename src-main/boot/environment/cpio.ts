// Owns the "newc" cpio format that the kernel unpacks as its first file system (kernel: Documentation/driver-api/early-userspace/
// buffer-format.rst). Pure and reproducible: the same entries give the same bytes, with times and owners of zero.

export type CpioEntry = { path: string; mode: number; content: Uint8Array; /** For device nodes. */ device?: { major: number; minor: number } };

export const FileType = { folder: 0o040000, file: 0o100000, link: 0o120000, character: 0o020000 } as const;
const HEADER_BYTES = 110;
const TRAILER = 'TRAILER!!!';
const MAX_FILE_BYTES = 0xffff_fffe;

export function file(path: string, content: Uint8Array, permissions = 0o644): CpioEntry {
  return { path, mode: FileType.file | permissions, content };
}
export function folder(path: string, permissions = 0o755): CpioEntry {
  return { path, mode: FileType.folder | permissions, content: new Uint8Array(0) };
}
export function link(path: string, target: string): CpioEntry {
  return { path, mode: FileType.link | 0o777, content: Buffer.from(target) };
}
export function character(path: string, major: number, minor: number): CpioEntry {
  return { path, mode: FileType.character | 0o600, content: new Uint8Array(0), device: { major, minor } };
}

/** Folders that entries lie in are added; everything is sorted, so that a folder comes before what is in it. Throws RangeError for a path given twice. */
export function writeCpio(entries: readonly CpioEntry[]): Buffer {
  const byPath = new Map<string, CpioEntry>();
  for (const entry of entries) {
    const path = normal(entry.path);
    const before = byPath.get(path);
    if (before !== undefined && (before.mode & FileType.folder) === 0) throw new RangeError(`${path} is there twice`);
    byPath.set(path, { ...entry, path });
  }
  for (const path of byPath.keys()) {
    for (let parent = path.lastIndexOf('/'); parent > 0; parent = path.lastIndexOf('/', parent - 1)) {
      const name = path.slice(0, parent);
      if (!byPath.has(name)) byPath.set(name, folder(name));
    }
  }
  const sorted = [...byPath.values()].toSorted((left, right) => (left.path < right.path ? -1 : 1));
  const parts = sorted.flatMap((entry, index) => encoded(entry, index + 1));
  parts.push(...encoded({ path: TRAILER, mode: 0, content: new Uint8Array(0) }, 0));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  // Archives are joined: the kernel looks for the next one on a boundary of four bytes.
  return Buffer.concat([...parts, Buffer.alloc(-length & 511)]);
}

function encoded(entry: CpioEntry, inode: number): Uint8Array[] {
  if (entry.content.length > MAX_FILE_BYTES) throw new RangeError(`${entry.path} is too large for a cpio archive`);
  const name = Buffer.from(`${entry.path}\0`);
  const fields = [inode, entry.mode, 0, 0, 1, 0, entry.content.length, 0, 0, entry.device?.major ?? 0, entry.device?.minor ?? 0, name.length, 0];
  const header = Buffer.from(`070701${fields.map((value) => (value >>> 0).toString(16).padStart(8, '0')).join('')}`, 'latin1');
  return [header, name, Buffer.alloc(-(HEADER_BYTES + name.length) & 3), entry.content, Buffer.alloc(-entry.content.length & 3)];
}
function normal(path: string): string {
  const clean = path.replace(/^\/+/, '').replaceAll(/\/+/g, '/');
  if (clean === '' || clean.split('/').some((part) => part === '..' || part === '.')) throw new RangeError(`"${path}" is no path for an archive`);
  return clean;
}
