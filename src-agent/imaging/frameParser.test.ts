import fc from 'fast-check';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Compression, FRAME_HEADER_BYTES, sealFrame } from '#shared/agent/frame.ts';
import { AppError } from '#shared/errors.ts';
import { blake3 } from '../hash.ts';
import { FrameParser, type WantedChunk } from './frameParser.ts';

function frameOf(raw: Buffer, change: { hash?: Uint8Array; stored?: Buffer; rawLength?: number } = {}): Buffer {
  const packed = change.stored ?? zstdCompressSync(raw);
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + packed.length);
  packed.copy(frame, FRAME_HEADER_BYTES);
  sealFrame(frame, 0, { compression: Compression.zstd, rawLength: change.rawLength ?? raw.length, storedLength: packed.length, hash: change.hash ?? blake3(raw) }, blake3);
  return frame;
}
const want = (raw: Buffer): WantedChunk => ({ hash: blake3(raw), length: raw.length });
const a = Buffer.from('first chunk '.repeat(50));
const b = Buffer.from('second chunk '.repeat(70));

function parse(bytes: Buffer, wanted: WantedChunk[], cut = bytes.length): { chunks: Buffer[]; code: string } {
  const chunks: Buffer[] = [];
  const parser = new FrameParser(wanted, Buffer.alloc(FRAME_HEADER_BYTES + 2048), (_, raw) => chunks.push(raw));
  try {
    for (let at = 0; at < bytes.length; at += cut) parser.add(bytes.subarray(at, at + cut));
    parser.finish();
    return { chunks, code: 'good' };
  } catch (error) {
    if (error instanceof AppError) return { chunks, code: error.code };
    throw error;
  }
}

describe('FrameParser', () => {
  it('gives out the chunks asked for, in whatever pieces they arrive', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 300 }), (cut) => {
      expect(parse(Buffer.concat([frameOf(a), frameOf(b)]), [want(a), want(b)], cut)).toEqual({ chunks: [a, b], code: 'good' });
    }));
  });
  it.each([
    ['another chunk', Buffer.concat([frameOf(b)]), 'protocol'],
    ['the right chunks in another order', Buffer.concat([frameOf(b), frameOf(a)]), 'protocol'],
    ['a chunk too many', Buffer.concat([frameOf(a), frameOf(b)]), 'protocol'],
    ['nothing', Buffer.alloc(0), 'protocol'],
    ['half a frame', frameOf(a).subarray(0, 130), 'protocol'],
    ['other contents under the right hash', frameOf(b.subarray(0, a.length), { hash: blake3(a) }), 'chunk-damaged'],
    ['another length', frameOf(a, { rawLength: a.length + 1 }), 'chunk-damaged'],
    ['more than the length says', frameOf(Buffer.alloc(200_000), { hash: blake3(a), rawLength: a.length }), 'chunk-damaged'],
    ['no zstd at all', frameOf(a, { stored: Buffer.from('not compressed in any way') }), 'chunk-damaged'],
    ['a frame longer than any chunk', frameOf(a, { stored: Buffer.alloc(10_000) }), 'chunk-damaged'],
  ])('gives out nothing when the server sends %s', (name, bytes, code) => {
    const first = name === 'a chunk too many' ? [a] : [];
    expect(parse(bytes, [want(a)])).toEqual({ chunks: first, code });
  });
  it('never gives out a chunk of a frame with a flipped bit', () => {
    const frame = frameOf(a);
    fc.assert(fc.property(fc.integer({ min: 0, max: frame.length * 8 - 1 }), (bit) => {
      const bad = Buffer.from(frame);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const { chunks, code } = parse(bad, [want(a)]);
      expect([chunks, code === 'good']).toEqual([[], false]);
    }));
  });
});
