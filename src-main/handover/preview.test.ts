import { describe, expect, it } from 'vitest';
import type { HandingServer } from '../servers/service.ts';
import type { HeldImage, HeldVersion, Row } from './parts.ts';
import { previewOf, type PreviewWorld } from './preview.ts';
import { readRequest, targetsFor, type Asked } from './targets.ts';

const server = (id: string, more: Partial<HandingServer> = {}): HandingServer => ({ id, name: id, state: 'joined', siteId: null, parentId: null, isConsole: false, isSelf: false, connected: true, freeBytes: 1e13, skewMs: 0, bytesPerSecond: null, ...more });
const version = (number: number, readyAt: string[], more: Partial<HeldVersion> = {}): HeldVersion => ({ guid: `v${number}`, number, pending: false, trashed: false, storedBytes: 2_000_000_000, usedBytes: 0, copies: new Map(readyAt.map((id) => [id, { state: 'ready', provedAt: 1 }])), ...more });
const image = (name: string, versions: HeldVersion[], more: Partial<HeldImage> = {}): HeldImage => ({ guid: name, name, createdAt: 1, protected: false, trashed: false, ownerId: 'PS008', storedBytes: 0, versions, ...more });
const [hq, ps8, ps10] = [server('Platen', { isConsole: true, isSelf: true }), server('PS008'), server('PS010')];
const world = (more: Partial<PreviewWorld> = {}): PreviewWorld => ({ servers: [hq, ps8, ps10], heldByScope: new Map(), open: [], siteName: () => 'Rome', dependentsOf: () => ({ subnets: [], edges: [] }), ...more });
const asked = (images: HeldImage[], more: Partial<Asked> = {}): Asked => ({ kind: 'retire', from: ps8, to: ps10, chooses: false, acceptLoss: false, handed: images.map((each) => ({ image: each, from: ps8, to: more.to ?? ps10 })), ...more });
const said = (what: Asked, there = world()): string[] => previewOf(what, there).preview.consequences.map((each) => `${each.kind}: ${each.text}`);
const row = (more: Partial<Row>): Row => ({ id: '12345678-0000', kind: 'retire', state: 'copying', from: 'PS009', to: null, actor: 'anna', startedAt: 1, endedAt: null, body: { images: [], problem: null, undo: null, chooses: false, acceptLoss: false, begun: true, before: 'joined', place: null }, ...more });

