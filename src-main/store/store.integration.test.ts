// The store's main path on real files: capture, commit, verify, read, delete, sweep, and what happens beside it.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readAll, TestStore } from './test-store.ts';

const stores: TestStore[] = [];
async function testStore(options?: Parameters<typeof TestStore.create>[0]): Promise<TestStore> {
  const store = await TestStore.create(options);
  stores.push(store);
  return store;
}
afterEach(async () => {
  for (const store of stores.splice(0)) await store.dispose();
});

describe('a capture', () => {
  it('stores what is lacking, commits, verifies, and gives every chunk back', async () => {
    const test = await testStore();
    const chunks = test.chunks(40, 1);
    const committed = await test.capture('a', chunks);
    expect(committed.newChunks).toBe(40);
    const verified = await test.store.verify(committed.manifest, 'unverified');
    expect(verified).toEqual({ manifest: committed.manifest, checkedChunks: 40, damaged: [], missing: [], manifestIntact: true, signatureValid: true });
    expect(await readAll(test.store, chunks)).toEqual(chunks.map((chunk) => chunk.frame));
    expect((await test.store.figures()).unverifiedChunks).toBe(0);
  });

  it('sends nothing again that an earlier, verified version holds', async () => {
    const test = await testStore();
    const chunks = test.chunks(20, 1);
    const first = await test.capture('a', chunks);
    await test.store.verify(first.manifest, 'unverified');
    const second = await test.capture('b', [...chunks, ...test.chunks(3, 2)]);
    expect(second.newChunks).toBe(3);
  });

  it('finds everything again after a restart', async () => {
    const test = await testStore();
    const chunks = test.chunks(30, 1);
    const { manifest } = await test.capture('a', chunks);
    await test.reopen();
    expect(await test.store.manifests()).toEqual([manifest]);
    expect((await test.store.verify(manifest, 'all')).damaged).toEqual([]);
    expect(await readAll(test.store, chunks)).toHaveLength(30);
    expect(await test.store.doctor({ repair: false, deep: true, live: [manifest] })).toEqual([]);
  });
});

describe('a deleted manifest', () => {
  it('gives its space back at the next sweep, and keeps what other versions share', async () => {
    const test = await testStore({ packBytes: 256 * 1024 });
    const shared = test.chunks(20, 1);
    const own = test.chunks(200, 2);
    const kept = await test.capture('a', shared);
    await test.store.verify(kept.manifest, 'all');
    const dropped = await test.capture('b', [...shared, ...own]);
    await test.store.deleteManifest(dropped.manifest);
    await test.store.deleteManifest(dropped.manifest);
    const swept = await test.store.sweep([kept.manifest]);
    expect(swept.removedChunks).toBe(200);
    expect(swept.removedPacks).toBeGreaterThan(0);
    expect(await readAll(test.store, shared)).toHaveLength(20);
    expect(await readdir(join(test.folder, 'journal'))).toEqual([]);
    expect(await test.store.doctor({ repair: false, deep: true, live: [kept.manifest] })).toEqual([]);
  });
});
