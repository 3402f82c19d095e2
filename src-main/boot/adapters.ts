// Owns which adapters this machine has, as far as network boot asks: address, link, kind. A virtual one is named as such and never guessed.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import type { Adapter } from '#shared/model/boot.ts';
import { defaultPool } from './leases.ts';

/** What the system's folders say of one adapter; empty where the system has none (not Linux). */
export type SystemFacts = { carrier: string; speed: string; type: string; wireless: boolean; /** Where its device is; "virtual" in it for none. */ devicePath: string };

export function listAdapters(): Adapter[] {
  return Object.entries(networkInterfaces()).flatMap(([name, list]) => adapterOf(name, list ?? [], factsOf(name))).toSorted((left, right) => rank(left) - rank(right) || left.name.localeCompare(right.name));
}

export function adapterOf(name: string, list: readonly NetworkInterfaceInfo[], facts: SystemFacts | null): Adapter[] {
  const four = list.filter((entry) => entry.family === 'IPv4');
  const [first] = list;
  const prefix = (entry: NetworkInterfaceInfo | undefined): number => Number(entry?.cidr?.split('/')[1] ?? 0);
  const base = { name, mac: first?.mac ?? '', kind: kindOf(name, first, facts), link: facts === null || facts.carrier === '1', speedMbits: Number(facts?.speed) > 0 ? Number(facts?.speed) : null };
  // Served on by one address: the first that was given to it, rather than one it gave itself (RFC 3927).
  const [served, ...others] = four.toSorted((left, right) => Number(left.address.startsWith('169.254.')) - Number(right.address.startsWith('169.254.')));
  if (served === undefined) return [{ ...base, address: '', prefixLength: 0, pool: null }];
  const pool = defaultPool(served.address, prefix(served));
  return [{
    ...base, address: served.address, prefixLength: prefix(served), pool: pool === null ? null : { first: pool.first, last: pool.last },
    ...(others.length === 0 ? {} : { otherAddresses: others.map((entry) => `${entry.address}/${prefix(entry)}`) }),
  }];
}

const VIRTUAL = /^(veth|docker|br-|virbr|vmnet|vboxnet|tun|tap|wg|zt|tailscale|vEthernet|utun|bridge)/i;

function kindOf(name: string, entry: NetworkInterfaceInfo | undefined, facts: SystemFacts | null): Adapter['kind'] {
  if (entry?.internal === true) return 'loopback';
  if (facts?.wireless === true || (facts === null && /^(wl|wi-?fi)/i.test(name))) return 'wireless';
  return VIRTUAL.test(name) || facts?.devicePath.includes('/virtual/') === true ? 'virtual' : 'wired';
}

function factsOf(name: string): SystemFacts | null {
  const folder = `/sys/class/net/${name}`;
  try {
    return { carrier: read(`${folder}/carrier`), speed: read(`${folder}/speed`), type: read(`${folder}/type`), wireless: readdirSync(folder).includes('wireless'), devicePath: readlinkSync(folder) };
  } catch {
    return null;
  }
}
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // An adapter that is down answers "invalid argument".
    return '';
  }
}
function rank({ kind, link }: Adapter): number {
  return { wired: 0, wireless: 2, virtual: 4, loopback: 6 }[kind] + (link ? 0 : 1);
}
