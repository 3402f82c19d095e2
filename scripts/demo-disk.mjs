// The demo's sample disk: a GPT with an EFI system partition (FAT32), an ext4 volume with real files and a swap area, made in a
// plain sparse file; and the proof that a deployed disk equals it. Needs neither root nor loop devices: every tool takes offsets.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { withSystemFolders } from './node.mjs';

const MiB = 1024 * 1024;
const sectorBytes = 512;
export const diskBytes = 3 * 1024 * MiB;
const contentLimitBytes = 300 * MiB;

/** @typedef {{ name: string, type: string, startBytes: number, sizeBytes: number }} Volume */
/** @type {{ esp: Volume, system: Volume, swap: Volume }} */
export const volumes = {
  esp: { name: 'EFI system', type: 'uefi', startBytes: MiB, sizeBytes: 100 * MiB },
  system: { name: 'System', type: 'linux', startBytes: 101 * MiB, sizeBytes: 2 * 1024 * MiB },
  swap: { name: 'Swap', type: 'swap', startBytes: (101 + 2 * 1024) * MiB, sizeBytes: 256 * MiB },
};

/**
 * Runs a tool; throws with its words when it fails (tolerant: only when it cannot be run).
 * @param {string} command @param {string[]} args @param {{ input?: string, tolerant?: boolean }} [options]
 */
export function tool(command, args, options = {}) {
  const env = { ...process.env, PATH: withSystemFolders(process.env['PATH']), LC_ALL: 'C', MTOOLS_SKIP_CHECK: '1' };
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env, maxBuffer: 64 * MiB, ...(options.input === undefined ? {} : { input: options.input }) });
  if (error !== undefined) throw new Error(`${command} could not be run: ${error.message}`);
  if (status !== 0 && options.tolerant !== true) throw new Error(`${command} ${args.join(' ')} failed (exit ${status}): ${stderr.trim() || stdout.trim()}`);
  return stdout;
}

/**
 * Makes a blank disk: a sparse file of this size.
 * @param {string} path @param {number} bytes
 */
export function makeBlankDisk(path, bytes) {
  writeFileSync(path, '');
  truncateSync(path, bytes);
}

/**
 * Copies files of this machine's /usr/share with their folders until the limit is reached. Small ones stay out, because
 * making many of them takes longer than everything the demo shows; so does what only root may read.
 * @param {string} folder
 */
function gatherFiles(folder) {
  mkdirSync(join(folder, 'etc'));
  writeFileSync(join(folder, 'etc/hostname'), 'sample\n');
  let room = contentLimitBytes;
  const found = tool('find', ['/usr/share', '-xdev', '-type', 'f', '-readable', '-size', '+32k', '-printf', '%s\t%p\n'], { tolerant: true });
  const chosen = found.trim().split('\n').sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).flatMap((line) => {
    const [bytes = '', path = ''] = line.split('\t');
    if (path === '' || Number(bytes) > room) return [];
    room -= Number(bytes);
    return [path];
  });
  tool('cp', ['-a', '--no-preserve=ownership', '--parents', '--', ...chosen, folder], { tolerant: true });
}

/**
 * @param {string} path where to make it
 * @param {string} work a folder for what is needed meanwhile
 */
export function makeSampleDisk(path, work) {
  makeBlankDisk(path, diskBytes);
  const lines = Object.values(volumes).map(({ name, type, startBytes, sizeBytes }) => `start=${startBytes / sectorBytes}, size=${sizeBytes / sectorBytes}, type=${type}, name="${name}"`);
  tool('sfdisk', ['--quiet', path], { input: ['label: gpt', 'unit: sectors', ...lines, ''].join('\n') });
  const content = mkdtempSync(join(work, 'content-'));
  gatherFiles(content);
  const { esp, system, swap } = volumes;
  tool('mkfs.vfat', ['-F', '32', '-s', '1', '-n', 'ESP', '--offset', String(esp.startBytes / sectorBytes), path, String(esp.sizeBytes / 1024)]);
  const loader = join(content, 'etc/hostname');
  for (const folder of ['::/EFI', '::/EFI/BOOT']) tool('mmd', ['-i', `${path}@@${esp.startBytes}`, folder]);
  tool('mcopy', ['-i', `${path}@@${esp.startBytes}`, loader, '::/EFI/BOOT/startup.nsh']);
  tool('mke2fs', ['-q', '-F', '-t', 'ext4', '-L', 'system', '-E', `offset=${system.startBytes},root_owner=0:0`, '-d', content, path, `${system.sizeBytes / 1024}k`]);
  const swapFile = join(work, 'swap');
  makeBlankDisk(swapFile, swap.sizeBytes);
  tool('mkswap', ['-q', '-L', 'swap', swapFile]);
  const disk = openSync(path, 'r+');
  writeSync(disk, readFileSync(swapFile).subarray(0, 4096), 0, 4096, swap.startBytes);
  closeSync(disk);
  rmSync(swapFile);
  rmSync(content, { recursive: true });
}

/**
 * Bytes that take up space in a sparse file.
 * @param {string} path
 */
export const usedBytes = (path) => statSync(path).blocks * 512;

/**
 * SHA-256 of a stretch of a disk.
 * @param {string} path @param {Volume} volume
 */
export function hashVolume(path, volume) {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(4 * MiB);
  const disk = openSync(path, 'r');
  try {
    for (let done = 0; done < volume.sizeBytes; ) {
      const read = readSync(disk, buffer, 0, Math.min(buffer.length, volume.sizeBytes - done), volume.startBytes + done);
      if (read === 0) throw new Error(`${path} ends within ${volume.name}`);
      hash.update(buffer.subarray(0, read));
      done += read;
    }
    return hash.digest('hex');
  } finally {
    closeSync(disk);
  }
}

/**
 * The partition table as sfdisk tells it, without what must differ on a larger disk.
 * @param {string} path
 */
export const tableOf = (path) => tool('sfdisk', ['--dump', path]).replaceAll(path, 'disk').replace(/^last-lba:.*\n/m, '');

/**
 * The field's own checkers on a disk's volumes; throws when one finds anything.
 * @param {string} path @param {string} work
 */
export function checkFileSystems(path, work) {
  tool('e2fsck', ['-fn', `${path}?offset=${volumes.system.startBytes}`]);
  const extract = join(work, 'esp.img');
  const buffer = Buffer.alloc(volumes.esp.sizeBytes);
  const disk = openSync(path, 'r');
  readSync(disk, buffer, 0, buffer.length, volumes.esp.startBytes);
  closeSync(disk);
  writeFileSync(extract, buffer);
  tool('fsck.vfat', ['-n', extract]);
  rmSync(extract);
}
