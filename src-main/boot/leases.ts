// Owns which address a computer gets in lab mode: a pure choice over the leases there are. Addresses that are in use by somebody else are
// marked by whoever probed; nothing here sends or stores.
import { addressBytes, addressText } from '../net/dhcp/options.ts';

export type Lease = {
  address: string;
  /** Hardware address; the same computer gets the same address while it is free. */
  mac: string;
  hostname: string;
  /** offered: kept for a moment until the client asks for it; bound: in use; conflict: somebody else was found there. */
  state: 'offered' | 'bound' | 'conflict';
  /** Milliseconds since the epoch. */
  endsAt: number;
};
export type Pool = { first: string; last: string; /** Never handed out: the server, the router. */ reserved: readonly string[] };

/** The upper half of the subnet without its ends: where other things are least likely to be. Null for a subnet without room. */
export function defaultPool(address: string, prefixLength: number): Pool | null {
  if (prefixLength < 8 || prefixLength > 29) return null;
  const size = 2 ** (32 - prefixLength);
  const network = Math.floor(number(address) / size) * size;
  return { first: dotted(network + size / 2), last: dotted(network + size - 2), reserved: [address] };
}

/** What is wrong with a pool somebody typed, or null. */
export function poolProblem(pool: Pool, address: string, prefixLength: number): string | null {
  const [first, last] = [number(pool.first), number(pool.last)];
  const size = 2 ** (32 - prefixLength);
  const network = Math.floor(number(address) / size) * size;
  if (first > last) return `${pool.first} comes after ${pool.last}.`;
  if (first <= network || last >= network + size - 1) return `The pool must lie in the adapter's subnet: ${dotted(network + 1)} to ${dotted(network + size - 2)}.`;
  return last - first >= 65_536 ? 'A pool has at most 65,536 addresses.' : null;
}

export type Wish = { mac: string; /** Option 50 or ciaddr. */ requested: string | null };
export type LeaseChoice = { address: string } | { full: true; usedUp: number };

/** In this order: the client's own lease, the address it asks for if free, one never used, the one that ended longest ago. */
export function chooseAddress(leases: readonly Lease[], pool: Pool, wish: Wish, now: number): LeaseChoice {
  const [first, last] = [number(pool.first), number(pool.last)];
  const byAddress = new Map(leases.map((lease) => [lease.address, lease]));
  const inPool = (address: string): boolean => number(address) >= first && number(address) <= last && !pool.reserved.includes(address);
  const isFree = (address: string): boolean => {
    const lease = byAddress.get(address);
    return inPool(address) && (lease === undefined || lease.endsAt <= now);
  };
  const own = leases.find((lease) => lease.mac === wish.mac && lease.state !== 'conflict' && inPool(lease.address));
  if (own !== undefined) return { address: own.address };
  if (wish.requested !== null && isFree(wish.requested)) return { address: wish.requested };
  for (let at = first; at <= last; at++) {
    const address = dotted(at);
    if (inPool(address) && !byAddress.has(address)) return { address };
  }
  const [oldest] = leases.filter((lease) => isFree(lease.address)).toSorted((left, right) => left.endsAt - right.endsAt);
  return oldest === undefined ? { full: true, usedUp: leases.length } : { address: oldest.address };
}

function number(address: string): number {
  return new DataView(addressBytes(address).slice().buffer).getUint32(0);
}
function dotted(value: number): string {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return addressText(bytes);
}
