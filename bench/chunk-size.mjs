// Measures what chunk size and the rule for unused blocks cost: a real ext4 image, then about 5 % of its files changed.
// node bench/chunk-size.mjs [MB of files]   needs mke2fs, dumpe2fs, debugfs; no root. About 1 GB in the temporary folder.
import { execFileSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync, writeFileSync, closeSync, fstatSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { blake3 } from '@napi-rs/blake-hash';

const wantedBytes = Number(process.argv[2] ?? 350) * 1e6;
const folder = mkdtempSync(join(tmpdir(), 'platen-chunk-size-'));
const path = (name) => join(folder, name);
const run = (...command) => execFileSync(command[0], command.slice(1), { encoding: 'utf8', maxBuffer: 1e9, stdio: ['ignore', 'pipe', 'ignore'] });

/** Regular files of /usr/lib and /usr/share, in a fixed order, until there are enough. */
function collect(root, into) {
  let bytes = 0;
  const walk = (from, to) => {
    for (const entry of readdirSync(from, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (bytes > wantedBytes) return;
      const source = join(from, entry.name);
      if (entry.isDirectory()) {
        mkdirSync(join(to, entry.name), { recursive: true });
        walk(source, join(to, entry.name));
      } else if (entry.isFile() && lstatSync(source).size < 30e6) {
        cpSync(source, join(to, entry.name));
        bytes += lstatSync(source).size;
      }
    }
  };
  mkdirSync(into, { recursive: true });
  walk(root, into);
  return bytes;
}

/** Replaces, grows, removes and adds files in the image itself, as an update would; returns how many. */
function change(image, tree) {
  const files = [];
  const walk = (from, inside) => {
    for (const entry of readdirSync(from, { withFileTypes: true })) {
      if (entry.isDirectory()) walk(join(from, entry.name), `${inside}/${entry.name}`);
      else files.push({ path: join(from, entry.name), inside: `${inside}/${entry.name}` });
    }
  };
  walk(tree, '');
  files.sort((a, b) => (a.inside < b.inside ? -1 : 1));
  const commands = [];
  let changed = 0;
  for (const [i, file] of files.entries()) {
    if (i % 20 !== 7 || /["\s]/.test(file.inside)) continue;
    changed++;
    const bytes = readFileSync(file.path);
    if (i % 60 !== 7) {
      for (let at = 0; at < bytes.length; at += 9000) bytes[at] ^= 0x5a;
      writeFileSync(path(`new-${i}`), Buffer.concat([bytes, bytes.subarray(0, bytes.length >> 3)]));
      commands.push(`rm ${file.inside}`, `write ${path(`new-${i}`)} ${file.inside}`);
    } else commands.push(`rm ${file.inside}`);
  }
  writeFileSync(path('commands'), `${commands.join('\n')}\n`);
  run('debugfs', '-w', '-f', path('commands'), image);
  return { changed, files: files.length };
}

/** One bit per block, from the free-block lists that dumpe2fs prints. */
function freeBlocks(image) {
  const text = run('dumpe2fs', image);
  const blockSize = Number(/^Block size:\s+(\d+)/m.exec(text)?.[1]);
  const free = new Uint8Array(Number(/^Block count:\s+(\d+)/m.exec(text)?.[1]));
  for (const [, list] of text.matchAll(/^ {2}Free blocks: (.*)$/gm)) {
    for (const part of list.split(', ').filter(Boolean)) {
      const [first, last = first] = part.split('-').map(Number);
      free.fill(1, first, last + 1);
    }
  }
  return { blockSize, free };
}

/** @param residue what unused blocks hold on a disk that had another life before the image was deployed to it (only used blocks are written) */
function measure(image, chunkSize, cleared, known, residue = false) {
  const { blockSize, free } = freeBlocks(image);
  const file = openSync(image, 'r');
  const size = fstatSync(file).size;
  const chunk = Buffer.alloc(chunkSize);
  const found = { used: 0, newRaw: 0, newStored: 0, chunks: 0 };
  for (let at = 0; at < size; at += chunkSize) {
    const first = at / blockSize;
    const blocks = Math.min(chunkSize, size - at) / blockSize;
    let used = 0;
    for (let i = 0; i < blocks; i++) used += 1 - free[first + i];
    if (used === 0) continue;
    const bytes = chunk.subarray(0, readSync(file, chunk, 0, blocks * blockSize, at));
    if (residue) for (let i = 0; i < blocks; i++) if (free[first + i] === 1) bytes.fill(`old life ${at + i}`, i * blockSize, (i + 1) * blockSize);
    if (cleared) for (let i = 0; i < blocks; i++) if (free[first + i] === 1) bytes.fill(0, i * blockSize, (i + 1) * blockSize);
    found.used += used * blockSize;
    const hash = blake3(bytes).toString('latin1');
    if (known.has(hash)) continue;
    known.add(hash);
    found.chunks++;
    found.newRaw += bytes.length;
    found.newStored += Math.min(bytes.length, zstdCompressSync(bytes).length) + 112;
  }
  closeSync(file);
  return found;
}

try {
  const bytes = collect('/usr/lib', path('tree'));
  run('truncate', '-s', String(Math.ceil((bytes * 1.5) / 4e6) * 4 * 1024 * 1024), path('v1'));
  run('mke2fs', '-q', '-F', '-t', 'ext4', '-d', path('tree'), path('v1'));
  run('cp', '--sparse=always', path('v1'), path('v2'));
  const { changed, files } = change(path('v2'), path('tree'));
  const mb = (value) => (value / 1e6).toFixed(1).padStart(9);
  console.log(`${files} files of /usr/lib, ${(bytes / 1e6).toFixed(0)} MB; ${changed} of them replaced, grown or removed. MB:`);
  console.log('chunk     unused    v1 stored   v2 raw new  v2 stored   v2 chunks   v2 again from a used disk, raw new');
  for (const size of [64, 128, 256, 1024]) {
    for (const cleared of [true, false]) {
      const known = new Set();
      const first = measure(path('v1'), size * 1024, cleared, known);
      const second = measure(path('v2'), size * 1024, cleared, known);
      const third = measure(path('v2'), size * 1024, cleared, known, true);
      console.log(`${`${size} KiB`.padEnd(10)}${(cleared ? 'cleared' : 'kept').padEnd(9)}${mb(first.newStored)}    ${mb(second.newRaw)}  ${mb(second.newStored)}   ${String(second.chunks).padStart(9)}   ${mb(third.newRaw)}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
