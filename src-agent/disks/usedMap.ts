// Owns the map of used bytes of a stream: sorted extents in typed arrays, built in one pass from a file system's bitmaps.
// It never says unused where the file system said used; past maxExtents it calls the smallest unused holes used instead of growing.
import type { UsedMap } from './types.ts';

/** 16 bytes each: 64 MB at the very most, whatever a volume looks like. */
const maxExtents = 4 * 1024 * 1024;

/** Takes ranges in ascending order (overlaps allowed); offsets in bytes from the stream's start. */
export class UsedMapBuilder {
  private bounds = new Float64Array(1024);
  private count = 0;
  private used = 0;
  private smallestHole = 0;
  private readonly blockSizeBytes: number;
  private readonly lengthBytes: number;
  private readonly limit: number;

  constructor(blockSizeBytes: number, lengthBytes: number, limit = maxExtents) {
    this.blockSizeBytes = blockSizeBytes;
    this.lengthBytes = lengthBytes;
    this.limit = limit;
  }

  add(start: number, end: number): void {
    const to = Math.min(end, this.lengthBytes);
    if (to <= start) return;
    const last = this.count * 2 - 1;
    const previousEnd = this.count === 0 ? -Infinity : (this.bounds[last] ?? 0);
    if (start < previousEnd && start < (this.bounds[last - 1] ?? 0)) throw new RangeError(`used ranges out of order at ${start}`);
    if (to <= previousEnd) return;
    this.used += to - Math.max(start, previousEnd);
    if (start - previousEnd <= this.smallestHole) {
      this.bounds[last] = to;
      return;
    }
    if (this.count === this.limit) {
      this.coalesce();
      this.used -= to - Math.max(start, previousEnd);
      this.add(start, to);
      return;
    }
    this.reserve();
    this.bounds[this.count * 2] = start;
    this.bounds[this.count * 2 + 1] = to;
    this.count++;
  }

  /** Bits LSB first, one per unit of unitBytes; the first stands for the unit at startBytes. */
  addBitmap(bits: Uint8Array, bitCount: number, startBytes: number, unitBytes: number): void {
    let runStart = -1;
    for (let bit = 0; bit < bitCount; ) {
      const byte = bits[bit >> 3] ?? 0;
      if ((bit & 7) === 0 && bit + 8 <= bitCount && (byte === 0 || byte === 0xff)) {
        if (byte === 0xff && runStart < 0) runStart = bit;
        else if (byte === 0 && runStart >= 0) {
          this.add(startBytes + runStart * unitBytes, startBytes + bit * unitBytes);
          runStart = -1;
        }
        bit += 8;
        continue;
      }
      const set = ((byte >> (bit & 7)) & 1) === 1;
      if (set && runStart < 0) runStart = bit;
      else if (!set && runStart >= 0) {
        this.add(startBytes + runStart * unitBytes, startBytes + bit * unitBytes);
        runStart = -1;
      }
      bit++;
    }
    if (runStart >= 0) this.add(startBytes + runStart * unitBytes, startBytes + bitCount * unitBytes);
  }

  finish(): UsedMap {
    return new ExtentMap({
      blockSizeBytes: this.blockSizeBytes, lengthBytes: this.lengthBytes, usedBytes: this.used, bounds: this.bounds.slice(0, this.count * 2),
    });
  }

  private reserve(): void {
    if (this.count * 2 < this.bounds.length) return;
    const larger = new Float64Array(this.bounds.length * 2);
    larger.set(this.bounds);
    this.bounds = larger;
  }

  /** Closes ever larger holes until a quarter of the room is free; what was used stays used. */
  private coalesce(): void {
    while (this.count > this.limit * 0.75) {
      this.smallestHole = Math.max(this.blockSizeBytes, this.smallestHole * 2);
      let kept = 1;
      for (let i = 1; i < this.count; i++) {
        const start = this.bounds[i * 2] ?? 0;
        const end = this.bounds[i * 2 + 1] ?? 0;
        if (start - (this.bounds[kept * 2 - 1] ?? 0) <= this.smallestHole) this.bounds[kept * 2 - 1] = end;
        else {
          this.bounds[kept * 2] = start;
          this.bounds[kept * 2 + 1] = end;
          kept++;
        }
      }
      this.count = kept;
    }
  }
}

class ExtentMap implements UsedMap {
  readonly blockSizeBytes: number;
  readonly lengthBytes: number;
  readonly usedBytes: number;
  readonly extentCount: number;
  private readonly bounds: Float64Array;

  constructor(parts: { blockSizeBytes: number; lengthBytes: number; usedBytes: number; bounds: Float64Array }) {
    this.blockSizeBytes = parts.blockSizeBytes;
    this.lengthBytes = parts.lengthBytes;
    this.usedBytes = parts.usedBytes;
    this.bounds = parts.bounds;
    this.extentCount = parts.bounds.length / 2;
  }

  usedRanges(offset: number, length: number): number[] {
    const end = offset + length;
    const result: number[] = [];
    for (let i = this.firstEndingAfter(offset); i < this.extentCount; i++) {
      const from = this.bounds[i * 2] ?? 0;
      if (from >= end) break;
      result.push(Math.max(from, offset), Math.min(this.bounds[i * 2 + 1] ?? 0, end));
    }
    return result;
  }

  coverage(offset: number, length: number): 'unused' | 'partly' | 'used' {
    const i = this.firstEndingAfter(offset);
    const from = this.bounds[i * 2];
    if (from === undefined || from >= offset + length) return 'unused';
    return from <= offset && (this.bounds[i * 2 + 1] ?? 0) >= offset + length ? 'used' : 'partly';
  }

  *extents(): IterableIterator<{ offset: number; length: number }> {
    for (let i = 0; i < this.extentCount; i++) {
      const offset = this.bounds[i * 2] ?? 0;
      yield { offset, length: (this.bounds[i * 2 + 1] ?? 0) - offset };
    }
  }

  private firstEndingAfter(offset: number): number {
    let low = 0;
    let high = this.extentCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.bounds[middle * 2 + 1] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
