import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#shared/errors.ts';
import { blake3 } from './hash.ts';
import { decodePackHeader, decodePackIndex, decodePackTrailer, encodePackHeader, PACK_HEADER_BYTES, PACK_TRAILER_BYTES, PackEntries } from './pack-format.ts';

function sealed(lengths: readonly number[]): { entries: PackEntries; header: Uint8Array; footer: Buffer; size: number } {
  const entries = new PackEntries();
  for (const [i, storedLength] of lengths.entries()) entries.push({ hash: blake3(Buffer.from(String(i))), offset: entries.end, storedLength, rawLength: storedLength + 5, compression: 1 });
  const header = encodePackHeader(7);
  const footer = entries.seal(header);
  return { entries, header, footer, size: entries.end + footer.length };
}

describe('a pack index', () => {
  it('reads back as it was written', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 100_000 }), { maxLength: 200 }), (lengths) => {
      const { entries, header, footer, size } = sealed(lengths);
      expect(decodePackHeader(header)).toEqual({ id: 7 });
      const { indexOffset, entryCount } = decodePackTrailer(footer.subarray(-PACK_TRAILER_BYTES), size);
      expect({ indexOffset, entryCount }).toEqual({ indexOffset: entries.end, entryCount: lengths.length });
      expect(decodePackIndex(header, footer, indexOffset).map(({ storedLength }) => storedLength)).toEqual(lengths);
    }));
  });

  it('is refused with any one bit flipped, in header, entries or trailer', () => {
    const { header, footer, size } = sealed([10, 20]);
    const whole = Buffer.concat([header, footer]);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const bytes = Buffer.from(whole);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const end = bytes.subarray(PACK_HEADER_BYTES);
      expect(() => decodePackIndex(bytes.subarray(0, PACK_HEADER_BYTES), end, decodePackTrailer(end.subarray(-PACK_TRAILER_BYTES), size).indexOffset), `bit ${bit}`).toThrow(ProtocolError);
    }
  });
});