describe('a preview', () => {
  it('tells what is copied, whether there is room, and who is not assigned', () => {
    const lines = said(asked([image('Lab', [version(2, ['PS008']), version(1, ['PS008', 'PS010'])])], { to: { ...ps10, freeBytes: 1e9 } }));
    expect(lines).toEqual(expect.arrayContaining([
      'loss: PS008 is neither asked nor served any more, once you let it go. What lies on its disk stays there; nothing is deleted.', 'gain: Lab belongs to PS010 then, and not to PS008 any more; its 2 versions are proved there first.',
      'note: PS010 copies 1 version of Lab first, at most 2.0 GB.', 'note: Lab is not assigned to PS010: as owner it holds it whatever the scope says. The scope stays as it is.',
      expect.stringMatching(/^note: At most 2\.0 GB are to be copied to PS010, and only 1\.0 GB are free there\./) as string,
    ]));
  });
  it('tells what is copied with what other images brought before, and of a version beside an older one what was captured in between', () => {
    const copied = (versions: HeldVersion[]): string[] => said(asked([image('Lab', versions, { storedBytes: 5_000_000_000 })])).filter((line) => line.includes(' copies ') || line.includes('are copied'));
    const [newer, older] = [version(2, ['PS008'], { storedBytes: 1_000_000_000 }), version(1, ['PS008'])];
    expect(copied([newer, older])).toEqual(['note: PS010 copies 2 versions of Lab first, at most 5.0 GB.', expect.stringMatching(/^note: At most 5\.0 GB are copied to PS010; /) as string]);
    expect(copied([newer, version(1, ['PS008', 'PS010'])])[0]).toBe('note: PS010 copies 1 version of Lab first, at most 1.0 GB.');
    expect(copied([version(2, ['PS008'], { storedBytes: 1_000_000_000, usedBytes: 3_000_000_000 }), version(1, [], { trashed: true })])[0]).toBe('note: PS010 copies 1 version of Lab first, at most 3.0 GB.');
  });
  it('names what waits, what is proved nowhere, what is protected, and what is in the trash', () => {
    const lines = said(asked([
      image('Lab', [version(4, ['PS008'], { pending: true }), version(3, [], {}), version(2, ['PS008'], { trashed: true })], { protected: true }), image('Old', [version(1, ['PS008', 'Platen'])], { trashed: true }),
    ]));
    expect(lines).toEqual(expect.arrayContaining([
      'note: Lab is protected against deletion, and stays so.', expect.stringMatching(/^note: No server has a proved copy of Lab v3 now\./) as string, 'note: Lab v4 waits to be validated, and is not copied to PS010 before.',
      expect.stringMatching(/^loss: Lab v2 is in the trash and on PS008 alone/) as string, 'note: Old is in the trash, so nothing of it is copied.',
    ]));
    expect(lines.filter((line) => line.includes('Old') && line.startsWith('loss'))).toEqual([]);
  });
  it('tells who read from the server that leaves', () => {
    const from = { ...ps8, siteId: 'rome' };
    expect(said(asked([], { from }), world({ servers: [hq, from, ps10], dependentsOf: () => ({ subnets: ['10.1.0.0/16'], edges: ['Edge'] }) }))).toEqual(expect.arrayContaining([
      'loss: Rules send computers of 10.1.0.0/16 to PS008; then they read from the next nearest server.', 'loss: Edge copies from PS008 alone; then from every server.', 'loss: Rome has no other package server: its computers then read from the console.',
    ]));
  });
  it.each([
    ['to itself', asked([], { to: ps8 }), world(), /can't take over from itself/], ['the console', asked([], { from: hq }), world(), /The console is not retired/],
    ['to one that is out', asked([], { to: server('PS010', { state: 'retired' }) }), world(), /PS010 was retired/], ['to one that leaves', asked([]), world({ open: [row({ from: 'PS010' })] }), /PS010 is being handed over itself/],
    ['twice', asked([]), world({ open: [row({ from: 'PS008' })] }), /PS008 is being handed over already .*--cancel/], ['of one that is revoked', asked([], { from: server('PS008', { state: 'revoked' }) }), world(), /Recover its images instead/],
    ['of nothing', asked([image('Lab', [], { ownerId: 'PS010' })], { kind: 'take-ownership', from: null }), world(), /Nothing changes hands/],
    ['of what is proved nowhere else', asked([image('Lab', [version(1, ['PS008'])])], { kind: 'recover' }), world(), /Lab v1 is proved nowhere but on PS008/],
  ])('is blocked: %s', (_, what, there, why) => {
    const { preview } = previewOf(what, there);
    expect(preview.blocked).toBe(true);
    expect(preview.consequences.find((each) => each.kind === 'refusal')?.text).toMatch(why);
  });
  it('has one digest for one meaning, whatever is copied or connected meanwhile', () => {
    const digest = (images: HeldImage[], to = ps10): string => previewOf(asked(images, { to }), world()).preview.digest;
    const before = digest([image('Lab', [version(1, ['PS008'])])]);
    expect(digest([image('Lab', [version(1, ['PS008', 'PS010'])])], { ...ps10, connected: false, freeBytes: 5 })).toBe(before);
    expect(digest([image('Lab', [version(2, ['PS008']), version(1, ['PS008'])])])).not.toBe(before);
    expect(digest([image('Lab', [version(1, ['PS008'])], { protected: true })])).not.toBe(before);
  });
  it('of very much is cut, but never what hinders or is lost', () => {
    const { consequences } = previewOf(asked(Array.from({ length: 1000 }, (_, at) => image(`Image ${at}`, [version(1, ['PS008'])]))), world()).preview;
    expect(consequences).toHaveLength(501);
    expect(consequences[0]?.kind).toBe('loss');
    expect(consequences.at(-1)?.text).toMatch(/^And \d+ more like these\.$/);
  });
});

describe('a new owner that nobody named', () => {
  const images = [image('A', [version(1, ['PS008', 'PS010'])]), image('B', [version(1, ['PS008', 'PS009']), version(2, ['PS008', 'PS009'])])];
  const servers = [hq, ps8, server('PS009'), ps10];
  const choose = (kind: 'retire' | 'recover', among = servers): (string | undefined)[] => images.map((each) => targetsFor(kind, images, { from: ps8, named: null, servers: among }).of(each)?.name);
  it('is who holds most of all of it, or, of a lost server, of each image; the console where nobody does', () => {
    expect(choose('retire')).toEqual(['PS009', 'PS009']);
    expect(choose('recover')).toEqual(['PS010', 'PS009']);
    expect(choose('retire', [hq, ps8, server('PS009', { state: 'retiring' })])).toEqual(['Platen', 'Platen']);
    expect(choose('retire', [ps8])).toEqual([undefined, undefined]);
  });
  it('may be missing, and then it is said', () => {
    const request = readRequest({ kind: 'retire', from: 'PS008', to: null }, { servers: [ps8], find: () => ps8, image: (ref) => ref, images: () => new Map(images.map((each) => [each.guid, each])), ownedBy: () => ['A', 'B'] });
    expect(said(request, world({ servers: [ps8] }))).toContain('refusal: No other server is there to take these images. Add one first: platen server add NAME');
  });
});
