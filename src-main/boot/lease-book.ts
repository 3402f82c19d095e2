// Owns the leases of lab mode while it serves: which address a message is about, and what was given. Rules of choice are in leases.ts;
// keeping them is whoever hears of changes.
import { macText, MessageType, Option, readAddress, readText } from '../net/dhcp/options.ts';
import type { DhcpPacket } from '../net/dhcp/packet.ts';
import type { LabGrant, LabNetwork } from './answer.ts';
import { chooseAddress, type Lease } from './leases.ts';
import type { BootConfig } from './snapshot.ts';

const LEASE_SECONDS = 4 * 3600;
const OFFER_MS = 60_000;
/** An address that somebody else was found on is left alone this long. */
const CONFLICT_MS = 10 * 60_000;
/** A computer that had its address until this long ago gets it again unasked. */
const LATELY_MS = 3_600_000;

export class LeaseBook {
  #leases: Lease[];
  readonly #config: Pick<BootConfig, 'pool' | 'prefixLength' | 'leases'>;
  readonly #clock: () => number;
  readonly #onChange: (leases: readonly Lease[]) => void;
  /** Addresses that nobody answered on, by the computer that they were looked into for. */
  readonly #looked = new Map<string, { mac: string; at: number }>();

  constructor(config: Pick<BootConfig, 'pool' | 'prefixLength' | 'leases'>, clock: () => number, onChange: (leases: readonly Lease[]) => void) {
    this.#config = config;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#leases = [...config.leases];
  }

  get network(): LabNetwork {
    return { subnetMask: maskOf(this.#config.prefixLength), router: null, dns: [] };
  }

  /** What this message may be given; null outside lab mode, with a full pool, and for messages that end a lease (which happens here). */
  grant(packet: DhcpPacket): LabGrant | null {
    const { pool } = this.#config;
    const type = packet.options.get(Option.messageType)?.[0];
    const mac = macText(packet.chaddr);
    const requested = readAddress(packet.options.get(Option.requestedAddress)) ?? (packet.ciaddr === '0.0.0.0' ? null : packet.ciaddr);
    if (pool === null) return null;
    const isTheirs = (lease: Lease): boolean => lease.mac === mac && lease.address === requested && lease.state !== 'conflict';
    if (type === MessageType.release) this.#change((lease) => (isTheirs(lease) ? { ...lease, endsAt: this.#clock() } : lease));
    // RFC 2131 §4.3.3: the client found somebody else on it, and does not say whom.
    if (type === MessageType.decline) this.#change((lease) => (isTheirs(lease) ? { ...lease, mac: '', hostname: '', state: 'conflict', endsAt: this.#clock() + CONFLICT_MS } : lease));
    if (type !== MessageType.discover && type !== MessageType.request) return null;
    const choice = chooseAddress(this.#leases, pool, { mac, requested }, this.#clock());
    if ('full' in choice) return null;
    return { address: choice.address, leaseSeconds: LEASE_SECONDS, ...this.network };
  }

  given(packet: DhcpPacket, address: string, bound: boolean): void {
    const mac = macText(packet.chaddr);
    const lease: Lease = { address, mac, hostname: (readText(packet.options.get(Option.hostName)) ?? '').slice(0, 63), state: bound ? 'bound' : 'offered', endsAt: this.#clock() + (bound ? LEASE_SECONDS * 1000 : OFFER_MS) };
    const before = this.holder(address);
    // A question repeated does not make a lease in use one that is only offered.
    if (!bound && before?.mac === mac && before.state === 'bound' && before.endsAt > lease.endsAt) return;
    this.#leases = [...this.#leases.filter((each) => each.address !== address && (each.mac !== mac || each.state === 'conflict')), lease];
    if (bound) this.#onChange(this.#leases);
  }

  holder(address: string): Lease | null {
    return this.#leases.find((lease) => lease.address === address) ?? null;
  }

  /** True where the computer has the address, had it a moment ago, or it was just looked into: nobody has to be asked. */
  isSettled(mac: string, address: string): boolean {
    const now = this.#clock();
    const looked = this.#looked.get(address);
    const lease = this.holder(address);
    return (looked?.mac === mac && now - looked.at < OFFER_MS) || (lease?.mac === mac && lease.state === 'bound' && lease.endsAt > now - LATELY_MS);
  }
  /** Nobody answered on it. */
  looked(mac: string, address: string): void {
    const now = this.#clock();
    for (const [each, { at }] of this.#looked) if (now - at >= OFFER_MS) this.#looked.delete(each);
    this.#looked.set(address, { mac, at: now });
  }
  /** Somebody else was found on it. */
  taken(address: string, by: string): void {
    this.#leases = [...this.#leases.filter((lease) => lease.address !== address), { address, mac: by, hostname: '', state: 'conflict', endsAt: this.#clock() + CONFLICT_MS }];
    this.#onChange(this.#leases);
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
