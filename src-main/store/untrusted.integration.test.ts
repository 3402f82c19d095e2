// Nothing from the network is trusted: malformed, unasked-for, misplaced or contradicting pages and frames are refused, and change nothing.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError, ProtocolError } from '#shared/errors.ts';
import { decodePackHeader, decodePackIndex, decodePackTrailer } from './pack-format.ts';
import { chunkOf, CHUNK, dataRun, headFor, makeChunk, pageOf, sendAll, TestStore } from './test-store.ts';
import type { CaptureSession } from './types.ts';

let test: TestStore;
let session: CaptureSession;
beforeEach(async () => {
  test = await TestStore.create();
  session = await test.store.openCapture('a', 3_600_000);
});
afterEach(() => test.dispose());

async function expectRefused(work: Promise<unknown>): Promise<void> {
  const error = await work.then(() => null, (reason: unknown) => reason);
  expect(error instanceof ProtocolError || error instanceof AppError, String(error)).toBe(true);
}

describe('random bytes', () => {
  it('as page or frames are refused', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 600 }), async (bytes) => {
      await expectRefused(session.addPage(bytes));
      await expectRefused(session.addFrames(bytes));
    }), { numRuns: 200 });
    expect((await test.store.figures()).chunks).toBe(0);
  });

  it('put over a good frame or page are refused', async () => {
    const chunk = makeChunk(1, 1);
    const page = pageOf(0, 0, [dataRun([chunk])]);
    await session.addPage(page);
    await fc.assert(fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (place, change) => {
      for (const [bytes, send] of [[Buffer.from(chunk.frame), (b: Uint8Array) => session.addFrames(b)], [Buffer.from(page), (b: Uint8Array) => session.addPage(b)]] as const) {
        const at = place % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ change;
        await expectRefused(send(bytes));
      }
    }), { numRuns: 300 });
    expect((await test.store.figures()).chunks).toBe(0);
  });

  it('as pack header, index or trailer are refused', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(), (bytes, size) => {
      expect(() => decodePackHeader(bytes)).toThrow(ProtocolError);
      expect(() => decodePackTrailer(bytes.subarray(0, 32), size)).toThrow(ProtocolError);
      expect(() => decodePackIndex(bytes, bytes.subarray(0, 48), size)).toThrow(ProtocolError);
    }));
  });
});

describe('a page', () => {
  it('is answered again when it comes again, and refused when it does not follow or contradicts', async () => {
    const chunks = test.chunks(8, 1);
    const first = pageOf(0, 0, [dataRun(chunks.slice(0, 4))]);
    expect(await session.addPage(first)).toEqual(Uint8Array.of(0b1111));
    expect(await session.addPage(first)).toEqual(Uint8Array.of(0b1111));
    await expectRefused(session.addPage(pageOf(0, 5, [dataRun(chunks.slice(5))])));
    await expectRefused(session.addPage(pageOf(0, 0, [dataRun(chunks.slice(4))])));
    await expectRefused(session.addPage(pageOf(0, 4, [])));
    await expectRefused(session.addPage(pageOf(100_000, 0, [dataRun(chunks)])));
    expect(await session.addPage(pageOf(0, 4, [{ kind: 'zero', count: 2 }, dataRun(chunks.slice(4, 6)), { kind: 'repeat', count: 9, hash: chunks[7]?.hash ?? new Uint8Array(32) }]))).toEqual(Uint8Array.of(0b111));
    expect(session.progress().streams).toEqual([{ index: 0, chunks: 17 }]);
  });
});

describe('a frame', () => {
  it('that no page asked for is refused, and one that comes twice is counted once', async () => {
    const chunks = test.chunks(3, 1);
    await session.addPage(pageOf(0, 0, [dataRun(chunks.slice(0, 2))]));
    await expectRefused(session.addFrames(chunks[2]?.frame ?? Buffer.alloc(0)));
    const twice = Buffer.concat([chunks[0]?.frame, chunks[0]?.frame, chunks[1]?.frame].map((frame) => frame ?? Buffer.alloc(0)));
    expect(await session.addFrames(twice)).toMatchObject({ frames: 3, newFrames: 2 });
    expect(await session.addFrames(twice)).toMatchObject({ frames: 3, newFrames: 0 });
    expect((await test.store.figures()).chunks).toBe(2);
  });

  it('that lies about its content is stored, but found by verifying, offered to nobody, and replaced by an honest one', async () => {
    const honest = makeChunk(1, 1);
    const other = makeChunk(1, 2);
    const liar = Buffer.from(other.frame);
    honest.frame.copy(liar, 24, 24, 56);
    const { sealFrame, FRAME_HEADER_BYTES, Compression } = await import('#shared/agent/frame.ts');
    const { blake3 } = await import('./hash.ts');
    sealFrame(liar, 0, { compression: Compression.zstd, rawLength: CHUNK, storedLength: liar.length - FRAME_HEADER_BYTES, hash: honest.hash }, blake3);
    await session.addPage(pageOf(0, 0, [dataRun([honest])]));
    await session.addFrames(liar);
    const second = await test.store.openCapture('b', 3_600_000);
    expect(await sendAll(second, [honest])).toBe(1);
    const { manifest } = await second.commit(headFor([CHUNK]));
    expect(await test.store.verify(manifest, 'all')).toMatchObject({ damaged: [], missing: [] });
  });
});

