import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '#shared/errors.ts';
import { realFiles } from '../store/files.ts';
import { CHUNK, manifestBytesOf, TestStore } from '../store/test-store.ts';
import type { PeerClient } from './peer/client.ts';
import { fetchVersion } from './transfer/fetch.ts';
import { Throttle } from './transfer/throttle.ts';

const CHUNKS = 200;
const stores: TestStore[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.dispose();
});
async function testStore(freeBytes?: number): Promise<TestStore> {
  const test = await TestStore.create(freeBytes === undefined ? {} : { files: { ...realFiles, space: () => Promise.resolve({ freeBytes, totalBytes: 1e12 }) } });
  stores.push(test);
  return test;
}
/** Hands over the manifest, and counts what is asked for after that. */
async function setUp(freeBytes: number) {
  const [source, target] = [await testStore(), await testStore(freeBytes)];
  const { manifest, storedBytes, newBytes } = await source.capture('one', source.chunks(CHUNKS, 1));
  const bytes = await manifestBytesOf(source.store, manifest);
  let asked = 0;
  const peer = {
    peer: { id: 'a', name: 'source' }, has: () => Promise.resolve(true),
    manifest: (_hash: string, from: number) => Promise.resolve(Object.assign(Readable.from([bytes.subarray(from)]), { complete: true })),
    chunks: () => {
      asked++;
      return Promise.reject(new AppError('not-found', 'It has none of it any more.'));
    },
  };
  const fetchIt = (figures: { storedBytes: number; newBytes?: number }) => fetchVersion({
    store: target.store, version: { guid: 'v', manifest, manifestBytes: bytes.length, ...figures }, sources: [peer as unknown as PeerClient], olderManifest: null, throttle: new Throttle(null), signal: new AbortController().signal, onProgress: () => undefined,
  });
  return { fetchIt, asked: () => asked, storedBytes, newBytes, target };
}

describe('a disk that what is to come would fill', () => {
  it('is foreseen before a chunk is asked for', async () => {
    const { fetchIt, asked, storedBytes, newBytes, target } = await setUp((CHUNKS * CHUNK) / 4);
    await expect(fetchIt({ storedBytes, newBytes })).rejects.toMatchObject({ code: 'space-foreseen' });
    expect([asked(), (await target.store.figures()).chunks]).toEqual([0, 0]);
  });

  it('is foreseen too where the version brought little when it was captured, and what it shares is not here', async () => {
    const { fetchIt, asked } = await setUp((CHUNKS * CHUNK) / 4);
    await expect(fetchIt({ storedBytes: 1000, newBytes: 2000 })).rejects.toMatchObject({ code: 'space-foreseen' });
    expect(asked()).toBe(0);
  });

  it('is not feared where it fits, compressed as it is', async () => {
    const { fetchIt, asked, storedBytes, newBytes } = await setUp(CHUNKS * CHUNK * 0.9);
    expect(storedBytes / newBytes).toBeLessThan(0.8);
    await expect(fetchIt({ storedBytes, newBytes })).rejects.toMatchObject({ code: 'not-found' });
    expect(asked()).toBeGreaterThan(0);
  });
});
