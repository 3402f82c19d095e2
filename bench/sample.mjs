// Owns the disks that the benchmark images: v1, a whole-disk ext4 filled with real files, and v2, the same after a change as an
// update makes it. Both are kept in the work folder and made again only when they are missing. Needs root, for mounting.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, readlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** @typedef {{ v1: string, v2: string, diskBytes: number, usedBytes: number, said: string[] }} Sample */

const MiB = 1024 * 1024;
/** Where real files come from, in this order, until there are enough. */
const usualSources = ['/usr/lib', '/usr/share', '/usr/bin', '/usr/local', '/usr/include', '/usr/libexec', '/usr/sbin', '/var/lib/dpkg', '/etc'];
const largestFileBytes = 256 * MiB;

/** @param {string} command @param {string[]} args */
export function must(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * MiB });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${result.error?.message ?? `${result.stderr}${result.stdout}`.trim()}`);
  return result.stdout;
}

/**
 * Makes or finds the two disks.
 * @param {string} work @param {number} gigabytes used on v1; the disk is 2.45 times as large, as an 8 GiB disk with 3.26 GB used
 * @param {(text: string) => void} say @param {string[]} [sources] folders the files come from
 * @returns {Sample}
 */
export function makeSample(work, gigabytes, say, sources = usualSources) {
  const facts = join(work, `sample-${gigabytes}.json`);
  if (existsSync(facts)) {
    const sample = /** @type {Sample} */ (JSON.parse(readFileSync(facts, 'utf8')));
    if (existsSync(sample.v1) && existsSync(sample.v2)) return sample;
  }
  if (process.getuid?.() !== 0) throw new Error('making the sample disks needs root, because files are put into them by mounting; run it once as root, they are kept');
  const [v1, v2] = [join(work, `v1-${gigabytes}.img`), join(work, `v2-${gigabytes}.img`)];
  for (const file of [v1, v2]) rmSync(file, { force: true });
  const diskBytes = Math.ceil((gigabytes * 2635) / 64) * 64 * MiB;
  say(`making v1: ${gigabytes} GB used on a disk of ${(diskBytes / 1e9).toFixed(2)} GB`);
  writeFileSync(v1, '');
  truncateSync(v1, diskBytes);
  must('mkfs.ext4', ['-q', '-F', '-L', 'bench', v1]);
  const said = mounted(v1, work, (folder) => fill(folder, gigabytes * 1e9, sources));
  say('making v2: 5 % of the files changed, added or removed');
  must('cp', ['--sparse=always', v1, v2]);
  said.push(...mounted(v2, work, change));
  for (const file of [v1, v2]) must('e2fsck', ['-fn', file]);
  const usedBytes = usedOf(v1);
  const sample = { v1, v2, diskBytes, usedBytes, said };
  writeFileSync(facts, JSON.stringify(sample, null, 1));
  return sample;
}

/** Bytes in used blocks, as ext4 counts them. @param {string} image */
function usedOf(image) {
  const text = must('dumpe2fs', ['-h', image]);
  const value = (/** @type {string} */ name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]);
  return (value('Block count') - value('Free blocks')) * value('Block size');
}

/** @template T @param {string} image @param {string} work @param {(folder: string) => T} task @returns {T} */
function mounted(image, work, task) {
  const folder = mkdtempSync(join(work, 'mount-'));
  must('mount', ['-o', 'loop,noatime', image, folder]);
  try {
    return task(folder);
  } finally {
    must('umount', [folder]);
    rmSync(folder, { recursive: true });
  }
}

/**
 * Copies real files until enough blocks are used. When the system has not enough, its files are taken again with 16 bytes
 * changed in every 32 KiB: as compressible as before, but no aligned piece of 32 KiB or more occurs twice.
 * @param {string} folder @param {number} wantedBytes @param {string[]} sources
 * @returns {string[]} what the disk holds, for the report
 */
function fill(folder, wantedBytes, sources) {
  const said = [];
  let used = usedIn(folder);
  for (let pass = 0; used < wantedBytes; pass++) {
    const before = used;
    let files = 0;
    for (const { path, stat } of filesBelow(sources)) {
      const target = join(folder, pass === 0 ? '' : `again-${pass}`, path);
      mkdirSync(dirname(target), { recursive: true });
      if (stat.isSymbolicLink()) symlinkSync(readlinkSync(path), target);
      else if (pass === 0) copyFileSync(path, target);
      else writeFileSync(target, changed(readFileSync(path), `${pass}:${path}`));
      if (stat.isFile()) {
        chmodSync(target, stat.mode & 0o7777);
        utimesSync(target, stat.atime, stat.mtime);
        used += Math.ceil(stat.size / 4096) * 4096;
      }
      files += 1;
      if (used >= wantedBytes) break;
    }
    if (files === 0) throw new Error(`no files found in ${sources.join(', ')}`);
    said.push(`${((used - before) / 1e9).toFixed(2)} GB in ${files} files of this system's ${pass === 0 ? 'own' : `own, taken again with changes in every 32 KiB (${pass})`}`);
    used = Math.max(used, usedIn(folder));
  }
  return said;
}

