import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { writeFat, type FatFile } from './fat.ts';
import { BLOCK } from './iso.ts';
import { makeMedium, mediumLoaders, readMedium, type Medium, type MediumLoader, type MediumParts } from './medium.ts';

const folder = mkdtempSync(join(tmpdir(), 'platen-medium-'));
afterAll(() => rmSync(folder, { recursive: true }));
const filled = (length: number, value: number): Buffer => Buffer.alloc(length, value);
const onDisk = (name: string, bytes: Buffer): { path: string; sizeBytes: number; sha256: string } => {
  writeFileSync(join(folder, name), bytes);
  return { path: join(folder, name), sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
};
const parts: MediumParts = {
  loaders: Object.fromEntries(mediumLoaders.map((name, index) => [name, filled(name === 'isohdpfx.bin' ? 432 : 5000 + index, index + 1)])) as unknown as Record<MediumLoader, Uint8Array>,
  kernel: onDisk('vmlinuz', filled(70_001, 0x4b)), base: onDisk('base', filled(300_004, 0x42)), small: filled(12_345, 0x53), kernelWords: ['console=tty1', 'quiet'], countdownSeconds: 4,
};
async function bytesOf(medium: Medium): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const part of readMedium(medium, (path) => createReadStream(path))) all.push(part);
  return Buffer.concat(all);
}
/** Files of an ISO 9660 image by path, read as a stranger would: from the descriptor along the folders. */
function filesIn(image: Buffer): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  const walk = (block: number, length: number, path: string): void => {
    for (let at = block * BLOCK; at < block * BLOCK + length && (image[at] ?? 0) > 0; at += image[at] ?? 0) {
      const [start, size, name] = [image.readUInt32LE(at + 2), image.readUInt32LE(at + 10), image.toString('latin1', at + 33, at + 33 + (image[at + 32] ?? 0))];
      if (name === '\0' || name === '\u0001') continue;
      if (((image[at + 25] ?? 0) & 2) !== 0) walk(start, size, `${path}${name}/`);
      else found.set(path + name.replace(/;1$/, ''), image.subarray(start * BLOCK, start * BLOCK + size));
    }
  };
  walk(image.readUInt32LE(16 * BLOCK + 158), image.readUInt32LE(16 * BLOCK + 166), '');
  return found;
}

