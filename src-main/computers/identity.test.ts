import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FirmwareIdentity } from '#shared/model/computer.ts';
import { evidenceOf, recognise, score, suggestName, type Candidate, type Recognition } from './identity.ts';

const base: FirmwareIdentity = { systemUuid: '', systemSerial: '', boardSerial: '', assetTag: '', vendor: '', product: '', macs: [], hostname: '' };
const identity = (fields: Partial<FirmwareIdentity>) => evidenceOf({ ...base, ...fields });
const mac = (address: string, onboard = true) => ({ address, onboard });

describe('what a firmware says', () => {
  it('counts where it can be told from others', () => {
    expect(identity({ systemUuid: '{4C4C4544-0042-3510-8054-B4C04F564433}', systemSerial: ' 7XK2M33 ', boardSerial: '/7XK2M33/CN1296', assetTag: 'ROOM-204', macs: [mac('00:1b:21:aa:bb:cc')] })).toEqual([
      { kind: 'system-uuid', value: '4c4c4544-0042-3510-8054-b4c04f564433' }, { kind: 'system-serial', value: '7xk2m33' }, { kind: 'board-serial', value: '/7xk2m33/cn1296' }, { kind: 'asset-tag', value: 'room-204' }, { kind: 'mac', value: '00:1b:21:aa:bb:cc' },
    ]);
  });
  it('counts once where board or asset tag only repeat the serial number', () => {
    expect(identity({ systemSerial: '7XK2M33', boardSerial: '7xk2m33', assetTag: '7XK2M33' })).toEqual([{ kind: 'system-serial', value: '7xk2m33' }]);
  });
  it('does not count where it is a placeholder, or the name of vendor or product', () => {
    expect(identity({ systemUuid: '03000200-0400-0500-0006-000700080009', systemSerial: 'Default string', boardSerial: 'Zbox CI320', assetTag: 'ZOTAC', vendor: 'Zotac', product: 'ZBOX CI320', macs: [mac('00:01:2e:aa:bb:cc')] })).toEqual([{ kind: 'mac', value: '00:01:2e:aa:bb:cc' }]);
  });
  it('leaves out adapters that are not onboard, and addresses made by software', () => {
    expect(identity({ macs: [mac('00:1b:21:aa:bb:cc'), mac('00:1b:21:aa:bb:cd', false), mac('02:42:ac:11:00:02')] })).toEqual([{ kind: 'mac', value: '00:1b:21:aa:bb:cc' }]);
  });
  it('falls back to name and addresses where there is no firmware, as in a container', () => {
    expect(identity({ hostname: 'Box', macs: [mac('02:42:ac:11:00:02', false)] })).toEqual([{ kind: 'host', value: 'box 02:42:ac:11:00:02' }]);
  });
});

/** A Dell as it left the factory; the rows below change what a real event changes. */
const dell: Partial<FirmwareIdentity> = { systemUuid: '4c4c4544-0058-4b10-8032-b7c04f4d3333', systemSerial: '7XK2M33', boardSerial: '/7XK2M33/CN12963', assetTag: '', macs: [mac('00:1b:21:aa:bb:cc')] };
const known = (said: Partial<FirmwareIdentity>, computerId = 'a'): Candidate => ({ computerId, evidence: identity(said) });
const isA: Recognition = { kind: 'known', computerId: 'a' };
const isNew: Recognition = { kind: 'new' };
const askA: Recognition = { kind: 'tie', computerIds: ['a'] };
const dock = mac('00:50:b6:11:22:33');

