import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { isPlace, readEntries, writeEntries, type Entry } from './entries.ts';
import { seal, SEGMENT_BYTES, unseal } from './sealing.ts';
import { nextRecords } from './settle.ts';
import { piecesOf } from './test-backup.ts';

const asked = (passphrase = 'correct horse') => () => Promise.resolve(passphrase);
const sealed = (content: Buffer, passphrase: string | null) => buffer(Readable.from(seal(piecesOf(content, 70_001), passphrase)));
const opened = (file: Buffer, passphrase?: string) => buffer(Readable.from(unseal(piecesOf(file, 33_333), asked(passphrase))));
const entry = (path: string, text: string): Entry => ({ path, size: text.length, content: piecesOf(Buffer.from(text)) });
const written = (entries: Entry[]) => buffer(Readable.from(writeEntries(Readable.from(entries))));
async function names(content: Buffer): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of readEntries(piecesOf(content, 7))) found.push(path);
  return found;
}

describe('a sealed backup', () => {
  it.each([0, 1, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 3 * SEGMENT_BYTES])('gives back %i bytes, with a passphrase and without', async (length) => {
    const content = randomBytes(length);
    expect((await opened(await sealed(content, null))).equals(content)).toBe(true);
    // A key takes its time by intention: not for each length.
    if (length === SEGMENT_BYTES) expect((await opened(await sealed(content, 'correct horse'))).equals(content)).toBe(true);
  });

  it('that was cut, changed anywhere or put together from two is refused', async () => {
    const content = randomBytes(2 * SEGMENT_BYTES + 5);
    for (const passphrase of [null, 'correct horse']) {
      const file = await sealed(content, passphrase);
      for (const length of passphrase === null ? [file.length - 1, file.length - 25, SEGMENT_BYTES, 100, 3, 0] : [file.length - 1, SEGMENT_BYTES]) await expect(opened(file.subarray(0, length))).rejects.toThrow(/damaged|no backup/);
      for (const at of passphrase === null ? [40, 90, SEGMENT_BYTES, file.length - 30, file.length - 1] : [SEGMENT_BYTES, file.length - 1]) {
        const spoilt = Buffer.from(file);
        spoilt[at] = (spoilt[at] ?? 0) ^ 1;
        await expect(opened(spoilt)).rejects.toThrow(/damaged|no backup|passphrase/);
      }
      await expect(opened(Buffer.concat([file, Buffer.from('x')]))).rejects.toThrow(/follows its end/);
    }
  });

  it('shows nothing of itself without the passphrase, and says that it is the wrong one', async () => {
    const file = await sealed(Buffer.from('-----BEGIN PRIVATE KEY-----'), 'correct horse');
    expect(file.includes('PRIVATE')).toBe(false);
    await expect(opened(file, 'battery staple')).rejects.toThrow(/passphrase does not open/);
  });

  it('that is not encrypted is refused where somebody gave a passphrase: it is not the one he made', async () => {
    const file = await sealed(randomBytes(10), null);
    const asSealed = Readable.from(unseal(piecesOf(file, 100), asked(), { mustBeSealed: true }));
    await expect(buffer(asSealed)).rejects.toThrow(/not encrypted, and a passphrase was given/);
  });

  it('says what a passphrase costs, and no file decides how much memory that is', async () => {
    const file = (await sealed(Buffer.from('x'), 'correct horse')).toString('latin1');
    expect(file).toContain('"cost":17}');
    await expect(opened(Buffer.from(file.replace('"cost":17', '"cost":30'), 'latin1'))).rejects.toThrow(/first lines are damaged/);
    // The salt is the same, the key another one.
    await expect(opened(Buffer.from(file.replace('"cost":17', '"cost":15'), 'latin1'))).rejects.toThrow(/passphrase does not open/);
  });
});

describe('the files in a backup', () => {
  it('come out as they went in; one that is left unread is skipped', async () => {
    expect(await names(await written([entry('backup.json', '{}'), entry('tls/key.pem', ''), entry('platen.db', 'x'.repeat(1000))]))).toEqual(['backup.json', 'tls/key.pem', 'platen.db']);
  });

  it('go to places that a backup fills, and nowhere else', async () => {
    const hex = 'ab'.repeat(32);
    expect(['platen.db', 'store/packs/00000000000000ff.pack', `store/manifests/ab/${hex}.plm`, `store/manifests/ab/${hex}.0123456789abcdef.sig`, 'signed-loaders/ipxe.efi'].every(isPlace)).toBe(true);
    expect(['../platen.db', '/etc/passwd', 'store/../../x', 'tls/other.pem', `store/manifests/cd/${hex}.plm`, 'signed-loaders/../x', 'signed-loaders/.x', 'store/packs/x.pack\n', 'server.json', 'lock.db'].filter(isPlace)).toEqual([]);
    const file = await written([entry('tls/key.pem', 'x')]);
    await expect(names(Buffer.from(file.toString('latin1').replace('tls/key.pem', '../../x.pem'), 'latin1'))).rejects.toThrow(/place that no backup fills/);
  });

  it('that are fewer than its end says are refused', async () => {
    const file = await written([entry('tls/key.pem', 'x')]);
    await expect(names(Buffer.from(file.toString('latin1').replace('{"end":1}', '{"end":2}'), 'latin1'))).rejects.toThrow(/missing/);
    await expect(names(file.subarray(0, -3))).rejects.toThrow(/ends too early/);
  });
});

describe('numbers of records after a restore', () => {
  it('are beyond all that was given before, also where one backup is restored twice', () => {
    const monday = Date.UTC(2026, 10, 16);
    const first = nextRecords(10, monday);
    expect(first).toBeGreaterThan(1_000_000);
    expect(nextRecords(10, monday + 3_600_000)).toBeGreaterThanOrEqual(first + 900);
    expect(nextRecords(first + 5, monday)).toBe(first + 5 + 1_000_000);
    // The most that a package server's acknowledgement is believed for.
    expect(nextRecords(10, Date.UTC(2100, 0, 1))).toBeLessThan(1_000_000_000);
  });
});
