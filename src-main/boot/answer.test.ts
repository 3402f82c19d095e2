import { describe, expect, it } from 'vitest';
import { bootClientOf } from '../net/dhcp/client.ts';
import { addressBytes, MessageType, Option, readText, text } from '../net/dhcp/options.ts';
import { decodeDhcp, encodeDhcp, type DhcpPacket } from '../net/dhcp/packet.ts';
import { answerAsProxy, answerAsServer, answerToInform, type AnswerSnapshot, type Answer, type Arrival, type LabGrant } from './answer.ts';

const server = '10.77.0.1';
const snapshot: AnswerSnapshot = {
  mode: 'proxy', address: server, httpPort: 8420, loaders: { bios: 'ipxe.pxe', biosOther: 'undionly.kpxe', uefi: 'snponly.efi', uefiOther: 'ipxe-amd64.efi', secureBoot: 'shimx64.efi' }, loaderFor: () => 'plain', holdHttpBoot: () => false,
};
const on67: Arrival = { port: 67, from: { address: '0.0.0.0', port: 68 } };
const on4011: Arrival = { port: 4011, from: { address: '10.77.0.50', port: 4011 } };
const grant: LabGrant = { address: '10.77.0.130', leaseSeconds: 3600, subnetMask: '255.255.255.0', router: null, dns: [] };

type Asked = { type: number; vendorClass?: string; architecture?: number; more?: [number, Uint8Array][]; fields?: Partial<DhcpPacket> };
function asked({ type, vendorClass, architecture, more = [], fields = {} }: Asked): DhcpPacket {
  const options = new Map<number, Uint8Array>([[Option.messageType, Uint8Array.of(type)], ...more]);
  if (vendorClass !== undefined) options.set(Option.vendorClass, text(vendorClass));
  if (architecture !== undefined) options.set(Option.clientArchitecture, Uint8Array.of(0, architecture));
  return { op: 1, hardwareType: 1, hops: 0, xid: 7, secs: 0, broadcast: true, ciaddr: '0.0.0.0', yiaddr: '0.0.0.0', siaddr: '0.0.0.0', giaddr: '0.0.0.0', chaddr: Uint8Array.of(82, 84, 0, 119, 0, 1), sname: '', file: '', options, ...fields };
}
const pxe = (architecture: number, type: number = MessageType.discover, more: [number, Uint8Array][] = []) => asked({ type, vendorClass: `PXEClient:Arch:${String(architecture).padStart(5, '0')}:UNDI:003000`, architecture, more });
const proxy = (packet: DhcpPacket, arrival = on67, given: Partial<AnswerSnapshot> = {}) => answerAsProxy(packet, bootClientOf(packet), arrival, { ...snapshot, ...given });
const lab = (packet: DhcpPacket, given: LabGrant | null = grant) => answerAsServer(packet, bootClientOf(packet), given, { ...snapshot, mode: 'lab' });
function summary(answer: Answer): unknown {
  if (answer.kind === 'ignore') return answer.reason;
  const { packet, to } = answer;
  expect(decodeDhcp(encodeDhcp(packet))).toEqual(packet);
  return { to: `${to.address}:${to.port}`, type: packet.options.get(Option.messageType)?.[0], file: readText(packet.options.get(Option.bootFileName)), yiaddr: packet.yiaddr, siaddr: packet.siaddr };
}

