import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseCaptureTarget, chooseSources, serversNear, siteOf, type ReadRequest, type SourceServer, type SourceWorld } from './sources.ts';
import { addressNumber, isWithin, parseSubnet, sharedBits } from './subnets.ts';

const server = (id: string, host: string, more: Partial<SourceServer> = {}): SourceServer => ({ id, name: id, siteId: null, parentId: null, isConsole: false, state: 'joined', bytesPerSecond: null, addresses: [`https://${host}:8420`], connected: true, ...more });
const world = (more: Partial<SourceWorld> = {}): SourceWorld => ({
  servers: [server('hq', '10.0.0.5', { isConsole: true }), server('rome-1', '10.1.0.5', { siteId: 'rome' }), server('rome-2', '10.1.7.5', { siteId: 'rome' }), server('oslo', '10.2.0.5', { siteId: 'oslo' })],
  sites: [{ id: 'rome', name: 'Rome', subnets: ['10.1.0.0/16'] }, { id: 'oslo', name: 'Oslo', subnets: ['10.2.0.0/16', '10.1.99.0/24'] }], rules: [], ...more,
});
const request = (computerAddress: string, more: Partial<ReadRequest> = {}): ReadRequest => ({ computerAddress, readyAt: new Set(['hq', 'rome-1', 'rome-2', 'oslo']), pendingFrom: null, consoleUrl: null, ...more });
const order = (given: ReadRequest, among = world()) => chooseSources(given, among).map((source) => source.serverId);

describe('which server a computer reads from', () => {
  const two = world({ rules: [{ subnet: '10.1.7.0/24', serverId: 'oslo' }, { subnet: '10.1.0.0/16', serverId: 'hq' }] });
  const lone = world({ servers: [...world().servers, server('lone', '192.168.1.5')], rules: [{ subnet: '192.168.1.0/24', serverId: 'lone' }, { subnet: '192.168.0.0/16', serverId: 'hq' }] });
  const without = (id: string) => world({ servers: world().servers.map((each) => (each.id === id ? { ...each, connected: false } : each)) });
  it.each<[string, ReadRequest, SourceWorld, string[]]>([
    ['the server of its site that is nearest, the others after it', request('10.1.7.20'), world(), ['rome-2', 'rome-1', 'hq', 'oslo']],
    ['of overlapping subnets the smallest decides', request('10.1.99.4'), world(), ['oslo', 'hq', 'rome-1', 'rome-2']],
    ['a rule outweighs the site, and rules follow each other', request('10.1.7.20'), two, ['oslo', 'hq', 'rome-2', 'rome-1']],
    ['a rule for another subnet says nothing', request('10.2.0.20'), two, ['oslo', 'hq', 'rome-1', 'rome-2']],
    ['at no site: the console first', request('192.168.1.9'), world(), ['hq', 'oslo', 'rome-1', 'rome-2']],
    ['only ready copies', request('10.1.7.20', { readyAt: new Set(['oslo']) }), world(), ['oslo']],
    ['nobody where no copy is ready', request('10.1.7.20', { readyAt: new Set() }), world(), []],
    ['one that is not connected comes after all that are', request('10.1.7.20'), without('rome-2'), ['rome-1', 'hq', 'oslo', 'rome-2']],
    ['a revoked one never', request('10.1.7.20'), world({ servers: world().servers.map((each) => (each.id === 'rome-2' ? { ...each, state: 'revoked' } : each)) }), ['rome-1', 'hq', 'oslo']],
    ['a version that is not validated: its own site, and the console after it', request('10.1.7.20', { pendingFrom: 'rome-1' }), world(), ['rome-1', 'hq']],
    ['and nobody elsewhere', request('10.2.0.20', { pendingFrom: 'rome-1' }), world(), []],
    ['captured at a server at no site: who a rule sends there', request('192.168.1.9', { pendingFrom: 'lone', readyAt: new Set(['lone']) }), lone, ['lone']],
    ['and nobody else', request('192.168.2.9', { pendingFrom: 'lone', readyAt: new Set(['lone']) }), lone, []],
  ])('%s', (_title, given, among, expected) => expect(order(given, among)).toEqual(expected));

  it('is told with the reason, and with the addresses that are nearest first', () => {
    const among = world({ servers: [server('hq', '10.0.0.5', { isConsole: true, addresses: ['https://172.16.0.5:8420', 'https://10.1.0.6:8420'] }), server('rome-1', '10.1.0.5', { siteId: 'rome', connected: false })] });
    expect(chooseSources(request('10.1.0.20'), among)).toEqual([
      { serverId: 'hq', name: 'hq', addresses: ['https://10.1.0.6:8420', 'https://172.16.0.5:8420'], reason: 'no server at Rome has it ready, so the console' },
      { serverId: 'rome-1', name: 'rome-1', addresses: ['https://10.1.0.5:8420'], reason: "it is at Rome, the computer's site; it is not connected to the console now, so only where no other one answers" },
    ]);
    expect(chooseSources(request('10.1.0.20', { consoleUrl: 'https://10.1.0.1:8420' }), among)[0]?.addresses[0]).toBe('https://10.1.0.1:8420');
  });

  it.each<[string, string, SourceWorld, string[]]>([
    ['at a site: all of its servers, whatever a rule says', '10.1.7.20', two, ['rome-1', 'rome-2']],
    ['at none: the one the first rule names', '192.168.1.9', lone, ['lone']],
    ['at none, with a rule for a server of a site: nobody', '192.168.1.9', world({ rules: [{ subnet: '192.168.1.0/24', serverId: 'rome-1' }] }), []],
    ['nobody who is out', '10.2.0.20', world({ servers: world().servers.map((each) => (each.id === 'oslo' ? { ...each, state: 'revoked' } : each)) }), []],
    ['nobody for an address that is not known', '', two, []],
  ])('who has a computer near: %s', (_title, address, among, expected) => expect([...serversNear(address, among)].filter((id) => id !== 'hq')).toEqual(expected));

  it('is decided for any address without failing', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (address) => {
      expect(order(request(address)).toSorted()).toEqual(['hq', 'oslo', 'rome-1', 'rome-2']);
    }));
  });
});

