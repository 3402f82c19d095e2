import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MessageType, Option, readText, text } from '../net/dhcp/options.ts';
import { decodeDhcp, encodeDhcp, type DhcpPacket } from '../net/dhcp/packet.ts';
import { decodeTftp, encodeAcknowledge, encodeRead } from '../net/tftp/packet.ts';
import type { Lease } from './leases.ts';
import { openListeners, type Listeners } from './listeners.ts';
import type { BootConfig, BootEvent, BootSnapshot } from './snapshot.ts';

let folder = '';
let client: Socket;
let listeners: Listeners | null = null;
let events: BootEvent[] = [];
let leases: readonly Lease[] = [];
let errors: Error[] = [];
let now = 1000;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'platen-boot-'));
  for (const name of ['ipxe.pxe', 'undionly.kpxe', 'snponly.efi', 'shimx64.efi', 'vmlinuz']) writeFileSync(join(folder, name), `this is ${name}`);
  client = createSocket('udp4');
  client.bind(0, '127.0.0.1');
  await once(client, 'listening');
  [events, leases, errors, now] = [[], [], [], 1000];
});
afterEach(async () => {
  await listeners?.close();
  listeners = null;
  client.close();
  rmSync(folder, { recursive: true });
});

const emptySnapshot: BootSnapshot = { settings: { unknownComputers: 'portal', loaderCountdownSeconds: 3 }, computers: [], byMac: {}, byUuid: {}, kernelWords: ['console=tty1'], small: Buffer.from('small') };
const mac = '52:54:00:77:00:01';
const known = (given: Partial<BootSnapshot['computers'][number]> = {}): BootSnapshot => ({ ...emptySnapshot, computers: [{ id: 'c', name: 'LAB-1', override: null, armedRun: null, secureBoot: false, ...given }], byMac: { [mac]: 0 } });

async function open(mode: 'proxy' | 'lab', snapshot: BootSnapshot = emptySnapshot): Promise<Listeners> {
  const path = (name: string): string => join(folder, name);
  const config: BootConfig = {
    mode, address: '127.0.0.1', prefixLength: 8, pool: mode === 'lab' ? { first: '127.0.0.50', last: '127.0.0.60', reserved: [] } : null, leases: [],
    ports: { dhcp: 0, pxe: 0, tftp: 0, http: 0, client: client.address().port }, loaderNames: { bios: 'ipxe.pxe', biosOther: 'undionly.kpxe', uefi: 'snponly.efi', uefiOther: 'ipxe-amd64.efi', secureBoot: 'shimx64.efi' },
    loaders: Object.fromEntries(['ipxe.pxe', 'undionly.kpxe', 'snponly.efi', 'shimx64.efi'].map((name) => [name, path(name)])), images: { vmlinuz: { path: path('vmlinuz'), sizeBytes: 15, tag: 'k' } },
  };
  listeners = await openListeners({ config, snapshot, clock: () => now, onEvent: (event) => events.push(event), onLeases: (all) => (leases = all), onError: (error) => errors.push(error), onWarning: () => undefined });
  return listeners;
}
/** ciaddr: an answer goes there instead of being broadcast, which loopback does not do. */
function message(type: number, architecture: number, more: [number, Uint8Array][] = []): DhcpPacket {
  return {
    op: 1, hardwareType: 1, hops: 0, xid: 5, secs: 0, broadcast: false, ciaddr: '127.0.0.1', yiaddr: '0.0.0.0', siaddr: '0.0.0.0', giaddr: '0.0.0.0', chaddr: Uint8Array.of(82, 84, 0, 119, 0, 1), sname: '', file: '',
    options: new Map([[Option.messageType, Uint8Array.of(type)], [Option.vendorClass, text('PXEClient')], [Option.clientArchitecture, Uint8Array.of(0, architecture)], ...more]),
  };
}
async function asks(packet: DhcpPacket, port: number): Promise<DhcpPacket> {
  client.send(encodeDhcp(packet), port, '127.0.0.1');
  const [bytes] = (await once(client, 'message')) as [Buffer];
  return decodeDhcp(bytes);
}
async function fetches(name: string, port: number): Promise<string> {
  client.send(encodeRead(name), port, '127.0.0.1');
  const [bytes, from] = (await once(client, 'message')) as [Buffer, { port: number }];
  const packet = decodeTftp(bytes);
  client.send(encodeAcknowledge(1), from.port, '127.0.0.1');
  return packet.kind === 'data' ? Buffer.from(packet.bytes).toString() : packet.kind === 'error' ? packet.message : packet.kind;
}
const fileOf = (packet: DhcpPacket) => readText(packet.options.get(Option.bootFileName));

