// Owns what is answered to a DHCP message, in proxy and in lab mode: a pure function of the message, where it came in, and a snapshot.
// Whatever is not for us is ignored with a reason; the socket's owner only sends what is returned. The rules by which firmware takes an
// offer are tabled in docs/design/quirks.md.
import type { BootClient } from '../net/dhcp/client.ts';
import { addressBytes, MessageType, Option, readAddress, readEncapsulated, text, u32 } from '../net/dhcp/options.ts';
import type { DhcpPacket } from '../net/dhcp/packet.ts';
import type { LoaderNeed } from './loader-tries.ts';

/** File names under the loaders' root, per kind of client. */
export type Loaders = { bios: string; biosOther: string; uefi: string; uefiOther: string; /** First of the signed chain. */ secureBoot: string };
export type AnswerSnapshot = {
  mode: 'proxy' | 'lab';
  /** Ours on the chosen adapter. */
  address: string;
  httpPort: number;
  loaders: Loaders;
  /** By MAC, where something is known: Secure Boot seen or suspected, boots lately sent on to their own disk. */
  loaderFor: (client: BootClient) => LoaderNeed;
  /** True where an HTTP boot must not be offered now: firmware that was sent to its disk tries its next network entry. */
  holdHttpBoot: (mac: string) => boolean;
};
/** port: 4011 is PXE's boot server port (PXE 2.1 §2.2.4); 67 DHCP's. */
export type Arrival = { port: 67 | 4011; from: { address: string; port: number } };
/** Only in lab mode: what the address book says to this message; null: it gives none (a full pool). */
export type LabGrant = { address: string; leaseSeconds: number } & LabNetwork;
/** What holds for every computer of a lab's network. */
export type LabNetwork = { subnetMask: string; router: string | null; dns: readonly string[] };

export type Answer =
  | { kind: 'reply'; packet: DhcpPacket; to: { address: string; port: number }; stage: 'offered' | 'acknowledged'; loader: string | null; address: string | null; /** It asks for a boot and gets only an address: why. */ noLoader: string | null }
  /** Lab mode: the client asks for an address that is not its. */
  | { kind: 'refuse'; packet: DhcpPacket; to: { address: string; port: number }; reason: string }
  | { kind: 'ignore'; reason: string; /** For us, and no boot comes of it: the computer's trace has to say why. */ endsBoot: boolean };

const BROADCAST = '255.255.255.255';
const CLIENT_PORT = 68;
const SERVER_PORT = 67;
const NO_ADDRESS = '0.0.0.0';
/** PXE discovery control, bit 3: take the file of this offer, ask no boot server (PXE 2.1, table 2-1, tag 43.6). */
const TAKE_THIS_FILE = [6, 1, 8];
/** Which item of a menu a boot server is asked for; its answer repeats it (PXE 2.1, table 2-1, tag 43.71). */
const BOOT_ITEM = 71;

/** Proxy mode: never an address, only to boot clients, only where boots are asked for. */
export function answerAsProxy(packet: DhcpPacket, client: BootClient | null, arrival: Arrival, snapshot: AnswerSnapshot): Answer {
  if (client === null) return ignore('not a boot client');
  // A request on port 67 is for the server that gave the address: an answer from us would be a second one. A boot server may
  // be asked with an inform too.
  if (arrival.port === 67 ? client.type !== 'discover' : client.type !== 'request' && client.type !== 'inform') return ignore(`a ${client.type ?? 'message without a type'} on port ${arrival.port} is not for a boot server`);
  const boot = bootFileFor(client, snapshot);
  if ('ignore' in boot) return ignore(boot.ignore, boot.endsBoot);
  const reply = replyTo(packet, client, snapshot, boot.file, arrival.port === 67 ? MessageType.offer : MessageType.ack);
  return {
    kind: 'reply', packet: reply, stage: arrival.port === 67 ? 'offered' : 'acknowledged', loader: boot.file, address: null, noLoader: null,
    // On 4011 firmware listens where it sent from: EDK2 on 4011, iPXE on 68.
    to: arrival.port === 4011 ? arrival.from : destination(packet),
  };
}

