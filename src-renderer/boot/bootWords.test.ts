import { expect, test } from 'vitest';
import { noSignedSlot } from '#shared/model/boot.ts';
import type { Adapter, BootStatus } from '#shared/model/boot.ts';
import { adapterNote, consequencesOf, likelyAction, likelyAdapter, sameChoice, stateWords } from './bootWords.ts';

const adapter = (given: Partial<Adapter>): Adapter => ({ name: 'eth1', address: '10.0.0.1', prefixLength: 24, mac: '', kind: 'wired', link: true, speedMbits: 1000, pool: { first: '10.0.0.128', last: '10.0.0.254' }, ...given });
const off = { mode: 'off', adapter: '', pool: null } as const;
const proxy = { mode: 'proxy', adapter: 'eth1', pool: null } as const;
const status = (given: Partial<BootStatus>, environment: BootStatus['environment']['state'] = 'ready'): BootStatus => ({
  state: 'off', choice: off, address: '', ports: null, problem: null, leases: [], settings: { unknownComputers: 'portal', loaderCountdownSeconds: 4, keyboard: '', kernelWords: '', loader: 'automatic', borrowLease: 'off', otherDriver: '' },
  environment: { state: environment, kernelVersion: '', baseBytes: 0, builtAt: null, loaders: [], addOns: [], problem: null, log: [], signed: noSignedSlot }, ...given,
});
const serving = status({ state: 'serving', choice: proxy, address: '10.0.0.1' });

test('says its state with address, mode and adapter', () => {
  expect([stateWords(status({})), stateWords(serving), stateWords({ ...serving, choice: { ...proxy, mode: 'lab' } })]).toEqual(['Off', 'Serving 10.0.0.1 · proxy DHCP · eth1', 'Serving 10.0.0.1 · isolated lab DHCP · eth1']);
});

test('offers what comes next: building, switching on, and nothing more while it serves as chosen', () => {
  expect([likelyAction(status({}, 'missing'), proxy), likelyAction(status({}, 'building'), proxy), likelyAction(status({}), proxy), likelyAction(status({}), off), likelyAction(serving, proxy)]).toEqual(['build', null, 'switch-on', null, null]);
  expect([likelyAction(serving, { ...proxy, mode: 'lab' }), likelyAction(serving, off), likelyAction({ ...serving, state: 'stopped' }, proxy), likelyAction({ ...serving, state: 'starting' }, proxy)]).toEqual(['apply', 'switch-off', 'start-again', null]);
});

test('takes two choices for the same where only what does not count differs', () => {
  expect([sameChoice(proxy, { ...proxy, pool: { first: '10.0.0.2', last: '10.0.0.3' } }), sameChoice(off, { ...off, adapter: 'eth1' }), sameChoice(proxy, { ...proxy, adapter: 'eth0' })]).toEqual([true, true, false]);
});

test('proposes an adapter only where one alone can be meant, never a virtual or wireless one', () => {
  expect([likelyAdapter([adapter({}), adapter({ name: 'docker0', kind: 'virtual' })])?.name, likelyAdapter([adapter({}), adapter({ name: 'eth0' })]), likelyAdapter([adapter({ kind: 'wireless' })]), likelyAdapter([adapter({ link: false })])]).toEqual(['eth1', null, null, null]);
  expect([adapterNote(adapter({})), adapterNote(adapter({ address: '' })), adapterNote(adapter({ link: false }))]).toEqual([null, expect.stringMatching(/No IPv4 address/), expect.stringMatching(/No link/)]);
});

test('says what a choice does before it is made', () => {
  expect(consequencesOf(proxy, null, status({}))).toEqual(['Choose the adapter that the computers are connected to. No port is opened before.']);
  expect(consequencesOf({ ...proxy, mode: 'lab' }, adapter({}), status({})).join(' ')).toMatch(/on 10\.0\.0\.1 \(eth1\), and no other.*from 10\.0\.0\.128 to 10\.0\.0\.254/);
  expect(consequencesOf(off, null, serving).join(' ')).toMatch(/starting from the network at this moment have to try again/);
});
