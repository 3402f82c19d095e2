import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AppError } from '#shared/errors.ts';
import { CapturePlaces, type CaptureChannel, type CapturePlacesParts } from './capture-places.ts';

const [hq, a, b] = [randomUUID(), randomUUID(), randomUUID()];
const names: Record<string, string> = { [hq]: 'hq', [a]: 'A', [b]: 'B' };
const away = () => Promise.reject(new AppError('connection-lost', 'That package server is not connected now.'));
type Ask = (serverId: string, type: string) => Promise<unknown>;

function places(ask: Ask, more: Partial<CapturePlacesParts> = {}): CapturePlaces {
  const servers = {
    selfId: hq, names: () => [hq, a, b].map((id) => ({ id, name: names[id] ?? '', state: 'joined', connected: true })), known: (id: string) => ({ name: names[id], state: 'joined' }),
    captureTargetFor: (_address: string, except: ReadonlySet<string> = new Set()) => {
      const serverId = [a, b, hq].find((id) => !except.has(id)) ?? hq;
      return { serverId, name: names[serverId] ?? '', addresses: ['https://10.0.0.1:8420'], reason: 'it is near' };
    },
  } as unknown as CapturePlacesParts['servers'];
  const channel: CaptureChannel = { isConnected: () => true, request: (serverId, message) => ask(serverId, message.type) as never };
  return new CapturePlaces({ servers, channel, log: { info: () => undefined } as never, againMs: 1, ...more });
}
const placing = { captureId: 'c', ttlMs: 1000, graph: {} as never };
const said: string[] = [];
const open = (on: CapturePlaces, more: { before?: { at: { serverId: string; name: string; reason: string } | null } | null; not?: { serverId: string; why: string }[] } = {}) => {
  said.length = 0;
  return on.open('10.0.0.9', { before: null, not: [], placing, say: (line) => said.push(line), ...more });
};

describe('the place of a capture', () => {
  it('is the nearest server that takes it, and the log says who did not', async () => {
    const asked: string[] = [];
    const on = places((serverId, type) => {
      asked.push(`${names[serverId]} ${type}`);
      return serverId === a ? Promise.reject(new AppError('space-foreseen', 'There is no room.')) : Promise.resolve({ resumed: false });
    });
    expect(await open(on)).toMatchObject({ at: { serverId: b }, resumed: false });
    expect([asked, said]).toEqual([['A captureOpen', 'B captureOpen'], ['A does not take the capture: There is no room.', 'The capture goes to B: it is near.']]);
  });
  it('is the console where nobody takes it, and what an agent tried in vain is not asked', async () => {
    expect(await open(places(away), { not: [{ serverId: a, why: 'A can\'t be used.' }] })).toEqual({ at: null });
    expect(said).toEqual(['A is not used for this capture: A can\'t be used.', 'B does not take the capture: That package server is not connected now.', 'The capture goes to the console: it is near.']);
  });
  it('is where chunks of it are: there, or here', async () => {
    expect(await open(places(() => Promise.resolve({ resumed: true })), { before: { at: { serverId: b, name: 'B', reason: 'it was near' } } })).toMatchObject({ at: { serverId: b }, resumed: true });
    expect(await open(places(away), { before: { at: null } })).toEqual({ at: null });
  });
});

describe('the end of a capture', () => {
  const request = { captureId: 'c', head: {} as never, pending: false };
  const at = { serverId: a, name: 'A', reason: '' };
  it('waits for a server that is away, says so once, and takes its answer', async () => {
    let tries = 0;
    const on = places(() => (++tries < 3 ? away() : Promise.resolve({ version: 'made' })));
    const lines: string[] = [];
    expect(await on.commit(at, request, { ended: new AbortController().signal, say: (line) => lines.push(line) })).toBe('made');
    expect(lines).toEqual(['A is not connected now. The version is made when it is back.']);
  });
  it('does not wait where the agent is gone, or for ever; a refusal is told at once', async () => {
    const gone = AbortSignal.abort();
    await expect(places(away).commit(at, request, { ended: gone, say: () => undefined })).rejects.toMatchObject({ code: 'connection-lost', message: expect.stringMatching(/agent went away/) as string });
    await expect(places(away, { patienceMs: -1 }).commit(at, request, { ended: new AbortController().signal, say: () => undefined })).rejects.toThrow(/A has everything of this capture and did not come back/);
    await expect(places(() => Promise.reject(new AppError('chunk-missing', 'x'))).commit(at, request, { ended: new AbortController().signal, say: () => undefined })).rejects.toMatchObject({ code: 'chunk-missing' });
  });
  it('asks one server for eight things at a time, in turn', async () => {
    let [busy, most, done] = [0, 0, 0];
    const on = places(async () => {
      most = Math.max(most, ++busy);
      await new Promise((resolve) => setImmediate(resolve));
      busy--;
      done++;
      return { version: 'made' };
    });
    await Promise.all(Array.from({ length: 50 }, () => on.commit(at, request, { ended: new AbortController().signal, say: () => undefined })));
    expect([most, done]).toEqual([8, 50]);
  });
});
