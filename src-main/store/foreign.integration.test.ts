import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FRAME_HEADER_BYTES, sealFrame } from '#shared/agent/frame.ts';
import { blake3 } from './hash.ts';
import { encodePackHeader, MAX_PACK_ENTRIES } from './pack-format.ts';
import type { Brought } from './types.ts';
import { readAll, TestStore, type TestChunk } from './test-store.ts';

const HOUR = 3_600_000;
const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});
async function testStore(): Promise<TestStore> {
  const test = await TestStore.create();
  cleanups.push(() => test.dispose());
  return test;
}
function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'platen-foreign-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
const look = { signal: new AbortController().signal, onProgress: () => undefined };
/** A store that has captured these chunks, closed, its folder copied. */
async function leftBehind(chunks: (test: TestStore) => TestChunk[]): Promise<{ folder: string; manifest: string; chunks: TestChunk[]; publicKey: string }> {
  const test = await testStore();
  const made = chunks(test);
  const { manifest } = await test.capture('one', made);
  const { publicKey } = test.store;
  await test.store.close();
  const folder = emptyFolder();
  cpSync(test.folder, folder, { recursive: true });
  return { folder, manifest, chunks: made, publicKey };
}
async function bring(to: TestStore, { folder, manifest, publicKey, vouch = false }: { folder: string; manifest: string; publicKey?: string; vouch?: boolean }): Promise<Brought> {
  if (publicKey !== undefined) await to.store.trustKey(publicKey);
  const foreign = await to.store.openForeign(folder, look);
  try {
    const adoption = await to.store.openAdoption('import', manifest, HOUR);
    const brought = await foreign.bring(adoption, look);
    if (brought.lacking + brought.damaged === 0) {
      await adoption.commit(await foreign.signatures(manifest), { vouch });
      await adoption.close();
    }
    return brought;
  } finally {
    await foreign.close();
  }
}
const packIn = (folder: string): string => join(folder, 'packs', readdirSync(join(folder, 'packs'))[0] ?? '');

