// Test support: numbers that a seed decides, and content made of them. Not part of the product.
import { CHUNK, testChunk, type TestChunk } from '../../test-agent.ts';

export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** In [0, 1). mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }
  chance(share: number): boolean {
    return this.next() < share;
  }
  pick<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)];
    if (found === undefined) throw new Error('nothing to pick from');
    return found;
  }
  weighted<T extends { weight: number }>(list: readonly T[]): T {
    let at = this.next() * list.reduce((sum, each) => sum + each.weight, 0);
    for (const each of list) {
      at -= each.weight;
      if (at < 0) return each;
    }
    return this.pick(list);
  }
}

const made = new Map<number, TestChunk>();
const RANDOM_BYTES = 12 * 1024;

/** Always the same chunk for a number: some KiB that nothing makes smaller, the rest zeros, so that a storm is small on disk. */
export function stormChunk(number: number): TestChunk {
  const known = made.get(number);
  if (known !== undefined) return known;
  const random = new Random(number * 7919 + 13);
  const raw = Buffer.alloc(CHUNK);
  for (let at = 0; at < RANDOM_BYTES; at += 4) raw.writeUInt32LE(random.below(4_294_967_296), at);
  raw.writeUInt32LE(number, CHUNK - 4);
  const chunk = testChunk(raw);
  made.set(number, chunk);
  return chunk;
}

/** What identifies the content of a version: its chunks' hashes in order. */
export function contentOf(chunks: readonly TestChunk[]): string {
  return chunks.map((chunk) => Buffer.from(chunk.hash).toString('hex')).join(' ');
}
