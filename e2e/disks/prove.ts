// Owns the proof that a target disk is what its source is, told by the field's own tools and not by Platen: tables, checks of every
// file system, every used block, every file with its metadata, boot areas, signatures. Reads only; answers with what is wrong in words.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { run, type Host, type Region } from './host.ts';
import type { Disk, DiskVolume } from './make.ts';
import { treeDifferences, walk, type Tree } from './walk.ts';

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(part as Buffer);
  return hash.digest('hex');
}

/** Everything that is wrong with the target as a copy of source; empty when the copy is proved. Target: an image file, at least as large. */
export async function differences(host: Host, source: Disk, target: string): Promise<string[]> {
  const found: string[] = [];
  const check = async (what: string, work: () => Promise<string[]>): Promise<void> => {
    const problems = await work().catch((error: unknown) => [String(error)]);
    found.push(...problems.map((problem) => `${what}: ${problem}`));
  };
  await check('partition table', () => tableDifferences(host, source, target));
  await check('boot areas', () => bootAreaDifferences(source, target));
  await check('signatures of the disk', () => signatureDifferences(host, source, target, null));
  // partclone takes two seconds at least, so all volumes at once.
  await Promise.all(source.volumes.map((volume) => check(`${nameOf(volume)}, blocks`, () => usedBlockDifferences(host, source.file, target, volume))));
  for (const volume of source.volumes) {
    const name = nameOf(volume);
    await check(`${name}, check`, () => fileSystemProblems(host, target, volume));
    await check(`${name}, signatures`, () => signatureDifferences(host, source, target, volume));
    await check(`${name}, files`, () => fileDifferences(host, source.file, target, volume));
  }
  return found;
}

function nameOf(volume: DiskVolume): string {
  return `partition ${volume.number} (${volume.fsType})`;
}

type SfdiskTable = { partitiontable: { lastlba?: number; device?: string; partitions: { node: string }[] } };

async function tableDifferences(host: Host, source: Disk, target: string): Promise<string[]> {
  const problems: string[] = [];
  const table = async (file: string): Promise<{ text: string; lastLba: number | undefined }> => {
    const device = await host.attach(file, { readOnly: true, sectorSizeBytes: source.sectorSizeBytes });
    try {
      const { partitiontable: { lastlba, device: name = '', partitions, ...rest } } = JSON.parse((await run('sfdisk', ['--json', device])).stdout) as SfdiskTable;
      const verified = await run('sfdisk', ['--verify', device], { okCodes: [0, 1] });
      if (verified.code !== 0 || /PMBR|corrupt|backup/i.test(verified.stderr)) problems.push(`sfdisk --verify says of ${file}: ${verified.stdout}${verified.stderr}`);
      return { text: JSON.stringify({ ...rest, partitions: partitions.map((entry) => ({ ...entry, node: entry.node.slice(name.length) })) }, null, 1), lastLba: lastlba };
    } finally {
      await host.release(device);
    }
  };
  const [before, after] = [await table(source.file), await table(target)];
  if (before.text !== after.text) problems.push(`was ${before.text}, is ${after.text}`);
  if (source.table === 'gpt') problems.push(...(await backupGptProblems(target, source.sectorSizeBytes, after.lastLba)));
  return problems;
}

