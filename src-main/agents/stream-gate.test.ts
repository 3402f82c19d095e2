import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StreamGate, type Slot } from './stream-gate.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function room(limit: number) {
  const gate = new StreamGate({ limit, stallMs: 30_000, clock: () => Date.now() });
  const order: string[] = [];
  const cut: string[] = [];
  const enter = (name: string, gone = new AbortController()): Promise<Slot> => gate.enter({ gone: gone.signal, cut: () => void cut.push(name) }).then((slot) => {
    order.push(name);
    return slot;
  });
  return { enter, order, cut };
}

describe('streams of a room', () => {
  it('run so many at once, and then in the order they came', async () => {
    const { enter, order } = room(2);
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => enter(name));
    const [a, b] = [await all[0], await all[1]];
    expect(order).toEqual(['a', 'b']);
    b?.leave();
    b?.leave();
    await all[2];
    expect(order).toEqual(['a', 'b', 'c']);
    a?.leave();
    (await all[2])?.leave();
    await Promise.all(all);
    expect(order).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('do not wait for one that went away before its turn', async () => {
    const { enter, order } = room(1);
    const a = await enter('a');
    const gone = new AbortController();
    const b = enter('b', gone);
    const c = enter('c');
    gone.abort();
    await expect(b).rejects.toThrow('went away');
    a.leave();
    await c;
    expect(order).toEqual(['a', 'c']);
    await expect(enter('d', gone)).rejects.toThrow('went away');
  });

  it('do not wait for a peer that fell silent, nor cut one that nobody waits for or that waits for us', async () => {
    const { enter, cut } = room(2);
    const [silent, busy] = [await enter('silent'), await enter('busy')];
    silent.peersTurn();
    busy.peersTurn();
    busy.ourTurn();
    vi.advanceTimersByTime(120_000);
    expect(cut).toEqual([]);
    const next = enter('next');
    vi.advanceTimersByTime(2000);
    expect(cut.slice(0, 1)).toEqual(['silent']);
    expect(cut).not.toContain('busy');
    silent.leave();
    await next;
    cut.length = 0;
    busy.peersTurn();
    vi.advanceTimersByTime(120_000);
    expect(cut).toEqual([]);
  });
});