describe('where a capture goes', () => {
  it.each<[string, string, SourceWorld, string | undefined]>([
    ['to the nearest server of the site', '10.1.7.20', world(), 'rome-2'],
    ['where a rule says', '10.1.7.20', world({ rules: [{ subnet: '10.1.0.0/16', serverId: 'hq' }] }), 'hq'],
    ['to the console where the computer is at no site', '192.168.1.9', world(), 'hq'],
    ['to the console where the site has no server that is connected', '10.2.0.20', world({ servers: world().servers.map((each) => ({ ...each, connected: each.id !== 'oslo' })) }), 'hq'],
    ['not to one that retires', '10.2.0.20', world({ servers: world().servers.map((each) => (each.id === 'oslo' ? { ...each, state: 'retiring' } : each)) }), 'hq'],
    ['to a site server rather than to an edge server', '10.1.7.20', world({ servers: world().servers.map((each) => (each.id === 'rome-2' ? { ...each, parentId: 'rome-1' } : each)) }), 'rome-1'],
  ])('%s', (_title, address, among, expected) => expect(chooseCaptureTarget(address, among)?.serverId).toBe(expected));
});

describe('subnets', () => {
  it('are read, or null', () => {
    expect(['10.1.2.3/16', '0.0.0.0/0', '10.1.0.0/33', '10.1.0/16', '10.1.0.256/8', 'x', '10.0.0.1'].map(parseSubnet)).toEqual([{ network: 0x0a010000, bits: 16 }, { network: 0, bits: 0 }, null, null, null, null, null]);
  });
  it('have the addresses that share their bits', () => {
    fc.assert(fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), (a, b, bits) => {
      const [x, y, subnet] = [addressNumber(a) ?? 0, addressNumber(b) ?? 0, parseSubnet(`${a}/${bits}`)];
      expect(subnet !== null && isWithin(y, subnet)).toBe(sharedBits(x, y) >= bits);
    }));
  });
  it('a site has a computer whose address an IPv6 socket wrote', () => expect(siteOf('::ffff:10.1.0.9', world().sites)?.id).toBe('rome'));
});