describe('recognising a computer', () => {
  it.each<[string, Partial<FirmwareIdentity>, Candidate[], Recognition]>([
    // The same machine
    ['as it was', dell, [known(dell)], isA],
    ['with the serial number in other letters', { ...dell, systemSerial: '7xk2m33 ' }, [known(dell)], isA],
    ['whose UUID is read in the other byte order, as firmware and operating system differ before SMBIOS 2.6', { ...dell, systemUuid: '44454c4c-5800-104b-8032-b7c04f4d3333' }, [known(dell)], isA],
    ['of which nothing but the UUID is readable, in the other byte order', { systemUuid: '44454c4c-5800-104b-8032-b7c04f4d3333' }, [known(dell)], isA],
    ['with another network card', { ...dell, macs: [mac('00:1b:21:00:00:01')] }, [known(dell)], isA],
    ['with a USB adapter', { ...dell, macs: [mac('00:1b:21:aa:bb:cc'), mac('00:e0:4c:68:00:01', false)] }, [known(dell)], isA],
    ['that got an asset tag', { ...dell, assetTag: 'IT-00417' }, [known(dell)], isA],
    ['whose asset tag was changed', { ...dell, assetTag: 'IT-00418' }, [known({ ...dell, assetTag: 'IT-00417' })], isA],
    ['whose UUID a firmware update changed', { ...dell, systemUuid: '11223344-5566-7788-99aa-bbccddeeff01' }, [known(dell)], isA],
    ['whose UUID a firmware update changed, with no serial on the board', { systemSerial: 'PF2ABCDE', systemUuid: '11223344-5566-7788-99aa-bbccddeeff01', macs: [mac('00:1b:21:aa:bb:cc')] }, [known({ systemSerial: 'PF2ABCDE', systemUuid: '21223344-5566-7788-99aa-bbccddeeff01', macs: [mac('00:1b:21:aa:bb:cc')] })], isA],
    ['that says its MAC alone', { macs: [mac('00:1b:21:aa:bb:cc')] }, [known(dell)], isA],
    ['without any numbers, by its own adapter', { systemSerial: 'Default string', macs: [mac('00:01:2e:aa:bb:cc')] }, [known({ systemSerial: 'Default string', macs: [mac('00:01:2e:aa:bb:cc')] })], isA],
    ['in a container', { hostname: 'box', macs: [mac('02:42:ac:11:00:02')] }, [known({ hostname: 'box', macs: [mac('02:42:ac:11:00:02')] })], isA],
    // Another machine
    ['with other numbers', { ...dell, systemUuid: '4c4c4544-0059-4b10-8032-b7c04f4d3333', systemSerial: '8XK2M33', boardSerial: '/8XK2M33/CN1', macs: [] }, [known({ ...dell, assetTag: 'LAB' })], isNew],
    ['on the same dock', { ...dell, macs: [mac('00:1b:21:aa:bb:cc'), dock] }, [known({ ...dell, systemUuid: '4c4c4544-0059-4b10-8032-b7c04f4d3333', systemSerial: '8XK2M33', boardSerial: '/8XK2M33/CN1', macs: [mac('00:1b:21:aa:bb:dd'), dock] })], isNew],
    ['with the asset tag of the whole room', { systemSerial: 'AAA111', assetTag: 'LAB 12' }, [known({ systemSerial: 'BBB222', assetTag: 'LAB 12' })], isNew],
    ['whose MAC is right and whose serial number is not', { systemSerial: 'OTHER123', macs: [mac('00:1b:21:aa:bb:cc')] }, [known({ systemSerial: 'PF2ABCDE', macs: [mac('00:1b:21:aa:bb:cc')] })], isNew],
    ['of the same batch, all numbers placeholders', { systemUuid: '03000200-0400-0500-0006-000700080009', systemSerial: 'Default string', macs: [mac('00:01:2e:aa:bb:cd')] }, [known({ systemUuid: '03000200-0400-0500-0006-000700080009', systemSerial: 'Default string', macs: [mac('00:01:2e:aa:bb:cc')] })], isNew],
    ['of a batch with one UUID, when two are known to share it', { systemUuid: '11223344-5566-7788-99aa-bbccddeeff01', systemSerial: 'CCC333' }, [known({ systemUuid: '11223344-5566-7788-99aa-bbccddeeff01', systemSerial: 'AAA111' }), known({ systemUuid: '11223344-5566-7788-99aa-bbccddeeff01', systemSerial: 'BBB222' }, 'b')], isNew],
    // Nobody but a person can tell
    ['after its board was exchanged: serial number kept, UUID, board and adapter new', { ...dell, systemUuid: '4c4c4544-0011-4b10-8032-b7c04f4d3333', boardSerial: '/NEW/CN9', macs: [mac('00:1b:21:ff:ff:01')] }, [known(dell)], askA],
    ['with the serial number of another one, or after its board was exchanged, where boards have no number', { systemSerial: 'PF2ABCDE', systemUuid: '11223344-5566-7788-99aa-bbccddeeff01' }, [known({ systemSerial: 'PF2ABCDE', systemUuid: '21223344-5566-7788-99aa-bbccddeeff01' })], askA],
    ['with the UUID of another one and a serial number of its own', { systemUuid: '11223344-5566-7788-99aa-bbccddeeff01', systemSerial: 'BBB222' }, [known({ systemUuid: '11223344-5566-7788-99aa-bbccddeeff01', systemSerial: 'AAA111' })], askA],
    ['without numbers, on a dock that was seen on another', { macs: [mac('00:1b:21:aa:bb:cc'), dock] }, [known({ macs: [mac('00:1b:21:aa:bb:dd'), dock] })], askA],
    ['that two records fit equally', { assetTag: 'ROOM-204' }, [known({ assetTag: 'ROOM-204' }, 'b'), known({ assetTag: 'ROOM-204' })], { kind: 'tie', computerIds: ['a', 'b'] }],
    ['that two records of a cloned machine fit equally', dell, [known(dell, 'b'), known(dell)], { kind: 'tie', computerIds: ['a', 'b'] }],
    // Several
    ['that fits one better than another', dell, [known({ ...dell, systemUuid: '11111111-2222-3333-4444-555555555556' }, 'b'), known(dell)], isA],
    ['whose serial number says one and whose adapter another', dell, [known({ systemSerial: '7XK2M33' }), known({ systemSerial: '8XK2M33', macs: [mac('00:1b:21:aa:bb:cc')] }, 'b')], isA],
    ['that says nothing at all', {}, [known(dell)], isNew],
  ])('%s', (_, machine, candidates, expected) => {
    expect(recognise(identity(machine), candidates)).toEqual(expected);
  });

  it('gives a MAC that several computers showed no weight', () => {
    const machine = identity({ macs: [mac('00:1b:21:aa:bb:cc')] });
    expect(recognise(machine, [known(dell)], new Set(['00:1b:21:aa:bb:cc']))).toEqual(isNew);
  });
  it('takes many adapters together for no more than two', () => {
    const macs = ['01', '02', '03', '04', '05', '06'].map((end) => mac(`00:1b:21:aa:bb:${end}`));
    expect(score(identity({ assetTag: 'IT-1', macs }), identity({ assetTag: 'IT-2', macs }))).toBe(0);
  });
  it('scores the same in both directions, whatever the firmware says', () => {
    const any = fc.record({ systemUuid: fc.string(), systemSerial: fc.string(), boardSerial: fc.string(), assetTag: fc.string(), vendor: fc.string(), product: fc.string(), hostname: fc.string(), macs: fc.constant<FirmwareIdentity['macs']>([]) });
    fc.assert(fc.property(any, any, (a, b) => score(evidenceOf(a), evidenceOf(b)) === score(evidenceOf(b), evidenceOf(a))));
  });
});

it('a new computer is named by its host name, else by what it is', () => {
  expect([
    suggestName({ ...base, hostname: 'lab-12' }), suggestName({ ...base, product: 'OptiPlex 7010', systemSerial: 'ABC1234' }), suggestName({ ...base, hostname: 'localhost', product: 'To Be Filled By O.E.M.', systemSerial: 'Default string' }), suggestName(base),
  ]).toEqual(['lab-12', 'OptiPlex 7010 ABC1234', 'Computer', 'Computer']);
});
