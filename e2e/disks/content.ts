// Owns the bytes and files that the sample disks hold: the same seed gives the same bytes, about half compressible as real disks
// are, plus every oddity of a file system that a copy could lose. Writes only below the folder it is given.
import { createCipheriv, createHash } from 'node:crypto';
import { chmod, chown, link, lutimes, mkdir, open, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './host.ts';
import { extractWithAttributes, type PaxFile } from './pax.ts';

const MiB = 1024 * 1024;

/** Bytes that do not compress. */
export function noise(seed: string, bytes: number): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16)).update(Buffer.alloc(bytes));
}

const words = 'disk image volume restore sector table master record cluster extent journal inode system library binary common default license package configuration service'.split(' ');

/** Text as configuration files and sources have it: compresses about 4 to 1, never repeats itself for long. */
export function prose(seed: string, bytes: number): Buffer {
  const choices = noise(seed, Math.ceil(bytes / 4));
  const out = Buffer.alloc(bytes);
  let at = 0;
  for (let i = 0; at < bytes; i++) {
    const value = choices[i % choices.length] ?? 0;
    at += out.write(`${words[value % words.length]}${value > 240 ? `=${i.toString(36)}\n` : ' '}`, at, 'latin1');
  }
  return out;
}

/** What a program or a library looks like to a compressor: text and noise in turns. */
export function mixed(seed: string, bytes: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes; at += 64 * 1024, i++) {
    const length = Math.min(64 * 1024, bytes - at);
    parts.push((i % 3 === 0 ? noise : prose)(`${seed}:${i}`, length));
  }
  return Buffer.concat(parts);
}

export async function writeAt(path: string, offset: number, data: Uint8Array): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(data, 0, data.length, offset);
  } finally {
    await file.close();
  }
}

/** Ordinary files in folders: what every kind of file system gets. Returns how many. */
export async function writeOrdinaryFiles(folder: string, seed: string, count: number): Promise<number> {
  for (let i = 0; i < count; i++) {
    const place = join(folder, `folder ${i % 12}`);
    if (i < 12) await mkdir(place, { recursive: true });
    const size = [0, 1, 300, 511, 4096, 4097, 20_000, 70_000][i % 8] ?? 0;
    await writeFile(join(place, `file ${i}.txt`), (i % 3 === 0 ? mixed : prose)(`${seed}:${i}`, size));
    await utimes(join(place, `file ${i}.txt`), 1_700_000_000 + i * 2, 1_600_000_000 + i * 2);
  }
  return count;
}

/** Files that are written, reach the disk and go again: free blocks full of old content, as on every disk in use. */
export async function leaveStaleBlocks(folder: string, seed: string, megabytes: number): Promise<void> {
  const path = join(folder, 'deleted.bin');
  const file = await open(path, 'w');
  for (let i = 0; i < megabytes; i += 8) await file.write(noise(`${seed}:stale:${i}`, 8 * MiB));
  await file.sync();
  await file.close();
  await rm(path);
}

/** Everything ext4 can say about a file and a naive copy forgets. */
export async function writeUnixOddities(folder: string): Promise<void> {
  await deepAndWide(folder);
  await linksAndNodes(folder);
  await bigAndSparse(folder);
  await extractWithAttributes(folder, attributedFiles());
}

async function deepAndWide(folder: string): Promise<void> {
  const deep = join(folder, ...Array.from({ length: 40 }, (_, level) => `level-${level}`));
  await mkdir(deep, { recursive: true });
  await writeFile(join(deep, 'bottom'), 'the deepest file\n');
  await mkdir(join(folder, 'wide'));
  for (let i = 0; i < 2500; i++) await writeFile(join(folder, 'wide', `entry-${i}-${'x'.repeat(i % 60)}`), i % 5 === 0 ? prose(`wide:${i}`, i) : '');
  await mkdir(join(folder, 'names'));
  const odd = ['-rf', ' leading space', 'line\nbreak', 'back\\slash', 'quote"\'', '*', 'x'.repeat(255), 'zażółć', 'e\u0301 combined', '日本語', '.hidden', '~'];
  for (const name of odd) await writeFile(join(folder, 'names', name), `called ${name}`);
  // Not UTF-8: legal on ext4, seen on disks from older systems.
  await writeFile(Buffer.concat([Buffer.from(join(folder, 'names/')), Buffer.from([0x66, 0xfc, 0xff, 0x72])]), 'latin-1 name');
}

