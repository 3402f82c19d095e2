import { describe, expect, it } from 'vitest';
import type { CopyState } from '#shared/model/replication.ts';
import type { HandingServer } from '../servers/service.ts';
import type { HeldImage, HeldVersion, Kind } from './parts.ts';
import { isProof, stepOf, strandedWithout, type StepWorld } from './progress.ts';

const BEGUN = 1_000_000;
const server = (id: string, more: Partial<HandingServer> = {}): HandingServer => ({ id, name: id, state: 'joined', siteId: null, parentId: null, isConsole: false, isSelf: false, connected: true, freeBytes: null, skewMs: 0, bytesPerSecond: null, ...more });
const version = (number: number, copies: Record<string, CopyState | [CopyState, number]>, more: Partial<HeldVersion> = {}): HeldVersion => ({
  guid: `v${number}`, number, pending: false, trashed: false, storedBytes: 100, usedBytes: 0, ...more,
  copies: new Map(Object.entries(copies).map(([id, copy]) => [id, Array.isArray(copy) ? { state: copy[0], provedAt: copy[1] } : { state: copy, provedAt: null }])),
});
const image = (versions: HeldVersion[], more: Partial<HeldImage> = {}): HeldImage => ({ guid: 'lab', name: 'Lab', createdAt: 1, protected: false, trashed: false, ownerId: 'old', storedBytes: 0, versions, ...more });
const world = (servers: HandingServer[], kind: Kind = 'retire', acceptLoss = false): StepWorld => ({ kind, startedAt: BEGUN, acceptLoss, servers, fromId: 'old', arrivedBytes: () => 40 });
const step = (held: HeldImage, servers: HandingServer[], more: { proofs?: Record<string, number | null>; kind?: Kind; acceptLoss?: boolean } = {}) =>
  stepOf(held, { to: servers.find((each) => each.id === 'new') ?? server('new'), proofs: more.proofs ?? { v1: null } }, world(servers, more.kind, more.acceptLoss));
const both = [server('old'), server('new')];

describe('a proof', () => {
  it.each<[number | null, number | null, number, boolean, string]>([
    [null, null, 0, false, 'none'], [BEGUN + 1, null, 0, true, 'after the beginning'], [BEGUN - 60_000, null, 0, false, 'before it'], [BEGUN + 1, BEGUN + 1, 0, false, 'known already when it began'],
    [BEGUN + 1, null, 60_000, false, 'by a clock that is a minute ahead: before it'], [BEGUN - 50_000, null, -60_000, true, 'by a clock that is a minute behind: after it'],
  ])('at %s, before %s, skew %s: %s (%s)', (provedAt, before, skewMs, counts, _) => expect(isProof(provedAt, before, { startedAt: BEGUN, skewMs })).toBe(counts));
});

describe('an image on its way to a new owner', () => {
  it('is copied, proved, and may then change hands', () => {
    expect(step(image([version(1, { old: 'ready', new: 'copying' })]), both)).toMatchObject({ state: 'copying', problem: null, bytes: 100, doneBytes: 40 });
    expect(step(image([version(1, { old: 'ready', new: 'verifying' })]), both)).toMatchObject({ state: 'proving', problem: null, doneBytes: 100 });
    expect(step(image([version(1, { old: 'ready', new: ['ready', BEGUN - 60_000] })]), both)).toMatchObject({ state: 'proving', unproved: [{ guid: 'v1' }] });
    expect(step(image([version(1, { old: 'ready', new: ['ready', BEGUN + 5] })]), both)).toMatchObject({ state: 'proved', problem: null, unproved: [] });
  });
  it('is proved only with all its versions, but for those that are pending or in the trash', () => {
    const rest = [version(2, { old: 'ready' }, { pending: true }), version(3, { old: 'ready' }, { trashed: true })];
    expect(step(image([version(1, { new: ['ready', BEGUN + 5] }), ...rest]), both).state).toBe('proved');
    expect(step(image([version(1, { new: ['ready', BEGUN + 5] }), version(4, { old: 'ready' })]), both).state).toBe('copying');
    expect(step(image([]), both).state).toBe('proved');
  });
  it.each([
    [{ old: 'ready' }, [server('old', { connected: false }), server('new')], /Only old has a proved copy .* Start it; .*platen server recover "old"/],
    [{ old: 'ready' }, [server('old'), server('new', { connected: false })], /new is not connected, so v1 of Lab is not copied/],
    [{ old: 'damaged' }, both, /No server has a proved copy of v1 of Lab \(damaged on old\)/],
    [{ old: 'verifying' }, both, /No copy of v1 of Lab is proved yet; it is being re-hashed/],
    [{ new: 'damaged' }, both, /damaged on new\. Damaged chunks are fetched again/],
    [{ old: 'ready', new: 'removing' }, both, /is being removed from new/],
    [{ old: 'ready' }, [server('old'), server('new', { state: 'revoked' })], /new was revoked, so it can't take over/],
    [{ old: 'ready' }, [server('old', { state: 'revoked' }), server('new')], /No server has a proved copy/],
  ] as const)('waits and says why: %j', (copies, servers, problem) => {
    const found = step(image([version(1, copies)]), [...servers]);
    expect(found.state).not.toBe('proved');
    expect(found.problem).toMatch(problem);
  });
  it('is recovered without what is proved nowhere, where that is accepted, and never by the copy of the lost server', () => {
    const held = image([version(1, { old: 'ready' })]);
    expect(step(held, both, { kind: 'recover' })).toMatchObject({ state: 'copying', problem: 'No other server has a proved copy of v1 of Lab. Bring old back; or cancel this, and recover the rest with --accept-loss.' });
    expect(step(held, both, { kind: 'recover', acceptLoss: true })).toMatchObject({ state: 'proved', problem: 'v1 of Lab is proved nowhere: lost, unless a server comes back with it.' });
    expect(step(image([version(1, { third: 'ready' })]), [...both, server('third')], { kind: 'recover', acceptLoss: true })).toMatchObject({ state: 'copying', problem: null });
  });
});

describe('a server that is to be let go', () => {
  const left = (held: HeldImage, servers = both): string[] => strandedWithout('old', [held], servers).map((each) => each.reason);
  it('leaves nothing that is not ready on another one that is in and connected', () => {
    expect(left(image([version(1, { old: 'ready', new: 'ready' })]))).toEqual([]);
    expect(left(image([version(1, { old: 'ready', new: 'verifying' })]))).toEqual(['v1 of Lab is not proved on any other server yet.']);
    expect(left(image([version(1, { old: 'damaged' })], { ownerId: 'new' }))).toHaveLength(1);
    expect(left(image([version(1, { old: 'ready', new: 'ready' })]), [server('old'), server('new', { state: 'retired' })])).toHaveLength(1);
    expect(left(image([version(1, { old: 'ready', new: 'ready' })]), [server('old'), server('new', { connected: false })])[0]).toMatch(/ready on new alone, and that server is not connected now/);
    expect(left(image([version(1, { old: 'ready' }, { pending: true })]))[0]).toMatch(/waits to be validated/);
  });
  it('is not held back by what it has nothing to do with, or what is in the trash', () => {
    expect(left(image([version(1, { third: 'ready' })], { ownerId: 'third' }))).toEqual([]);
    expect(left(image([version(1, { old: 'ready' }, { trashed: true })]))).toEqual([]);
    expect(left(image([version(1, { old: 'ready' })], { trashed: true }))).toEqual([]);
  });
});
