import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseAddress, defaultPool, poolProblem, type Lease } from './leases.ts';

const pool = { first: '10.0.0.128', last: '10.0.0.131', reserved: ['10.0.0.1', '10.0.0.130'] };
const lease = (address: string, mac: string, given: Partial<Lease> = {}): Lease => ({ address, mac, hostname: '', state: 'bound', endsAt: 1000, ...given });
const choose = (leases: Lease[], mac: string, requested: string | null = null, now = 500) => chooseAddress(leases, pool, { mac, requested }, now);

describe('a pool', () => {
  it.each([
    ['192.168.10.5', 24, '192.168.10.128', '192.168.10.254'], ['10.77.0.1', 29, '10.77.0.4', '10.77.0.6'], ['172.16.3.9', 16, '172.16.128.0', '172.16.255.254'],
  ])('of %s/%i is the upper half', (address, prefix, first, last) => expect(defaultPool(address, prefix)).toEqual({ first, last, reserved: [address] }));
  it('is not made where there is no room', () => expect([defaultPool('10.0.0.1', 30), defaultPool('10.0.0.1', 32)]).toEqual([null, null]));
  it('must lie in the subnet', () => {
    expect([poolProblem({ ...pool, first: '10.0.1.1' }, '10.0.0.1', 24), poolProblem({ ...pool, last: '10.0.0.255' }, '10.0.0.1', 24), poolProblem(pool, '10.0.0.1', 24)])
      .toEqual(['10.0.1.1 comes after 10.0.0.131.', "The pool must lie in the adapter's subnet: 10.0.0.1 to 10.0.0.254.", null]);
  });
});

describe('an address', () => {
  it.each([
    ['is the same again for the same computer', [lease('10.0.0.129', 'a')], 'a', null, { address: '10.0.0.129' }],
    ['is the one asked for when it is free', [], 'a', '10.0.0.131', { address: '10.0.0.131' }],
    ['is another when the one asked for is taken', [lease('10.0.0.131', 'b')], 'a', '10.0.0.131', { address: '10.0.0.128' }],
    ['is never a reserved one', [lease('10.0.0.128', 'b'), lease('10.0.0.129', 'c')], 'a', '10.0.0.130', { address: '10.0.0.131' }],
    ['never used comes before one that ended', [lease('10.0.0.128', 'b', { endsAt: 1 })], 'a', null, { address: '10.0.0.129' }],
    ['that ended longest ago is used again', [lease('10.0.0.128', 'b', { endsAt: 20 }), lease('10.0.0.129', 'c', { endsAt: 10 }), lease('10.0.0.131', 'd')], 'a', null, { address: '10.0.0.129' }],
    ['where somebody else was found is not handed out, not even to the computer that had it', [lease('10.0.0.128', 'a', { state: 'conflict' })], 'a', null, { address: '10.0.0.129' }],
    ['is not there when all are in use', [lease('10.0.0.128', 'b'), lease('10.0.0.129', 'c'), lease('10.0.0.131', 'd')], 'a', null, { full: true, usedUp: 3 }],
  ] as const)('%s', (_, leases, mac, requested, expected) => expect(choose([...leases], mac, requested)).toEqual(expected));

  it('is never given to two computers, and always lies in the pool', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(9), fc.option(fc.nat(255))), { maxLength: 60 }), (asks) => {
      const leases: Lease[] = [];
      asks.forEach(([computer, wanted], index) => {
        const choice = chooseAddress(leases, pool, { mac: String(computer), requested: wanted === null ? null : `10.0.0.${wanted}` }, index);
        if ('full' in choice) return;
        const taken = leases.find((each) => each.address === choice.address);
        if (taken !== undefined && taken.mac !== String(computer)) expect(taken.endsAt).toBeLessThanOrEqual(index);
        leases.splice(0, leases.length, ...leases.filter((each) => each.address !== choice.address), lease(choice.address, String(computer), { endsAt: index + 7 }));
        expect(['10.0.0.128', '10.0.0.129', '10.0.0.131']).toContain(choice.address);
      });
    }));
  });
});
