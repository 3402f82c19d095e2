import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#shared/errors.ts';
import { bootClientOf } from './client.ts';
import { addressBytes, MessageType, Option, text, u32 } from './options.ts';
import { decodeDhcp, encodeDhcp, type DhcpPacket } from './packet.ts';

const mac = Uint8Array.of(0x52, 0x54, 0, 0x77, 0, 1);
const request = (options: [number, Uint8Array][]): DhcpPacket => ({
  op: 1, hardwareType: 1, hops: 0, xid: 0x1234_5678, secs: 4, broadcast: true, ciaddr: '0.0.0.0', yiaddr: '0.0.0.0', siaddr: '0.0.0.0', giaddr: '0.0.0.0', chaddr: mac, sname: '', file: '', options: new Map(options),
});

/** As UEFI firmware asks (EDK2, x64): the values that boot-time captures show. */
const edk2Discover = (): DhcpPacket => request([
  [Option.messageType, Uint8Array.of(MessageType.discover)], [Option.maximumMessageSize, Uint8Array.of(0x05, 0xc0)], [Option.parameterRequestList, Uint8Array.of(1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 43, 60, 66, 67, 97)],
  [Option.clientMachineId, Uint8Array.of(0, 4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16)], [Option.clientNetworkInterface, Uint8Array.of(1, 3, 0)], [Option.clientArchitecture, Uint8Array.of(0, 7)], [Option.vendorClass, text('PXEClient:Arch:00007:UNDI:003000')],
]);

describe('a DHCP message', () => {
  it('is read back as it was written, and padded to what relays expect', () => {
    const packet = edk2Discover();
    const bytes = encodeDhcp(packet);
    expect([bytes.length >= 300, decodeDhcp(bytes)]).toEqual([true, packet]);
  });

  const address = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.'));
  const ascii = (most: number) => fc.string({ maxLength: most, unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz/.-') });
  const packets = fc.record({
    op: fc.constantFrom<1 | 2>(1, 2), hardwareType: fc.nat(255), hops: fc.nat(255), xid: fc.nat(0xffff_ffff), secs: fc.nat(0xffff), broadcast: fc.boolean(), ciaddr: address, yiaddr: address, siaddr: address, giaddr: address,
    chaddr: fc.uint8Array({ maxLength: 16 }), sname: ascii(63), file: ascii(127),
    options: fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 254 }).filter((code) => code !== Option.overload), fc.uint8Array({ maxLength: 700 })), { maxLength: 8, selector: ([code]) => code }).map((list) => new Map(list)),
  });
  it('survives the round trip whatever its fields and long options hold', () => {
    fc.assert(fc.property(packets, (packet) => {
      const back = decodeDhcp(encodeDhcp(packet));
      const plain = ({ options, ...rest }: DhcpPacket) => ({ ...rest, chaddr: [...rest.chaddr], options: [...options].map(([code, value]) => [code, [...value]] as const).toSorted(([left], [right]) => left - right) });
      expect(plain(back)).toEqual(plain(packet));
    }));
  });
  it('never crashes the reader: what is no message is a ProtocolError', () => {
    const read = (bytes: Uint8Array): void => {
      try {
        const packet = decodeDhcp(bytes);
        bootClientOf(packet);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 700 }), read));
    const good = encodeDhcp(edk2Discover());
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 20 }), fc.nat(good.length), (changes, length) => {
      const bytes = good.slice(0, length);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      read(bytes);
    }));
  });
  it('has the message type first and the relay\'s information last', () => {
    const bytes = encodeDhcp(request([[Option.relayAgentInformation, Uint8Array.of(1, 1, 7)], [Option.leaseTime, u32(600)], [Option.messageType, Uint8Array.of(MessageType.offer)]]));
    expect([...bytes.subarray(240, 240 + 15)]).toEqual([53, 1, 2, 51, 4, 0, 0, 2, 88, 82, 3, 1, 1, 7, 255]);
  });
  it('reads options that overflow into the file and sname fields', () => {
    const bytes = encodeDhcp({ ...request([[Option.messageType, Uint8Array.of(1)]]), file: '', sname: '' });
    bytes.set([Option.messageType, 1, 1, Option.overload, 1, 3, Option.end], 240);
    bytes.set([Option.hostName, 2, 0x61, 0x62, Option.end], 108);
    bytes.set([Option.hostName, 1, 0x63, Option.end], 44);
    const { options, file, sname } = decodeDhcp(bytes);
    expect([options.get(Option.hostName), options.has(Option.overload), file, sname]).toEqual([text('abc'), false, '', '']);
  });
  it('does not write what does not fit', () => {
    expect(() => encodeDhcp({ ...request([]), file: 'x'.repeat(128) })).toThrow(RangeError);
    expect(() => addressBytes('192.168.1.256')).toThrow(RangeError);
  });
});

describe('a boot client', () => {
  const client = (options: [number, Uint8Array][]) => bootClientOf(request(options));
  it('is known by kind, firmware and machine', () => {
    expect(bootClientOf(edk2Discover())).toEqual({
      mac: '52:54:00:77:00:01', type: 'discover', kind: 'pxe', architectureCode: 7, architecture: { firmware: 'uefi', cpu: 'x64', name: 'UEFI' },
      uuid: '01020304-0506-0708-090a-0b0c0d0e0f10', userClass: '', ipxe: null, serverIdentifier: null, requestedAddress: null,
    });
  });
  it('of iPXE 2 says little, and is still read', () => {
    const inner = Uint8Array.of(177, 5, 1, 0x80, 0x86, 0x10, 0x0e, 235, 3, 2, 0, 0);
    expect(client([[Option.vendorClass, text('PXEClient')], [Option.clientArchitecture, Uint8Array.of(0, 7)], [Option.userClass, text('iPXE')], [Option.etherboot, inner]]))
      .toMatchObject({ kind: 'pxe', architectureCode: 7, userClass: 'iPXE', ipxe: { version: '2.0.0', pciId: '8086:100e' } });
  });
  it('is told from one that only wants an address', () => {
    expect([client([[Option.vendorClass, text('udhcp 1.35.0')]]), client([])]).toEqual([null, null]);
  });
  it('has its user class with and without the length byte of RFC 3004', () => {
    const of = (value: Uint8Array) => client([[Option.vendorClass, text('PXEClient')], [Option.userClass, value]])?.userClass;
    expect([of(text('iPXE')), of(Uint8Array.of(4, ...text('iPXE'))), of(Uint8Array.of(2, ...text('ab'), 4, ...text('iPXE'))), of(Uint8Array.of(2, ...text('ab'), 1, ...text('c'))), of(Uint8Array.of(9, ...text('short'))), of(Uint8Array.of(0))])
      .toEqual(['iPXE', 'iPXE', 'iPXE', 'ab', '?short', '']);
  });
  it('without option 93 has the architecture that its class names', () => {
    expect([client([[Option.vendorClass, text('HTTPClient:Arch:00016:UNDI:003000')]])?.architecture?.firmware, client([[Option.vendorClass, text('PXEClient')]])?.architectureCode]).toEqual(['uefi-http', 0]);
  });
});
