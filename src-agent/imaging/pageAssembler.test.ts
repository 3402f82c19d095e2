import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePage, hashesOf } from '#shared/agent/page.ts';
import { blake3 } from '../hash.ts';
import { isLacking, PageAssembler } from './pageAssembler.ts';

const hashOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);

/** Chunk by chunk what a page says: -2 unused, -1 zero, else the hash's first byte. */
function unfold(bytes: Uint8Array): number[] {
  return decodePage(bytes, blake3).runs.flatMap((run) => {
    if (run.kind === 'unused') return Array.from({ length: run.count }, () => -2);
    if (run.kind === 'zero') return Array.from({ length: run.count }, () => -1);
    if (run.kind === 'repeat') return Array.from({ length: run.count }, () => run.hash[0] ?? 0);
    return Array.from({ length: run.count }, (_, i) => run.hashes[i * 32] ?? 0);
  });
}

describe('PageAssembler', () => {
  it('says of every chunk what it was given, and keeps places in the order of the hashes', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: -2, max: 3 }), { minLength: 1, maxLength: 60 }), (chunks) => {
      const assembler = new PageAssembler<number>(7, blake3);
      for (const [i, chunk] of chunks.entries()) {
        if (chunk === -2) assembler.addRun('unused', 1);
        else if (chunk === -1) assembler.addRun('zero', 1);
        else assembler.addData(hashOf(chunk), i);
      }
      const page = assembler.take();
      if (page === null) throw new Error('a page is expected');
      const named = hashesOf(decodePage(page.bytes, blake3));
      expect({ chunks: unfold(page.bytes), count: page.chunkCount }).toEqual({ chunks, count: chunks.length });
      expect(page.places.map((place) => chunks[place])).toEqual(named.map((hash) => hash[0]));
      expect(page.hashes.map((hash) => hash[0])).toEqual(named.map((hash) => hash[0]));
    }));
  });
  it('starts the next page where the last one ended', () => {
    const assembler = new PageAssembler<number>(0, blake3);
    assembler.addRun('unused', 10);
    assembler.take();
    assembler.addData(hashOf(1), 0);
    const page = assembler.take();
    expect([decodePage(page?.bytes ?? new Uint8Array(0), blake3).firstChunk, assembler.nextChunk, assembler.take()]).toEqual([10, 11, null]);
  });
  it('merges equal neighbours into one repeat of one hash', () => {
    const assembler = new PageAssembler<string>(0, blake3);
    for (const [place, n] of [['a', 1], ['b', 2], ['c', 2], ['d', 2], ['e', 3]] as const) assembler.addData(hashOf(n), place);
    const page = assembler.take();
    expect(page?.places).toEqual(['a', 'b', 'e']);
    expect(decodePage(page?.bytes ?? new Uint8Array(0), blake3).runs.map((run) => [run.kind, run.count])).toEqual([['data', 1], ['repeat', 3], ['data', 1]]);
  });
  it('is full before a page could outgrow its format', () => {
    const assembler = new PageAssembler<number>(0, blake3);
    for (let i = 0; !assembler.isFull(8); i++) assembler.addData(Uint8Array.from({ length: 32 }, (_, k) => (k < 4 ? i >> (8 * k) : 0)), i);
    expect(assembler.take()?.chunkCount).toBe(4089);
  });
});

describe('isLacking', () => {
  it('reads bits from the least significant on, and none past the end', () => {
    expect([0, 1, 8, 9, 16].map((i) => isLacking(Uint8Array.from([0b10, 0b1]), i))).toEqual([false, true, true, false, false]);
  });
});