async function backupGptProblems(target: string, sectorSizeBytes: number, lastLba: number | undefined): Promise<string[]> {
  const lastSector = (await stat(target)).size / sectorSizeBytes - 1;
  const problems: string[] = [];
  const [main, backup] = [await readRegion(target, sectorSizeBytes, 512), await readRegion(target, lastSector * sectorSizeBytes, 512)];
  if (main.toString('latin1', 0, 8) !== 'EFI PART') problems.push('no GPT header in the second sector');
  if (backup.toString('latin1', 0, 8) !== 'EFI PART') return [...problems, 'no backup GPT header in the last sector'];
  if (main.readBigUInt64LE(32) !== BigInt(lastSector)) problems.push(`the header's backup is at ${main.readBigUInt64LE(32)}, the last sector is ${lastSector}`);
  if (backup.readBigUInt64LE(24) !== BigInt(lastSector) || backup.readBigUInt64LE(32) !== 1n) problems.push('the backup header does not name itself and the first');
  const entrySectors = Math.ceil((128 * 128) / sectorSizeBytes);
  if (lastLba !== lastSector - entrySectors - 1) problems.push(`last usable sector ${lastLba}, of ${lastSector + 1}`);
  if (sectorSizeBytes === 512) {
    const said = (await run('sgdisk', ['--verify', target])).stdout;
    if (!said.includes('No problems found')) problems.push(said);
  }
  return problems;
}

/** Boot code in sector 0, and everything between the table and the partitions, byte for byte. */
async function bootAreaDifferences(source: Disk, target: string): Promise<string[]> {
  const sector = source.sectorSizeBytes;
  const areas: [string, number, number][] = [['boot code', 0, 440], ['boot signature', 510, 2]];
  // A protective record's size follows the disk's; an MBR's own records and its signature must not change.
  if (source.table === 'dos') areas.push(['disk signature and records', 440, 70]);
  const sorted = [...source.volumes].sort((a, b) => a.offsetBytes - b.offsetBytes);
  let from = source.table === 'gpt' ? 2 * sector + 128 * 128 : sector;
  for (const volume of sorted) {
    if (volume.offsetBytes > from) areas.push([`gap before partition ${volume.number}`, from, volume.offsetBytes - from]);
    from = volume.offsetBytes + volume.sizeBytes;
  }
  const problems: string[] = [];
  for (const [what, offset, length] of areas) {
    const [before, after] = [await readRegion(source.file, offset, length), await readRegion(target, offset, length)];
    const at = before.findIndex((byte, index) => byte !== after[index]);
    if (at >= 0) problems.push(`${what} differs at byte ${offset + at}`);
  }
  return problems;
}

async function readRegion(file: string, offset: number, length: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const data = Buffer.alloc(length);
    const { bytesRead } = await handle.read(data, 0, length, offset);
    if (bytesRead !== length) throw new Error(`${file} ends before byte ${offset + length}`);
    return data;
  } finally {
    await handle.close();
  }
}

/** "type@offset" of every signature that blkid and wipefs know, on a region or the whole disk; from the end where only the end counts. */
export async function signatures(host: Host, file: string, region: Region | null, sectorSizeBytes = 512): Promise<string[]> {
  const device = await host.attach(file, { ...region, readOnly: true, ...(region === null ? { sectorSizeBytes } : {}) });
  try {
    const sizeBytes = region?.sizeBytes ?? (await stat(file)).size;
    const { signatures: list } = JSON.parse((await run('wipefs', ['--no-act', '--json', device])).stdout || '{"signatures":[]}') as { signatures: { type: string; offset: string; uuid: string | null; label: string | null }[] };
    return list.map((entry) => {
      const offset = Number(entry.offset);
      const place = offset > sizeBytes / 2 ? `end-${sizeBytes - offset}` : String(offset);
      return `${entry.type}@${place} ${entry.uuid ?? ''} ${entry.label ?? ''}`.trim();
    }).sort();
  } finally {
    await host.release(device);
  }
}

async function signatureDifferences(host: Host, source: Disk, target: string, volume: DiskVolume | null): Promise<string[]> {
  const [before, after] = [await signatures(host, source.file, volume, source.sectorSizeBytes), await signatures(host, target, volume, source.sectorSizeBytes)];
  const problems = JSON.stringify(before) === JSON.stringify(after) ? [] : [`were ${before.join(', ')}; are ${after.join(', ')}`];
  if (volume !== null) {
    // blkid's low-level probe also says ambivalent (exit 8) where two signatures contradict each other, and tells swap's UUID and label.
    const probe = (file: string): Promise<string> => host.withAttached(file, volume, async (device) => (await run('blkid', ['-p', '-o', 'export', device], { okCodes: [0, 2, 8] })).stdout.replace(/^DEVNAME=.*\n/m, ''));
    const [was, is] = [await probe(source.file), await probe(target)];
    if (was !== is || was === '') problems.push(`blkid said ${was}, says ${is}`);
  }
  return problems;
}