describe('a folder of another store', () => {
  it('gives a version back whole: manifest, chunks, signature', async () => {
    const [old, to] = [await leftBehind((test) => test.chunks(700, 1)), await testStore()];
    expect(await bring(to, old)).toMatchObject({ chunks: 700, lacking: 0, damaged: 0 });
    expect((await to.store.verify(old.manifest, 'all'))).toMatchObject({ damaged: [], missing: [], manifestIntact: true, signatureValid: true });
    expect((await readAll(to.store, old.chunks)).every((frame, at) => frame.equals(old.chunks[at]?.frame ?? Buffer.alloc(0)))).toBe(true);
    expect(readdirSync(to.folder)).not.toContain('import.tmp.db');
  });

  it('is read whatever is around it: a data folder, files picked up one by one, an unsealed pack without its index', async () => {
    const old = await leftBehind((test) => test.chunks(40, 2));
    const data = emptyFolder();
    cpSync(old.folder, join(data, 'store'), { recursive: true });
    expect(await bring(await testStore(), { ...old, folder: data })).toMatchObject({ chunks: 40, lacking: 0 });
    const flat = emptyFolder();
    for (const path of [packIn(old.folder), ...readdirSync(join(old.folder, 'manifests', old.manifest.slice(0, 2))).map((name) => join(old.folder, 'manifests', old.manifest.slice(0, 2), name))]) cpSync(path, join(flat, path.split('/').at(-1) ?? ''));
    expect(await bring(await testStore(), { ...old, folder: flat })).toMatchObject({ chunks: 40, lacking: 0 });
  });

  it('brings only what is lacking, and says how much it has not', async () => {
    const to = await testStore();
    const old = await leftBehind((test) => test.chunks(60, 3));
    await to.capture('some', to.chunks(20, 3));
    expect(await bring(to, old)).toMatchObject({ chunks: 40, lacking: 0 });

    const other = await testStore();
    const path = packIn(old.folder);
    truncateSync(path, Math.floor(readFileSync(path).length / 2));
    const brought = await bring(other, old);
    expect(brought.chunks + brought.lacking).toBe(60);
    expect(brought.lacking).toBeGreaterThan(10);
    expect(await other.store.manifests()).toEqual([]);
    // What came is kept: the same adoption goes on with it.
    const adoption = await other.store.openAdoption('import', old.manifest, HOUR);
    let missing = 0;
    for await (const _chunk of adoption.missing()) missing++;
    expect(missing).toBe(brought.lacking);
  });

  it('whose bits flipped gives what is whole and stores nothing of the rest', async () => {
    const [old, to] = [await leftBehind((test) => test.chunks(50, 4)), await testStore()];
    const bytes = readFileSync(packIn(old.folder));
    const target = bytes.indexOf(Buffer.from(old.chunks[10]?.frame ?? []));
    bytes[target + 100] = (bytes[target + 100] ?? 0) ^ 0xff;
    writeFileSync(packIn(old.folder), bytes);
    const { chunks, damaged, lacking } = await bring(to, old);
    expect([chunks, damaged + lacking]).toEqual([49, 1]);
    expect(await to.store.manifests()).toEqual([]);
  });

  it('with a chunk under a wrong name is found out although its checksums fit', async () => {
    const [old, to] = [await leftBehind((test) => test.chunks(5, 5)), await testStore()];
    // A frame that says it is chunk 0 and holds chunk 1, sealed as a frame should be.
    const bytes = readFileSync(packIn(old.folder));
    const [right, wrong] = [old.chunks[0], old.chunks[1]];
    if (right === undefined || wrong === undefined) throw new Error('no chunks');
    const forged = Buffer.from(right.frame);
    const content = Buffer.from(forged.subarray(FRAME_HEADER_BYTES));
    content[content.length - 1] = (content.at(-1) ?? 0) ^ 1;
    content.copy(forged, FRAME_HEADER_BYTES);
    sealFrame(forged, 0, { compression: forged[6] === 0 ? 0 : 1, rawLength: right.raw.length, storedLength: content.length, hash: right.hash }, blake3);
    forged.copy(bytes, bytes.indexOf(right.frame));
    writeFileSync(packIn(old.folder), bytes);
    expect(await bring(to, old)).toMatchObject({ chunks: 4, damaged: 1 });
  });

  it('is never followed out of itself', async () => {
    const [old, to] = [await leftBehind((test) => test.chunks(5, 6)), await testStore()];
    const folder = emptyFolder();
    symlinkSync(join(old.folder, 'packs'), join(folder, 'packs'));
    mkdirSync(join(folder, 'manifests'));
    symlinkSync(join(old.folder, 'manifests', old.manifest.slice(0, 2)), join(folder, 'manifests', old.manifest.slice(0, 2)));
    await expect(to.store.openForeign(folder, look)).rejects.toMatchObject({ code: 'not-found' });
    const linked = emptyFolder();
    mkdirSync(join(linked, 'packs'));
    symlinkSync(packIn(old.folder), join(linked, 'packs', '0000000000000001.pack'));
    await expect(to.store.openForeign(linked, look)).rejects.toMatchObject({ code: 'not-found' });
    await expect(to.store.openForeign(to.folder, look)).rejects.toMatchObject({ code: 'conflict' });
    await expect(to.store.openForeign(join(folder, 'nowhere'), look)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('full of rubbish with the right names says so, and the store goes on', async () => {
    const to = await testStore();
    const folder = emptyFolder();
    const hash = 'ab'.repeat(32);
    mkdirSync(join(folder, 'packs'));
    mkdirSync(join(folder, 'manifests', 'ab'), { recursive: true });
    writeFileSync(join(folder, 'packs', '0000000000000001.pack'), Buffer.alloc(3_000_000, 7));
    writeFileSync(join(folder, 'packs', '0000000000000002.pack'), '');
    writeFileSync(join(folder, 'manifests', 'ab', `${hash}.plm`), 'nothing');
    writeFileSync(join(folder, 'manifests', 'ab', `${hash}.0123456789abcdef.sig`), '{"manifest":1}');
    const foreign = await to.store.openForeign(folder, look);
    expect([foreign.packs, foreign.chunks, await foreign.head(hash), await foreign.signatures(hash)]).toEqual([2, 0, null, []]);
    await foreign.close();
    expect(await to.store.doctor({ repair: false, deep: true, live: [] })).toEqual([]);
  });

  it('whose packs hold more frames than any pack does is not taken into memory, and what hashes for hours can be cancelled', async () => {
    const to = await testStore();
    const folder = emptyFolder();
    mkdirSync(join(folder, 'packs'));
    mkdirSync(join(folder, 'manifests', 'ab'), { recursive: true });
    const frame = Buffer.alloc(FRAME_HEADER_BYTES + 1);
    sealFrame(frame, 0, { compression: 0, rawLength: 1, storedLength: 1, hash: blake3(Buffer.alloc(1)) }, blake3);
    writeFileSync(join(folder, 'packs', '0000000000000001.pack'), Buffer.concat([encodePackHeader(1), Buffer.alloc(frame.length * (2 * MAX_PACK_ENTRIES + 1), frame)]));
    // It takes no room on this disk.
    const manifest = 'ab'.repeat(32);
    writeFileSync(join(folder, 'manifests', 'ab', `${manifest}.plm`), '');
    truncateSync(join(folder, 'manifests', 'ab', `${manifest}.plm`), 50_000_000_000);
    const stop = new AbortController();
    const foreign = await to.store.openForeign(folder, { signal: stop.signal, onProgress: () => undefined });
    expect([foreign.chunks, foreign.unreadable]).toEqual([0, [join(folder, 'packs', '0000000000000001.pack')]]);
    const head = foreign.head(manifest);
    stop.abort();
    await expect(head).rejects.toThrow(/cancelled/);
    await foreign.close();
  });

  it('signed by nobody who is known is taken only where somebody vouches for it', async () => {
    const [old, to] = [await leftBehind((test) => test.chunks(3, 7)), await testStore()];
    const { folder, manifest } = old;
    await expect(bring(to, { folder, manifest })).rejects.toMatchObject({ code: 'proof-failed' });
    await bring(to, { folder, manifest, vouch: true });
    expect((await to.store.signatures(manifest)).map((signature) => signature.keyId)).toEqual([to.store.keyId]);
  });
});
