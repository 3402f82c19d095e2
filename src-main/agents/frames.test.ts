import { describe, expect, it } from 'vitest';
import type { AppError } from '#shared/errors.ts';
import { BATCH_BYTES, storeFrames, wholeFrames } from './frames.ts';
import { rangeOf } from './http.ts';
import { Tickets, TICKET_MS } from './tickets.ts';
import { CHUNK, testChunk } from '../test-agent.ts';

const refusal = async (work: Promise<unknown>): Promise<Partial<AppError>> => work.then(() => ({}), (error: AppError) => error);

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('frames of a body', () => {
  const frames = Array.from({ length: 40 }, (_, i) => Buffer.from(testChunk(Buffer.alloc(i % 5 === 0 ? 5000 : CHUNK, `${i} noise ${i * 7919}`), i % 3 === 0).frame));
  const body = Buffer.concat(frames);
  const limits = { maxRawBytes: CHUNK, maxBodyBytes: 1e9 };

  it.each([1000, 65_536, 300_000, BATCH_BYTES, BATCH_BYTES * 3])('reach the store whole and in order, however they were cut (%i bytes)', async (size) => {
    const stored: Buffer[] = [];
    const totals = await storeFrames(pieces(body, size), limits, async (batch) => {
      const { end } = wholeFrames(batch, batch.length, limits);
      expect([end, batch.length <= BATCH_BYTES]).toEqual([batch.length, true]);
      stored.push(Buffer.from(batch));
      await new Promise((resolve) => setImmediate(resolve));
      return { frames: 1 };
    });
    expect(Buffer.concat(stored).equals(body)).toBe(true);
    expect(totals).toEqual({ frames: stored.length, bytes: body.length });
  });
  it('larger than a batch pass too', async () => {
    const large = testChunk(Buffer.alloc(6 * 1024 * 1024, 1), false).frame;
    const stored: number[] = [];
    await storeFrames(pieces(Buffer.concat([large, large]), 65_536), { maxRawBytes: 1 << 24, maxBodyBytes: 1e9 }, async (batch) => {
      stored.push(batch.length);
      return { frames: 1 };
    });
    expect(stored).toEqual([large.length, large.length]);
  });
  it('are refused when the body is too long, ends within a frame or holds a chunk that is too long', async () => {
    const keep = async () => ({ frames: 1 });
    expect((await refusal(storeFrames(pieces(body, 1000), { ...limits, maxBodyBytes: 10_000 }, keep))).message).toContain('too long');
    expect((await refusal(storeFrames(pieces(body.subarray(0, body.length - 1), 65_536), limits, keep))).message).toContain('within a frame');
    expect((await refusal(storeFrames(pieces(body, 65_536), { ...limits, maxRawBytes: 4096 }, keep))).message).toContain('chunk size');
  });
  it('end with the failure of the store', async () => {
    const error = await refusal(storeFrames(pieces(body, 65_536), limits, () => Promise.reject(new Error('disk full'))));
    expect(error.message).toBe('disk full');
  });
});

describe('a ticket', () => {
  it('opens its own run for minutes, until the run ends', () => {
    let now = 0;
    const tickets = new Tickets(() => now);
    const { ticket } = tickets.issue('run-1');
    expect(tickets.runOf(`Bearer ${ticket}`)).toBe('run-1');
    for (const header of [undefined, '', ticket, 'Bearer ticket1.', `Bearer ${ticket}x`]) expect(() => tickets.runOf(header)).toThrow();
    const renewed = tickets.issue('run-1');
    expect(tickets.runOf(`Bearer ${ticket}`)).toBe('run-1');
    now += TICKET_MS + 1;
    expect(() => tickets.runOf(`Bearer ${ticket}`)).toThrow();
    const last = tickets.issue('run-1');
    tickets.revoke('run-1');
    for (const each of [renewed, last]) expect(() => tickets.runOf(`Bearer ${each.ticket}`)).toThrow();
  });
});

it('a range is one piece of the file, or refused', () => {
  expect([rangeOf(undefined, 10), rangeOf('bytes=2-', 10), rangeOf('bytes=2-4', 10), rangeOf('bytes=2-99', 10), rangeOf('bytes=-5', 10)])
    .toEqual([{ start: 0, end: 9, partial: false }, { start: 2, end: 9, partial: true }, { start: 2, end: 4, partial: true }, { start: 2, end: 9, partial: true }, { start: 0, end: 9, partial: false }]);
  expect(() => rangeOf('bytes=10-', 10)).toThrow();
});
