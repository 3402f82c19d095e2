import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HashSet } from './hash-set.ts';
import { blake3 } from './hash.ts';

function hashOf(number: number): Uint8Array {
  return blake3(Buffer.from(String(number)));
}

it('holds exactly what was added, over many growths', () => {
  const set = new HashSet();
  for (let i = 0; i < 20_000; i++) expect(set.add(hashOf(i))).toBe(true);
  for (let i = 0; i < 20_000; i++) expect(set.add(hashOf(i))).toBe(false);
  expect(set.size).toBe(20_000);
  for (let i = 0; i < 20_000; i++) if (!set.has(hashOf(i)) || set.has(hashOf(i + 20_000))) expect.fail(`hash ${i}`);
});

it('gives every hash it holds a slot of its own, and others none', () => {
  const set = new HashSet(5000);
  for (let i = 0; i < 5000; i++) set.add(hashOf(i));
  const slots = new Set(Array.from({ length: 5000 }, (_, i) => set.slotOf(hashOf(i))));
  expect([slots.size, Math.min(...slots) >= 0, Math.max(...slots) < set.slots, set.slotOf(hashOf(5000))]).toEqual([5000, true, true, -1]);
});

it('agrees with a plain set for any hashes, all-zero ones and hashes inside larger buffers included', () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.constant(new Uint8Array(32))), { maxLength: 50 }), (hashes) => {
    const set = new HashSet(hashes.length);
    const plain = new Set<string>();
    const all = Buffer.concat(hashes);
    for (let i = 0; i < hashes.length; i++) {
      const text = all.toString('latin1', i * 32, i * 32 + 32);
      expect(set.add(all, i * 32)).toBe(!plain.has(text));
      plain.add(text);
    }
  }));
});