async function fileSystemProblems(host: Host, target: string, volume: DiskVolume): Promise<string[]> {
  const checks: Record<DiskVolume['fsType'], [string, string[]] | null> = { ext3: ['e2fsck', ['-fn']], ext4: ['e2fsck', ['-fn']], fat: ['fsck.vfat', ['-n']], ntfs: ['ntfsfix', ['--no-action']], swap: null };
  const check = checks[volume.fsType];
  if (check === null) return [];
  return host.withAttached(target, volume, async (device) => {
    const result = await run(check[0], [...check[1], device], { okCodes: [0, 1, 2, 4, 8, 12] });
    return result.code === 0 ? [] : [`${check[0]} ended with ${result.code}: ${result.stdout}${result.stderr}`];
  });
}

/** partclone's image holds the map of used blocks and every used block: equal images, equal volumes. A second, lower opinion than the files'. */
async function usedBlockDifferences(host: Host, source: string, target: string, volume: DiskVolume): Promise<string[]> {
  const program = { ext3: 'partclone.ext3', ext4: 'partclone.ext4', fat: 'partclone.fat', ntfs: 'partclone.ntfs', swap: null }[volume.fsType];
  const digest = (file: string): Promise<string> => host.withAttached(file, volume, async (device) => {
    if (program === null) return (await run('sh', ['-c', 'head -c 4096 "$1" | sha256sum', 'sh', device])).stdout;
    const log = host.path(`partclone-${basename(device)}.log`);
    return (await run('bash', ['-c', `set -o pipefail; ${program} -c -s "$1" -o - -L "$2" 2>"$2.err" | sha256sum || { cat "$2.err" >&2; exit 1; }`, 'bash', device, log])).stdout;
  });
  const [before, after] = await Promise.all([digest(source), digest(target)]);
  return before === after ? [] : ['a used block differs'];
}

async function fileDifferences(host: Host, source: string, target: string, volume: DiskVolume): Promise<string[]> {
  const { fsType } = volume;
  if (fsType === 'swap') return [];
  const listing = fsType === 'fat' ? (file: string) => fatTree(host, file, volume) : (file: string) => host.withMounted(file, volume, fsType === 'ntfs' ? 'ntfs-3g' : fsType, walk);
  const [before, after] = [await listing(source), await listing(target)];
  if (before.size < 100) return [`only ${before.size} files in the source: nothing is proved`];
  const all = treeDifferences(before, after);
  return all.length > 20 ? [...all.slice(0, 20), `and ${all.length - 20} more`] : all;
}

/** FAT through mtools, as the kernel may not mount it: contents and times by copying out, attributes and names as listed. */
async function fatTree(host: Host, file: string, region: Region): Promise<Tree> {
  const image = `${file}@@${region.offsetBytes}`;
  const folder = host.path('fat-files');
  await run('mkdir', [folder]);
  try {
    await run('mcopy', ['-i', image, '-s', '-p', '-m', '-Q', '-n', '::/', folder]);
    const tree = await walk(folder);
    // The copy's own folder is made now; everything in it has the volume's times.
    tree.delete('.');
    const listed = (await run('mdir', ['-i', image, '-/', '-a', '::/'])).stdout;
    const attributes = (await run('mattrib', ['-i', image, '-/', '::/'])).stdout;
    tree.set('as mtools lists it', { listed, attributes });
    return tree;
  } finally {
    await run('rm', ['-rf', folder]);
  }
}
