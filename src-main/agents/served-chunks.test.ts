import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ChunkNames } from '../store/types.ts';
import { ServedChunks } from './served-chunks.ts';

const MIB = 1024 * 1024;

/** A store whose manifests each name one chunk, with sets as large as the test says. */
function room(sizeBytes = 1000) {
  const chunks = new Map<string, Buffer>();
  const read: string[] = [];
  let now = 0;
  const chunkOf = (manifest: string): Buffer => {
    const known = chunks.get(manifest) ?? randomBytes(32);
    chunks.set(manifest, known);
    return known;
  };
  const chunkNames = async (manifest: string): Promise<ChunkNames> => {
    read.push(manifest);
    if (manifest === 'broken') throw new Error('unreadable');
    return { sizeBytes, has: (hashes, offset) => Buffer.from(hashes.subarray(offset, offset + 32)).equals(chunkOf(manifest)) };
  };
  return { served: new ServedChunks({ store: { chunkNames }, clock: () => now }), chunkOf, read, pass: (ms: number) => { now += ms; } };
}

describe('what a deploy may fetch', () => {
  it('is what its manifest names, each of the chunks it asks for', async () => {
    const { served, chunkOf } = room();
    const [own, other] = [chunkOf('a'), chunkOf('b')];
    await served.require('a', Buffer.concat([own, own]));
    await expect(served.require('a', Buffer.concat([own, other]))).rejects.toMatchObject({ code: 'forbidden', data: { chunk: other.toString('hex') } });
  });

  it('is read once for all the runs of a version, and again after it could not be read', async () => {
    const { served, chunkOf, read } = room();
    await Promise.all([1, 2, 3].map(() => served.require('a', chunkOf('a'))));
    for (let i = 0; i < 2; i++) await expect(served.require('broken', chunkOf('a'))).rejects.toThrow('unreadable');
    expect(read).toEqual(['a', 'broken', 'broken']);
  });

  it('is forgotten when it is large and nobody deploys it any more, never while somebody does', async () => {
    const { served, chunkOf, read, pass } = room(40 * MIB);
    const ask = (manifest: string) => served.require(manifest, chunkOf(manifest));
    await ask('a');
    await ask('b');
    await ask('a');
    expect(read).toEqual(['a', 'b']);
    pass(100_000);
    await ask('a');
    pass(100_000);
    await ask('c');
    await ask('a');
    expect(read).toEqual(['a', 'b', 'c']);
    await ask('b');
    expect(read).toEqual(['a', 'b', 'c', 'b']);
  });
});
