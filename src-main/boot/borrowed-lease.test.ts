import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { bootClientOf } from '../net/dhcp/client.ts';
import { addressBytes, MessageType, Option, readText, text } from '../net/dhcp/options.ts';
import { decodeDhcp, encodeDhcp, type DhcpPacket } from '../net/dhcp/packet.ts';
import type { Answer, AnswerSnapshot } from './answer.ts';
import { BorrowedLeases, canBorrow } from './borrowed-lease.ts';

const snapshot: AnswerSnapshot = { mode: 'proxy', address: '10.77.0.1', httpPort: 8430, loaders: { bios: 'ipxe.pxe', biosOther: 'undionly.kpxe', uefi: 'snponly.efi', uefiOther: 'ipxe-amd64.efi', secureBoot: 'shimx64.efi' }, loaderFor: () => 'secure-boot', holdHttpBoot: () => false };
const golden = (name: string): DhcpPacket => decodeDhcp(Uint8Array.from(Buffer.from(readFileSync(new URL(`../net/dhcp/golden/${name}.hex`, import.meta.url), 'utf8').replaceAll(/^#.*$/gm, '').replaceAll(/\s/g, ''), 'hex')));

/** As real firmware asks and a real server answers; its answers carry a boot file in the header, as some servers always do. */
function boot(change: (packet: DhcpPacket) => DhcpPacket = (packet) => packet) {
  const discover = change(golden('edk2-pxe-discover'));
  const offer = { ...golden('dnsmasq-offer'), xid: discover.xid, file: 'their.efi', siaddr: '10.77.0.2' };
  const request = (server: string): DhcpPacket => {
    const packet = change({ ...golden('edk2-pxe-request'), xid: discover.xid });
    return { ...packet, options: new Map([...packet.options, [Option.serverIdentifier, addressBytes(server)], [Option.requestedAddress, addressBytes(offer.yiaddr)]]) };
  };
  return { discover, offer, request, ack: { ...golden('dnsmasq-ack'), file: 'their.efi', siaddr: '10.77.0.2' } };
}
const open = (time = { now: 0 }) => new BorrowedLeases(() => time.now, () => snapshot);
const hears = (leases: BorrowedLeases, packet: DhcpPacket) => leases.heard(packet, bootClientOf(packet));
function told(answer: Answer | undefined): unknown {
  if (answer === undefined || answer.kind === 'ignore') return answer;
  const { packet } = answer;
  expect(decodeDhcp(encodeDhcp(packet))).toEqual(packet);
  return {
    type: packet.options.get(Option.messageType)?.[0], xid: packet.xid, to: `${answer.to.address}:${answer.to.port}`, yiaddr: packet.yiaddr, siaddr: packet.siaddr, file: packet.file, server: packet.options.get(Option.serverIdentifier),
    mask: packet.options.get(Option.subnetMask), router: packet.options.get(Option.router), lease: packet.options.get(Option.leaseTime)?.length, vendorClass: readText(packet.options.get(Option.vendorClass)),
  };
}
const ours = { to: '255.255.255.255:68', siaddr: '10.77.0.1', file: 'shimx64.efi', server: addressBytes('10.77.0.1'), mask: addressBytes('255.255.255.0'), router: addressBytes('10.77.0.2'), lease: 4, vendorClass: 'PXEClient' };

it('another server\'s offer and acknowledgement reach the computer with its address and our boot', () => {
  const leases = open();
  const { discover, offer, request, ack } = boot();
  expect(hears(leases, discover)).toBeNull();
  expect(told(leases.overheard(offer, '10.77.0.2')?.answer)).toEqual({ ...ours, type: MessageType.offer, xid: discover.xid, yiaddr: offer.yiaddr });
  const asked = hears(leases, request('10.77.0.1'));
  expect(asked).not.toBeNull();
  if (asked === null) return;
  expect([asked.xid === discover.xid, asked.broadcast, asked.giaddr, asked.options.get(Option.serverIdentifier), asked.options.get(Option.requestedAddress), asked.options.get(Option.clientMachineId)?.length, Buffer.from(asked.chaddr).toString('hex')])
    .toEqual([false, true, '0.0.0.0', addressBytes('10.77.0.2'), addressBytes(offer.yiaddr), 17, '525400770001']);
  // What was sent comes back as every broadcast does.
  expect([leases.isOwn(asked), leases.isOwn(request('10.77.0.1'))]).toEqual([true, false]);
  // The answer to what the computer did not ask, and the one to what was asked in its name.
  expect(leases.overheard({ ...ack, xid: discover.xid }, '10.77.0.2')).toBeNull();
  expect(told(leases.overheard({ ...ack, xid: asked.xid }, '10.77.0.2')?.answer)).toEqual({ ...ours, type: MessageType.ack, xid: discover.xid, yiaddr: ack.yiaddr });
  expect(leases.overheard({ ...ack, xid: asked.xid }, '10.77.0.2')).toBeNull();
});

it('a request asked again asks the other server again, under the same number', () => {
  const leases = open();
  const { discover, offer, request } = boot();
  hears(leases, discover);
  leases.overheard(offer, '10.77.0.2');
  expect(hears(leases, request('10.77.0.1'))?.xid).toBe(hears(leases, request('10.77.0.1'))?.xid);
});

it('an offer that is taken back is taken back from the computer', () => {
  const leases = open();
  const { discover, offer, request } = boot();
  hears(leases, discover);
  leases.overheard(offer, '10.77.0.2');
  const asked = hears(leases, request('10.77.0.1'));
  const nak: DhcpPacket = { ...offer, xid: asked?.xid ?? 0, yiaddr: '0.0.0.0', options: new Map([[Option.messageType, Uint8Array.of(MessageType.nak)], [Option.serverIdentifier, addressBytes('10.77.0.2')]]) };
  expect(leases.overheard(nak, '10.77.0.2')?.answer).toMatchObject({ kind: 'refuse', to: { address: '255.255.255.255', port: 68 }, packet: { xid: discover.xid } });
});

it('nothing is borrowed of an offer nobody asked for, of a second server, of us, or after a minute', () => {
  const time = { now: 0 };
  const leases = open(time);
  const { discover, offer, request } = boot();
  expect(leases.overheard(offer, '10.77.0.2')).toBeNull();
  hears(leases, discover);
  const from = (server: string): DhcpPacket => ({ ...offer, options: new Map([...offer.options, [Option.serverIdentifier, addressBytes(server)]]) });
  expect([leases.overheard(from('10.77.0.1'), '10.77.0.1'), leases.overheard({ ...offer, xid: 1 }, '10.77.0.2'), leases.overheard({ ...offer, yiaddr: '0.0.0.0' }, '10.77.0.2')]).toEqual([null, null, null]);
  expect([leases.overheard(offer, '10.77.0.2') === null, leases.overheard(from('10.77.0.3'), '10.77.0.3')]).toEqual([false, null]);
  expect([hears(leases, request('10.77.0.2'))]).toEqual([null]);
  time.now = 61_000;
  expect(leases.overheard(offer, '10.77.0.2')).toBeNull();
});

it('only UEFI firmware that is answered by broadcast can borrow', () => {
  const can = (packet: DhcpPacket) => canBorrow(packet, bootClientOf(packet));
  const plain = golden('edk2-pxe-discover');
  const bios = { ...plain, options: new Map([...plain.options, [Option.vendorClass, text('PXEClient')], [Option.clientArchitecture, Uint8Array.of(0, 0)]]) };
  expect([can(plain), can({ ...plain, broadcast: false }), can({ ...plain, giaddr: '10.9.9.9' }), can(golden('ipxe-loader-uefi-discover')), can(golden('edk2-http-discover')), can(golden('udhcpc-discover')), can(bios)]).toEqual([true, false, false, false, false, false, false]);
});
