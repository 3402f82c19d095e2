// Owns a minimal reader and writer of POSIX pax archives: GNU tar, present on every Debian system, is the only tool there that
// sets and tells extended attributes and access lists. All text is handled as latin-1, so that bytes stay bytes.
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { run } from './host.ts';

export type PaxFile = { path: string; data: string; mtime: string; mode: number; attributes?: Record<string, string>; acl?: string };
/** One member as tar tells it: type is the header's letter, records hold what the extended header overrides. */
export type PaxMember = { path: string; type: string; link: string; mtime: string; device: string; sha256: string; attributes: Record<string, string> };

const BLOCK = 512;

/** Unpacks files with extended attributes and access lists below folder. */
export async function extractWithAttributes(folder: string, files: PaxFile[]): Promise<void> {
  const archive = Buffer.concat([...files.flatMap(encodeFile), Buffer.alloc(2 * BLOCK)]);
  await run('tar', ['--extract', '--file=-', '--acls', '--xattrs', '--xattrs-include=*', '--numeric-owner', '--preserve-permissions', '--directory', folder], { input: archive });
}

function encodeFile(file: PaxFile): Buffer[] {
  const records = [['mtime', file.mtime], ...(file.acl === undefined ? [] : [['SCHILY.acl.access', file.acl]])];
  for (const [name, value] of Object.entries(file.attributes ?? {})) records.push([`SCHILY.xattr.${name}`, value]);
  const extended = Buffer.from(records.map(([key = '', value = '']) => encodeRecord(key, value)).join(''), 'latin1');
  const data = Buffer.from(file.data, 'latin1');
  return [header('pax', 'x', extended.length, 0o644), padded(extended), header(file.path, '0', data.length, file.mode), padded(data)];
}

/** "length key=value\n", where length counts itself. */
function encodeRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}

function header(path: string, type: string, size: number, mode: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(path, 0, 100, 'latin1');
  const octal = (value: number, at: number, width: number): void => void block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write(`        ${type}`, 148, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  octal(block.reduce((sum, byte) => sum + byte, 0), 148, 7);
  return block;
}

/** Every member below folder, contents hashed as they pass. */
export async function listWithAttributes(folder: string): Promise<PaxMember[]> {
  const child = spawn('tar', [
    '--create', '--file=-', '--format=posix', '--pax-option=delete=atime,delete=ctime', '--acls', '--xattrs', '--xattrs-include=*', '--numeric-owner', '--sort=name', '--hard-dereference', '--directory', folder, '.',
  ], { stdio: ['ignore', 'pipe', 'pipe'] });
  let words = '';
  child.stderr.on('data', (part: Buffer) => (words += part.toString()));
  const ended = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject));
  const members: PaxMember[] = [];
  const parser = parse((member) => members.push(member));
  parser.next();
  for await (const part of child.stdout) parser.next(part as Buffer);
  const code = await ended;
  if (code !== 0) throw new Error(`tar ended with ${code}: ${words}`);
  return members;
}

/** Takes the archive's bytes in any portions. */
function* parse(found: (member: PaxMember) => void): Generator<void, void, Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let records: Record<string, string> = {};
  for (;;) {
    while (rest.length < BLOCK) rest = Buffer.concat([rest, yield]);
    const block = rest.subarray(0, BLOCK);
    rest = rest.subarray(BLOCK);
    if (block.every((byte) => byte === 0)) {
      for (;;) yield; // end of archive; only padding follows
    }
    const type = String.fromCharCode(block[156] ?? 0);
    const size = Number(records['size'] ?? readNumber(block, 124, 12));
    const hash = createHash('sha256');
    const kept: Buffer[] = [];
    for (let left = Math.ceil(size / BLOCK) * BLOCK, wanted = size; left > 0;) {
      if (rest.length === 0) rest = yield;
      const piece = rest.subarray(0, Math.min(left, rest.length));
      const content = piece.subarray(0, Math.min(wanted, piece.length));
      if (type === 'x') kept.push(content);
      else hash.update(content);
      wanted -= content.length;
      left -= piece.length;
      rest = rest.subarray(piece.length);
    }
    if (type === 'x') {
      records = decodeRecords(Buffer.concat(kept));
    } else {
      found(member(block, type, records, hash.digest('hex')));
      records = {};
    }
  }
}

function member(block: Buffer, type: string, records: Record<string, string>, sha256: string): PaxMember {
  const prefix = readText(block, 345, 155);
  const { path, linkpath, mtime, size: _size, ...attributes } = records;
  const device = type === '3' || type === '4' ? `${readNumber(block, 329, 8)}:${readNumber(block, 337, 8)}` : '';
  return {
    path: path ?? (prefix === '' ? readText(block, 0, 100) : `${prefix}/${readText(block, 0, 100)}`), type, link: linkpath ?? readText(block, 157, 100),
    mtime: mtime ?? String(readNumber(block, 136, 12)), device, sha256, attributes,
  };
}

function decodeRecords(data: Buffer): Record<string, string> {
  const records: Record<string, string> = {};
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(0x20, at);
    const length = Number(data.toString('latin1', at, space));
    if (!(length > 0)) throw new Error('tar wrote an extended header that cannot be read');
    const text = data.toString('latin1', space + 1, at + length - 1);
    records[text.slice(0, text.indexOf('='))] = text.slice(text.indexOf('=') + 1);
    at += length;
  }
  return records;
}

function readText(block: Buffer, at: number, width: number): string {
  const text = block.toString('latin1', at, at + width);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Octal text, or GNU's base-256 where the first bit is set. */
function readNumber(block: Buffer, at: number, width: number): number {
  if (((block[at] ?? 0) & 0x80) !== 0) return block.subarray(at + width - 6, at + width).readUIntBE(0, 6);
  return Number.parseInt(readText(block, at, width).trim() || '0', 8);
}
