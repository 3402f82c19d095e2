// Owns the borrowed lease of proxy mode: where another server's answer carries a boot file of its own, the signed chain follows that one and
// not ours. Then its offer is passed on with our boot in it, and the address stays the other server's, in the computer's name. The
// messages are pure functions; the book remembers which question, offer and acknowledgement belong together.
import { randomInt } from 'node:crypto';
import type { BootClient } from '../net/dhcp/client.ts';
import { addressBytes, macText, MessageType, Option, readAddress } from '../net/dhcp/options.ts';
import type { DhcpPacket } from '../net/dhcp/packet.ts';
import { answerAsProxy, refusal, type Answer, type AnswerSnapshot } from './answer.ts';

/** What is passed on of the other server's answer: what a computer needs to speak on its network, and for how long. */
const passedOn = [Option.subnetMask, Option.router, Option.dnsServers, Option.domainName, Option.broadcastAddress, Option.leaseTime, Option.renewalTime, Option.rebindingTime] as const;
/** What firmware takes from a selecting request to the next server as it is. */
const itsOwn = [Option.hostName, Option.maximumMessageSize, Option.parameterRequestList, Option.vendorClass, Option.clientIdentifier, Option.userClass, Option.clientArchitecture, Option.clientNetworkInterface, Option.clientMachineId] as const;
const FORGET_MS = 60_000;
const MAX_OPEN = 2000;
const NO_ADDRESS = '0.0.0.0';

/** Only firmware itself on UEFI, where shim and GRUB read the acknowledgement; what is not broadcast or comes through a relay can't be overheard. */
export function canBorrow(packet: DhcpPacket, client: BootClient | null): client is BootClient {
  return client !== null && client.kind === 'pxe' && client.userClass !== 'iPXE' && client.architecture?.firmware === 'uefi' && packet.broadcast && packet.giaddr === NO_ADDRESS;
}

/** Our answer to a question, with the address that another server gave for it. */
export function borrowedAnswer(question: DhcpPacket, client: BootClient, given: DhcpPacket, snapshot: AnswerSnapshot): Answer {
  const isOffer = given.options.get(Option.messageType)?.[0] === MessageType.offer;
  const boot = answerAsProxy(question, { ...client, type: 'discover' }, { port: 67, from: { address: NO_ADDRESS, port: 68 } }, snapshot);
  if (boot.kind !== 'reply') return boot;
  const options = new Map(boot.packet.options);
  options.set(Option.messageType, Uint8Array.of(isOffer ? MessageType.offer : MessageType.ack));
  for (const code of passedOn) {
    const value = given.options.get(code);
    if (value !== undefined) options.set(code, value);
  }
  return { ...boot, packet: { ...boot.packet, yiaddr: given.yiaddr, options }, stage: isOffer ? 'offered' : 'acknowledged', address: given.yiaddr };
}

/** The computer's request, put to the server whose address it is. The number is another, so that the computer doesn't take the answer for its own. */
export function requestInItsName(request: DhcpPacket, offer: DhcpPacket, server: string, xid: number): DhcpPacket {
  const options = new Map<number, Uint8Array>([[Option.messageType, Uint8Array.of(MessageType.request)], [Option.requestedAddress, addressBytes(offer.yiaddr)], [Option.serverIdentifier, addressBytes(server)]]);
  for (const code of itsOwn) {
    const value = request.options.get(code);
    if (value !== undefined) options.set(code, value);
  }
  return { ...request, hops: 0, xid, broadcast: true, ciaddr: NO_ADDRESS, yiaddr: NO_ADDRESS, siaddr: NO_ADDRESS, giaddr: NO_ADDRESS, sname: '', file: '', options };
}

type Open = { at: number; question: DhcpPacket; client: BootClient; offer: DhcpPacket | null; server: string; request: DhcpPacket | null; /** Of our request in its name. */ xid: number };
export type Borrowed = { answer: Answer; client: BootClient; question: DhcpPacket; server: string };

export class BorrowedLeases {
  readonly #open = new Map<string, Open>();
  readonly #clock: () => number;
  readonly #snapshot: () => AnswerSnapshot;

  constructor(clock: () => number, snapshot: () => AnswerSnapshot) {
    this.#clock = clock;
    this.#snapshot = snapshot;
  }

  /** A message of a computer: remembered, and for a request that chose us, what the other server is to be asked. */
  heard(packet: DhcpPacket, client: BootClient | null): DhcpPacket | null {
    const mac = macText(packet.chaddr);
    const open = this.#open.get(mac);
    if (client?.type === 'discover') {
      this.#forgetOld();
      if (!canBorrow(packet, client) || this.#open.size >= MAX_OPEN) this.#open.delete(mac);
      else this.#open.set(mac, { at: this.#clock(), question: packet, client, offer: null, server: '', request: null, xid: 0 });
      return null;
    }
    if (client?.type !== 'request' || open?.offer === undefined || open.offer === null) return null;
    if (client.serverIdentifier !== this.#snapshot().address || client.requestedAddress !== open.offer.yiaddr) return null;
    // Asked again: the same number, so that either acknowledgement is the one.
    if (open.request === null) open.xid = randomInt(1, 0xffff_ffff);
    open.request = packet;
    open.at = this.#clock();
    return requestInItsName(packet, open.offer, open.server, open.xid);
  }

  /** Our own question in a computer's name, which comes back to us as every broadcast does. */
  isOwn(packet: DhcpPacket): boolean {
    const open = this.#open.get(macText(packet.chaddr));
    return open !== undefined && open.request !== null && open.xid === packet.xid;
  }

  /** A message of another server: null where nobody asked for it here, else what the computer is told. */
  overheard(packet: DhcpPacket, from: string): Borrowed | null {
    const open = this.#open.get(macText(packet.chaddr));
    const type = packet.options.get(Option.messageType)?.[0];
    const snapshot = this.#snapshot();
    const server = readAddress(packet.options.get(Option.serverIdentifier)) ?? from;
    if (open === undefined || packet.op !== 2 || server === snapshot.address || this.#clock() - open.at > FORGET_MS) return null;
    if (type === MessageType.offer && packet.yiaddr !== NO_ADDRESS && packet.xid === open.question.xid && open.request === null) {
      // The first that offers is the one; of several one is as good as the other.
      if (open.offer !== null && open.server !== server) return null;
      open.offer = packet;
      open.server = server;
      return { answer: borrowedAnswer(open.question, open.client, packet, snapshot), client: open.client, question: open.question, server };
    }
    if (open.request === null || packet.xid !== open.xid || server !== open.server) return null;
    const { request, client } = open;
    if (type === MessageType.ack) {
      this.#open.delete(macText(packet.chaddr));
      return { answer: borrowedAnswer(request, client, packet, snapshot), client, question: request, server };
    }
    if (type !== MessageType.nak) return null;
    this.#open.delete(macText(packet.chaddr));
    return { answer: refusal(request, snapshot.address, `${server} takes its offer back`), client, question: request, server };
  }

  #forgetOld(): void {
    const now = this.#clock();
    for (const [mac, { at }] of this.#open) if (now - at > FORGET_MS) this.#open.delete(mac);
  }
}