async function linksAndNodes(folder: string): Promise<void> {
  await mkdir(join(folder, 'links'));
  await writeFile(join(folder, 'links', 'first'), prose('hard', 9000));
  await link(join(folder, 'links', 'first'), join(folder, 'links', 'second'));
  await link(join(folder, 'links', 'first'), join(folder, 'wide', 'third name of the same file'));
  await symlink('first', join(folder, 'links', 'fast symlink'));
  await symlink(`../${'y/'.repeat(90)}nowhere`, join(folder, 'links', 'slow dangling symlink'));
  await lutimes(join(folder, 'links', 'fast symlink'), 1_500_000_000.123456, 1_400_000_000.654321);
  for (const [name, ...what] of [['null', 'c', '1', '3'], ['block', 'b', '7', '300'], ['pipe', 'p']] as const) await run('mknod', [join(folder, 'links', name), ...what]);
  const modes: [string, number, number, number][] = [['setuid', 0o4755, 0, 0], ['setgid', 0o2755, 1000, 1000], ['far owner', 0o640, 100_000, 4_000_000_000], ['no mode', 0, 65534, 65534]];
  for (const [name, mode, uid, gid] of modes) {
    const path = join(folder, 'links', name);
    await writeFile(path, name);
    await chown(path, uid, gid);
    await chmod(path, mode);
  }
  await mkdir(join(folder, 'sticky'));
  await chmod(join(folder, 'sticky'), 0o1777);
}

async function bigAndSparse(folder: string): Promise<void> {
  const big = await open(join(folder, 'big.bin'), 'w');
  for (let i = 0; i < 104; i += 4) await big.write(mixed(`big:${i}`, 4 * MiB));
  await big.write(Buffer.alloc(8 * MiB)); // zeros that are written, so their blocks are used
  await big.write(noise('tail', 12_345));
  await big.close();
  const sparse = join(folder, 'sparse.bin');
  await writeFile(sparse, '');
  await truncate(sparse, 80 * MiB);
  for (const at of [0, 5 * MiB + 123, 79 * MiB]) await writeAt(sparse, at, noise(`sparse:${at}`, 5000));
  // Unwritten extents: the blocks are allocated and hold stale content, the file reads as zeros.
  await run('fallocate', ['--length', String(6 * MiB), join(folder, 'unwritten.bin')]);
  await writeFile(join(folder, 'beyond its end.bin'), 'short');
  await run('fallocate', ['--keep-size', '--length', String(3 * MiB), join(folder, 'beyond its end.bin')]);
}

function attributedFiles(): PaxFile[] {
  return [
    { path: 'attributes/plain', data: 'has attributes', mtime: '1234567890.987654321', mode: 0o644, attributes: { 'user.comment': 'short', 'user.empty': '', 'user.binary': '\u0001\u00ff\u0000x' } },
    { path: 'attributes/large', data: 'in a block of its own', mtime: '-86400.25', mode: 0o600, attributes: { 'user.large': 'v'.repeat(3000) } },
    { path: 'attributes/capability', data: '#!', mtime: '4102444800.000000001', mode: 0o755, attributes: { 'security.capability': '\u0001\u0000\u0000\u0002\u0000\u0004\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000' } },
    { path: 'attributes/acl', data: 'access list', mtime: '1000000000.5', mode: 0o664, acl: 'user::rw-\nuser:1234:r--\ngroup::r--\ngroup:4321:rw-\nmask::rw-\nother::---\n' },
  ];
}