describe('as a proxy, beside somebody else\'s DHCP server', () => {
  it.each([
    ['BIOS', pxe(0), { to: '255.255.255.255:68', type: 2, file: 'ipxe.pxe', yiaddr: '0.0.0.0', siaddr: server }],
    ['UEFI, as architecture 7', pxe(7), { to: '255.255.255.255:68', type: 2, file: 'snponly.efi', yiaddr: '0.0.0.0', siaddr: server }],
    ['UEFI, as architecture 9', pxe(9), { to: '255.255.255.255:68', type: 2, file: 'snponly.efi', yiaddr: '0.0.0.0', siaddr: server }],
    ['our own loader, which gets its script', pxe(7, MessageType.discover, [[Option.userClass, text('iPXE')]]), { to: '255.255.255.255:68', type: 2, file: 'http://10.77.0.1:8420/boot/ipxe', yiaddr: '0.0.0.0', siaddr: server }],
    ['UEFI HTTP boot', asked({ type: MessageType.discover, vendorClass: 'HTTPClient:Arch:00016:UNDI:003000', architecture: 16 }), { to: '255.255.255.255:68', type: 2, file: 'http://10.77.0.1:8420/boot/snponly.efi', yiaddr: '0.0.0.0', siaddr: server }],
    ['ARM, which is named and left alone', pxe(11), 'UEFI ARM 64-bit: there is no loader for it yet'],
    ['firmware nobody has heard of', pxe(99), 'its firmware calls itself architecture 99, for which there is no loader'],
    ['a system that only wants an address', asked({ type: MessageType.discover, vendorClass: 'udhcp 1.35.0' }), 'not a boot client'],
    ['a request, which is for the other server', pxe(7, MessageType.request), 'a request on port 67 is not for a boot server'],
    ['one behind a relay', { ...pxe(7), giaddr: '10.80.0.1' }, { to: '10.80.0.1:67', type: 2, file: 'snponly.efi', yiaddr: '0.0.0.0', siaddr: server }],
  ] as const)('%s', (_, packet, expected) => expect(summary(proxy(packet))).toEqual(expected));

  it('is asked again on port 4011 and answers where it was asked from', () => {
    expect([summary(proxy({ ...pxe(7, MessageType.request), ciaddr: '10.77.0.50' }, on4011)), summary(proxy(pxe(7), on4011))])
      .toEqual([{ to: '10.77.0.50:4011', type: 5, file: 'snponly.efi', yiaddr: '0.0.0.0', siaddr: server }, 'a discover on port 4011 is not for a boot server']);
  });
  it('tells firmware to take this file and to ask no menu, and echoes what firmware compares', () => {
    const machine = Uint8Array.of(0, ...Array.from({ length: 16 }, (_, index) => index));
    const relay = Uint8Array.of(1, 2, 3, 4);
    const answer = proxy(pxe(7, MessageType.discover, [[Option.clientMachineId, machine], [Option.relayAgentInformation, relay], [Option.clientIdentifier, Uint8Array.of(1, 2)]]));
    const options = answer.kind === 'reply' ? answer.packet.options : new Map<number, Uint8Array>();
    expect([43, 60, 61, 66, 82, 97].map((code) => options.get(code))).toEqual([Uint8Array.of(6, 1, 8, 255), text('PXEClient'), Uint8Array.of(1, 2), undefined, relay, machine]);
  });
  it('names its address as an option to firmware that asks for one, and says which item of a menu its answer is about', () => {
    const asksFor: [number, Uint8Array][] = [[Option.parameterRequestList, Uint8Array.of(1, 66, 67)], [Option.vendorSpecific, Uint8Array.of(71, 4, 128, 1, 0, 0, 255)]];
    const answer = proxy(pxe(7, MessageType.request, asksFor), on4011);
    const options = answer.kind === 'reply' ? answer.packet.options : new Map<number, Uint8Array>();
    expect([options.get(66), options.get(43), summary(proxy(pxe(7, MessageType.inform), on4011))]).toMatchObject([text(server), Uint8Array.of(6, 1, 8, 71, 4, 128, 1, 0, 0, 255), { type: MessageType.ack }]);
  });
  it('gives the signed chain where Secure Boot is known, and holds HTTP boot back after a boot from disk', () => {
    const http = asked({ type: MessageType.discover, vendorClass: 'HTTPClient', architecture: 16 });
    expect([summary(proxy(pxe(7), on67, { loaderFor: () => 'secure-boot' })), summary(proxy(pxe(0), on67, { loaderFor: () => 'secure-boot' })), summary(proxy(http, on67, { holdHttpBoot: () => true }))])
      .toMatchObject([{ file: 'shimx64.efi' }, { file: 'ipxe.pxe' }, 'it was sent to its own disk a moment ago; this is its firmware\'s next try']);
  });
});