describe('a boot medium', () => {
  it('is a disc whose files are what was put in, and has the same bytes every time', async () => {
    const medium = makeMedium(parts);
    const image = await bytesOf(medium);
    expect([image.length, image.length % (1024 * 1024), (await bytesOf(makeMedium(parts))).equals(image)]).toEqual([medium.sizeBytes, 0, true]);
    const files = filesIn(image);
    expect([...files.keys()].toSorted()).toEqual(['BOOT/ESP.IMG', 'EFI/DEBIAN/GRUB.CFG', 'ISOLINUX/ISOLINUX.BIN', 'ISOLINUX/ISOLINUX.CFG', 'ISOLINUX/LDLINUX.C32', 'ISOLINUX/LIBUTIL.C32', 'ISOLINUX/MENU.C32', `PLATEN/${medium.id.toUpperCase()}`, 'PLATEN/BASE.ZST', 'PLATEN/SMALL.CPI', 'PLATEN/VMLINUZ'].toSorted());
    expect([files.get('PLATEN/VMLINUZ'), files.get('PLATEN/BASE.ZST'), files.get('PLATEN/SMALL.CPI')]).toEqual([filled(70_001, 0x4b), filled(300_004, 0x42), filled(12_345, 0x53)]);
  });
  it('is a disk with the EFI system partition where UEFI looks, and the loaders in it', async () => {
    const medium = makeMedium(parts);
    const image = await bytesOf(medium);
    const table = join(folder, 'medium.img');
    writeFileSync(table, image);
    const { partitiontable } = JSON.parse(execFileSync('sfdisk', ['--json', table], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })) as { partitiontable: { id: string; partitions: { start: number; size: number; type: string }[] } };
    const [esp] = partitiontable.partitions.filter(({ type }) => type === 'ef');
    expect([partitiontable.id, esp === undefined]).toEqual([`0x${medium.id}`, false]);
    const bytes = image.subarray((esp?.start ?? 0) * 512, ((esp?.start ?? 0) + (esp?.size ?? 0)) * 512);
    expect(bytes.equals(filesIn(image).get('BOOT/ESP.IMG') ?? Buffer.alloc(0))).toBe(true);
    expect(readBack(bytes, 'EFI/BOOT/BOOTX64.EFI').equals(Buffer.from(parts.loaders['shimx64.efi']))).toBe(true);
    const menu = readBack(bytes, 'EFI/DEBIAN/GRUB.CFG').toString('utf8');
    expect(menu).toContain(`search --no-floppy --file --set=root /platen/${medium.id}`);
    expect(menu).toContain(`linux /platen/vmlinuz console=tty1 quiet platen.portal=menu platen.medium=${medium.id}\n`);
  });
  it('starts ISOLINUX from both boot codes: each is told where it lies', async () => {
    const image = await bytesOf(makeMedium(parts));
    const block = image.readUInt32LE(432) / 4;
    const catalog = image.readUInt32LE(17 * BLOCK + 71) * BLOCK;
    let sum = 0;
    for (let at = catalog; at < catalog + 32; at += 2) sum = (sum + image.readUInt16LE(at)) & 0xffff;
    expect([image.readUInt32LE(catalog + 40), image.readUInt32LE(block * BLOCK + 12), image.readUInt32LE(block * BLOCK + 16), sum, image.subarray(block * BLOCK + 64, block * BLOCK + 68)]).toEqual([block, block, 5000, 0, filled(4, 1)]);
  });
  it('is another medium where anything in it is another', () => {
    const ids = [parts, { ...parts, small: filled(12_345, 0x54) }, { ...parts, kernelWords: ['quiet'] }, { ...parts, kernel: { ...parts.kernel, sha256: 'other' } }].map((each) => makeMedium(each).id);
    expect(new Set(ids).size).toBe(4);
  });
  it('ends with an error where a file became another while it was read', async () => {
    const short = { ...parts, base: { ...parts.base, sizeBytes: parts.base.sizeBytes + 1 } };
    await expect(bytesOf(makeMedium(short))).rejects.toThrow('changed while it was read');
  });
});

describe('a FAT file system', () => {
  it('is clean to fsck.fat and gives back every file, whatever is in it', () => {
    const name = fc.string({ unit: fc.constantFrom(...'ABCDEFGH0123456789_-'), minLength: 1, maxLength: 8 });
    const file = fc.record({ path: fc.array(name, { minLength: 1, maxLength: 4 }).map((path) => path.join('/')), content: fc.integer({ min: 0, max: 5000 }).map((length) => filled(length, length & 255)) });
    fc.assert(fc.property(fc.uniqueArray(file, { maxLength: 20, selector: ({ path }) => path.split('/')[0] }), (files: FatFile[]) => {
      const image = writeFat(files, { label: 'PLATEN', serial: 0x1234_5678 });
      writeFileSync(join(folder, 'fat.img'), image);
      execFileSync('fsck.fat', ['-n', join(folder, 'fat.img')], { stdio: 'pipe' });
      for (const { path, content } of files) expect(readBack(image, path).equals(Buffer.from(content))).toBe(true);
    }), { numRuns: 15 });
  });
  it('refuses a path given twice, one below a file, and a name that is too long', () => {
    const write = (...paths: string[]) => () => writeFat(paths.map((path) => ({ path, content: new Uint8Array(1) })), { label: '', serial: 0 });
    expect(write('A', 'A')).toThrow('twice');
    expect(write('A', 'A/B')).toThrow('twice');
    expect(write('EFI/LONGERNAME')).toThrow('short names');
  });
});

function readBack(image: Uint8Array, path: string): Buffer {
  const [from, to] = [join(folder, 'fat-read.img'), join(folder, 'fat-read')];
  writeFileSync(from, image);
  rmSync(to, { force: true });
  execFileSync('mcopy', ['-i', from, `::${path}`, to], { stdio: 'pipe' });
  return readFileSync(to);
}
