// One flipped bit anywhere in the store's files is found, remembered, and mended by whatever brings the bytes again.
import { open, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FRAME_HEADER_BYTES } from '#shared/agent/frame.ts';
import { readAll, sendAll, TestStore } from './test-store.ts';

const soak = process.env['PLATEN_SOAK'] === '1';
let test: TestStore;
afterEach(() => test.dispose());

async function flip(path: string, offset: number, bit = 0): Promise<void> {
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offset);
  byte[0] = (byte[0] ?? 0) ^ (1 << bit);
  await file.write(byte, 0, 1, offset);
  await file.close();
}

async function sealedPack(): Promise<{ path: string; bytes: Buffer }> {
  const folder = join(test.folder, 'packs');
  const name = (await readdir(folder)).find((entry) => entry.endsWith('.pack')) ?? '';
  return { path: join(folder, name), bytes: await readFile(join(folder, name)) };
}

it('a pack that somebody deletes while it is written to takes nothing more: what follows goes into a new one, also what heals', async () => {
  test = await TestStore.create();
  const chunks = test.chunks(8, 1);
  const { manifest } = await test.capture('a', chunks);
  const folder = join(test.folder, 'packs');
  for (const name of await readdir(folder)) await unlink(join(folder, name));
  expect((await test.store.verify(manifest, 'all')).damaged).toHaveLength(8);
  await expect(test.capture('b', chunks)).rejects.toMatchObject({ code: 'io' });
  const again = await test.capture('c', chunks);
  expect((await test.store.verify(again.manifest, 'all')).damaged).toEqual([]);
  await test.reopen();
  expect((await test.store.verify(manifest, 'all')).damaged).toEqual([]);
});

describe('one flipped bit', () => {
  it('is found by the doctor wherever in a pack it is', async () => {
    test = await TestStore.create({ packBytes: 40 * 1024 });
    const { manifest } = await test.capture('a', test.chunks(12, 1));
    const { path, bytes } = await sealedPack();
    const indexOffset = Number(bytes.readBigUInt64LE(bytes.length - 32));
    const regions = [0, 9, 26, 32, 40, 50, 60, 100, 32 + FRAME_HEADER_BYTES + 5, indexOffset - 1, indexOffset, indexOffset + 33, indexOffset + 46, bytes.length - 32, bytes.length - 20, bytes.length - 12, bytes.length - 6, bytes.length - 1];
    const offsets = soak ? bytes.keys() : regions;
    for (const offset of offsets) {
      await flip(path, offset, offset % 8);
      const findings = await test.store.doctor({ repair: false, deep: true, live: [manifest] });
      expect(findings.map(({ kind }) => kind), `bit in byte ${offset}`).not.toEqual([]);
      await flip(path, offset, offset % 8);
      await test.store.verify(manifest, 'all');
      expect(await test.store.doctor({ repair: false, deep: true, live: [manifest] })).toEqual([]);
    }
  });

  it('in a frame is found by verify, refused by reading, told to listeners, and healed by the next capture', async () => {
    test = await TestStore.create();
    const chunks = test.chunks(8, 1);
    const { manifest } = await test.capture('a', chunks);
    await test.store.verify(manifest, 'all');
    await test.reopen();
    const name = (await readdir(join(test.folder, 'packs')))[0] ?? '';
    await flip(join(test.folder, 'packs', name), 32 + FRAME_HEADER_BYTES + 100);
    const hex = Buffer.from(chunks[0]?.hash ?? []).toString('hex');
    const told: string[] = [];
    test.store.onDamage((chunk) => told.push(chunk));
    await expect(readAll(test.store, chunks)).rejects.toMatchObject({ code: 'chunk-damaged', data: { chunk: hex } });
    expect(told).toEqual([hex]);
    expect((await test.store.verify(manifest, 'all')).damaged).toEqual([hex]);
    expect(test.store.damagedChunks()).toEqual([hex]);
    const again = await test.capture('b', chunks);
    expect(again.newChunks).toBe(1);
    expect((await test.store.verify(manifest, 'all')).damaged).toEqual([]);
    expect(await readAll(test.store, chunks)).toHaveLength(8);
  });

  it('in a manifest is found before anything is deployed, and stops the sweep', async () => {
    test = await TestStore.create();
    const { manifest } = await test.capture('a', test.chunks(8, 1));
    const path = join(test.folder, 'manifests', manifest.slice(0, 2), `${manifest}.plm`);
    const size = (await readFile(path)).length;
    for (const offset of [0, 5, 60, size - 300, size - 30, size - 20, size - 2]) {
      await flip(path, offset, 1);
      const intact = await test.store.verify(manifest, 'unverified').then((result) => result.manifestIntact, () => false);
      expect(intact).toBe(false);
      expect((await test.store.doctor({ repair: false, deep: false, live: [manifest] })).map(({ kind }) => kind)).toContain('damaged-manifest');
      await flip(path, offset, 1);
    }
    await flip(path, size - 30, 1);
    await expect(test.store.sweep([manifest])).rejects.toMatchObject({ code: 'image-damaged' });
  });
});

