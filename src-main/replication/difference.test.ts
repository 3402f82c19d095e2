import { describe, expect, it } from 'vitest';
import { decodeFrameHeader, isFrameIntact } from '#shared/agent/frame.ts';
import { blake3 } from '../store/hash.ts';
import { applyDifference, BLOCK_BYTES, type Basis, decodeDifference, encodeDifference, frameLength, frameOf, isDifference, rawOf } from './difference.ts';

/** Content that repeats itself nowhere, the same for the same seed. */
function noise(seed: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed | 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}
const named = (raw: Uint8Array) => ({ raw, hash: blake3(raw) });
const KiB = 1024;
/** One base, all of it. */
const allOf = (...raws: Buffer[]): Basis => ({ bases: raws.map(named), pieces: raws.map((raw, base) => ({ base, from: 0, blocks: Math.ceil(raw.length / BLOCK_BYTES) })) });

function changed(base: Buffer, places: number): Buffer {
  const copy = Buffer.from(base);
  for (let i = 0; i < places; i++) copy[(i * 7919) % copy.length] = (copy[(i * 7919) % copy.length] ?? 0) ^ 0x55;
  return copy;
}

describe('a chunk as its difference from another', () => {
  it('is far smaller than the chunk and gives exactly its bytes', async () => {
    const base = noise(1, 256 * KiB);
    const chunk = changed(base, 40);
    const frame = await encodeDifference(named(chunk), allOf(base), 256 * KiB, blake3);
    expect(frame?.length).toBeLessThan(2 * KiB);
    const difference = decodeDifference(frame ?? new Uint8Array(), blake3);
    expect(difference.bases.map((hash) => Buffer.from(hash).equals(blake3(base)))).toEqual([true]);
    expect((await applyDifference(difference, [base], blake3)).equals(chunk)).toBe(true);
  });

  it.each([[1, 1], [0.5 * KiB, 256 * KiB], [256 * KiB, 100], [1024 * KiB, 4096 * KiB]])('works for a chunk of %d bytes against one of %d', async (length, baseLength) => {
    const base = noise(2, baseLength);
    const chunk = Buffer.concat([base.subarray(0, Math.min(length, baseLength)), noise(3, Math.max(0, length - baseLength))]);
    const frame = await encodeDifference(named(chunk), allOf(base), 10 * 1024 * KiB, blake3);
    expect((await applyDifference(decodeDifference(frame ?? new Uint8Array(), blake3), [base], blake3)).equals(chunk)).toBe(true);
  });

  it('takes what it needs of several others, block by block', async () => {
    const [one, two] = [noise(11, 256 * KiB), noise(12, 256 * KiB)];
    const chunk = Buffer.concat([two.subarray(8 * KiB, 20 * KiB), noise(13, 100), one.subarray(250 * KiB)]);
    const basis: Basis = { bases: [named(one), named(two)], pieces: [{ base: 1, from: 2, blocks: 3 }, { base: 0, from: 62, blocks: 2 }] };
    const frame = (await encodeDifference(named(chunk), basis, 256 * KiB, blake3)) ?? new Uint8Array();
    expect(frame.length).toBeLessThan(500);
    expect((await applyDifference(decodeDifference(frame, blake3), [one, two], blake3)).equals(chunk)).toBe(true);
  });

  it('is not made where it would be no smaller than the chunk whole', async () => {
    const whole = await frameOf(noise(5, 64 * KiB), blake3(noise(5, 64 * KiB)), blake3);
    expect(await encodeDifference(named(noise(5, 64 * KiB)), allOf(noise(6, 64 * KiB)), whole.length, blake3)).toBeNull();
  });

  it('is refused by whoever reads ordinary frames, so it can never lie in a store', async () => {
    const base = noise(1, 8 * KiB);
    const frame = (await encodeDifference(named(changed(base, 3)), allOf(base), 8 * KiB, blake3)) ?? new Uint8Array();
    expect(() => decodeFrameHeader(frame)).toThrow(/base chunk/);
    expect([isDifference(frame), frameLength(frame)]).toEqual([true, frame.length]);
    const stored = await frameOf(base, blake3(base), blake3);
    expect([isDifference(stored), frameLength(stored), isFrameIntact(stored, blake3)]).toEqual([false, stored.length, true]);
    expect((await rawOf(stored, blake3)).equals(base)).toBe(true);
  });

  it('made against another base, or flipped in any bit, is refused and never gives wrong bytes', async () => {
    const base = noise(1, 4 * KiB);
    const chunk = changed(base, 5);
    const frame = (await encodeDifference(named(chunk), allOf(base), 4 * KiB, blake3)) ?? new Uint8Array();
    await expect(applyDifference(decodeDifference(frame, blake3), [noise(9, 4 * KiB)], blake3)).rejects.toThrow(/asked for whole/);
    for (let bit = 0; bit < frame.length * 8; bit += 13) {
      const flipped = Uint8Array.from(frame);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const given = await Promise.resolve().then(() => applyDifference(decodeDifference(flipped, blake3), [base], blake3)).catch(() => null);
      expect(given).toBeNull();
    }
  });
});