/** Lab mode: addresses for everybody, and a boot file for who boots. */
export function answerAsServer(packet: DhcpPacket, client: BootClient | null, grant: LabGrant | null, snapshot: AnswerSnapshot): Answer {
  const type = packet.options.get(Option.messageType)?.[0];
  if (type !== MessageType.discover && type !== MessageType.request) return ignore('neither a discover nor a request');
  const chosen = readAddress(packet.options.get(Option.serverIdentifier));
  if (type === MessageType.request && chosen !== null && chosen !== snapshot.address) return ignore(`asked another server: ${chosen}`);
  if (grant === null) return ignore('no address is free. Give lab mode a larger pool (platen boot use lab --dhcp-pool), or wait: computers that have gone hold theirs for up to four hours', true);
  // An address of this network is of no use beyond a router, and there is no pool of that one: lab mode is for one isolated network.
  if (packet.giaddr !== NO_ADDRESS && !sameNetwork(packet.giaddr, grant.address, grant.subnetMask)) {
    return ignore(`it asks from another network, through the relay ${packet.giaddr}, and lab mode gives addresses of its own network alone. Use proxy mode and a DHCP server that knows that network, or connect the computer to this one`, true);
  }
  const asked = readAddress(packet.options.get(Option.requestedAddress)) ?? (packet.ciaddr === NO_ADDRESS ? null : packet.ciaddr);
  if (type === MessageType.request && asked !== null && asked !== grant.address) return refusal(packet, snapshot.address, `${asked} is not its address`);
  const boot = client === null ? null : bootFileFor(client, snapshot);
  const file = boot === null || 'ignore' in boot ? '' : boot.file;
  const made = replyTo(packet, file === '' ? null : client, snapshot, file, type === MessageType.discover ? MessageType.offer : MessageType.ack);
  const options = new Map([...made.options, ...networkOptions(grant)]);
  options.set(Option.leaseTime, u32(grant.leaseSeconds));
  options.set(Option.renewalTime, u32(Math.floor(grant.leaseSeconds / 2)));
  options.set(Option.rebindingTime, u32(Math.floor(grant.leaseSeconds * 0.875)));
  return {
    kind: 'reply', packet: { ...made, yiaddr: grant.address, options }, to: destination(packet), stage: type === MessageType.discover ? 'offered' : 'acknowledged', loader: file === '' ? null : file, address: grant.address,
    noLoader: boot !== null && 'ignore' in boot && boot.endsBoot ? boot.ignore : null,
  };
}

/** Lab mode: who has an address and asks only for what else holds here gets that, neither an address nor times (RFC 2131 §4.3.5). */
export function answerToInform(packet: DhcpPacket, network: LabNetwork, snapshot: AnswerSnapshot): Answer {
  if (packet.ciaddr === NO_ADDRESS) return ignore('it does not say which address it has');
  const made = replyTo(packet, null, snapshot, '', MessageType.ack);
  return { kind: 'reply', packet: { ...made, options: new Map([...made.options, ...networkOptions(network)]) }, to: { address: packet.ciaddr, port: CLIENT_PORT }, stage: 'acknowledged', loader: null, address: null, noLoader: null };
}

/** Also what another server's refusal becomes that is passed on as ours. */
export function refusal(packet: DhcpPacket, address: string, reason: string): Answer {
  const options = new Map([[Option.messageType, Uint8Array.of(MessageType.nak)], [Option.serverIdentifier, addressBytes(address)], ...echoed(packet)]);
  // RFC 2131 §4.3.2: a client without a usable address hears a NAK only as a broadcast, and a relay is told so by the flag.
  const relayed = packet.giaddr !== NO_ADDRESS;
  return { kind: 'refuse', packet: { ...base(packet), ciaddr: NO_ADDRESS, broadcast: packet.broadcast || relayed, options }, to: relayed ? { address: packet.giaddr, port: SERVER_PORT } : { address: BROADCAST, port: CLIENT_PORT }, reason };
}

/** Where the loader's script is asked for; the loader adds who it is. */
export function scriptUrl({ address, httpPort }: Pick<AnswerSnapshot, 'address' | 'httpPort'>): string {
  return `http://${address}:${httpPort}/boot/ipxe`;
}

function bootFileFor(client: BootClient, snapshot: AnswerSnapshot): { file: string } | { ignore: string; endsBoot: boolean } {
  const { architecture } = client;
  if (client.userClass === 'iPXE') return { file: scriptUrl(snapshot) };
  if (architecture === null) return { ignore: `its firmware calls itself architecture ${client.architectureCode}, for which there is no loader`, endsBoot: true };
  if (architecture.cpu !== 'x64' && architecture.firmware !== 'bios') return { ignore: `${architecture.name}: there is no loader for it yet`, endsBoot: true };
  const need = snapshot.loaderFor(client);
  if (architecture.firmware === 'bios') return { file: need === 'other-driver' ? snapshot.loaders.biosOther : snapshot.loaders.bios };
  const file = { plain: snapshot.loaders.uefi, 'other-driver': snapshot.loaders.uefiOther, 'secure-boot': snapshot.loaders.secureBoot }[need];
  if (architecture.firmware === 'uefi') return { file };
  if (snapshot.holdHttpBoot(client.mac)) return { ignore: 'it was sent to its own disk a moment ago; this is its firmware\'s next try', endsBoot: false };
  return { file: `http://${snapshot.address}:${snapshot.httpPort}/boot/${file}` };
}

