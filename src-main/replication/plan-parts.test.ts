import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hubNoticeSchema, MAX_REPLICA_MESSAGE_BYTES, type HubNotice, type Plan, type WantedVersion } from '#shared/replication/messages.ts';
import { planMessages, PlanJoiner } from './plan-parts.ts';

const server = { id: randomUUID(), name: 'A', siteId: null, parentId: null };
const head: Omit<Plan, 'wanted'> = { rev: 1, server, console: { id: randomUUID(), name: 'hq', addresses: [], fingerprint: 'a'.repeat(64), publicKey: 'x' }, peers: [], bytesPerSecond: null, windows: [], verifyEveryDays: 30 };
const version = (note: string): WantedVersion => ({
  guid: randomUUID(), manifest: 'a'.repeat(64), manifestBytes: 1, number: 1, note, enabled: true, pending: false, capturedAt: 1, capturedBy: 'anna', computerName: 'lab-01', diskBytes: 1, usedBytes: 1, newBytes: 1, storedBytes: 1, smallestTargetBytes: 1,
  image: { guid: randomUUID(), name: 'Läb', kind: 'image', enabled: true, protected: false, createdAt: 1, owner: null }, priority: 1,
});
const messagesOf = (wanted: readonly WantedVersion[], partBytes?: number, digest = 'd'): string[] => [...planMessages({ digest, head: JSON.stringify(head), wanted: wanted.map((each) => JSON.stringify(each)) }, partBytes)];
const noticeOf = (text: string) => hubNoticeSchema.parse(JSON.parse(text)) as Extract<HubNotice, { type: 'plan' | 'planMore' }>;

describe('a plan on its way', () => {
  it('is one message, as always, where it is short', () => {
    const wanted = [version('a'), version('b')];
    const [only = '', ...more] = messagesOf(wanted);
    expect([more, JSON.parse(only)]).toEqual([[], { type: 'plan', digest: 'd', plan: { ...head, wanted } }]);
    expect(new PlanJoiner().take(noticeOf(only))).toEqual({ digest: 'd', plan: { ...head, wanted } });
  });

  it('is several where it is long, and a plan only with the last', () => {
    const wanted = Array.from({ length: 20 }, (_, index) => version(String(index)));
    const notices = messagesOf(wanted, 3000).map(noticeOf);
    expect(notices.length).toBeGreaterThan(3);
    const joiner = new PlanJoiner();
    expect(notices.map((notice) => joiner.take(notice)).map((plan) => plan?.plan.wanted.length ?? null)).toEqual([...notices.slice(1).map(() => null), 20]);
    expect(notices.map((notice) => joiner.take(notice)).at(-1)).toEqual({ digest: 'd', plan: { ...head, wanted } });
  });

  it('that another one overtakes is dropped', () => {
    const joiner = new PlanJoiner();
    const [old, late] = messagesOf([version('a'), version('b')], 1, 'old').map(noticeOf);
    const [fresh] = messagesOf([version('c')], undefined, 'new').map(noticeOf);
    if (old === undefined || late === undefined || fresh === undefined) throw new Error('three messages');
    expect([joiner.take(old), joiner.take(fresh)?.digest, joiner.take(late)]).toEqual([null, 'new', null]);
  });

  it('that names more versions than a plan may have is given up, and the next one is taken', () => {
    const joiner = new PlanJoiner(2);
    const [first, second, third] = messagesOf([version('a'), version('b'), version('c')], 1).map(noticeOf);
    if (first === undefined || second === undefined || third === undefined) throw new Error('three messages');
    expect([joiner.take(first), joiner.take(second)]).toEqual([null, null]);
    expect(() => joiner.take(third)).toThrow(/more than 2 versions/);
    expect(messagesOf([version('d')]).map(noticeOf).map((notice) => joiner.take(notice)?.plan.wanted.length)).toEqual([1]);
  });

  it('of 100,000 versions with long notes has no message that is too long', () => {
    const text = JSON.stringify(version('ü'.repeat(500)));
    const sizes = [...planMessages({ digest: 'd', head: JSON.stringify(head), wanted: Array.from({ length: 100_000 }, () => text) })].map((message) => Buffer.byteLength(message));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(MAX_REPLICA_MESSAGE_BYTES);
    expect(Math.max(...sizes)).toBeLessThan(MAX_REPLICA_MESSAGE_BYTES);
  });
});