describe('as the only DHCP server of a lab', () => {
  it('gives an address to everybody, and a loader to who boots', () => {
    expect([summary(lab(pxe(0))), summary(lab(asked({ type: MessageType.request, more: [[Option.requestedAddress, addressBytes(grant.address)], [Option.serverIdentifier, addressBytes(server)]] })))]).toEqual([
      { to: '255.255.255.255:68', type: 2, file: 'ipxe.pxe', yiaddr: '10.77.0.130', siaddr: server }, { to: '255.255.255.255:68', type: 5, file: null, yiaddr: '10.77.0.130', siaddr: '0.0.0.0' },
    ]);
  });
  it('says no to an address that is not the client\'s, as a broadcast', () => {
    const answer = lab(asked({ type: MessageType.request, fields: { ciaddr: '10.99.0.4' } }));
    expect(answer).toMatchObject({ kind: 'refuse', to: { address: '255.255.255.255', port: 68 }, reason: '10.99.0.4 is not its address' });
  });
  it('leaves alone who chose another server, and who can get no address', () => {
    expect([summary(lab(asked({ type: MessageType.request, more: [[Option.serverIdentifier, addressBytes('10.77.0.2')]] }))), summary(lab(pxe(0), null)), summary(lab(asked({ type: MessageType.release })))])
      .toEqual(['asked another server: 10.77.0.2', expect.stringMatching(/^no address is free\. Give lab mode a larger pool/), 'neither a discover nor a request']);
  });
  it('answers through a relay on its own network, and gives no address to a computer on another', () => {
    const through = (giaddr: string): Answer => lab({ ...pxe(7), giaddr });
    expect([summary(through('10.77.0.3')), through('10.80.0.1')]).toEqual([
      { to: '10.77.0.3:67', type: 2, file: 'snponly.efi', yiaddr: '10.77.0.130', siaddr: server },
      { kind: 'ignore', endsBoot: true, reason: expect.stringMatching(/^it asks from another network, through the relay 10\.80\.0\.1, .*Use proxy mode/) as string },
    ]);
  });
  it('gives a computer that it has no loader for its address all the same, and says why that is all', () => {
    const answer = lab(pxe(11));
    expect([summary(answer), answer.kind === 'reply' ? answer.noLoader : null]).toMatchObject([{ file: null, yiaddr: '10.77.0.130', siaddr: '0.0.0.0' }, 'UEFI ARM 64-bit: there is no loader for it yet']);
  });
  it('tells a relay to broadcast a no, and repeats whose it is', () => {
    const relay = Uint8Array.of(1, 1, 9);
    const answer = lab(asked({ type: MessageType.request, more: [[Option.clientIdentifier, Uint8Array.of(1, 7)], [Option.relayAgentInformation, relay]], fields: { ciaddr: '10.77.0.9', giaddr: '10.77.0.3', broadcast: false } }));
    expect(answer.kind === 'refuse' ? [answer.to, answer.packet.broadcast, answer.packet.ciaddr, answer.packet.options.get(61), answer.packet.options.get(82)] : answer).toEqual([{ address: '10.77.0.3', port: 67 }, true, '0.0.0.0', Uint8Array.of(1, 7), relay]);
  });
  it('tells who has an address what else holds here, without an address and without times', () => {
    const inform = asked({ type: MessageType.inform, fields: { ciaddr: '10.77.0.9', broadcast: false } });
    const answer = answerToInform(inform, { subnetMask: '255.255.255.0', router: '10.77.0.1', dns: ['10.77.0.1', '10.77.0.2'] }, { ...snapshot, mode: 'lab' });
    const options = answer.kind === 'reply' ? answer.packet.options : new Map<number, Uint8Array>();
    expect([summary(answer), [1, 3, 6, 51, 58].map((code) => options.get(code))]).toEqual([
      { to: '10.77.0.9:68', type: MessageType.ack, file: null, yiaddr: '0.0.0.0', siaddr: '0.0.0.0' }, [Uint8Array.of(255, 255, 255, 0), addressBytes('10.77.0.1'), Uint8Array.of(10, 77, 0, 1, 10, 77, 0, 2), undefined, undefined],
    ]);
  });
});