/** @param {string} folder */
function usedIn(folder) {
  const [, line = ''] = must('df', ['--block-size=1', '--output=used', folder]).split('\n');
  return Number(line);
}

/** @param {string[]} places @returns {Generator<{ path: string, stat: import('node:fs').Stats }>} */
function* filesBelow(places) {
  for (const place of places) {
    if (!existsSync(place)) continue;
    for (const name of readdirSync(place).sort()) {
      const path = join(place, name);
      const stat = lstatSync(path);
      if (stat.isDirectory()) yield* filesBelow([path]);
      else if (stat.isSymbolicLink() || (stat.isFile() && stat.size <= largestFileBytes)) yield { path, stat };
    }
  }
}

/**
 * Changes 16 bytes at the start of every 32 KiB, differently each time.
 * @param {Buffer} data changed in place @param {string} seed
 */
export function changed(data, seed) {
  const mark = createHash('sha256').update(seed).digest();
  for (let at = 0; at < data.length; at += 32 * 1024) {
    mark.writeUInt32LE((mark.readUInt32LE(0) + 0x9e3779b9) >>> 0, 0);
    mark.copy(data, at, 0, Math.min(16, data.length - at));
  }
  return data;
}

/**
 * What a package update does: of every 100 files three are replaced by a changed one (written anew, then renamed over the old),
 * one is removed and one is added.
 * @param {string} folder
 */
function change(folder) {
  const counts = { replaced: 0, removed: 0, added: 0 };
  const all = [...filesBelow([folder])].filter(({ stat }) => stat.isFile());
  for (const { path } of all) {
    const draw = createHash('sha256').update(path.slice(folder.length)).digest().readUInt32LE(0) % 100;
    if (draw < 3) {
      writeFileSync(`${path}.dpkg-new`, edited(readFileSync(path)), { mode: statSync(path).mode });
      renameSync(`${path}.dpkg-new`, path);
      counts.replaced += 1;
    } else if (draw === 3) {
      rmSync(path);
      counts.removed += 1;
    } else if (draw === 4) {
      writeFileSync(`${path}.added`, changed(readFileSync(path), `added:${path}`));
      counts.added += 1;
    }
  }
  return [`v2: ${counts.replaced} files replaced, ${counts.added} added, ${counts.removed} removed, of ${all.length}`];
}

/** A new build of the same file: a piece inserted in the middle, what follows moves. @param {Buffer} data */
function edited(data) {
  const middle = data.length >> 1;
  return Buffer.concat([data.subarray(0, middle), Buffer.from(`changed ${createHash('sha256').update(data).digest('hex')}\n`), data.subarray(middle)]);
}
