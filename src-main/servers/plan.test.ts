import { describe, expect, it } from 'vitest';
import { isSourceFor, limitsOf, planOf, priorityOf, type PlanImage, type PlanServer, type PlanSite, type PlanVersion, type PlanWorld } from './plan.ts';

const server = (id: string, more: Partial<PlanServer> = {}): PlanServer => ({ id, name: id, siteId: null, parentId: null, isConsole: false, state: 'joined', bytesPerSecond: null, ...more });
const site = (id: string, more: Partial<PlanSite> = {}): PlanSite => ({ id, name: id, locallyManaged: false, bytesPerSecond: null, windows: [], template: null, ...more });
const template = (...images: string[]): PlanSite['template'] => ({ name: 'T', images: new Set(images), bytesPerSecond: null, windows: [] });
const version = (guid: string, number: number, more: Partial<PlanVersion> = {}): PlanVersion => ({ guid, number, enabled: true, pending: false, originId: 'hq', trashed: false, ...more });
const image = (more: Partial<PlanImage> = {}): PlanImage => ({ guid: 'img', kind: 'image', scope: 'default', ownerId: 'hq', assigned: new Set(), priority: 0, enabled: true, trashed: false, versions: [version('v1', 1)], channels: { test: null, live: null }, ...more });
const world = (more: Partial<PlanWorld> = {}): PlanWorld => ({ servers: [server('hq', { isConsole: true }), server('a'), server('b')], sites: new Map(), images: [image()], defaultScope: 'all', hasCopy: () => false, isDamaged: () => false, alsoWanted: [], urgent: new Set(), ...more });
const held = (given: PlanWorld): string[] => [...planOf(given)].flatMap(([id, wanted]) => wanted.map((each) => `${id}:${each.version.guid}:${each.why}`)).sort();
const copies = (...pairs: string[]) => (guid: string, id: string): boolean => pairs.includes(`${guid}@${id}`);

describe('what each server is to hold', () => {
  const inRome = [server('hq', { isConsole: true }), server('a', { siteId: 'rome' }), server('b')];
  const edged = [server('hq', { isConsole: true }), server('a'), server('e', { parentId: 'a' })];
  it.each<[string, PlanWorld, string[]]>([
    ['by default everybody', world(), ['a:v1:all', 'b:v1:all', 'hq:v1:owner']],
    ['by default nobody, where the setting says so', world({ defaultScope: 'none' }), ['hq:v1:owner']],
    ['scope all outweighs that setting', world({ defaultScope: 'none', images: [image({ scope: 'all' })] }), ['a:v1:all', 'b:v1:all', 'hq:v1:owner']],
    ['scope none: its owner alone', world({ images: [image({ scope: 'none', ownerId: 'a' })] }), ['a:v1:owner']],
    ['scope selected: those, and its owner, whose assignment it does not need', world({ images: [image({ scope: 'selected', ownerId: 'a', assigned: new Set(['b']) })] }), ['a:v1:owner', 'b:v1:selected']],
    ['an image captured at a package server goes to the console too', world({ images: [image({ ownerId: 'a' })] }), ['a:v1:owner', 'b:v1:all', 'hq:v1:all']],
    ['an assignment is no ownership: the new owner holds it without one', world({ images: [image({ scope: 'selected', ownerId: 'b', assigned: new Set(['a']) })] }), ['a:v1:selected', 'b:v1:owner']],
    ['a backup: its owner alone', world({ images: [image({ kind: 'backup', ownerId: 'a' })] }), ['a:v1:owner']],
    ['a backup that was told to: those selected', world({ images: [image({ kind: 'backup', ownerId: 'a', scope: 'selected', assigned: new Set(['hq']) })] }), ['a:v1:owner', 'hq:v1:selected']],
    ['a site with a template gets what the template names', world({ servers: inRome, sites: new Map([['rome', site('rome', { template: template('img') })]]), defaultScope: 'none' }), ['a:v1:template', 'hq:v1:owner']],
    ['a site with an empty template gets nothing by default', world({ servers: inRome, sites: new Map([['rome', site('rome', { template: template() })]]) }), ['b:v1:all', 'hq:v1:owner']],
    ['and what is for all all the same', world({ servers: inRome, sites: new Map([['rome', site('rome', { template: template() })]]), images: [image({ scope: 'all' })] }), ['a:v1:all', 'b:v1:all', 'hq:v1:owner']],
    ['a template adds to the selected ones', world({ servers: inRome, sites: new Map([['rome', site('rome', { template: template('img') })]]), images: [image({ scope: 'selected', assigned: new Set(['b']) })] }), ['a:v1:template', 'b:v1:selected', 'hq:v1:owner']],
    ['a template does not move an image whose scope is none', world({ servers: inRome, sites: new Map([['rome', site('rome', { template: template('img') })]]), images: [image({ scope: 'none' })] }), ['hq:v1:owner']],
    ['a locally managed site gets nothing by default', world({ servers: inRome, sites: new Map([['rome', site('rome', { locallyManaged: true })]]) }), ['b:v1:all', 'hq:v1:owner']],
    ['and keeps what it has', world({ servers: inRome, sites: new Map([['rome', site('rome', { locallyManaged: true, template: template() })]]), hasCopy: copies('v1@a') }), ['a:v1:kept', 'b:v1:all', 'hq:v1:owner']],
    ['a pending version: where it was made, and the console', world({ images: [image({ versions: [version('v2', 2, { pending: true, originId: 'a' }), version('v1', 1)] })] }), ['a:v1:all', 'a:v2:origin', 'b:v1:all', 'hq:v1:owner', 'hq:v2:validation']],
    ['a pending version of a backup: where it was made', world({ images: [image({ kind: 'backup', ownerId: 'b', versions: [version('v2', 2, { pending: true, originId: 'a' })] })] }), ['a:v2:origin']],
    ['an image in the trash: who has it, and nobody else', world({ images: [image({ trashed: true })], hasCopy: copies('v1@hq', 'v1@b') }), ['b:v1:kept', 'hq:v1:kept']],
    ['a version in the trash: the same', world({ images: [image({ versions: [version('v2', 2), version('v1', 1, { trashed: true })] })], hasCopy: copies('v1@a') }), ['a:v1:kept', 'a:v2:all', 'b:v2:all', 'hq:v2:owner']],
    ['a retiring server keeps what it has and gets nothing', world({ servers: [server('hq', { isConsole: true }), server('a', { state: 'retiring' }), server('b')], images: [image({ ownerId: 'a', versions: [version('v2', 2), version('v1', 1)] })], hasCopy: copies('v1@a') }), ['a:v1:kept', 'b:v1:all', 'b:v2:all', 'hq:v1:all', 'hq:v2:all']],
    ['a damaged copy that nobody wants there any more is made whole, and nothing else is brought there', world({ images: [image({ scope: 'none', versions: [version('v2', 2), version('v1', 1)] })], hasCopy: copies('v1@a', 'v2@a', 'v2@b'), isDamaged: copies('v1@a') }), ['a:v1:kept', 'hq:v1:owner', 'hq:v2:owner']],
    ['a revoked or retired one is in no plan', world({ servers: [server('hq', { isConsole: true }), server('a', { state: 'revoked' }), server('b', { state: 'retired' })], hasCopy: () => true }), ['hq:v1:owner']],
    ['what an edge server is to hold its parent holds too', world({ servers: edged, images: [image({ scope: 'selected', assigned: new Set(['e']) })] }), ['a:v1:edge', 'e:v1:selected', 'hq:v1:owner']],
    ['but not what is pending there', world({ servers: edged, images: [image({ scope: 'none', versions: [version('v1', 1, { pending: true, originId: 'e' })] })] }), ['e:v1:origin', 'hq:v1:validation']],
    ['a hand-over brings an image to a server', world({ images: [image({ scope: 'none' })], alsoWanted: [{ imageGuid: 'img', serverId: 'b' }] }), ['b:v1:hand-over', 'hq:v1:owner']],
  ])('%s', (_title, given, expected) => expect(held(given)).toEqual(expected));
});