describe('a commit', () => {
  it('is refused while a stream is not complete, a chunk is lacking, or a length does not fit its place', async () => {
    const [first = makeChunk(0, 0), second = makeChunk(0, 1)] = test.chunks(2, 1);
    await session.addPage(pageOf(0, 0, [dataRun([first, second])]));
    await session.addFrames(first.frame);
    await expect(session.commit(headFor([3 * CHUNK]))).rejects.toThrow(ProtocolError);
    await expect(session.commit(headFor([2 * CHUNK]))).rejects.toMatchObject({ code: 'chunk-missing', data: { missing: 1 } });
    await session.addFrames(second.frame);
    await expect(session.commit(headFor([2 * CHUNK - 512]))).rejects.toThrow(ProtocolError);
    await expect(session.commit(headFor([CHUNK, CHUNK]))).rejects.toThrow(ProtocolError);
    expect(await test.store.manifests()).toEqual([]);
    const done = await session.commit(headFor([2 * CHUNK]));
    expect(await session.commit(headFor([2 * CHUNK]))).toEqual(done);
  });

  it('takes a shorter last chunk', async () => {
    const short = makeChunk(1, 9, 1024);
    const chunks = [makeChunk(1, 1), short];
    await session.addPage(pageOf(0, 0, [dataRun(chunks)]));
    await session.addFrames(Buffer.concat(chunks.map(({ frame }) => frame)));
    await expect(session.commit(headFor([CHUNK + 1024]))).resolves.toMatchObject({ newChunks: 2, newBytes: CHUNK + 1024 });
  });
});

describe('a lease', () => {
  it('keeps the chunks of an unfinished capture from the sweep, over a restart too, until it runs out', async () => {
    const chunks = test.chunks(5, 1);
    await sendAll(session, chunks);
    await test.store.sweep([]);
    await test.reopen();
    await test.store.sweep([]);
    const again = await test.store.openCapture('a', 1000);
    expect(await sendAll(again, chunks)).toBe(0);
    test.now += 1001;
    expect(await test.store.sweep([])).toMatchObject({ removedChunks: 5 });
    await expect(again.addFrames(chunks[0]?.frame ?? Buffer.alloc(0))).rejects.toMatchObject({ code: 'lease-lost' });
    expect(test.store.openCaptures()).toEqual([]);
  });

  it('keeps a committed manifest that has no version yet, and does not stop the sweep when that manifest never appeared', async () => {
    const chunks = test.chunks(5, 1);
    await sendAll(session, chunks);
    const { manifest } = await session.commit(headFor([5 * CHUNK]));
    await test.reopen();
    await test.store.sweep([]);
    expect(await test.store.manifests()).toEqual([manifest]);
    await test.store.deleteManifest(manifest);
    expect(await test.store.sweep([])).toMatchObject({ removedChunks: 0 });
    await (await test.store.openCapture('a', 1000)).close();
    expect(await test.store.sweep([])).toMatchObject({ removedChunks: 5 });
  });

  it('refuses a name that is no plain name', async () => {
    await expect(test.store.openCapture('../x', 1)).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

it('two captures that send the same new chunks at the same time both commit', async () => {
  const chunks = [...test.chunks(60, 4), chunkOf(Buffer.alloc(CHUNK, 3))];
  const other = await test.store.openCapture('b', 3_600_000);
  await Promise.all([sendAll(session, chunks, 20), sendAll(other, chunks, 20)]);
  const both = await Promise.all([session, other].map((one) => one.commit(headFor([chunks.length * CHUNK]))));
  for (const { manifest } of both) expect(await test.store.verify(manifest, 'all')).toMatchObject({ damaged: [], missing: [] });
});
