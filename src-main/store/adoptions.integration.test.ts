// A version made at one store comes into another: whole or not at all, over restarts, sharing what is here, whatever the sender does.
import fc from 'fast-check';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodePreamble, encodeTail } from '#shared/agent/manifest.ts';
import { AppError, ProtocolError } from '#shared/errors.ts';
import { blake3, toHex } from './hash.ts';
import { isSignedBy, keyIdOf } from './signing.ts';
import { bringOver, CHUNK, dataRun, headFor, makeChunk, manifestBytesOf, pageOf, readAll, TestStore, type TestChunk } from './test-store.ts';
import type { Adoption, MissingChunk } from './types.ts';

const TTL = 3_600_000;
let source: TestStore;
let target: TestStore;
let chunks: TestChunk[];
let manifest: string;
beforeEach(async () => {
  [source, target] = await Promise.all([TestStore.create(), TestStore.create()]);
  chunks = source.chunks(30, 1);
  ({ manifest } = await source.capture('a', chunks));
  await source.store.verify(manifest, 'unverified');
  await target.store.trustKey(source.store.publicKey);
});
afterEach(async () => {
  await source.dispose();
  await target.dispose();
});

async function all(adoption: Adoption): Promise<MissingChunk[]> {
  const list: MissingChunk[] = [];
  for await (const missing of adoption.missing()) list.push(missing);
  return list;
}

