// Owns what lab mode does beside answering: it asks the network whether somebody has an address before it is first given, and it keeps
// looking for other DHCP servers on its wire. Never holds up answers to others.
import { macText, MessageType, Option, readAddress } from '../net/dhcp/options.ts';
import type { NeighbourWatch } from '../net/dhcp/neighbours.ts';
import type { DhcpPacket } from '../net/dhcp/packet.ts';
import { givingServer, probeQuestion } from '../net/dhcp/probe.ts';
import type { LabGrant } from './answer.ts';
import type { LeaseBook } from './lease-book.ts';

export type LabParts = {
  book: LeaseBook; watch: Pick<NeighbourWatch, 'whoHas'>;
  /** Ours, and the length of its network's prefix. */
  address: string; prefixLength: number;
  /** Broadcasts a question to servers. */
  ask: (question: DhcpPacket) => void;
  /** Somebody else has an address of the pool. */
  onTaken: (address: string, by: string, askedBy: string) => void;
  /** Another server gives addresses on this wire. */
  onOtherServer: (server: string) => void;
};

/** Firmware asks again after one second at the earliest, and most wait four. */
const LOOK_MS = 450;
/** A neighbour answers within a few milliseconds; less than this is no look. */
const LEAST_LOOK_MS = 80;
const WATCH_MS = 30_000;
const SUSPICION_MS = 2000;
const NO_ADDRESS = '0.0.0.0';

export class Lab {
  readonly #parts: LabParts;
  /** Computers whose address is being looked into: their question is answered when that is done. */
  readonly #looking = new Set<string>();
  /** The same each time, so that a server that comes sets aside one address for it, not one each time. */
  readonly #question: DhcpPacket;
  readonly #timer: NodeJS.Timeout;
  #askedAt = -Infinity;
  #stopped = false;

  constructor(parts: LabParts) {
    this.#parts = parts;
    this.#question = probeQuestion(parts.address);
    this.#timer = setInterval(() => this.#ask(), WATCH_MS).unref();
  }

  /** Calls back at once, or after the look, or not at all: the computer asks again. */
  grant(packet: DhcpPacket, give: (grant: LabGrant | null) => void): void {
    const { book } = this.#parts;
    if (this.#stopped) return;
    const mac = macText(packet.chaddr);
    const isDiscover = packet.options.get(Option.messageType)?.[0] === MessageType.discover;
    if (isDiscover && this.#looking.has(mac)) return;
    const grant = book.grant(packet);
    // Beyond a relay ARP does not reach; a request is for what was offered, and its sender asks for itself (RFC 2131 §4.4.1).
    if (grant === null || !isDiscover || packet.giaddr !== NO_ADDRESS || book.isSettled(mac, grant.address)) return give(grant);
    this.#looking.add(mac);
    void this.#look(packet, mac, grant).then((free) => {
      this.#looking.delete(mac);
      if (free !== undefined && !this.#stopped) give(free);
    });
  }

  /** The first address that nobody answers on, null for none left, undefined where time ran out: what was found is remembered. */
  async #look(packet: DhcpPacket, mac: string, first: LabGrant): Promise<LabGrant | null | undefined> {
    const { book, watch, onTaken } = this.#parts;
    const until = performance.now() + LOOK_MS;
    for (let grant: LabGrant | null = first; grant !== null; grant = book.grant(packet)) {
      const { address } = grant;
      const leftMs = until - performance.now();
      if (leftMs < LEAST_LOOK_MS) return undefined;
      const before = book.holder(address);
      // Set aside meanwhile: a room of computers asks at once.
      book.given(packet, address, false);
      const found = await watch.whoHas(address, leftMs);
      // The system remembers who had an address for a while; a lease of ours that ended explains that.
      if (found === null || found === mac || (before !== null && before.state !== 'conflict' && before.mac === found)) {
        book.looked(mac, address);
        return grant;
      }
      book.taken(address, found);
      onTaken(address, found, mac);
    }
    return null;
  }

  /** A message of a server to a client, from wherever it was heard: this machine may have other adapters with servers of their own. */
  overheard(packet: DhcpPacket, from: string): void {
    const server = givingServer(packet, from);
    if (server === null || server === this.#parts.address) return;
    if (packet.xid === this.#question.xid || this.#isHere(server)) this.#stop(server);
    else this.#suspect();
  }
  /** A computer that chose another server heard one. */
  heard(packet: DhcpPacket): void {
    const server = readAddress(packet.options.get(Option.serverIdentifier));
    if (packet.options.get(Option.messageType)?.[0] !== MessageType.request || server === null || server === this.#parts.address || packet.giaddr !== NO_ADDRESS) return;
    if (this.#isHere(server)) this.#stop(server);
    else this.#suspect();
  }
  close(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  /** The question leaves by the chosen adapter alone, so whoever answers it is on its wire. */
  #suspect(): void {
    if (performance.now() - this.#askedAt > SUSPICION_MS) this.#ask();
  }
  #ask(): void {
    if (this.#stopped) return;
    this.#askedAt = performance.now();
    this.#parts.ask(this.#question);
  }
  #stop(server: string): void {
    if (this.#stopped) return;
    this.close();
    this.#parts.onOtherServer(server);
  }
  #isHere(server: string): boolean {
    const bits = (address: string): string => address.split('.').map((part) => Number(part).toString(2).padStart(8, '0')).join('').slice(0, this.#parts.prefixLength);
    return bits(server) === bits(this.#parts.address);
  }
}