describe('the order', () => {
  it('is what people deploy first, then what is tested, then newer before older', () => {
    const [v4, v3, v2, v1] = [version('v4', 4, { enabled: false }), version('v3', 3), version('v2', 2), version('v1', 1)];
    const one = image({ versions: [v4, v3, v2, v1], channels: { test: 'v3', live: 'v2' } });
    const wanted = planOf(world({ images: [one] })).get('a') ?? [];
    expect(wanted.map((each) => each.version.guid)).toEqual(['v2', 'v3', 'v1', 'v4']);
    const without = image({ versions: [v4, v3, v2, v1] });
    expect((planOf(world({ images: [without] })).get('a') ?? []).map((each) => each.version.guid)).toEqual(['v3', 'v2', 'v1', 'v4']);
  });
  it('puts what somebody waits for before everything, and a preferred image before others', () => {
    const [v1, v2] = [version('v1', 1), version('v2', 2)];
    const one = image({ versions: [v2, v1] });
    expect(priorityOf(one, v1, new Set(['v1']))).toBeGreaterThan(priorityOf(image({ priority: 9, versions: [v2] }), v2, new Set()));
    expect(priorityOf(image({ priority: 1, versions: [v1] }), v1, new Set())).toBeGreaterThan(priorityOf(one, v2, new Set()));
  });
});

describe('whom a server copies from', () => {
  const all = [server('hq', { isConsole: true }), server('a'), server('b'), server('e1', { parentId: 'a' }), server('e2', { parentId: 'a' }), server('gone', { state: 'revoked' }), server('leaving', { state: 'retiring' }), server('lone', { parentId: 'gone' })];
  const sources = (id: string) => all.filter((other) => isSourceFor(all.find((each) => each.id === id) ?? server(''), other, all)).map((each) => each.id);
  it.each([
    ['hq', ['a', 'b', 'e1', 'e2', 'leaving', 'lone']],
    ['b', ['hq', 'a', 'e1', 'e2', 'leaving', 'lone']],
    ['e1', ['a', 'e2']],
    ['lone', ['hq', 'a', 'b', 'e1', 'e2', 'leaving']],
  ])('%s: %s', (id, expected) => expect(sources(id)).toEqual(expected));
});

it('limits are the server\'s own, else its site\'s, else its template\'s', () => {
  const night = [{ days: [0], from: '22:00', to: '06:00' }];
  const noon = [{ days: [1], from: '12:00', to: '13:00' }];
  const sites = new Map([['rome', site('rome', { template: { ...template() ?? { name: '', images: new Set() }, bytesPerSecond: 3, windows: night } })], ['oslo', site('oslo', { bytesPerSecond: 2, windows: noon, template: { name: 'T', images: new Set(), bytesPerSecond: 3, windows: night } })]]);
  expect([server('a', { siteId: 'rome' }), server('b', { siteId: 'oslo' }), server('c', { siteId: 'oslo', bytesPerSecond: 1 }), server('d')].map((each) => limitsOf(each, sites)))
    .toEqual([{ bytesPerSecond: 3, windows: night }, { bytesPerSecond: 2, windows: noon }, { bytesPerSecond: 1, windows: noon }, { bytesPerSecond: null, windows: [] }]);
});