function replyTo(packet: DhcpPacket, client: BootClient | null, snapshot: AnswerSnapshot, file: string, type: number): DhcpPacket {
  const options = new Map<number, Uint8Array>([[Option.messageType, Uint8Array.of(type)], [Option.serverIdentifier, addressBytes(snapshot.address)]]);
  if (client !== null) {
    options.set(Option.vendorClass, text(client.kind === 'http' ? 'HTTPClient' : 'PXEClient'));
    // Clients compare what they sent; one that sent none gets none.
    const machine = packet.options.get(Option.clientMachineId);
    if (machine !== undefined) options.set(Option.clientMachineId, machine);
    if (client.kind === 'pxe') options.set(Option.vendorSpecific, pxeOptions(packet));
    // The header's field of the same meaning is siaddr; a ROM that asks for the option reads only that.
    if (client.kind === 'pxe' && packet.options.get(Option.parameterRequestList)?.includes(Option.tftpServerName) === true) options.set(Option.tftpServerName, text(snapshot.address));
    options.set(Option.bootFileName, text(file));
  }
  for (const [code, value] of echoed(packet)) options.set(code, value);
  // The header's field holds 127 characters; option 67 has the rest.
  return { ...base(packet), siaddr: client === null ? NO_ADDRESS : snapshot.address, file: file.length < 128 ? file : '', options };
}

function base(packet: DhcpPacket): Omit<DhcpPacket, 'options'> {
  return {
    op: 2, hardwareType: packet.hardwareType, hops: 0, xid: packet.xid, secs: 0, broadcast: packet.broadcast, ciaddr: packet.ciaddr, yiaddr: NO_ADDRESS, siaddr: NO_ADDRESS, giaddr: packet.giaddr,
    chaddr: packet.chaddr, sname: '', file: '',
  };
}
/** What came with the question and goes with every answer: the client's identifier (RFC 6842), the relay's information (RFC 3046). */
function echoed(packet: DhcpPacket): [number, Uint8Array][] {
  return [Option.clientIdentifier, Option.relayAgentInformation].flatMap((code) => {
    const value = packet.options.get(code);
    return value === undefined ? [] : [[code, value] as [number, Uint8Array]];
  });
}
function pxeOptions(packet: DhcpPacket): Uint8Array {
  const item = readEncapsulated(packet.options.get(Option.vendorSpecific)).get(BOOT_ITEM);
  return Uint8Array.of(...TAKE_THIS_FILE, ...(item === undefined ? [] : [BOOT_ITEM, item.length, ...item]), Option.end);
}
function networkOptions({ subnetMask, router, dns }: LabNetwork): [number, Uint8Array][] {
  return [
    [Option.subnetMask, addressBytes(subnetMask)], ...(router === null ? [] : [[Option.router, addressBytes(router)] as [number, Uint8Array]]),
    ...(dns.length === 0 ? [] : [[Option.dnsServers, Uint8Array.from(dns.flatMap((address) => [...addressBytes(address)]))] as [number, Uint8Array]]),
  ];
}

/** RFC 2131 §4.1: to the relay; to the address the client has; else to everybody, as a program cannot send to an address not yet taken. */
function destination(packet: DhcpPacket): { address: string; port: number } {
  if (packet.giaddr !== NO_ADDRESS) return { address: packet.giaddr, port: SERVER_PORT };
  return packet.ciaddr === NO_ADDRESS ? { address: BROADCAST, port: CLIENT_PORT } : { address: packet.ciaddr, port: CLIENT_PORT };
}
function sameNetwork(left: string, right: string, mask: string): boolean {
  const [one, other] = [addressBytes(left), addressBytes(right)];
  return addressBytes(mask).every((bits, at) => ((one[at] ?? 0) & bits) === ((other[at] ?? 0) & bits));
}
function ignore(reason: string, endsBoot = false): Answer {
  return { kind: 'ignore', reason, endsBoot };
}