describe('a boot, from the first message to the environment', () => {
  it('is answered by DHCP, TFTP and HTTP, and leaves a trace of each stage', async () => {
    const { ports } = await open('proxy');
    const offer = await asks(message(MessageType.discover, 7), ports.dhcp);
    const loader = await fetches(fileOf(offer) ?? '', ports.tftp);
    const chained = await asks(message(MessageType.discover, 7, [[Option.userClass, text('iPXE')]]), ports.dhcp);
    const first = await (await fetch(fileOf(chained) ?? '')).text();
    const script = await (await fetch(`http://127.0.0.1:${ports.http}/boot/script?mac=${mac.replaceAll(':', '-')}&platform=efi`)).text();
    const kernel = await (await fetch(`http://127.0.0.1:${ports.http}/boot/vmlinuz`)).text();
    const small = await (await fetch(`http://127.0.0.1:${ports.http}//boot//small.cpio`)).text();
    expect([loader, first.includes('/boot/script?mac='), script.includes(`kernel http://127.0.0.1:${ports.http}/boot/vmlinuz initrd=base.cpio.zst initrd=small.cpio console=tty1 BOOTIF=01-52-54-00-77-00-01 platen.portal=menu`), kernel, small])
      .toEqual(['this is snponly.efi', true, true, 'this is vmlinuz', 'small']);
    expect(events.map((event) => `${event.mac} ${event.stage}`)).toEqual([`${mac} asked`, `${mac} offered`, `${mac} loader`, `${mac} offered`, `${mac} script`, `${mac} kernel`, `${mac} kernel`]);
  });
  it('of a known computer waits for i and then starts the disk, and of one with a run goes on at once', async () => {
    const { ports, update } = await open('proxy', known());
    const script = async () => (await fetch(`http://127.0.0.1:${ports.http}/boot/script?mac=${mac.replaceAll(':', '-')}&platform=pcbios`)).text();
    const waits = await script();
    update(known({ armedRun: 'Win11 lab' }));
    expect([waits.includes('prompt --key i --timeout 3000'), waits.includes('sanboot --no-describe --drive 0x80'), (await script()).split('\n')[1]]).toEqual([true, true, 'echo Platen: Win11 lab waits for it']);
  });
  it('of a computer that is to be left alone is not answered', async () => {
    const { ports } = await open('proxy', known({ override: 'ignore' }));
    client.send(encodeDhcp(message(MessageType.discover, 7)), ports.dhcp, '127.0.0.1');
    const other = { ...message(MessageType.discover, 0), xid: 77, chaddr: Uint8Array.of(2, 0, 0, 0, 0, 9) };
    expect((await asks(other, ports.dhcp)).xid).toBe(77);
  });
  it('that fetched the loader and then started over is taken for Secure Boot and gets the signed chain', async () => {
    const { ports } = await open('proxy');
    await asks(message(MessageType.discover, 7), ports.dhcp);
    await fetches('snponly.efi', ports.tftp);
    now += 40_000;
    const again = await asks(message(MessageType.discover, 7), ports.dhcp);
    expect([fileOf(again), events.find((event) => event.problem)?.facts.secureBoot]).toEqual(['shimx64.efi', true]);
  });
  it('of BIOS that fetched the loader twice and started over gets the one with the other kind of driver, and keeps it once it spoke', async () => {
    const { ports } = await open('proxy');
    const offered: string[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      offered.push(fileOf(await asks(message(MessageType.discover, 0), ports.dhcp)) ?? '');
      await fetches(offered.at(-1) ?? '', ports.tftp);
      now += 40_000;
    }
    expect(offered).toEqual(['ipxe.pxe', 'ipxe.pxe', 'undionly.kpxe']);
    await fetch(`http://127.0.0.1:${ports.http}/boot/script?mac=${mac}&uuid=&platform=pcbios`);
    expect(fileOf(await asks(message(MessageType.discover, 0), ports.dhcp))).toBe('undionly.kpxe');
    expect(events.filter(({ problem, stage }) => problem || stage === 'note').map(({ text }) => text.split('. ')[1])).toEqual(['The same one is offered once more.', 'The loader with the other kind of driver is offered at this try.', expect.stringContaining('name the model in the settings')]);
  });
  it('with Secure Boot goes on in GRUB, over TFTP and HTTP alike', async () => {
    const { ports } = await open('proxy', known());
    const first = await fetches('/grub/grub.cfg', ports.tftp);
    const overHttp = await (await fetch(`http://127.0.0.1:${ports.http}/grub/grub.cfg`)).text();
    const menu = await (await fetch(`http://127.0.0.1:${ports.http}/boot/grub/script?mac=${mac}&uuid=`)).text();
    expect([first.includes('/boot/grub/script?mac=$net_default_mac'), overHttp === first, menu.includes('set timeout=3')]).toEqual([true, true, true]);
    await fetch(`http://127.0.0.1:${ports.http}/boot/told?mac=${mac}&what=no-disk`);
    expect(events.filter((event) => event.stage === 'script').map((event) => [event.mac, event.facts.ends, event.text.slice(0, 22)])).toEqual([[mac, undefined, 'Told: wait for i, then'], [mac, 'stopped', 'Its disk did not start']]);
  });
  it('leaves no connection behind that its next try would meet', async () => {
    const { ports } = await open('proxy');
    const loader = connect(ports.http, '127.0.0.1');
    loader.write('GET /boot/vmlinuz HTTP/1.1\r\nHost: x\r\n\r\n');
    let heard = '';
    loader.on('data', (part: Buffer) => (heard += part.toString()));
    await expect.poll(() => heard).toContain('this is vmlinuz');
    loader.end();
    // Dropped, instead of ended in turn: nothing waits for an acknowledgement.
    const [error] = (await once(loader, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  });
  it('to which a file is missing says which', async () => {
    const { ports } = await open('proxy');
    rmSync(join(folder, 'vmlinuz'));
    await fetch(`http://127.0.0.1:${ports.http}/boot/vmlinuz`).then((response) => response.text()).catch(() => '');
    await fetches('nothing.efi', ports.tftp);
    await fetches('grub/x86_64-efi/command.lst', ports.tftp);
    expect(events.map(({ stage, text, problem }) => [stage, text, problem])).toEqual([['kernel', 'vmlinuz is missing on the server: build the boot environment again', true], ['note', 'Asked for nothing.efi, which is not there', false]]);
  });
  it('finds nothing outside the loaders', async () => {
    const { ports } = await open('proxy');
    expect([await fetches('../../etc/passwd', ports.tftp), await fetches('/snponly.efi', ports.tftp), (await fetch(`http://127.0.0.1:${ports.http}/boot/..%2f..%2fetc/passwd`)).status]).toEqual(['There is no such file here.', 'this is snponly.efi', 404]);
  });
});

describe('lab mode', () => {
  it('gives addresses, the same again to the same computer, and keeps what was taken', async () => {
    const { ports } = await open('lab');
    const unset = { ciaddr: '127.0.0.1' };
    const offer = await asks({ ...message(MessageType.discover, 0, [[Option.requestedAddress, Uint8Array.of(127, 0, 0, 55)]]), ...unset }, ports.dhcp);
    const ack = await asks({ ...message(MessageType.request, 0, [[Option.requestedAddress, Uint8Array.of(127, 0, 0, 55)], [Option.serverIdentifier, Uint8Array.of(127, 0, 0, 1)]]), ...unset }, ports.dhcp);
    expect([offer.yiaddr, ack.yiaddr, ack.options.get(Option.messageType)?.[0], leases]).toMatchObject(['127.0.0.55', '127.0.0.55', MessageType.ack, [{ address: '127.0.0.55', mac, state: 'bound' }]]);
  });
  it('stops when another server is heard', async () => {
    const { ports } = await open('lab');
    const foreign: DhcpPacket = { ...message(MessageType.offer, 0), op: 2, yiaddr: '127.0.0.9', options: new Map([[Option.messageType, Uint8Array.of(MessageType.offer)], [Option.serverIdentifier, Uint8Array.of(127, 0, 0, 9)]]) };
    client.send(encodeDhcp(foreign), ports.dhcp, '127.0.0.1');
    await expect.poll(() => errors.map((error) => error.message)).toEqual([expect.stringMatching(/^Another DHCP server answers on this network: 127\.0\.0\.9\. Lab mode has stopped, /)]);
  });
});