describe('the doctor', () => {
  it('moves the intact frames of a pack whose own index is damaged', async () => {
    test = await TestStore.create({ packBytes: 40 * 1024 });
    const chunks = test.chunks(12, 1);
    const { manifest } = await test.capture('a', chunks);
    const { path, bytes } = await sealedPack();
    await flip(path, bytes.length - 40);
    expect((await test.store.doctor({ repair: true, deep: true, live: [manifest] })).map(({ kind, repaired }) => ({ kind, repaired }))).toEqual([{ kind: 'index-mismatch', repaired: true }]);
    expect(await test.store.doctor({ repair: false, deep: true, live: [manifest] })).toEqual([]);
    expect(await readAll(test.store, chunks)).toHaveLength(12);
  });

  it('signs a manifest again whose signature is gone, and names a manifest that is gone', async () => {
    test = await TestStore.create();
    const { manifest } = await test.capture('a', test.chunks(4, 1));
    const folder = join(test.folder, 'manifests', manifest.slice(0, 2));
    for (const name of await readdir(folder)) if (name.endsWith('.sig')) await unlink(join(folder, name));
    expect((await test.store.doctor({ repair: true, deep: false, live: [manifest] })).map(({ kind }) => kind)).toEqual(['bad-signature']);
    expect(await test.store.doctor({ repair: false, deep: false, live: [manifest, 'f'.repeat(64)] })).toMatchObject([{ kind: 'missing-manifest', repaired: false }]);
  });
});

describe('the index', () => {
  it.each(['removed', 'overwritten with noise'])('is rebuilt from the packs when it was %s, an unfinished capture included', async (how) => {
    test = await TestStore.create({ packBytes: 96 * 1024 });
    const chunks = test.chunks(40, 1);
    const { manifest } = await test.capture('a', chunks);
    const unfinished = await test.store.openCapture('b', 3_600_000);
    const more = test.chunks(10, 2);
    await sendAll(unfinished, more);
    await test.store.close();
    const path = join(test.folder, 'index.db');
    if (how === 'removed') await rm(path);
    else await writeFile(path, Buffer.alloc(8192, 7));
    test.store = await test.open();
    expect(await test.store.verify(manifest, 'unverified')).toMatchObject({ checkedChunks: 40, damaged: [], missing: [] });
    expect(test.store.openCaptures().map(({ id }) => id)).toEqual(['b']);
    const session = await test.store.openCapture('b', 3_600_000);
    await session.restart();
    expect(await sendAll(session, more)).toBe(0);
  });

  it('says which chunks went with a pack that is gone, and takes them again', async () => {
    test = await TestStore.create({ packBytes: 96 * 1024 });
    const chunks = test.chunks(40, 1);
    const { manifest } = await test.capture('a', chunks);
    await test.store.verify(manifest, 'all');
    await test.store.close();
    const { path } = await sealedPack();
    await rename(path, `${path}.moved-away`);
    test.store = await test.open();
    const missing = (await test.store.verify(manifest, 'all')).missing.length;
    expect(missing).toBeGreaterThan(0);
    expect((await test.store.doctor({ repair: false, deep: false, live: [manifest] })).filter(({ kind }) => kind === 'missing-chunk')).toHaveLength(missing);
    expect((await test.capture('b', chunks)).newChunks).toBe(missing);
    expect((await test.store.verify(manifest, 'all')).missing).toEqual([]);
  });
});