describe('an adoption', () => {
  it('brings a version over whole, and has it verify, read and stand examination as one captured here', async () => {
    const adoption = await target.store.openAdoption('t1', manifest, TTL);
    expect(await bringOver(source.store, adoption)).toBe(30);
    expect(await target.store.manifests()).toEqual([]);
    await adoption.commit(await source.store.signatures(manifest));
    await adoption.close();
    expect(target.store.openAdoptions()).toEqual([]);
    expect(await target.store.verify(manifest, 'unverified')).toEqual({ manifest, checkedChunks: 30, damaged: [], missing: [], manifestIntact: true, signatureValid: true });
    expect(await readAll(target.store, chunks)).toEqual(chunks.map(({ frame }) => frame));
    expect(await target.store.isSignedByTrusted(manifest)).toBe(true);
    expect(await target.store.doctor({ repair: false, deep: true, live: [manifest] })).toEqual([]);
    expect(await readdir(join(target.folder, 'captures'))).toEqual([]);
  });

  it('names what is missing in stream order, each chunk once, and nothing that is here, verified or only arrived', async () => {
    const shared = await target.capture('b', chunks.slice(0, 10));
    await target.store.verify(shared.manifest, 'unverified');
    await target.capture('c', chunks.slice(10, 15));
    const again = [...chunks, ...chunks.slice(5, 20)];
    const twice = await source.capture('twice', again);
    const adoption = await target.store.openAdoption('t1', twice.manifest, TTL);
    expect(await bringOver(source.store, adoption)).toBe(15);
    expect(await all(adoption)).toEqual([]);
    await adoption.commit(await source.store.signatures(twice.manifest));
    expect(await target.store.verify(twice.manifest, 'all')).toMatchObject({ checkedChunks: 30, damaged: [], missing: [] });
    const fresh = await target.store.openAdoption('t2', manifest, TTL);
    await fresh.addManifest(await manifestBytesOf(source.store, manifest));
    expect(await all(fresh)).toEqual([]);
  });

  it('says the places of what is missing', async () => {
    const adoption = await target.store.openAdoption('t1', manifest, TTL);
    await adoption.addManifest(await manifestBytesOf(source.store, manifest));
    expect((await all(adoption)).map(({ stream, chunk, hash }) => [stream, chunk, toHex(hash)])).toEqual(chunks.map(({ hash }, i) => [0, i, toHex(hash)]));
  });

  it('goes on where it stopped after a restart, with the manifest as with the chunks', async () => {
    const bytes = await manifestBytesOf(source.store, manifest);
    await (await target.store.openAdoption('t1', manifest, TTL)).addManifest(bytes.subarray(0, 900));
    await target.reopen();
    expect(target.store.openAdoptions()).toEqual([{ id: 't1', manifest, expiresAt: target.now + TTL }]);
    expect(target.store.openCaptures()).toEqual([]);
    let adoption = await target.store.openAdoption('t1', manifest, TTL);
    expect(adoption.manifestBytes).toBe(900);
    await adoption.addManifest(bytes.subarray(900));
    await (await adoption.finishManifest()).close();
    await adoption.addFrames(Buffer.concat(chunks.slice(0, 12).map(({ frame }) => frame)));
    await target.reopen();
    await target.store.sweep([]);
    adoption = await target.store.openAdoption('t1', manifest, TTL);
    expect(await bringOver(source.store, adoption)).toBe(18);
    await adoption.commit(await source.store.signatures(manifest));
    await target.reopen();
    adoption = await target.store.openAdoption('t1', manifest, TTL);
    expect(adoption.manifestBytes).toBe(bytes.length);
    expect(await all(adoption)).toEqual([]);
    await adoption.commit([]);
    await adoption.close();
    expect(await target.store.verify(manifest, 'all')).toMatchObject({ damaged: [], missing: [] });
  });

  it('keeps its chunks, those of others that it was told are here, and its manifest from a sweep, until its lease ends', async () => {
    const other = await target.capture('b', chunks.slice(0, 10));
    await target.store.verify(other.manifest, 'unverified');
    await target.store.deleteManifest(other.manifest);
    const adoption = await target.store.openAdoption('t1', manifest, TTL);
    await bringOver(source.store, adoption);
    await target.store.sweep([]);
    await adoption.commit(await source.store.signatures(manifest));
    target.now += TTL - 1;
    expect(await target.store.sweep([])).toMatchObject({ removedChunks: 0, removedManifests: 0 });
    expect(await target.store.verify(manifest, 'all')).toMatchObject({ damaged: [], missing: [] });
    target.now += 2 * TTL;
    expect(await target.store.doctor({ repair: false, deep: false, live: [] })).toMatchObject([{ kind: 'stale-lease', subject: 't1' }]);
    await target.store.sweep([]);
    expect(target.store.openAdoptions()).toEqual([]);
    // Just committed: the row may be on its way still.
    target.now += TTL + 1;
    expect(await target.store.sweep([])).toMatchObject({ removedChunks: 30, removedManifests: 1 });
    await expect(adoption.addManifest(Buffer.alloc(1))).rejects.toMatchObject({ code: 'lease-lost' });
  });

  it('outlives the loss of the index', async () => {
    const adoption = await target.store.openAdoption('t1', manifest, TTL);
    await adoption.addManifest(await manifestBytesOf(source.store, manifest));
    await (await adoption.finishManifest()).close();
    await adoption.addFrames(Buffer.concat(chunks.slice(0, 12).map(({ frame }) => frame)));
    await target.store.close();
    for (const name of await readdir(target.folder)) if (name.startsWith('index.db')) await rm(join(target.folder, name));
    target.store = await target.open();
    await target.store.sweep([]);
    expect(target.store.openAdoptions()).toMatchObject([{ id: 't1', manifest }]);
    expect(await bringOver(source.store, await target.store.openAdoption('t1', manifest, TTL))).toBe(18);
  });

  it('heals a version whose chunks or manifest were damaged here', async () => {
    const first = await target.store.openAdoption('t1', manifest, TTL);
    await bringOver(source.store, first);
    await first.commit(await source.store.signatures(manifest));
    await first.close();
    await target.store.verify(manifest, 'unverified');
    const reader = await target.store.openManifest(manifest);
    await reader.close();
    const bytes = await readFile(reader.path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(reader.path, bytes);
    const pack = join(target.folder, 'packs', (await readdir(join(target.folder, 'packs')))[0] ?? '');
    const packBytes = await readFile(pack);
    packBytes.fill(0xff, 1000, 1100);
    await writeFile(pack, packBytes);
    await expect(readAll(target.store, chunks)).rejects.toMatchObject({ code: 'chunk-damaged' });
    const again = await target.store.openAdoption('t2', manifest, TTL);
    expect(await bringOver(source.store, again)).toBe(1);
    await again.commit(await source.store.signatures(manifest));
    await again.close();
    expect(await target.store.verify(manifest, 'all')).toMatchObject({ damaged: [], missing: [], manifestIntact: true });
  });

  it('that only a server signed which is not accepted any more does not come in; what had come stays valid, and a word of another server lets it in', async () => {
    const old = { manifest };
    const before = await target.store.openAdoption('t0', old.manifest, TTL);
    await bringOver(source.store, before);
    await before.commit(await source.store.signatures(old.manifest));
    await before.close();
    target.store.acceptFrom([]);
    const fresh = await source.capture('b', source.chunks(3, 902));
    const adoption = await target.store.openAdoption('t1', fresh.manifest, TTL);
    await bringOver(source.store, adoption);
    const signatures = await source.store.signatures(fresh.manifest);
    await expect(adoption.commit(signatures)).rejects.toMatchObject({ code: 'proof-failed' });
    expect(await target.store.verify(old.manifest, 'all')).toMatchObject({ signatureValid: true });
    expect(await target.store.isSignedByTrusted(old.manifest)).toBe(true);
    // Whoever proved it signs beside the first.
    await target.store.countersign(old.manifest);
    await target.store.countersign(old.manifest);
    expect((await target.store.signatures(old.manifest)).map((signature) => signature.keyId).sort()).toEqual([source.store.keyId, target.store.keyId].sort());
    target.store.acceptFrom([source.store.publicKey]);
    await adoption.commit(signatures);
  });

  it('is one under its name: another manifest is refused, the same one is given again', async () => {
    const adoption = await target.store.openAdoption('t1', manifest, TTL);
    expect(await target.store.openAdoption('t1', manifest, TTL)).toBe(adoption);
    await expect(target.store.openAdoption('t1', 'ab'.repeat(32), TTL)).rejects.toMatchObject({ code: 'conflict' });
    await target.reopen();
    await expect(target.store.openAdoption('t1', 'ab'.repeat(32), TTL)).rejects.toMatchObject({ code: 'conflict' });
    await expect(target.store.openAdoption('../x', manifest, TTL)).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(target.store.openAdoption('t2', 'x', TTL)).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

describe('a commit', () => {
  it('is refused without a trusted signature, and while a chunk is lacking', async () => {
    const stranger = await TestStore.create();
    try {
      const adoption = await stranger.store.openAdoption('t1', manifest, TTL);
      await bringOver(source.store, adoption);
      const signatures = await source.store.signatures(manifest);
      await expect(adoption.commit(signatures)).rejects.toMatchObject({ code: 'proof-failed' });
      await stranger.store.trustKey(source.store.publicKey);
      await expect(adoption.commit([])).rejects.toMatchObject({ code: 'proof-failed' });
      await expect(adoption.commit(signatures.map((signature) => ({ ...signature, signature: Buffer.alloc(64).toString('base64') })))).rejects.toMatchObject({ code: 'proof-failed' });
      await adoption.commit(signatures);
    } finally {
      await stranger.dispose();
    }
    const adoption = await target.store.openAdoption('t1', manifest, TTL);
    await adoption.addManifest(await manifestBytesOf(source.store, manifest));
    await expect(adoption.commit(await source.store.signatures(manifest))).rejects.toMatchObject({ code: 'chunk-missing', data: { missing: 30 } });
    expect(await target.store.manifests()).toEqual([]);
  });

  it('refuses a chunk whose length does not fit its place', async () => {
    const odd = await source.store.openCapture('odd', TTL);
    const short = makeChunk(7, 1, 1024);
    await odd.addPage(pageOf(0, 0, [dataRun([short])]));
    await odd.addFrames(short.frame);
    const made = await odd.commit(headFor([1024]));
    const bytes = Buffer.from(await manifestBytesOf(source.store, made.manifest));
    const longer = rewriteHead(bytes, (head) => head.replaceAll('"lengthBytes":1024', '"lengthBytes":8192'));
    const adoption = await target.store.openAdoption('t1', toHex(blake3(longer)), TTL);
    await adoption.addManifest(longer);
    for await (const { hash } of adoption.missing()) for await (const frame of source.store.readFrames(hash)) await adoption.addFrames(frame);
    await expect(adoption.commit(await source.store.signatures(made.manifest))).rejects.toMatchObject({ code: 'proof-failed' });
    expect(await target.store.manifests()).toEqual([]);
  });
});

/** The same pages under another head; offsets in the page table follow. */
function rewriteHead(bytes: Buffer, change: (head: string) => string): Buffer {
  const length = bytes.readUInt32LE(4);
  const tableOffset = Number(bytes.readBigUInt64LE(bytes.length - 24));
  const head = Buffer.from(change(bytes.subarray(8, 8 + length).toString()));
  const pages = bytes.subarray(8 + length, tableOffset);
  return Buffer.concat([encodePreamble(head), head, pages, encodeTail([{ offset: 8 + head.length, length: pages.length, stream: 0, firstChunk: 0, chunkCount: 1 }], 8 + head.length + pages.length, head.length)]);
}

describe('a manifest from an ill-willed server', () => {
  async function expectRefused(bytes: Uint8Array): Promise<void> {
    const hash = toHex(blake3(bytes));
    const adoption = await target.store.openAdoption('hostile', hash, TTL);
    try {
      await adoption.addManifest(bytes);
      const error = await adoption.finishManifest().then((reader) => reader.close().then(() => null), (reason: unknown) => reason);
      expect(error, String(error)).toMatchObject({ code: 'proof-failed' });
      expect(adoption.manifestBytes).toBe(0);
      await expect(adoption.addFrames(chunks[0]?.frame ?? Buffer.alloc(0))).rejects.toBeInstanceOf(ProtocolError);
    } finally {
      await adoption.close();
    }
  }

  it('is refused whatever its bytes are, cut, changed or made up, though they hash to its name', async () => {
    const good = await manifestBytesOf(source.store, manifest);
    await expectRefused(Buffer.alloc(0));
    await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.integer({ min: 0, max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), async (noise, at, change) => {
      await expectRefused(noise);
      await expectRefused(good.subarray(0, at));
      await expectRefused(Buffer.concat([good.subarray(0, at), noise, good.subarray(at)]));
      // A changed byte of the head, or a reserved one, leaves a manifest that reads well; its hash is another, and nobody signed it.
      const pages = 8 + good.readUInt32LE(4);
      const framing = at < 8 ? at : pages + (at % (Number(good.readBigUInt64LE(good.length - 24)) - pages));
      const changed = Buffer.from(good);
      changed[framing] = (changed[framing] ?? 0) ^ change;
      await expectRefused(changed);
    }), { numRuns: 60 });
    expect((await target.store.figures()).chunks).toBe(0);
  }, 120_000);

  it('is refused for counts no memory could hold', async () => {
    const head = Buffer.from(JSON.stringify(headFor([CHUNK])));
    const huge = Buffer.from(encodeTail([{ offset: 8 + head.length, length: 0xffffffff, stream: 0, firstChunk: 0, chunkCount: 0xffffffff }], 8 + head.length, head.length));
    await expectRefused(Buffer.concat([encodePreamble(head), head, huge]));
    huge.writeUInt32LE(0xffffffff, huge.length - 16);
    await expectRefused(Buffer.concat([encodePreamble(head), head, huge]));
    const many = Array.from({ length: (1 << 20) + 1 }, () => ({ offset: 8 + head.length, length: 0, stream: 0, firstChunk: 0, chunkCount: 0 }));
    await expectRefused(Buffer.concat([encodePreamble(head), head, encodeTail(many, 8 + head.length, head.length)]));
  });

  it('is dropped where what came does not hash to its name, and can come again', async () => {
    const adoption = await target.store.openAdoption('t1', manifest, TTL);
    const bytes = await manifestBytesOf(source.store, manifest);
    await adoption.addManifest(Buffer.concat([bytes.subarray(0, 500), Buffer.alloc(1)]));
    await adoption.addManifest(bytes.subarray(501));
    await expect(adoption.finishManifest()).rejects.toMatchObject({ code: 'proof-failed' });
    expect(adoption.manifestBytes).toBe(0);
    expect(await bringOver(source.store, adoption)).toBe(30);
  });

  it('brings no chunk that it does not name', async () => {
    const adoption = await target.store.openAdoption('t1', manifest, TTL);
    await bringOver(source.store, adoption);
    await expect(adoption.addFrames(makeChunk(99, 1).frame)).rejects.toBeInstanceOf(ProtocolError);
    expect(await adoption.addManifest(Buffer.alloc(1)).catch((error: unknown) => error)).toBeInstanceOf(AppError);
  });
});

describe('the key of a server', () => {
  it('signs for a purpose that has a name of its own, and never for manifests', () => {
    const signature = source.store.sign('platen record v1\n', 'text');
    const { publicKey, keyId } = source.store;
    expect(keyIdOf(publicKey)).toBe(keyId);
    expect([isSignedBy(publicKey, 'platen record v1\n', 'text', signature), isSignedBy(publicKey, 'platen ticket v1\n', 'text', signature), isSignedBy(publicKey, 'platen record v1\n', 'other', signature),
      isSignedBy(target.store.publicKey, 'platen record v1\n', 'text', signature), isSignedBy('no key', 'platen record v1\n', 'text', signature), isSignedBy(publicKey, 'platen record v1\n', 'text', 'x')])
      .toEqual([true, false, false, false, false, false]);
    for (const purpose of ['', 'x', 'platen manifest v1\n', 'platen record v1']) expect(() => source.store.sign(purpose, 'text'), purpose).toThrow(AppError);
  });

  it('is trusted over a restart, and is refused where it is none', async () => {
    await target.reopen();
    const adoption = await target.store.openAdoption('t1', manifest, TTL);
    await bringOver(source.store, adoption);
    await adoption.commit(await source.store.signatures(manifest));
    for (const pem of ['', 'x', `-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n`, (await readFile(join(source.folder, 'key.pem'))).toString()]) {
      await expect(target.store.trustKey(pem), pem.slice(0, 20)).rejects.toMatchObject({ code: 'invalid-input' });
    }
  });
});
