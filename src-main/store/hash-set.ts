// Owns a compact set of chunk hashes: 8 bytes of each in one typed array, about 16 bytes a chunk, for stores of millions of
// chunks. Which 8 of the 32 bytes is random per set, so nobody can prepare hashes that it mistakes for each other.
// Two honest hashes are taken for one with probability n² / 2⁶⁵; callers must be safe when that happens.
import { randomInt } from 'node:crypto';

const SMALLEST = 1 << 10;

export class HashSet {
  #slots: Uint32Array;
  #mask: number;
  #size = 0;
  readonly #from = randomInt(0, 25);
  readonly #salt = randomInt(0, 2 ** 32);

  /** @param expected how many hashes are likely to come, so that the table need not grow */
  constructor(expected = 0) {
    let slots = SMALLEST;
    while (slots * 0.7 < expected && slots < 2 ** 26) slots *= 2;
    this.#slots = new Uint32Array(slots * 2);
    this.#mask = slots - 1;
  }

  get size(): number {
    return this.#size;
  }

  get sizeBytes(): number {
    return this.#slots.byteLength;
  }

  /** @returns true when the hash (32 bytes at `offset`) was not there yet */
  add(bytes: Uint8Array, offset = 0): boolean {
    const low = read32(bytes, offset + this.#from) || 1;
    const high = read32(bytes, offset + this.#from + 4);
    const at = this.#find(low, high);
    if (this.#slots[at] !== 0) return false;
    this.#slots[at] = low;
    this.#slots[at + 1] = high;
    this.#size++;
    if (this.#size > (this.#mask + 1) * 0.75) this.#grow();
    return true;
  }

  has(bytes: Uint8Array, offset = 0): boolean {
    const low = read32(bytes, offset + this.#from) || 1;
    return this.#slots[this.#find(low, read32(bytes, offset + this.#from + 4))] !== 0;
  }

  /** How many places slotOf may name. */
  get slots(): number {
    return this.#mask + 1;
  }

  /** A number below `slots` for each hash that is in the set, -1 for others; it holds until the next add. */
  slotOf(bytes: Uint8Array, offset = 0): number {
    const low = read32(bytes, offset + this.#from) || 1;
    const at = this.#find(low, read32(bytes, offset + this.#from + 4));
    return this.#slots[at] === 0 ? -1 : at / 2;
  }

  /** Where the pair is, or the empty slot where it belongs. An empty slot has a low word of 0. */
  #find(low: number, high: number): number {
    const slots = this.#slots;
    let slot = Math.imul(low ^ this.#salt ^ (high >>> 7), 0x9e3779b1) & this.#mask;
    for (;;) {
      const found = slots[slot * 2];
      if (found === 0 || (found === low && slots[slot * 2 + 1] === high)) return slot * 2;
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    this.#mask = this.#slots.length / 2 - 1;
    for (let at = 0; at < old.length; at += 2) {
      const low = old[at] ?? 0;
      if (low === 0) continue;
      const high = old[at + 1] ?? 0;
      const to = this.#find(low, high);
      this.#slots[to] = low;
      this.#slots[to + 1] = high;
    }
  }
}

function read32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}
