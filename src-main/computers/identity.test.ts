import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FirmwareIdentity } from '#shared/model/computer.ts';
import { isGlobalMac, isMeaningful } from '#shared/model/placeholders.ts';
import { evidenceOf, recognise, score, suggestName } from './identity.ts';

const base: FirmwareIdentity = { systemUuid: '', systemSerial: '', boardSerial: '', assetTag: '', vendor: '', product: '', macs: [], hostname: '' };
const identity = (fields: Partial<FirmwareIdentity>) => evidenceOf({ ...base, ...fields });
const mac = (address: string, onboard = true) => ({ address, onboard });

describe('what a firmware says', () => {
  it.each(['', ' ', 'To Be Filled By O.E.M.', 'Default string', 'Not Specified', '00000000', 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF', '00000000-0000-0000-0000-000000000000', '03000200-0400-0500-0006-000700080009', 'System Serial Number', 'None', 'xx', '...', '0123456789'])('does not count as an identifier when it is %j', (value) => {
    expect(isMeaningful(value)).toBe(false);
  });
  it.each(['PF2ABCDE', '4c4c4544-0042-3510-8054-b4c04f564433', 'CZC1234567'])('counts when it is %j', (value) => {
    expect(isMeaningful(value)).toBe(true);
  });
  it('leaves out adapters that are not onboard, and addresses made by software', () => {
    expect(identity({ macs: [mac('00:1b:21:aa:bb:cc'), mac('00:1b:21:aa:bb:cd', false), mac('02:42:ac:11:00:02')] })).toEqual([{ kind: 'mac', value: '00:1b:21:aa:bb:cc' }]);
    expect([isGlobalMac('01:00:5e:00:00:01'), isGlobalMac('00:00:00:00:00:00')]).toEqual([false, false]);
  });
  it('falls back to name and addresses where there is no firmware, as in a container', () => {
    expect(identity({ hostname: 'Box', macs: [mac('02:42:ac:11:00:02', false)] })).toEqual([{ kind: 'host', value: 'box 02:42:ac:11:00:02' }]);
  });
});

describe('recognising a computer', () => {
  const serial = identity({ systemSerial: 'PF2ABCDE', macs: [mac('00:1b:21:aa:bb:cc')] });
  it('finds it by one strong identifier, though the network adapter was replaced', () => {
    expect(recognise(identity({ systemSerial: 'pf2abcde', macs: [mac('00:1b:21:00:00:01')] }), [{ computerId: 'a', evidence: serial }])).toEqual({ kind: 'known', computerId: 'a' });
  });
  it('never takes the MAC for the machine when a serial number contradicts it', () => {
    expect(recognise(identity({ systemSerial: 'OTHER123', macs: [mac('00:1b:21:aa:bb:cc')] }), [{ computerId: 'a', evidence: serial }])).toEqual({ kind: 'new' });
  });
  it('takes the MAC where nothing stronger is said', () => {
    expect(recognise(identity({ macs: [mac('00:1b:21:aa:bb:cc')] }), [{ computerId: 'a', evidence: serial }])).toEqual({ kind: 'known', computerId: 'a' });
  });
  it('gives a MAC that several computers showed no weight', () => {
    expect(recognise(identity({ macs: [mac('00:1b:21:aa:bb:cc')] }), [{ computerId: 'a', evidence: serial }], new Set(['00:1b:21:aa:bb:cc']))).toEqual({ kind: 'new' });
  });
  it('does not decide a tie by chance', () => {
    const twin = identity({ assetTag: 'ROOM-204' });
    expect(recognise(twin, [{ computerId: 'b', evidence: twin }, { computerId: 'a', evidence: twin }])).toEqual({ kind: 'tie', computerIds: ['a', 'b'] });
  });
  it('prefers the one that more speaks for', () => {
    const machine = identity({ systemSerial: 'PF2ABCDE', systemUuid: '4c4c4544-0042-3510-8054-b4c04f564433' });
    expect(recognise(machine, [{ computerId: 'a', evidence: identity({ systemSerial: 'PF2ABCDE', systemUuid: '11111111-2222-3333-4444-555555555556' }) }, { computerId: 'b', evidence: machine }])).toEqual({ kind: 'known', computerId: 'b' });
  });
  it('scores the same in both directions, whatever the firmware says', () => {
    const any = fc.record({ systemUuid: fc.string(), systemSerial: fc.string(), boardSerial: fc.string(), assetTag: fc.string(), vendor: fc.string(), product: fc.string(), hostname: fc.string(), macs: fc.constant<FirmwareIdentity['macs']>([]) });
    fc.assert(fc.property(any, any, (a, b) => score(evidenceOf(a), evidenceOf(b)) === score(evidenceOf(b), evidenceOf(a))));
  });
});

it('a new computer is named by its host name, else by what it is', () => {
  expect([suggestName({ ...base, hostname: 'lab-12' }), suggestName({ ...base, product: 'OptiPlex 7010', systemSerial: 'ABC1234' }), suggestName(base)]).toEqual(['lab-12', 'OptiPlex 7010 ABC1234', 'Computer']);
});
