// Owns the leases of lab mode while it serves: which address a message is about, and what was given. Rules of choice are in leases.ts;
// keeping them is whoever hears of changes.
import { macText, MessageType, Option, readAddress, readText } from '../net/dhcp/options.ts';
import type { DhcpPacket } from '../net/dhcp/packet.ts';
import type { LabGrant } from './answer.ts';
import { chooseAddress, type Lease } from './leases.ts';
import type { BootConfig } from './snapshot.ts';

const LEASE_SECONDS = 4 * 3600;
const OFFER_MS = 60_000;
/** An address that somebody else was found on is left alone this long. */
const CONFLICT_MS = 10 * 60_000;

export class LeaseBook {
  #leases: Lease[];
  readonly #config: BootConfig;
  readonly #clock: () => number;
  readonly #onChange: (leases: readonly Lease[]) => void;

  constructor(config: BootConfig, clock: () => number, onChange: (leases: readonly Lease[]) => void) {
    this.#config = config;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#leases = [...config.leases];
  }

  /** What this message may be given; null outside lab mode, with a full pool, and for messages that end a lease (which happens here). */
  grant(packet: DhcpPacket): LabGrant | null {
    const { pool, prefixLength } = this.#config;
    const type = packet.options.get(Option.messageType)?.[0];
    const mac = macText(packet.chaddr);
    const requested = readAddress(packet.options.get(Option.requestedAddress)) ?? (packet.ciaddr === '0.0.0.0' ? null : packet.ciaddr);
    if (pool === null) return null;
    if (type === MessageType.release) this.#change((lease) => (lease.mac === mac ? { ...lease, endsAt: this.#clock() } : lease));
    // RFC 2131 §4.3.3: the client found somebody else on it.
    if (type === MessageType.decline) this.#change((lease) => (lease.mac === mac && lease.address === requested ? { ...lease, state: 'conflict', endsAt: this.#clock() + CONFLICT_MS } : lease));
    if (type !== MessageType.discover && type !== MessageType.request) return null;
    const choice = chooseAddress(this.#leases, pool, { mac, requested }, this.#clock());
    if ('full' in choice) return null;
    return { address: choice.address, leaseSeconds: LEASE_SECONDS, subnetMask: maskOf(prefixLength), router: null, dns: [] };
  }

  given(packet: DhcpPacket, mac: string, address: string, bound: boolean): void {
    const lease: Lease = { address, mac, hostname: (readText(packet.options.get(Option.hostName)) ?? '').slice(0, 63), state: bound ? 'bound' : 'offered', endsAt: this.#clock() + (bound ? LEASE_SECONDS * 1000 : OFFER_MS) };
    this.#leases = [...this.#leases.filter((each) => each.address !== address && (each.mac !== mac || each.state === 'conflict')), lease];
    if (bound) this.#onChange(this.#leases);
  }

  #change(change: (lease: Lease) => Lease): void {
    this.#leases = this.#leases.map(change);
    this.#onChange(this.#leases);
  }
}

function maskOf(prefixLength: number): string {
  const value = prefixLength === 0 ? 0 : (0xffff_ffff << (32 - prefixLength)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}
