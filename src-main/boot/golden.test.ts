// Real clients' messages (net/dhcp/golden): read, written back, and answered. What is expected is listed for every file, so that a new one
// can't be forgotten.
import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#shared/errors.ts';
import { bootClientOf } from '../net/dhcp/client.ts';
import { MessageType, Option, readText } from '../net/dhcp/options.ts';
import { decodeDhcp, encodeDhcp } from '../net/dhcp/packet.ts';
import { givingServer } from '../net/dhcp/probe.ts';
import { answerAsProxy, answerAsServer, type Answer, type AnswerSnapshot, type Arrival } from './answer.ts';

const folder = new URL('../net/dhcp/golden/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.hex')).map((name) => name.slice(0, -4));
const bytesOf = (name: string): Uint8Array => Uint8Array.from(Buffer.from(readFileSync(new URL(`${name}.hex`, folder), 'utf8').replaceAll(/^#.*$/gm, '').replaceAll(/\s/g, ''), 'hex'));
const snapshot: AnswerSnapshot = { mode: 'proxy', address: '10.77.0.1', httpPort: 8430, loaders: { bios: 'ipxe.pxe', biosOther: 'undionly.kpxe', uefi: 'snponly.efi', uefiOther: 'ipxe-amd64.efi', secureBoot: 'shimx64.efi' }, loaderFor: () => 'plain', holdHttpBoot: () => false };
const script = 'http://10.77.0.1:8430/boot/ipxe';
const uuid = '01020304-0506-0708-090a-0b0c0d0e0f10';

function said(answer: Answer): string {
  if (answer.kind === 'ignore') return `ignored: ${answer.reason}`;
  const { options, yiaddr } = answer.packet;
  const type = Object.entries(MessageType).find(([, number]) => number === options.get(Option.messageType)?.[0])?.[0];
  return `${type} to ${answer.to.address}:${answer.to.port}${yiaddr === '0.0.0.0' ? '' : `, ${yiaddr}`}${options.has(Option.bootFileName) ? `, ${readText(options.get(Option.bootFileName))}` : ''}`;
}
const everybody = '255.255.255.255:68';
const notHere = 'ignored: a request on port 67 is not for a boot server';
const plain = 'ignored: not a boot client';
const relayed = 'ignored: it asks from another network, through the relay 10.88.0.1, and lab mode gives addresses of its own network alone. Use proxy mode and a DHCP server that knows that network, or connect the computer to this one';

/** [as a proxy, as a lab's server which gives 10.77.0.109] */
const clients: Record<string, [string, string]> = {
  'edk2-pxe-discover': [`offer to ${everybody}, snponly.efi`, `offer to ${everybody}, 10.77.0.109, snponly.efi`],
  'edk2-pxe-request': [notHere, `ack to ${everybody}, 10.77.0.109, snponly.efi`],
  'edk2-boot-server-request': ['ack to 10.77.0.109:4011, snponly.efi', ''],
  'edk2-http-discover': [`offer to ${everybody}, http://10.77.0.1:8430/boot/snponly.efi`, `offer to ${everybody}, 10.77.0.109, http://10.77.0.1:8430/boot/snponly.efi`],
  'edk2-http-request': [notHere, `ack to ${everybody}, 10.77.0.109, http://10.77.0.1:8430/boot/snponly.efi`],
  'ipxe-rom-bios-discover': [`offer to ${everybody}, ${script}`, `offer to ${everybody}, 10.77.0.109, ${script}`],
  'ipxe-rom-bios-request': [notHere, `nak to ${everybody}`],
  'ipxe-rom-bios-boot-server-request': [`ack to 10.77.0.110:68, ${script}`, ''],
  'ipxe-loader-bios-discover': [`offer to ${everybody}, ${script}`, `offer to ${everybody}, 10.77.0.109, ${script}`],
  'ipxe-loader-uefi-discover': [`offer to ${everybody}, ${script}`, `offer to ${everybody}, 10.77.0.109, ${script}`],
  'ipxe-loader-uefi-request': [notHere, `ack to ${everybody}, 10.77.0.109, ${script}`],
  'ipxe-loader-uefi-after-proxy-discover': [`offer to ${everybody}, ${script}`, `offer to ${everybody}, 10.77.0.109, ${script}`],
  'ipxe-loader-uefi-boot-server-request': [`ack to 10.77.0.109:68, ${script}`, ''],
  'udhcpc-discover': [plain, `offer to ${everybody}, 10.77.0.109`],
  'udhcpc-request': [plain, `nak to ${everybody}`],
  'udhcpc-relayed-discover': [plain, relayed],
  'udhcpc-relayed-request': [plain, relayed],
};
/** Who gives addresses by it. */
const servers: Record<string, string | null> = {
  'dnsmasq-offer': '10.77.0.2', 'dnsmasq-ack': '10.77.0.2', 'dnsmasq-offer-with-file': '10.77.0.1', 'dnsmasq-ack-with-file': '10.77.0.1', 'dnsmasq-proxy-offer': null,
};

describe('messages of real clients and servers', () => {
  it('are all accounted for', () => expect(names.toSorted()).toEqual([...Object.keys(clients), ...Object.keys(servers)].toSorted()));
  it.each(names)('%s is read, and written back byte for byte', (name) => {
    const bytes = bytesOf(name);
    const written = encodeDhcp(decodeDhcp(bytes));
    // Zeros after the end are padding, of which some senders put more.
    const size = Math.max(bytes.length, written.length);
    const padded = (part: Uint8Array): string => Buffer.concat([part, Buffer.alloc(size - part.length)]).toString('hex');
    expect(padded(written)).toBe(padded(bytes));
  });
  it.each(Object.entries(clients))('%s is answered', (name, [asProxy, asServer]) => {
    const packet = decodeDhcp(bytesOf(name));
    const client = bootClientOf(packet);
    const arrival: Arrival = name.includes('boot-server') ? { port: 4011, from: { address: packet.ciaddr, port: name.startsWith('edk2') ? 4011 : 68 } } : { port: 67, from: { address: '0.0.0.0', port: 68 } };
    const grant = { address: '10.77.0.109', leaseSeconds: 3600, subnetMask: '255.255.255.0', router: null, dns: [] };
    expect([said(answerAsProxy(packet, client, arrival, snapshot)), arrival.port === 4011 ? '' : said(answerAsServer(packet, client, grant, { ...snapshot, mode: 'lab' }))]).toEqual([asProxy, asServer]);
  });
  it.each(Object.entries(servers))('%s tells who gives addresses', (name, server) => expect(givingServer(decodeDhcp(bytesOf(name)), '10.77.0.1')).toBe(server));
  it('that boot say which machine they are', () => {
    const machines = Object.keys(clients).flatMap((name) => {
      const client = bootClientOf(decodeDhcp(bytesOf(name)));
      return client === null ? [] : [`${client.uuid} ${client.mac} ${client.architectureCode} ${client.userClass} ${client.ipxe?.version ?? ''} ${client.ipxe?.pciId ?? ''}`.trimEnd()];
    });
    const [bios, uefi] = [`${uuid} 52:54:00:77:00:02 0`, `${uuid} 52:54:00:77:00:01`];
    expect([...new Set(machines)].toSorted()).toEqual([`${bios} iPXE 1.0.0 8086:100e`, `${bios} iPXE 2.0.0 8086:100e`, `${uefi} 16`, `${uefi} 7`, `${uefi} 7 iPXE 2.0.0 1af4:1000`].toSorted());
  });

  it('cut off, changed or run over never crash reader or decision', () => {
    const goldens = names.map(bytesOf);
    const taken = (bytes: Uint8Array): void => {
      try {
        const packet = decodeDhcp(bytes);
        const client = bootClientOf(packet);
        for (const port of [67, 4011] as const) {
          const answer = answerAsProxy(packet, client, { port, from: { address: '10.77.0.9', port: 68 } }, snapshot);
          if (answer.kind !== 'ignore') decodeDhcp(encodeDhcp(answer.packet));
        }
        const served = answerAsServer(packet, client, { address: '10.77.0.109', leaseSeconds: 3600, subnetMask: '255.255.255.0', router: null, dns: [] }, { ...snapshot, mode: 'lab' });
        if (served.kind !== 'ignore') decodeDhcp(encodeDhcp(served.packet));
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    };
    for (const golden of goldens) for (let length = 0; length <= golden.length; length++) taken(golden.subarray(0, length));
    const change = fc.tuple(fc.nat(450), fc.nat(255));
    fc.assert(fc.property(fc.constantFrom(...goldens), fc.array(change, { maxLength: 12 }), fc.uint8Array({ maxLength: 1400 }), (golden, changes, after) => {
      const bytes = Uint8Array.of(...golden, ...after);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      taken(bytes);
    }), { seed: 67, numRuns: 2000 });
  });
});
